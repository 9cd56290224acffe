// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IRegistry} from "../interfaces/IRegistry.sol";
import {
    Acceptance,
    BucketId,
    ClusterId,
    Grant,
    NO_NODE,
    NodeId,
    Segment,
    VNodeId
} from "../interfaces/Types.sol";
import {Consents} from "./Consents.sol";
import {Directory} from "./Directory.sol";
import {Holdings} from "./Holdings.sol";
import {Payers} from "./Payers.sol";
import {Poseidon2T4} from "./Poseidon2T4.sol";
import {SegmentWord} from "./SegmentWord.sol";
import {Stock, StockWord} from "./StockWord.sol";

/// @title Segments
/// @notice What a segment needs others' word for: to be stored, and to go on. See Claims for what its owner gets back, and
/// Compaction for what becomes of its entry.
/// @dev Linked, not inlined, since the Registry would be too large to deploy otherwise. It works on the Registry's storage
/// and emits the Registry's events.
library Segments {
    using Consents for Consents.Used;
    using Directory for Directory.Frontier;
    using Directory for Directory.Hasher;
    using Holdings for Holdings.Holding;
    using Payers for mapping(uint256 index => IRegistry.Payer);

    /// @dev What is asked of a vNode for a bucket, and by whom it is paid.
    struct Order {
        address payer;
        BucketId bucket;
        VNodeId vNode;
        uint32 epochs;
        uint256 maxRent;
    }

    /// @dev An order at work.
    struct Run {
        Order order;
        /// The payer, or nobody if that is the bucket's owner.
        address other;
        /// Responsible in the next epoch.
        NodeId node;
        bool handingOver;
        uint32 current;
        uint256 rent;
    }

    /// @dev Two years of minutes.
    uint256 private constant MAX_EPOCHS = 1 << 20;
    uint256 private constant RENT_UNIT = 1e18;
    uint256 private constant MAX_TOTAL = 1 << 40;

    // ------------------------------------------------------------------------------------------------------ storing

    /// @notice See IRegistry.
    /// @return amount what all epochs of all segments cost.
    function store(
        Holdings.Book storage book,
        Holdings.Holding storage h,
        mapping(NodeId node => IRegistry.Node) storage nodes,
        Holdings.Context calldata context,
        Order memory order,
        Segment[] calldata segments,
        Acceptance calldata acceptance
    ) external returns (uint256 amount) {
        (ClusterId home, ClusterId here) = (book.buckets[order.bucket].cluster, h.cluster);
        require(home == here, IRegistry.OtherCluster(home, here));
        (Run memory r, IRegistry.Node storage node) = _open(book, nodes, context, order, acceptance);
        (BucketId bucket, VNodeId vNode, uint32 epochs) = (order.bucket, order.vNode, order.epochs);
        require(!r.handingOver, IRegistry.HandingOver(vNode));
        require(
            segments.length != 0 && epochs != 0 && epochs <= MAX_EPOCHS,
            IRegistry.BadOrder(segments.length, epochs)
        );
        bytes32 digest = Consents.acceptanceDigest(
            r.node,
            node.revision,
            bucket,
            vNode,
            segments,
            epochs,
            acceptance
        );
        book.used.accept(r.node, node.operator, digest, acceptance);

        _note(book, bucket, vNode);
        (uint256 leaves, uint256 perEpoch) = _append(h, r, segments);
        Holdings.occupy(node, r.node, leaves);

        amount = perEpoch * epochs;
        _lock(node, r, context.audits.commit(vNode, perEpoch, r.current + 1, r.current + 1 + epochs));
        context.ledger.reserve(order.payer, amount);
    }

    function _open(
        Holdings.Book storage book,
        mapping(NodeId node => IRegistry.Node) storage nodes,
        Holdings.Context calldata context,
        Order memory order,
        Acceptance calldata acceptance
    ) private view returns (Run memory r, IRegistry.Node storage node) {
        (r.order, r.rent) = (order, acceptance.rent);
        require(r.rent <= order.maxRent, IRegistry.RentTooHigh(r.rent, order.maxRent));
        (r.node, , r.handingOver, r.current) = context.audits.outlook(order.vNode);
        require(r.node != NO_NODE, IRegistry.NotAssigned(order.vNode));
        node = nodes[r.node];
        uint256 asked = node.rent;
        require(r.rent <= asked, IRegistry.RentTooHigh(r.rent, asked));
        if (order.payer != book.buckets[order.bucket].owner) r.other = order.payer;
    }

    /// @dev So that a bucket's segments can be found.
    function _note(Holdings.Book storage book, BucketId bucket, VNodeId vNode) private {
        if (book.uses[bucket][vNode]) return;
        book.uses[bucket][vNode] = true;
        book.vNodes[bucket].push(vNode);
    }

    function _append(
        Holdings.Holding storage h,
        Run memory r,
        Segment[] calldata segments
    ) private returns (uint256 leaves, uint256 perEpoch) {
        VNodeId vNode = r.order.vNode;
        Stock memory stock = StockWord.unpack(h.stock);
        h.expectWhole(stock, vNode, r.current);
        (uint256 total, uint256 count, uint256 depth) = (stock.total, stock.count, h.directoryDepth);
        uint256 maxLeaves = 1 << (4 * h.dataDepth);
        Directory.Hasher memory hasher = Directory.hasher();
        Directory.Frontier storage frontier = h.frontiers[stock.tree];
        for (uint256 i = 0; i < segments.length; ++i) {
            bytes32 root = segments[i].root;
            IRegistry.SegmentRecord memory s = _record(r, segments[i], maxLeaves, stock.quantumBits, i);
            leaves += s.leaves;
            perEpoch += s.perEpoch;
            if (r.other != address(0)) h.payers[stock.nextSerial].begin(s, r.other);
            h.segments[stock.nextSerial] = SegmentWord.withIndex(SegmentWord.pack(s), stock.tree, count);
            _announce(r.order, stock.nextSerial, root, total, s);
            ++stock.nextSerial;
            uint256 weight = s.perEpoch >> stock.quantumBits;
            frontier.append(hasher, depth, count, hasher.entry(uint256(root), total, weight, s.leaves));
            total += weight;
            ++count;
        }
        require(count <= 1 << (2 * depth) && total < MAX_TOTAL, IRegistry.DirectoryFull(vNode, count, total));

        Holdings.remember(stock, r.current);
        (stock.total, stock.count) = (uint40(total), uint32(count));
        stock.live += uint32(segments.length);
        stock.held += uint40(leaves);
        h.stock = StockWord.pack(stock);
        h.roots[stock.latest] = frontier.rootOf(hasher, depth, count);
    }

    function _record(
        Run memory r,
        Segment calldata s,
        uint256 maxLeaves,
        uint256 quantumBits,
        uint256 index
    ) private pure returns (IRegistry.SegmentRecord memory record) {
        require(
            s.root != 0 && uint256(s.root) < Poseidon2T4.P && s.leaves != 0 && s.leaves <= maxLeaves,
            IRegistry.BadSegment(index, s.root, s.leaves)
        );
        uint256 perEpoch = _perEpoch(s.leaves, r.rent, quantumBits);
        require(perEpoch != 0, IRegistry.BadPrice(perEpoch));
        (record.bucket, record.leaves, record.perEpoch) = (r.order.bucket, s.leaves, uint80(perEpoch));
        (record.from, record.end) = (r.current + 1, r.current + 1 + r.order.epochs);
    }

    /// @dev ceil(leaves · rent / 1e18), rounded up to a multiple of the quantum: below 2^80, as leaves are below 2^32, a
    /// node's rent below 2^96 and a quantum at most 2^79.
    function _perEpoch(uint256 leaves, uint256 rent, uint256 quantumBits) private pure returns (uint256) {
        uint256 exact = (leaves * rent + RENT_UNIT - 1) / RENT_UNIT;
        return ((exact + (1 << quantumBits) - 1) >> quantumBits) << quantumBits;
    }

    function _announce(
        Order memory order,
        uint32 serial,
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

    /// @dev What the audits have locked is known only now; they call nobody but the ledger.
    function _lock(IRegistry.Node storage node, Run memory r, uint256 locked) private {
        if (locked == 0) return;
        if (node.lockedEpoch == r.current) locked += node.locked;
        require(locked <= node.lockPerEpoch, IRegistry.LockLimit(r.node, node.lockPerEpoch, locked));
        (node.locked, node.lockedEpoch) = (uint96(locked), r.current);
    }

    // -------------------------------------------------------------------------------------------- another last epoch

    /// @notice See IRegistry.
    /// @return amount what the epochs cost.
    function extend(
        Holdings.Book storage book,
        Holdings.Holding storage h,
        mapping(NodeId node => IRegistry.Node) storage nodes,
        Holdings.Context calldata context,
        Order memory order,
        uint32 serial,
        Acceptance calldata acceptance
    ) external returns (uint256 amount) {
        (Run memory r, IRegistry.Node storage node) = _open(book, nodes, context, order, acceptance);
        (VNodeId id, uint32 epochs) = (order.vNode, order.epochs);
        IRegistry.SegmentRecord memory s = h.existing(id, serial);
        BucketId bucket = s.bucket;
        require(bucket == order.bucket, IRegistry.OtherBucket(bucket, order.bucket));
        (uint32 end, uint256 perEpoch) = (s.end, s.perEpoch);
        // What ends with the running epoch makes that due: nobody takes it back once the randomness is known.
        require(r.current + 1 < end, IRegistry.HasEnded(end, r.current));
        require(
            epochs != 0 && uint256(end) + epochs <= r.current + 1 + MAX_EPOCHS,
            IRegistry.BadOrder(1, epochs)
        );
        uint256 agreed = _perEpoch(s.leaves, r.rent, StockWord.quantumBitsOf(h.stock));
        require(agreed == perEpoch, IRegistry.OtherPrice(perEpoch, agreed));
        bytes32 digest = Consents.extensionDigest(r.node, node.revision, id, serial, epochs, acceptance);
        book.used.accept(r.node, node.operator, digest, acceptance);
        require(
            h.payers[serial].extend(s, r.other, r.current, end + epochs),
            IRegistry.TooManyPayers(id, serial)
        );

        s.end = end + epochs;
        h.segments[serial] = SegmentWord.update(h.segments[serial], s);

        emit IRegistry.SegmentExtended(id, bucket, serial, end + epochs, order.payer);

        amount = perEpoch * epochs;
        _lock(node, r, context.audits.reschedule(id, perEpoch, end, end + epochs));
        context.ledger.reserve(order.payer, amount);
    }

    // ------------------------------------------------------------------------------------------------------- grants

    /// @notice Takes amount, which its owner has paid, of what a grant leaves to the caller. If it does not leave as much,
    /// all is undone.
    function spend(Holdings.Book storage book, Grant calldata grant, uint256 amount) external {
        book.used.spend(book.buckets[grant.bucket].owner, grant, amount);
    }

    /// @notice Of a directory without entries.
    function emptyRoot(uint256 depth) external pure returns (uint256) {
        return Directory.emptyRoot(depth);
    }
}
