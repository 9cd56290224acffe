// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Bn254} from "./Bn254.sol";

/// @title HashToG1
/// @notice drand's hash to BN254 G1: hash_to_curve of RFC 9380 with expand_message_xmd over keccak256 and the
/// Shallue-van de Woestijne map, as in kyber and in the package bls-bn254.
/// @dev Differs from the latter only in cost: one inversion for both points, and square roots through the modexp
/// precompile, tried without a Legendre symbol first.
library HashToG1 {
    /// @dev The domain separation tag of drand's scheme bls-bn254-unchained-on-g1, followed by its length.
    bytes private constant DST_PRIME = "BLS_SIG_BN254G1_XMD:KECCAK-256_SVDW_RO_NUL_\x2b";

    /// @dev RFC 9380, appendix F.1, for g(x) = x^3 + 3 and Z = 1. g(Z).
    uint256 private constant C1 = 4;
    /// @dev -Z / 2.
    uint256 private constant C2 = 0x183227397098d014dc2822db40c0ac2ecbc0b548b438e5469e10460b6c3e7ea3;
    /// @dev sqrt(-3 · g(Z)), the even one.
    uint256 private constant C3 = 0x16789af3a83522eb353c98fc6b36d713d5d8d1cc5dffffffa;
    /// @dev -4 · g(Z) / 3.
    uint256 private constant C4 = 0x10216f7ba065e00de81ac1e7808072c9dd2b2385cd7b438469602eb24829a9bd;

    /// @dev Exponents of an inverse and, since Q = 3 mod 4, of a square root.
    uint256 private constant INVERSE = Bn254.Q - 2;
    uint256 private constant SQUARE_ROOT = (Bn254.Q + 1) / 4;

    uint256 private constant TWO_POW_128_MOD_Q = 1 << 128;
    uint256 private constant TWO_POW_256_MOD_Q = (type(uint256).max % Bn254.Q) + 1;

    /// @notice Hashes 32 bytes to a point.
    function hash(bytes32 message) internal view returns (uint256 x, uint256 y) {
        (uint256 u0, uint256 u1) = toField(message);
        uint256 d0 = _denominator(u0);
        uint256 d1 = _denominator(u1);
        // A zero denominator, which RFC 9380 maps to an inverse of 0, would take the other point's inverse with it. No
        // message that leads there is known, or can be found faster than by 2^250 hashes.
        uint256 inverse = Bn254.pow(mulmod(d0, d1, Bn254.Q), INVERSE);

        (uint256 x0, uint256 y0) = _map(u0, mulmod(inverse, d1, Bn254.Q));
        (uint256 x1, uint256 y1) = _map(u1, mulmod(inverse, d0, Bn254.Q));
        return Bn254.add(x0, y0, x1, y1);
    }

    /// @notice hash_to_field: two field elements from 48 pseudorandom bytes each.
    function toField(bytes32 message) internal pure returns (uint256 u0, uint256 u1) {
        // One block of keccak256 is 136 bytes; 0x0060 asks for 96 bytes.
        bytes32 b0 = keccak256(
            abi.encodePacked(
                bytes32(0),
                bytes32(0),
                bytes32(0),
                bytes32(0),
                bytes8(0),
                message,
                hex"006000",
                DST_PRIME
            )
        );
        bytes32 b1 = keccak256(abi.encodePacked(b0, uint8(1), DST_PRIME));
        bytes32 b2 = keccak256(abi.encodePacked(b0 ^ b1, uint8(2), DST_PRIME));
        bytes32 b3 = keccak256(abi.encodePacked(b0 ^ b2, uint8(3), DST_PRIME));

        uint256 high = uint256(b2) >> 128;
        uint256 low = uint128(uint256(b2));
        u0 = addmod(mulmod(uint256(b1), TWO_POW_128_MOD_Q, Bn254.Q), high, Bn254.Q);
        u1 = addmod(mulmod(low, TWO_POW_256_MOD_Q, Bn254.Q), uint256(b3), Bn254.Q);
    }

    /// @dev (1 - u^2 · g(Z)) · (1 + u^2 · g(Z)).
    function _denominator(uint256 u) private pure returns (uint256) {
        uint256 v = mulmod(mulmod(u, u, Bn254.Q), C1, Bn254.Q);
        return mulmod(1 + Bn254.Q - v, 1 + v, Bn254.Q);
    }

    /// @dev The map of RFC 9380, appendix F.1, given the inverse of u's denominator. The first candidate that is the x
    /// of a point wins; one of the three always is.
    function _map(uint256 u, uint256 inverse) private view returns (uint256 x, uint256 y) {
        uint256 v = mulmod(mulmod(u, u, Bn254.Q), C1, Bn254.Q);
        uint256 w = mulmod(mulmod(mulmod(u, 1 + Bn254.Q - v, Bn254.Q), inverse, Bn254.Q), C3, Bn254.Q);

        bool found;
        x = addmod(C2, Bn254.Q - w, Bn254.Q);
        (y, found) = _yOf(x);
        if (!found) {
            x = addmod(C2, w, Bn254.Q);
            (y, found) = _yOf(x);
        }
        if (!found) {
            uint256 z = mulmod(mulmod(1 + v, 1 + v, Bn254.Q), inverse, Bn254.Q);
            x = addmod(1, mulmod(C4, mulmod(z, z, Bn254.Q), Bn254.Q), Bn254.Q);
            (y, found) = _yOf(x);
        }
        assert(found);
        if (u % 2 != y % 2) y = Bn254.Q - y;
    }

    /// @dev A square root of g(x), if there is one.
    function _yOf(uint256 x) private view returns (uint256 y, bool found) {
        uint256 g = addmod(mulmod(mulmod(x, x, Bn254.Q), x, Bn254.Q), 3, Bn254.Q);
        y = Bn254.pow(g, SQUARE_ROOT);
        found = mulmod(y, y, Bn254.Q) == g;
    }
}
