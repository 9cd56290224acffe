// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

/// @title Bn254
/// @notice The curve's constants and its precompiled contracts (EIP-196, EIP-197, EIP-198). A failed call is never taken for
/// an answer.
/// @dev Points of G1 are pairs (x, y), with (0, 0) for infinity. Points of G2 are (x imaginary, x real, y imaginary, y real),
/// as the precompile takes them. Every call forwards all gas and checks how much came back. So too little gas, a point off
/// its curve or outside its subgroup, and an address without code all revert.
library Bn254 {
    /// @notice Order of the base field.
    uint256 internal constant Q =
        21888242871839275222246405745257275088696311157297823662689037894645226208583;

    /// @notice Order of the groups, and of the scalar field.
    uint256 internal constant R =
        21888242871839275222246405745257275088548364400416034343698204186575808495617;

    /// @notice Words of one pair of a pairing's input.
    uint256 internal constant PAIR_WORDS = 6;

    /// @notice Thrown when a precompiled contract fails or answers with the wrong number of bytes.
    error PrecompileFailed(uint256 precompile);

    /// @notice Thrown when a coordinate is not below the order of the base field.
    error CoordinateOutOfRange(uint256 coordinate);

    /// @notice base^exponent mod Q.
    function pow(uint256 base, uint256 exponent) internal view returns (uint256 power) {
        bool ok;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, 32)
            mstore(add(free, 32), 32)
            mstore(add(free, 64), 32)
            mstore(add(free, 96), base)
            mstore(add(free, 128), exponent)
            mstore(add(free, 160), Q)
            ok := staticcall(gas(), 5, free, 192, 0, 32)
            ok := and(ok, eq(returndatasize(), 32))
            power := mload(0)
        }
        require(ok, PrecompileFailed(5));
    }

    /// @notice (ax, ay) + (bx, by).
    function add(
        uint256 ax,
        uint256 ay,
        uint256 bx,
        uint256 by
    ) internal view returns (uint256 x, uint256 y) {
        bool ok;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, ax)
            mstore(add(free, 32), ay)
            mstore(add(free, 64), bx)
            mstore(add(free, 96), by)
            ok := staticcall(gas(), 6, free, 128, 0, 64)
            ok := and(ok, eq(returndatasize(), 64))
            x := mload(0)
            y := mload(32)
        }
        require(ok, PrecompileFailed(6));
    }

    /// @notice scalar · (px, py).
    function mul(uint256 px, uint256 py, uint256 scalar) internal view returns (uint256 x, uint256 y) {
        bool ok;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, px)
            mstore(add(free, 32), py)
            mstore(add(free, 64), scalar)
            ok := staticcall(gas(), 7, free, 96, 0, 64)
            ok := and(ok, eq(returndatasize(), 64))
            x := mload(0)
            y := mload(32)
        }
        require(ok, PrecompileFailed(7));
    }

    /// @notice Room for the pairs of a pairing.
    function newPairs(uint256 count) internal pure returns (uint256[] memory) {
        return new uint256[](count * PAIR_WORDS);
    }

    /// @notice Writes ((x, y), g2) as pair number index of a pairing's input.
    /// @dev Warning: index is not checked against the room.
    function setPair(
        uint256[] memory pairs,
        uint256 index,
        uint256 x,
        uint256 y,
        uint256[4] memory g2
    ) internal pure {
        assembly ("memory-safe") {
            let pair := add(add(pairs, 32), mul(index, 192))
            mstore(pair, x)
            mstore(add(pair, 32), y)
            mcopy(add(pair, 64), g2, 128)
        }
    }

    /// @notice Whether the product of the pairings is one. The precompile refuses a G2 point outside the subgroup.
    function pairingIsOne(uint256[] memory pairs) internal view returns (bool one) {
        bool ok;
        assembly ("memory-safe") {
            ok := staticcall(gas(), 8, add(pairs, 32), mul(mload(pairs), 32), 0, 32)
            ok := and(ok, eq(returndatasize(), 32))
            one := eq(mload(0), 1)
        }
        require(ok, PrecompileFailed(8));
    }

    /// @notice The y coordinate (or a part of one) of the negated point.
    function negate(uint256 y) internal pure returns (uint256) {
        require(y < Q, CoordinateOutOfRange(y));
        return y == 0 ? 0 : Q - y;
    }
}
