// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Directory} from "../libraries/segments/Directory.sol";
import {MultiPath} from "../libraries/segments/MultiPath.sol";

/// @title DirectoryHarness
/// @notice One directory in which tests append, open and bury entries.
contract DirectoryHarness {
    using Directory for Directory.Frontier;
    using Directory for Directory.Hasher;
    using MultiPath for MultiPath.Nodes;

    struct Entry {
        uint256 root;
        uint256 start;
        uint256 weight;
        uint256 leaves;
    }

    uint256 public immutable depth;
    uint256 public root;
    uint256 public count;
    uint256 public total;

    Directory.Frontier private _frontier;

    constructor(uint256 depth_) {
        depth = depth_;
        root = Directory.emptyRoot(depth_);
    }

    /// @param entries each starts where the previous one ends; their own `start` is ignored.
    function append(Entry[] calldata entries) external {
        Directory.Hasher memory h = Directory.hasher();
        for (uint256 i = 0; i < entries.length; ++i) {
            Entry memory e = entries[i];
            e.start = total;
            _frontier.append(h, depth, count, _hash(h, e));
            ++count;
            total += e.weight;
        }
        root = _frontier.rootOf(h, depth, count);
    }

    function rootOf(
        Entry[] calldata entries,
        uint256[] calldata indices,
        bytes32[] calldata siblings
    ) external view returns (uint256) {
        Directory.Hasher memory h = Directory.hasher();
        return _nodes(h, entries, indices, false).rootOf(h, depth, siblings);
    }

    function bury(
        Entry[] calldata entries,
        uint256[] calldata indices,
        bytes32[] calldata siblings
    ) external returns (uint256 opened) {
        Directory.Hasher memory h = Directory.hasher();
        MultiPath.Nodes memory nodes = _nodes(h, entries, indices, true);
        (opened, root) = nodes.replace(_frontier, h, depth, count, siblings);
    }

    function _nodes(
        Directory.Hasher memory h,
        Entry[] calldata entries,
        uint256[] calldata indices,
        bool buried
    ) private pure returns (MultiPath.Nodes memory nodes) {
        nodes = MultiPath.make(entries.length, buried);
        for (uint256 i = 0; i < entries.length; ++i) {
            Entry memory e = entries[i];
            (nodes.index[i], nodes.node[i]) = (indices[i], _hash(h, e));
            if (!buried) continue;
            e.root = 0;
            nodes.next[i] = _hash(h, e);
        }
    }

    function _hash(Directory.Hasher memory h, Entry memory e) private pure returns (uint256) {
        return h.entry(e.root, e.start, e.weight, e.leaves);
    }
}
