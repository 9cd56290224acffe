// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IRegistry} from "../../interfaces/IRegistry.sol";
import {Poseidon2T4} from "../Poseidon2T4.sol";
import {Directory} from "./Directory.sol";

/// @title MultiPath
/// @notice Opens many entries of a directory at once (protocol/directory.ts). From the bottom up, each parent of a known node
/// is hashed once. The children that are not known come from one list of siblings.
library MultiPath {
    /// @dev The known nodes of one level, in the order of their indices. The first level has the entries, the last the root.
    struct Nodes {
        uint256[] index;
        uint256[] node;
        /// The nodes that replace them. Empty if they are only opened.
        uint256[] next;
    }

    /// @dev What all levels share.
    struct Climb {
        Directory.Hasher hasher;
        bool replaces;
        uint256[4] nextState;
        /// The number of siblings that were used.
        uint256 used;
    }

    function make(uint256 entries, bool replaced) internal pure returns (Nodes memory nodes) {
        (nodes.index, nodes.node) = (new uint256[](entries), new uint256[](entries));
        if (replaced) nodes.next = new uint256[](entries);
    }

    /// @notice The root that the entries lead to.
    function rootOf(
        Nodes memory nodes,
        Directory.Hasher memory h,
        uint256 depth,
        bytes32[] calldata siblings
    ) internal pure returns (uint256) {
        uint256 known = _expectOrder(nodes.index);
        Climb memory c;
        c.hasher = h;
        for (uint256 level = 0; level < depth; ++level) known = _rise(nodes, known, c, siblings);
        require(c.used == siblings.length, IRegistry.PathMalformed());
        return nodes.node[0];
    }

    /// @notice As rootOf, and replaces the entries in a tree of `count` entries and in its frontier. The frontier keeps the
    /// old root of a full tree, since nothing is appended to that.
    function replace(
        Nodes memory nodes,
        Directory.Frontier storage frontier,
        Directory.Hasher memory h,
        uint256 depth,
        uint256 count,
        bytes32[] calldata siblings
    ) internal returns (uint256 root, uint256 nextRoot) {
        uint256 known = _expectOrder(nodes.index);
        Climb memory c;
        (c.hasher, c.replaces) = (h, true);
        for (uint256 level = 0; level < depth; ++level) {
            _mend(frontier.left[level], nodes, known, count);
            count >>= 2;
            known = _rise(nodes, known, c, siblings);
        }
        require(c.used == siblings.length, IRegistry.PathMalformed());
        return (nodes.node[0], nodes.next[0]);
    }

    function _expectOrder(uint256[] memory index) private pure returns (uint256 known) {
        known = index.length;
        require(known != 0, IRegistry.PathMalformed());
        for (uint256 i = 1; i < known; ++i) require(index[i - 1] < index[i], IRegistry.PathMalformed());
    }

    /// @dev A level's part of the frontier are the nodes left of index `count` that have the same parent as it.
    function _mend(uint256[3] storage left, Nodes memory nodes, uint256 known, uint256 count) private {
        uint256 parent = count >> 2;
        while (known != 0) {
            uint256 index = nodes.index[--known];
            if (index >> 2 < parent) return;
            if (index < count) left[index & 3] = nodes.next[known];
        }
    }

    /// @dev Parents overwrite their children in the arrays, since there are not more parents than children.
    function _rise(
        Nodes memory nodes,
        uint256 known,
        Climb memory c,
        bytes32[] calldata siblings
    ) private pure returns (uint256 parents) {
        unchecked {
            for (uint256 i = 0; i < known; ++parents) {
                uint256 parent = nodes.index[i] >> 2;
                i = _gather(nodes, known, i, c, siblings);
                nodes.index[parents] = parent;
                nodes.node[parents] = Poseidon2T4.compress(c.hasher.constants, c.hasher.state);
                if (c.replaces) nodes.next[parents] = Poseidon2T4.compress(c.hasher.constants, c.nextState);
            }
        }
    }

    /// @dev Collects the children of the parent of known node number i.
    /// @return the number of the first known node that has another parent.
    function _gather(
        Nodes memory nodes,
        uint256 known,
        uint256 i,
        Climb memory c,
        bytes32[] calldata siblings
    ) private pure returns (uint256) {
        uint256[] memory index = nodes.index;
        uint256[4] memory state = c.hasher.state;
        (uint256 next, uint256 used) = (index[i], c.used);
        uint256 child = next & ~uint256(3);
        unchecked {
            for (uint256 digit = 0; digit < 4; ++digit) {
                if (child + digit == next) {
                    state[digit] = nodes.node[i];
                    if (c.replaces) c.nextState[digit] = nodes.next[i];
                    ++i;
                    next = i < known ? index[i] : 0;
                    continue;
                }
                require(used < siblings.length, IRegistry.PathMalformed());
                uint256 sibling = uint256(siblings[used++]);
                require(sibling < Poseidon2T4.P, IRegistry.PathMalformed());
                state[digit] = sibling;
                if (c.replaces) c.nextState[digit] = sibling;
            }
        }
        c.used = used;
        return i;
    }
}
