// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "../../interfaces/IAudits.sol";
import {IRegistry} from "../../interfaces/IRegistry.sol";
import {NodeId, Opening, Serial, VNodeId} from "../../interfaces/Types.sol";
import {CompactionWord} from "./CompactionWord.sol";
import {Directory} from "./Directory.sol";
import {Holdings} from "./Holdings.sol";
import {MultiPath} from "./MultiPath.sol";
import {SegmentWord} from "./SegmentWord.sol";
import {Stock, StockWord} from "./StockWord.sol";
import {TreeCall, TreeCalls} from "./TreeCall.sol";

/// @title Retiring
/// @notice How the entries of segments that have ended become tombstones. See IRegistry.
/// @dev A segment's record says where its entry is. So no other entry can be opened in its place, and the entry's hash
/// fixes the rest.
library Retiring {
    using Directory for Directory.Hasher;
    using Holdings for Holdings.Holding;
    using MultiPath for MultiPath.Nodes;

    function retire(
        Holdings.Holding storage h,
        mapping(NodeId node => IRegistry.Node) storage nodes,
        IAudits audits,
        VNodeId id,
        Opening[] calldata openings,
        bytes32[] calldata siblings
    ) internal {
        if (openings.length == 0) return;
        TreeCall memory c = TreeCalls.open(h, audits, id);
        Stock memory stock = StockWord.unpack(h.stock);
        h.expectWhole(stock, id, c.current);
        if (openings.length == stock.live) _reset(h, nodes, c, stock, openings);
        else _bury(h, nodes, c, stock, openings, siblings);
    }

    /// @dev No live entry is left. The directory is empty again, and nothing needs to be opened.
    function _reset(
        Holdings.Holding storage h,
        mapping(NodeId node => IRegistry.Node) storage nodes,
        TreeCall memory c,
        Stock memory stock,
        Opening[] calldata openings
    ) private {
        uint32 cleared = CompactionWord.clearedOf(h.compaction);
        for (uint256 i = 0; i < openings.length; ++i) _strike(h, c, openings[i].serial, cleared);

        Holdings.remember(stock, c.current);
        uint40 freed = stock.held;
        (stock.total, stock.count, stock.live, stock.held) = (0, 0, 0, 0);
        h.stock = StockWord.pack(stock);
        TreeCalls.freeRoom(nodes, c, freed);

        emit IRegistry.DirectoryReset(c.vNode);
    }

    function _bury(
        Holdings.Holding storage h,
        mapping(NodeId node => IRegistry.Node) storage nodes,
        TreeCall memory c,
        Stock memory stock,
        Opening[] calldata openings,
        bytes32[] calldata siblings
    ) private {
        c.hasher = Directory.hasher();
        uint32 cleared = CompactionWord.clearedOf(h.compaction);
        MultiPath.Nodes memory path = MultiPath.make(openings.length, true);
        uint40 leaves;
        for (uint256 i = 0; i < openings.length; ++i) {
            Opening calldata opening = openings[i];
            uint256 word = _strike(h, c, opening.serial, cleared);
            (uint256 weight, uint256 size) = (
                SegmentWord.weightOf(word, stock.quantumBits),
                SegmentWord.leavesOf(word)
            );
            leaves += uint40(size);
            path.index[i] = SegmentWord.indexIn(word, stock.tree);
            path.node[i] = c.hasher.entry(TreeCalls.rootIn(opening), opening.start, weight, size);
            path.next[i] = c.hasher.entry(0, opening.start, weight, size);
        }
        uint256 root = h.roots[stock.latest];
        (uint256 opened, uint256 next) = path.replace(
            h.frontiers[stock.tree],
            c.hasher,
            c.depth,
            stock.count,
            siblings
        );
        require(opened == root, IRegistry.PathInvalid(root));

        Holdings.remember(stock, c.current);
        stock.live -= uint32(openings.length);
        stock.held -= leaves;
        h.stock = StockWord.pack(stock);
        h.roots[stock.latest] = next;
        TreeCalls.freeRoom(nodes, c, leaves);
    }

    /// @notice Marks a segment as retired.
    /// @return word its record as it was before.
    function _strike(
        Holdings.Holding storage h,
        TreeCall memory c,
        Serial serial,
        uint32 cleared
    ) private returns (uint256 word) {
        word = h.segments[serial];
        IRegistry.SegmentRecord memory s = SegmentWord.unpack(word);
        require(s.end != 0, IRegistry.NoSuchSegment(c.vNode, serial));
        require(s.leaves != 0 && s.end > cleared, IRegistry.AlreadyRetired(c.vNode, serial));
        require(c.current >= s.end, IRegistry.NotEnded(s.end, c.current));

        s.leaves = 0;
        h.segments[serial] = SegmentWord.update(word, s);

        emit IRegistry.SegmentRetired(c.vNode, serial);
    }
}
