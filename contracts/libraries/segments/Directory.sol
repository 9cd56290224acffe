// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Poseidon2T4} from "../Poseidon2T4.sol";

/// @title Directory
/// @notice A vNode's 4-ary tree of fixed depth over its segments (protocol.md, section 5; protocol/directory.ts). Only its
/// frontier is kept: the left siblings of the place where the next entry goes. MultiPath opens entries.
library Directory {
    struct Frontier {
        /// For each level up to MAX_DEPTH, the complete nodes under the incomplete parent. The top level has the root of a
        /// full tree.
        uint256[3][9] left;
    }

    /// @dev The memory that all hashes of a call share. Memory that grew with each hash would cost ever more gas.
    struct Hasher {
        bytes constants;
        uint256[4] state;
    }

    uint256 internal constant MAX_DEPTH = 8;

    /// @dev "entry" in ASCII.
    uint256 private constant TAG_ENTRY = 0x656e747279;
    /// @dev The tag is below 2^40. So different numbers of leaves give different words.
    uint256 private constant LEAVES_SHIFT = 40;

    // ------------------------------------------------------------------------------------------------------ hashing

    function hasher() internal pure returns (Hasher memory h) {
        h.constants = Poseidon2T4.load();
    }

    /// @param segmentRoot 0 for a tombstone.
    function entry(
        Hasher memory h,
        uint256 segmentRoot,
        uint256 start,
        uint256 weight,
        uint256 leaves
    ) internal pure returns (uint256) {
        uint256[4] memory state = h.state;
        (state[0], state[1], state[2]) = (segmentRoot, start, weight);
        state[3] = (leaves << LEAVES_SHIFT) | TAG_ENTRY;
        return Poseidon2T4.compress(h.constants, state);
    }

    // ---------------------------------------------------------------------------------------------------- appending

    /// @notice Appends an entry to a tree that has `index` entries. It takes a third of a hash on average.
    /// @dev Warning: the caller ensures that there is room for it.
    function append(
        Frontier storage frontier,
        Hasher memory h,
        uint256 depth,
        uint256 index,
        uint256 node
    ) internal {
        uint256[4] memory state = h.state;
        for (uint256 level = 0; level < depth; ++level) {
            uint256[3] storage left = frontier.left[level];
            uint256 digit = index & 3;
            if (digit != 3) {
                left[digit] = node;
                return;
            }
            (state[0], state[1], state[2], state[3]) = (left[0], left[1], left[2], node);
            node = Poseidon2T4.compress(h.constants, state);
            index >>= 2;
        }
        frontier.left[depth][0] = node;
    }

    /// @notice The root of a tree of `count` entries. It takes up to `depth` hashes.
    function rootOf(
        Frontier storage frontier,
        Hasher memory h,
        uint256 depth,
        uint256 count
    ) internal view returns (uint256 node) {
        if (count >> (2 * depth) != 0) return frontier.left[depth][0];
        uint256[9] memory empty = _empty();
        uint256[4] memory state = h.state;
        unchecked {
            for (uint256 level = 0; level < depth; ++level) {
                uint256 digit = count & 3;
                count >>= 2;
                uint256 blank = empty[level];
                if (digit == 0 && node == blank) {
                    node = empty[level + 1];
                    continue;
                }
                (state[0], state[1], state[2], state[3]) = (blank, blank, blank, blank);
                uint256[3] storage left = frontier.left[level];
                for (uint256 i = 0; i < digit; ++i) state[i] = left[i];
                state[digit] = node;
                node = Poseidon2T4.compress(h.constants, state);
            }
        }
    }

    // -------------------------------------------------------------------------------------------------- empty trees

    /// @notice The root of an empty tree.
    function emptyRoot(uint256 depth) internal pure returns (uint256) {
        return _empty()[depth];
    }

    /// @dev E[0] = 0, E[i + 1] = compress(E[i], E[i], E[i], E[i]).
    function _empty() private pure returns (uint256[9] memory) {
        return
            [
                uint256(0),
                0x18dfb8dc9b82229cff974efefc8df78b1ce96d9d844236b496785c698bc6732e,
                0x1d59ae248c0b4036e80a51a91454b2476e603e9252af6384edf3d823cb512968,
                0x035f4ea7b93faffd3a75c915ca3b5006266382a1e2eacc6b4f675b040ed9d1cb,
                0x1d39a4faeec7a42298840488982995cbfac204adeff3a6adc6ffd925b263a88e,
                0x18116c4528f29a14fb5ab14c7a016b9082f415d599a7d30fcdcc04ae27295d46,
                0x17e55d2868457184838d77d8ca5c77fcbb3adc45545dba534fe9dc87ae25ab49,
                0x10cde359fd153c63a0a6d64bd0a9e93a9c6e0d7c15980406b400b500f0339d08,
                0x0237b9d29736604c000fc367e1362156001d63096011901f2dc57e647646a4dd
            ];
    }
}
