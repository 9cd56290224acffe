// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "../interfaces/IAudits.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {NodeId, Opening, Unauthorized, VNodeId} from "../interfaces/Types.sol";
import {CompactionWord, Progress} from "./CompactionWord.sol";
import {Directory} from "./Directory.sol";
import {Holdings} from "./Holdings.sol";
import {MultiPath} from "./MultiPath.sol";
import {Poseidon2T4} from "./Poseidon2T4.sol";
import {SegmentWord} from "./SegmentWord.sol";
import {Stock, StockWord} from "./StockWord.sol";

/// @title Compaction
/// @notice What becomes of the entries of segments that have ended: tombstones in their places, and then a tree without them.
/// @dev Linked, as Segments is. A segment's record says where its entry is, so that no other one is opened in its place; the
/// entry's hash says the rest.
library Compaction {
    using Directory for Directory.Frontier;
    using Directory for Directory.Hasher;
    using Holdings for Holdings.Holding;
    using MultiPath for MultiPath.Nodes;

    /// @dev A call at work.
    struct Run {
        VNodeId vNode;
        /// Whose room the entries take: who is responsible in the next epoch, and who waits to take over.
        NodeId node;
        NodeId successor;
        uint32 current;
        uint256 depth;
        Directory.Hasher hasher;
    }

    function _run(
        Holdings.Holding storage h,
        IAudits audits,
        VNodeId id
    ) private view returns (Run memory r) {
        (r.vNode, r.depth) = (id, h.directoryDepth);
        (r.node, r.successor, , r.current) = audits.outlook(id);
    }

    function _free(
        mapping(NodeId node => IRegistry.Node) storage nodes,
        Run memory r,
        uint40 leaves
    ) private {
        Holdings.free(nodes, r.node, leaves);
        Holdings.free(nodes, r.successor, leaves);
    }

    // ----------------------------------------------------------------------------------------------------- retiring

    /// @notice See IRegistry.
    function retire(
        Holdings.Holding storage h,
        mapping(NodeId node => IRegistry.Node) storage nodes,
        IAudits audits,
        VNodeId id,
        Opening[] calldata openings,
        bytes32[] calldata siblings
    ) external {
        if (openings.length == 0) return;
        Run memory r = _run(h, audits, id);
        Stock memory stock = StockWord.unpack(h.stock);
        h.expectWhole(stock, id, r.current);
        if (openings.length == stock.live) _reset(h, nodes, r, stock, openings);
        else _bury(h, nodes, r, stock, openings, siblings);
    }

    /// @dev None is left: the directory is empty, and nothing needs to be opened.
    function _reset(
        Holdings.Holding storage h,
        mapping(NodeId node => IRegistry.Node) storage nodes,
        Run memory r,
        Stock memory stock,
        Opening[] calldata openings
    ) private {
        uint32 cleared = CompactionWord.clearedOf(h.compaction);
        for (uint256 i = 0; i < openings.length; ++i) _strike(h, r, openings[i].serial, cleared);

        Holdings.remember(stock, r.current);
        uint40 freed = stock.held;
        (stock.total, stock.count, stock.live, stock.held) = (0, 0, 0, 0);
        h.stock = StockWord.pack(stock);
        _free(nodes, r, freed);

        emit IRegistry.DirectoryReset(r.vNode);
    }

    function _bury(
        Holdings.Holding storage h,
        mapping(NodeId node => IRegistry.Node) storage nodes,
        Run memory r,
        Stock memory stock,
        Opening[] calldata openings,
        bytes32[] calldata siblings
    ) private {
        r.hasher = Directory.hasher();
        uint32 cleared = CompactionWord.clearedOf(h.compaction);
        MultiPath.Nodes memory path = MultiPath.make(openings.length, true);
        uint40 leaves;
        for (uint256 i = 0; i < openings.length; ++i) {
            Opening calldata opening = openings[i];
            uint256 word = _strike(h, r, opening.serial, cleared);
            (uint256 weight, uint256 size) = (
                SegmentWord.weightOf(word, stock.quantumBits),
                SegmentWord.leavesOf(word)
            );
            leaves += uint40(size);
            path.index[i] = SegmentWord.indexIn(word, stock.tree);
            path.node[i] = r.hasher.entry(_rootIn(opening), opening.start, weight, size);
            path.next[i] = r.hasher.entry(0, opening.start, weight, size);
        }
        uint256 root = h.roots[stock.latest];
        (uint256 opened, uint256 next) = path.replace(
            h.frontiers[stock.tree],
            r.hasher,
            r.depth,
            stock.count,
            siblings
        );
        require(opened == root, IRegistry.PathInvalid(root));

        Holdings.remember(stock, r.current);
        stock.live -= uint32(openings.length);
        stock.held -= leaves;
        h.stock = StockWord.pack(stock);
        h.roots[stock.latest] = next;
        _free(nodes, r, leaves);
    }

    /// @return word the record as it was before.
    function _strike(
        Holdings.Holding storage h,
        Run memory r,
        uint32 serial,
        uint32 cleared
    ) private returns (uint256 word) {
        word = h.segments[serial];
        IRegistry.SegmentRecord memory s = SegmentWord.unpack(word);
        require(s.end != 0, IRegistry.NoSuchSegment(r.vNode, serial));
        require(s.leaves != 0 && s.end > cleared, IRegistry.AlreadyRetired(r.vNode, serial));
        require(r.current >= s.end, IRegistry.NotEnded(s.end, r.current));

        s.leaves = 0;
        h.segments[serial] = SegmentWord.update(word, s);

        emit IRegistry.SegmentRetired(r.vNode, serial);
    }

    // --------------------------------------------------------------------------------------------------- compacting

    /// @notice See IRegistry.
    function compact(
        Holdings.Holding storage h,
        mapping(NodeId node => IRegistry.Node) storage nodes,
        IAudits audits,
        VNodeId id,
        Opening[] calldata openings,
        bytes32[] calldata siblings
    ) external {
        Stock memory stock = StockWord.unpack(h.stock);
        Progress memory c = CompactionWord.unpack(h.compaction);
        bool begins = !stock.compacting || Holdings.isGivenUp(c.epoch, audits.currentEpoch());
        uint256 rate = begins ? audits.nextRate(id) : 0;
        Run memory r = _run(h, audits, id);
        // Who waits to take over must not be asked for what ended before its time.
        bool serves =
            Holdings.isOf(nodes[r.node], msg.sender) || Holdings.isOf(nodes[r.successor], msg.sender);
        require(serves, Unauthorized(msg.sender));
        if (begins) _begin(r, stock, c, rate, openings);

        if (openings.length != 0) _rewrite(h, r, stock, c, openings, siblings);
        else require(siblings.length == 0, IRegistry.PathMalformed());
        if (c.left == 0) _finish(h, nodes, r, stock, c);
        h.stock = StockWord.pack(stock);
        h.compaction = CompactionWord.pack(c);
    }

    /// @dev What was meant to go on with one that was given up comes too late to begin with.
    function _begin(
        Run memory r,
        Stock memory stock,
        Progress memory c,
        uint256 rate,
        Opening[] calldata openings
    ) private {
        if (c.nextSerial != 0 && openings.length != 0) {
            uint32 first = openings[0].serial;
            require(first < c.nextSerial, IRegistry.NotToCompact(r.vNode, first));
        }

        stock.compacting = true;
        (c.epoch, c.nextSerial, c.count, c.total, c.held) = (r.current, 0, 0, 0, 0);
        c.left = uint40(rate >> stock.quantumBits);

        emit IRegistry.CompactionStarted(r.vNode, CompactionWord.lastEnd(c.epoch));
    }

    /// @dev All entries are there once nothing is left: no serial comes twice, each weighs something, and together those of
    /// the segments that end later weighed just as much. Neither does one begin meanwhile, nor go on that ends before.
    function _rewrite(
        Holdings.Holding storage h,
        Run memory r,
        Stock memory stock,
        Progress memory c,
        Opening[] calldata openings,
        bytes32[] calldata siblings
    ) private {
        r.hasher = Directory.hasher();
        MultiPath.Nodes memory path = MultiPath.make(openings.length, false);
        for (uint256 i = 0; i < openings.length; ++i) {
            uint256 word = h.segments[openings[i].serial];
            path.index[i] = SegmentWord.indexIn(word, stock.tree);
            path.node[i] = _move(h, r, stock, c, openings[i], word);
        }
        uint256 root = h.roots[stock.latest];
        require(path.rootOf(r.hasher, r.depth, siblings) == root, IRegistry.PathInvalid(root));
    }

    /// @return the entry's hash where it is.
    function _move(
        Holdings.Holding storage h,
        Run memory r,
        Stock memory stock,
        Progress memory c,
        Opening calldata opening,
        uint256 word
    ) private returns (uint256) {
        uint32 serial = opening.serial;
        (uint256 weight, uint256 leaves) = (
            SegmentWord.weightOf(word, stock.quantumBits),
            SegmentWord.leavesOf(word)
        );
        require(
            serial >= c.nextSerial && SegmentWord.endOf(word) > CompactionWord.lastEnd(c.epoch),
            IRegistry.NotToCompact(r.vNode, serial)
        );
        (uint256 tree, uint256 count, uint256 root) = (1 - stock.tree, c.count, _rootIn(opening));
        h.segments[serial] = SegmentWord.withIndex(word, tree, count);
        uint256 moved = r.hasher.entry(root, c.total, weight, leaves);
        h.frontiers[tree].append(r.hasher, r.depth, count, moved);
        c.nextSerial = serial + 1;
        c.left -= uint40(weight);
        unchecked {
            (c.count, c.total) = (uint32(count + 1), c.total + uint40(weight));
            c.held += uint40(leaves);
        }
        return r.hasher.entry(root, opening.start, weight, leaves);
    }

    function _rootIn(Opening calldata opening) private pure returns (uint256 root) {
        root = uint256(opening.root);
        require(root < Poseidon2T4.P, IRegistry.PathMalformed());
    }

    /// @dev The tree that was becomes the one that the next compaction writes.
    function _finish(
        Holdings.Holding storage h,
        mapping(NodeId node => IRegistry.Node) storage nodes,
        Run memory r,
        Stock memory stock,
        Progress memory c
    ) private {
        uint40 freed = stock.held - c.held;
        Holdings.remember(stock, r.current);
        (stock.tree, stock.compacting) = (1 - stock.tree, false);
        (stock.total, stock.count, stock.live, stock.held) = (c.total, c.count, c.count, c.held);
        uint256 root = h.frontiers[stock.tree].rootOf(r.hasher, r.depth, c.count);
        h.roots[stock.latest] = root;
        (c.cleared, c.nextSerial) = (CompactionWord.lastEnd(c.epoch), 0);
        _free(nodes, r, freed);

        emit IRegistry.Compacted(r.vNode, c.count, c.total, bytes32(root));
    }
}
