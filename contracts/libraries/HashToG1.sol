// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Bn254} from "./Bn254.sol";

/// @title HashToG1
/// @notice drand's hash to BN254 G1: hash_to_curve of RFC 9380 with expand_message_xmd over keccak256 and the
/// Shallue-van de Woestijne map, as in kyber and in the package bls-bn254.
/// @dev It differs from the latter only in cost. The map takes nothing from the modexp precompile but inverse square roots,
/// three on average and four at most. Everything else follows from them by multiplications. A caller who brings the roots
/// saves even those. Each root is checked, and either of its signs leads to the same point.
library HashToG1 {
    /// @dev The domain separation tag of drand's scheme bls-bn254-unchained-on-g1, followed by its length, in two parts.
    bytes32 private constant DST_HEAD = "BLS_SIG_BN254G1_XMD:KECCAK-256_S";
    bytes12 private constant DST_TAIL = "VDW_RO_NUL_\x2b";

    /// @dev RFC 9380, appendix F.1, for g(x) = x^3 + 3 and Z = 1. g(Z).
    uint256 private constant C1 = 4;
    /// @dev -Z / 2.
    uint256 private constant C2 = 0x183227397098d014dc2822db40c0ac2ecbc0b548b438e5469e10460b6c3e7ea3;
    /// @dev sqrt(-3 · g(Z)), the even one, and a third of it, whose square is C4 / 4 = -g(Z) / 3.
    uint256 private constant C3 = 0x16789af3a83522eb353c98fc6b36d713d5d8d1cc5dffffffa;
    uint256 private constant THIRD_OF_C3 = 0x77d88fbe2bc60f911bedda9791247b1474845eec9ffffffe;

    /// @dev Exponent of an inverse square root, since Q = 3 mod 4.
    uint256 private constant INVERSE_ROOT = (Bn254.Q - 3) / 4;

    uint256 private constant TWO_POW_128_MOD_Q = 1 << 128;
    uint256 private constant TWO_POW_256_MOD_Q = (type(uint256).max % Bn254.Q) + 1;

    /// @notice Thrown when a root does not fit. (Two values of the hash to the field have no inverse, and revert, too. Nobody
    /// knows a message with such a hash, or finds one with less than 2^250 hashes.)
    error RootInvalid(uint256 root, uint256 square);

    /// @notice Hashes 32 bytes to a point.
    /// @param roots the inverse roots that the map takes, in its order, 32 bytes each; or empty.
    function hash(bytes32 message, bytes calldata roots) internal view returns (uint256 x, uint256 y) {
        (uint256 u0, uint256 u1) = toField(message);
        uint256 x0;
        uint256 y0;
        (x0, y0, roots) = _map(u0, roots);
        (x, y, ) = _map(u1, roots);
        return Bn254.add(x0, y0, x, y);
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
                bytes3(0x006000),
                DST_HEAD,
                DST_TAIL
            )
        );
        bytes32 b1 = keccak256(abi.encodePacked(b0, uint8(1), DST_HEAD, DST_TAIL));
        bytes32 b2 = keccak256(abi.encodePacked(b0 ^ b1, uint8(2), DST_HEAD, DST_TAIL));
        bytes32 b3 = keccak256(abi.encodePacked(b0 ^ b2, uint8(3), DST_HEAD, DST_TAIL));

        uint256 high = uint256(b2) >> 128;
        uint256 low = uint128(uint256(b2));
        u0 = addmod(mulmod(uint256(b1), TWO_POW_128_MOD_Q, Bn254.Q), high, Bn254.Q);
        u1 = addmod(mulmod(low, TWO_POW_256_MOD_Q, Bn254.Q), uint256(b3), Bn254.Q);
    }

    /// @dev The map of RFC 9380, appendix F.1. The first of three candidates that is the x of a point wins. With v = 4u^2
    /// they are
    ///     x1 = C2 - u · C3 / (1 + v),
    ///     x2 = C2 + u · C3 / (1 + v) = -1 - x1,
    ///     x3 = 1 + 4q^2, where q = (C3 / 3) · (1 + v) / (1 - v),
    /// and g(x3) = g(x1) · g(x2) · (2q^3)^2. An inverse root t of w, t^2 · w = 1 or -1, is also an inverse: 1 / w is t^2 or
    /// -t^2. So w is chosen to be as square as g of a candidate, and a multiple of what has to be inverted.
    function _map(
        uint256 u,
        bytes calldata roots
    ) private view returns (uint256 x, uint256 y, bytes calldata left) {
        unchecked {
            uint256 v = mulmod(mulmod(u, u, Bn254.Q), C1, Bn254.Q);
            uint256 plus = 1 + v;
            uint256 minus = 1 + Bn254.Q - v;
            uint256 t;
            bool square;

            // g(x1) = w / plus^4, where w = plus · n and n = plus^3 · g(x1).
            x = mulmod(C2, plus, Bn254.Q) + Bn254.Q - mulmod(u, C3, Bn254.Q);
            uint256 n = addmod(_cube(x), 3 * _cube(plus), Bn254.Q);
            uint256 w = mulmod(n, plus, Bn254.Q);
            (t, square, left) = _inverseRoot(w, roots);
            uint256 inverse = mulmod(mulmod(t, t, Bn254.Q), square ? n : Bn254.Q - n, Bn254.Q);
            x = mulmod(x, inverse, Bn254.Q);
            y = mulmod(mulmod(t, w, Bn254.Q), mulmod(inverse, inverse, Bn254.Q), Bn254.Q);
            if (!square) {
                // y^2 = -g(x1). g(x2) = w / minus^2.
                x = 2 * Bn254.Q - 1 - x;
                n = mulmod(addmod(_cube(x), 3, Bn254.Q), minus, Bn254.Q);
                w = mulmod(n, minus, Bn254.Q);
                (t, square, left) = _inverseRoot(w, left);
                uint256 root = mulmod(t, n, Bn254.Q);
                if (square) {
                    (x, y) = (x % Bn254.Q, root);
                } else {
                    // root^2 = -g(x2), and 1 / minus = -t · root.
                    uint256 q = mulmod(mulmod(THIRD_OF_C3, plus, Bn254.Q), mulmod(t, root, Bn254.Q), Bn254.Q);
                    x = addmod(1, 4 * mulmod(q, q, Bn254.Q), Bn254.Q);
                    // The sign of q, which is wrong, does not matter.
                    y = mulmod(mulmod(y, root, Bn254.Q), 2 * _cube(q), Bn254.Q);
                }
            }
            if (u % 2 != y % 2) y = Bn254.Q - y;
        }
    }

    /// @dev t with t^2 · w = 1 if w is a square, or -1 if it is none. It is the next of the roots, or computed.
    function _inverseRoot(
        uint256 w,
        bytes calldata roots
    ) private view returns (uint256 t, bool square, bytes calldata left) {
        if (roots.length == 0) (t, left) = (Bn254.pow(w, INVERSE_ROOT), roots);
        else (t, left) = (uint256(bytes32(roots)), roots[32:]);
        uint256 one = mulmod(mulmod(t, t, Bn254.Q), w, Bn254.Q);
        square = one == 1;
        require(square || one == Bn254.Q - 1, RootInvalid(t, w));
    }

    function _cube(uint256 x) private pure returns (uint256) {
        return mulmod(mulmod(x, x, Bn254.Q), x, Bn254.Q);
    }
}
