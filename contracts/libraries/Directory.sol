// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IRegistry} from "../interfaces/IRegistry.sol";
import {Segment} from "../interfaces/Types.sol";
import {Poseidon2T4} from "./Poseidon2T4.sol";

/// @title Directory
/// @notice A vNode's 4-ary tree of fixed depth over its segments, of which only the frontier is kept: the left siblings
/// of the place where the next entry goes (protocol.md, section 5; protocol/directory.ts).
library Directory {
    struct Frontier {
        /// Per level up to MAX_DEPTH the complete nodes under the parent that is incomplete; at the top level the root of
        /// a full tree.
        uint256[3][9] left;
    }

    /// @dev Where an entry stands, and what it says.
    struct Place {
        uint256 count;
        uint256 index;
        uint256 segmentRoot;
        uint256 start;
        uint256 leaves;
    }

    uint256 internal constant MAX_DEPTH = 8;

    /// @dev "entry" in ASCII.
    uint256 private constant TAG_ENTRY = 0x656e747279;

    // ---------------------------------------------------------------------------------------------------- appending

    /// @notice Appends segments to a tree of count entries with start leaves: per segment one hash and amortized 1/3, and
    /// up to depth hashes for the root.
    /// @param constants of Poseidon2T4.
    /// @dev Warning: the caller ensures that there is room for all of them, and that they are sound.
    function extend(
        Frontier storage frontier,
        bytes memory constants,
        uint256 depth,
        uint256 count,
        uint256 start,
        Segment[] calldata segments
    ) internal returns (uint256 root) {
        for (uint256 i = 0; i < segments.length; ++i) {
            uint256 leaves = segments[i].leaves;
            uint256 entry = _entry(constants, uint256(segments[i].root), start, leaves);
            _append(frontier, constants, depth, count, entry);
            start += leaves;
            ++count;
        }
        return _rootOf(frontier, constants, depth, count);
    }

    /// @dev Root 0 is the tombstone.
    function _entry(
        bytes memory constants,
        uint256 segmentRoot,
        uint256 start,
        uint256 leaves
    ) private pure returns (uint256) {
        return Poseidon2T4.compress(constants, [segmentRoot, start, leaves, TAG_ENTRY]);
    }

    function _append(
        Frontier storage frontier,
        bytes memory constants,
        uint256 depth,
        uint256 index,
        uint256 node
    ) private {
        for (uint256 level = 0; level < depth; ++level) {
            uint256[3] storage left = frontier.left[level];
            uint256 digit = index & 3;
            if (digit != 3) {
                left[digit] = node;
                return;
            }
            node = Poseidon2T4.compress(constants, [left[0], left[1], left[2], node]);
            index >>= 2;
        }
        frontier.left[depth][0] = node;
    }

    function _rootOf(
        Frontier storage frontier,
        bytes memory constants,
        uint256 depth,
        uint256 count
    ) private view returns (uint256 node) {
        if (count >> (2 * depth) != 0) return frontier.left[depth][0];
        uint256[9] memory empty = _empty();
        uint256[4] memory children;
        for (uint256 level = 0; level < depth; ++level) {
            uint256 digit = count & 3;
            count >>= 2;
            uint256 blank = empty[level];
            if (digit == 0 && node == blank) {
                node = empty[level + 1];
                continue;
            }
            (children[0], children[1], children[2], children[3]) = (blank, blank, blank, blank);
            uint256[3] storage left = frontier.left[level];
            for (uint256 i = 0; i < digit; ++i) children[i] = left[i];
            children[digit] = node;
            node = Poseidon2T4.compress(constants, children);
        }
    }

    // --------------------------------------------------------------------------------------------------- tombstones

    /// @notice The root once an entry is replaced by its tombstone, with the frontier brought up to date: 2 · depth + 2
    /// hashes.
    /// @param constants of Poseidon2T4.
    /// @param path per level the three other children, in order.
    function bury(
        Frontier storage frontier,
        bytes memory constants,
        Place memory place,
        uint256 root,
        bytes32[3][] calldata path
    ) internal returns (uint256) {
        require(place.segmentRoot < Poseidon2T4.P, IRegistry.PathMalformed());
        uint256 oldNode = _entry(constants, place.segmentRoot, place.start, place.leaves);
        uint256 newNode = _entry(constants, 0, place.start, place.leaves);
        (uint256 index, uint256 count) = (place.index, place.count);
        for (uint256 level = 0; level < path.length; ++level) {
            uint256 digit = index & 3;
            if (index >> 2 == count >> 2 && index < count) frontier.left[level][digit] = newNode;
            uint256[4] memory children = _children(digit, path[level]);
            children[digit] = oldNode;
            oldNode = Poseidon2T4.compress(constants, children);
            children[digit] = newNode;
            newNode = Poseidon2T4.compress(constants, children);
            index >>= 2;
            count >>= 2;
        }
        require(oldNode == root, IRegistry.PathInvalid(root));
        return newNode;
    }

    function _children(
        uint256 digit,
        bytes32[3] calldata others
    ) private pure returns (uint256[4] memory children) {
        for (uint256 i = 0; i < 3; ++i) {
            uint256 other = uint256(others[i]);
            require(other < Poseidon2T4.P, IRegistry.PathMalformed());
            children[i < digit ? i : i + 1] = other;
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
