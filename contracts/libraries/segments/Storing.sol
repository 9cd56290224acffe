// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IRegistry} from "../../interfaces/IRegistry.sol";
import {Acceptance, BucketId, ClusterId, NodeId, Segment, Serial, VNodeId} from "../../interfaces/Types.sol";
import {Poseidon2T4} from "../Poseidon2T4.sol";
import {Consents} from "./Consents.sol";
import {Directory} from "./Directory.sol";
import {Holdings} from "./Holdings.sol";
import {CheckedOrder, Order, Orders} from "./Orders.sol";
import {Payers} from "./Payers.sol";
import {SegmentWord} from "./SegmentWord.sol";
import {Stock, StockWord} from "./StockWord.sol";

/// @title Storing
/// @notice How segments are stored: the acceptance, the entries in the directory, the lock and the price. See IRegistry.
library Storing {
    using Consents for Consents.Used;
    using Directory for Directory.Frontier;
    using Directory for Directory.Hasher;
    using Holdings for Holdings.Holding;
    using Payers for mapping(uint256 index => IRegistry.Payer);

    /// @dev A directory's total is below this.
    uint256 private constant MAX_TOTAL = 1 << 40;

    function store(
        Holdings.BucketsState storage state,
        Holdings.Holding storage h,
        mapping(NodeId node => IRegistry.Node) storage nodes,
        Holdings.Neighbours calldata neighbours,
        Order calldata order,
        Segment[] calldata segments,
        Acceptance calldata acceptance
    ) internal returns (uint256 amount) {
        (ClusterId home, ClusterId here) = (state.buckets[order.bucket].cluster, h.cluster);
        require(home == here, IRegistry.OtherCluster(home, here));
        (CheckedOrder memory c, IRegistry.Node storage node) = Orders.check(
            state,
            nodes,
            neighbours,
            order,
            acceptance
        );
        (BucketId bucket, VNodeId vNode, uint32 epochs) = (order.bucket, order.vNode, order.epochs);
        require(!c.handingOver, IRegistry.HandingOver(vNode));
        require(
            segments.length != 0 && epochs != 0 && epochs <= Orders.MAX_EPOCHS,
            IRegistry.BadOrder(segments.length, epochs)
        );
        bytes32 digest = Consents.acceptanceDigest(
            c.node,
            node.revision,
            bucket,
            vNode,
            segments,
            epochs,
            acceptance
        );
        state.used.accept(c.node, node.operator, digest, acceptance);

        _listVNode(state, bucket, vNode);
        (uint256 leaves, uint256 perEpoch) = _append(h, c, segments);
        Holdings.takeRoom(node, c.node, leaves);

        amount = perEpoch * epochs;
        uint32 from = c.current + 1;
        Orders.countLock(node, c, neighbours.audits.commit(vNode, perEpoch, from, from + epochs));
        neighbours.ledger.reserve(order.payer, amount);
    }

    /// @dev So that the segments of a bucket can be found.
    function _listVNode(Holdings.BucketsState storage state, BucketId bucket, VNodeId vNode) private {
        if (state.uses[bucket][vNode]) return;
        state.uses[bucket][vNode] = true;
        state.vNodes[bucket].push(vNode);
    }

    function _append(
        Holdings.Holding storage h,
        CheckedOrder memory c,
        Segment[] calldata segments
    ) private returns (uint256 leaves, uint256 perEpoch) {
        VNodeId vNode = c.order.vNode;
        Stock memory stock = StockWord.unpack(h.stock);
        h.expectWhole(stock, vNode, c.current);
        (uint256 total, uint256 count, uint256 depth) = (stock.total, stock.count, h.directoryDepth);
        uint256 maxLeaves = 1 << (4 * h.dataDepth);
        Directory.Hasher memory hasher = Directory.hasher();
        Directory.Frontier storage frontier = h.frontiers[stock.tree];
        for (uint256 i = 0; i < segments.length; ++i) {
            bytes32 root = segments[i].root;
            IRegistry.SegmentRecord memory s = _record(c, segments[i], maxLeaves, stock.quantumBits, i);
            leaves += s.leaves;
            perEpoch += s.perEpoch;
            if (c.otherPayer != address(0)) h.payers[stock.nextSerial].begin(s, c.otherPayer);
            h.segments[stock.nextSerial] = SegmentWord.withIndex(SegmentWord.pack(s), stock.tree, count);
            _announce(c.order, stock.nextSerial, root, total, s);
            stock.nextSerial = stock.nextSerial.following();
            uint256 weight = s.perEpoch >> stock.quantumBits;
            frontier.append(hasher, depth, count, hasher.entry(uint256(root), total, weight, s.leaves));
            total += weight;
            ++count;
        }
        require(count <= 1 << (2 * depth) && total < MAX_TOTAL, IRegistry.DirectoryFull(vNode, count, total));

        Holdings.remember(stock, c.current);
        (stock.total, stock.count) = (uint40(total), uint32(count));
        stock.live += uint32(segments.length);
        stock.held += uint40(leaves);
        h.stock = StockWord.pack(stock);
        h.roots[stock.latest] = frontier.rootOf(hasher, depth, count);
    }

    function _record(
        CheckedOrder memory c,
        Segment calldata s,
        uint256 maxLeaves,
        uint256 quantumBits,
        uint256 index
    ) private pure returns (IRegistry.SegmentRecord memory record) {
        require(
            s.root != 0 && uint256(s.root) < Poseidon2T4.P && s.leaves != 0 && s.leaves <= maxLeaves,
            IRegistry.BadSegment(index, s.root, s.leaves)
        );
        uint256 perEpoch = Orders.perEpochUp(s.leaves, c.rent, quantumBits);
        require(perEpoch != 0, IRegistry.BadPrice(perEpoch));
        (record.bucket, record.leaves, record.perEpoch) = (c.order.bucket, s.leaves, uint80(perEpoch));
        (record.from, record.end) = (c.current + 1, c.current + 1 + c.order.epochs);
    }

    function _announce(
        Order memory order,
        Serial serial,
        bytes32 root,
        uint256 start,
        IRegistry.SegmentRecord memory s
    ) private {
        emit IRegistry.SegmentStored(
            order.vNode,
            s.bucket,
            serial,
            root,
            uint40(start),
            s.leaves,
            s.perEpoch,
            s.from,
            s.end,
            order.payer
        );
    }
}
