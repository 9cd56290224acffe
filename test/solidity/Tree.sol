// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Poseidon2T4} from "../../contracts/libraries/Poseidon2T4.sol";

/// @title Tree
/// @notice The directory's tree in full, as protocol.md defines it: what the contract's frontier is compared with.
library Tree {
    /// @dev "entry" in ASCII.
    uint256 private constant TAG_ENTRY = 0x656e747279;

    /// @notice An entry; the tombstone if the segment's root is 0.
    function entry(
        bytes32 root,
        uint256 start,
        uint256 weight,
        uint256 leaves
    ) internal pure returns (uint256) {
        uint256 last = leaves * 2 ** 40 + TAG_ENTRY;
        return Poseidon2T4.compress(Poseidon2T4.load(), [uint256(root), start, weight, last]);
    }

    /// @notice All nodes, level by level from the entries up; what is missing of 4^depth entries is 0.
    function grow(uint256[] memory entries, uint256 depth) internal pure returns (uint256[][] memory levels) {
        bytes memory constants = Poseidon2T4.load();
        levels = new uint256[][](depth + 1);
        levels[0] = new uint256[](1 << (2 * depth));
        for (uint256 i = 0; i < entries.length; ++i) levels[0][i] = entries[i];
        for (uint256 level = 1; level <= depth; ++level) {
            uint256[] memory below = levels[level - 1];
            uint256[] memory nodes = new uint256[](below.length / 4);
            for (uint256 i = 0; i < nodes.length; ++i) {
                nodes[i] = Poseidon2T4.compress(
                    constants,
                    [below[4 * i], below[4 * i + 1], below[4 * i + 2], below[4 * i + 3]]
                );
            }
            levels[level] = nodes;
        }
    }

    function rootOf(uint256[][] memory levels) internal pure returns (uint256) {
        return levels[levels.length - 1][0];
    }

    /// @notice The multi-path of some entries, in the order of their indices: level by level, every node that is not known
    /// but whose parent is.
    function pathOf(
        uint256[][] memory levels,
        uint256[] memory indices
    ) internal pure returns (bytes32[] memory path) {
        path = new bytes32[](3 * indices.length * levels.length);
        bool[] memory known = new bool[](levels[0].length);
        for (uint256 i = 0; i < indices.length; ++i) known[indices[i]] = true;
        uint256 count;
        for (uint256 level = 0; level + 1 < levels.length; ++level) {
            bool[] memory parents = new bool[](known.length / 4);
            for (uint256 i = 0; i < known.length; ++i) if (known[i]) parents[i / 4] = true;
            for (uint256 i = 0; i < known.length; ++i) {
                if (parents[i / 4] && !known[i]) path[count++] = bytes32(levels[level][i]);
            }
            known = parents;
        }
        assembly ("memory-safe") {
            mstore(path, count)
        }
    }
}
