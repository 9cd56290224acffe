// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "../../interfaces/IAudits.sol";
import {IRegistry} from "../../interfaces/IRegistry.sol";
import {FIRST_SERIAL, NodeId, Opening, Serial, Unauthorized, VNodeId} from "../../interfaces/Types.sol";
import {CompactionWord, Progress} from "./CompactionWord.sol";
import {Directory} from "./Directory.sol";
import {Holdings} from "./Holdings.sol";
import {MultiPath} from "./MultiPath.sol";
import {SegmentWord} from "./SegmentWord.sol";
import {Stock, StockWord} from "./StockWord.sol";
import {TreeCall, TreeCalls} from "./TreeCall.sol";

/// @title Compacting
/// @notice How the entries that are still paid for are written into a fresh tree. See IRegistry.
library Compacting {
    using Directory for Directory.Frontier;
    using Directory for Directory.Hasher;
    using MultiPath for MultiPath.Nodes;

    function compact(
        Holdings.Holding storage h,
        mapping(NodeId node => IRegistry.Node) storage nodes,
        IAudits audits,
        VNodeId id,
        Opening[] calldata openings,
        bytes32[] calldata siblings
    ) internal {
        Stock memory stock = StockWord.unpack(h.stock);
        Progress memory p = CompactionWord.unpack(h.compaction);
        bool begins = !stock.compacting || Holdings.isGivenUp(p.epoch, audits.currentEpoch());
        uint256 rate = begins ? audits.nextRate(id) : 0;
        TreeCall memory c = TreeCalls.open(h, audits, id);
        // A successor may compact, too: it need not prove what ended before its time.
        bool serves =
            Holdings.isOf(nodes[c.node], msg.sender) || Holdings.isOf(nodes[c.successor], msg.sender);
        require(serves, Unauthorized(msg.sender));
        if (begins) _begin(c, stock, p, rate, openings);

        if (openings.length != 0) _rewrite(h, c, stock, p, openings, siblings);
        else require(siblings.length == 0, IRegistry.PathMalformed());
        if (p.left == 0) _finish(h, nodes, c, stock, p);
        h.stock = StockWord.pack(stock);
        h.compaction = CompactionWord.pack(p);
    }

    /// @dev Openings that were meant to continue a compaction that was given up must not begin a new one.
    function _begin(
        TreeCall memory c,
        Stock memory stock,
        Progress memory p,
        uint256 rate,
        Opening[] calldata openings
    ) private {
        if (p.nextSerial != FIRST_SERIAL && openings.length != 0) {
            Serial first = openings[0].serial;
            require(first < p.nextSerial, IRegistry.NotToCompact(c.vNode, first));
        }

        stock.compacting = true;
        (p.epoch, p.nextSerial, p.count, p.total, p.held) = (c.current, FIRST_SERIAL, 0, 0, 0);
        p.left = uint40(rate >> stock.quantumBits);

        emit IRegistry.CompactionStarted(c.vNode, CompactionWord.lastEnd(p.epoch));
    }

    /// @dev Once nothing is left, the fresh tree has all entries that it must have: no serial comes twice, each entry has a
    /// weight, and their weights add up to those of all segments that end later. No segment begins meanwhile, and none that
    /// ends before can be extended.
    function _rewrite(
        Holdings.Holding storage h,
        TreeCall memory c,
        Stock memory stock,
        Progress memory p,
        Opening[] calldata openings,
        bytes32[] calldata siblings
    ) private {
        c.hasher = Directory.hasher();
        MultiPath.Nodes memory path = MultiPath.make(openings.length, false);
        for (uint256 i = 0; i < openings.length; ++i) {
            uint256 word = h.segments[openings[i].serial];
            path.index[i] = SegmentWord.indexIn(word, stock.tree);
            path.node[i] = _move(h, c, stock, p, openings[i], word);
        }
        uint256 root = h.roots[stock.latest];
        require(path.rootOf(c.hasher, c.depth, siblings) == root, IRegistry.PathInvalid(root));
    }

    /// @notice Appends an entry to the fresh tree.
    /// @return the entry's hash in the old tree.
    function _move(
        Holdings.Holding storage h,
        TreeCall memory c,
        Stock memory stock,
        Progress memory p,
        Opening calldata opening,
        uint256 word
    ) private returns (uint256) {
        Serial serial = opening.serial;
        (uint256 weight, uint256 leaves) = (
            SegmentWord.weightOf(word, stock.quantumBits),
            SegmentWord.leavesOf(word)
        );
        require(
            serial >= p.nextSerial && SegmentWord.endOf(word) > CompactionWord.lastEnd(p.epoch),
            IRegistry.NotToCompact(c.vNode, serial)
        );
        (uint256 tree, uint256 count, uint256 root) = (1 - stock.tree, p.count, TreeCalls.rootIn(opening));
        h.segments[serial] = SegmentWord.withIndex(word, tree, count);
        uint256 moved = c.hasher.entry(root, p.total, weight, leaves);
        h.frontiers[tree].append(c.hasher, c.depth, count, moved);
        p.nextSerial = serial.following();
        p.left -= uint40(weight);
        unchecked {
            (p.count, p.total) = (uint32(count + 1), p.total + uint40(weight));
            p.held += uint40(leaves);
        }
        return c.hasher.entry(root, opening.start, weight, leaves);
    }

    /// @dev The next compaction overwrites the old tree.
    function _finish(
        Holdings.Holding storage h,
        mapping(NodeId node => IRegistry.Node) storage nodes,
        TreeCall memory c,
        Stock memory stock,
        Progress memory p
    ) private {
        uint40 freed = stock.held - p.held;
        Holdings.remember(stock, c.current);
        (stock.tree, stock.compacting) = (1 - stock.tree, false);
        (stock.total, stock.count, stock.live, stock.held) = (p.total, p.count, p.count, p.held);
        uint256 root = h.frontiers[stock.tree].rootOf(c.hasher, c.depth, p.count);
        h.roots[stock.latest] = root;
        (p.cleared, p.nextSerial) = (CompactionWord.lastEnd(p.epoch), FIRST_SERIAL);
        TreeCalls.freeRoom(nodes, c, freed);

        emit IRegistry.Compacted(c.vNode, p.count, p.total, bytes32(root));
    }
}
