// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "../interfaces/IAudits.sol";
import {ILedger} from "../interfaces/ILedger.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {
    Acceptance,
    BucketId,
    ClusterId,
    Grant,
    NO_NODE,
    NodeId,
    Retirement,
    Segment,
    Unauthorized,
    VNodeId
} from "../interfaces/Types.sol";
import {Consents} from "./Consents.sol";
import {Directory} from "./Directory.sol";
import {Poseidon2T4} from "./Poseidon2T4.sol";
import {SegmentWord} from "./SegmentWord.sol";
import {Stock, StockWord} from "./StockWord.sol";

/// @title Segments
/// @notice The life of a segment, from the books' point of view: stored, extended, ended, retired, and claimed for.
/// @dev Linked, not inlined, since the Registry would be too large to deploy otherwise. It works on the Registry's storage
/// and emits the Registry's events.
library Segments {
    using Consents for Consents.Used;
    using Directory for Directory.Frontier;

    /// @dev A vNode's place on its cluster's ring, and what it holds.
    struct VNode {
        /// StockWord.
        uint256 stock;
        /// Undefined while the total that belongs to it is 0.
        uint256[2] roots;
        ClusterId cluster;
        uint64 token;
        /// Its cluster's, which never change.
        uint8 dataDepth;
        uint8 directoryDepth;
        Directory.Frontier frontier;
        /// SegmentWord.
        mapping(uint32 serial => uint256) segments;
    }

    /// @dev The buckets, and which consents were used.
    struct Book {
        mapping(BucketId bucket => IRegistry.Bucket) buckets;
        mapping(BucketId bucket => mapping(address account => bool)) readers;
        mapping(BucketId bucket => mapping(address account => bool)) writers;
        /// The vNodes that a bucket was ever stored on, in the order of their first segments.
        mapping(BucketId bucket => VNodeId[]) vNodes;
        mapping(BucketId bucket => mapping(VNodeId vNode => bool)) uses;
        Consents.Used used;
    }

    /// @dev What a library cannot know by itself.
    struct Context {
        ILedger ledger;
        IAudits audits;
    }

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
        /// Responsible in the next epoch.
        NodeId node;
        uint32 current;
        uint256 rent;
    }

    /// @dev A credit that was looked up: segments that were stored together ask for the same.
    struct Span {
        uint32 from;
        uint32 end;
        uint32 to;
        uint256 credit;
    }

    /// @dev Two years of minutes.
    uint256 private constant MAX_EPOCHS = 1 << 20;
    /// @dev Epochs that a node is still paid for once an owner has had enough, besides the running one.
    uint32 private constant NOTICE_EPOCHS = 2;
    uint256 private constant RENT_UNIT = 1e18;
    uint256 private constant MAX_TOTAL = 1 << 40;

    // ------------------------------------------------------------------------------------------------------ storing

    /// @notice See IRegistry.
    /// @return amount what all epochs of all segments cost.
    function store(
        Book storage book,
        VNode storage v,
        mapping(NodeId node => IRegistry.Node) storage nodes,
        Context memory context,
        Order memory order,
        Segment[] calldata segments,
        Acceptance calldata acceptance
    ) external returns (uint256 amount) {
        ClusterId home = book.buckets[order.bucket].cluster;
        require(home == v.cluster, IRegistry.OtherCluster(home, v.cluster));
        Run memory r = _open(context, order, acceptance);
        (BucketId bucket, VNodeId vNode, uint32 epochs) = (order.bucket, order.vNode, order.epochs);
        require(
            segments.length != 0 && epochs != 0 && epochs <= MAX_EPOCHS,
            IRegistry.BadOrder(segments.length, epochs)
        );
        IRegistry.Node storage node = nodes[r.node];
        bytes32 digest = Consents.acceptanceDigest(bucket, vNode, segments, epochs, acceptance);
        book.used.accept(r.node, node.operator, digest, acceptance);

        _note(book, bucket, vNode);
        (uint256 leaves, uint256 perEpoch) = _append(v, r, segments);
        occupy(node, r.node, leaves);

        amount = perEpoch * epochs;
        context.audits.commit(vNode, perEpoch, r.current + 1, r.current + 1 + epochs);
        context.ledger.reserve(order.payer, amount);
    }

    function _open(
        Context memory context,
        Order memory order,
        Acceptance calldata acceptance
    ) private view returns (Run memory) {
        uint256 rent = acceptance.rent;
        require(
            rent <= order.maxRent && rent <= type(uint128).max,
            IRegistry.RentTooHigh(rent, order.maxRent)
        );
        (NodeId node, uint32 current) = context.audits.outlook(order.vNode);
        require(node != NO_NODE, IRegistry.NotAssigned(order.vNode));
        return Run(order, node, current, rent);
    }

    /// @dev So that a bucket's segments can be found.
    function _note(Book storage book, BucketId bucket, VNodeId vNode) private {
        if (book.uses[bucket][vNode]) return;
        book.uses[bucket][vNode] = true;
        book.vNodes[bucket].push(vNode);
    }

    /// @dev Keeps the directory as it stood when the epoch began.
    function _remember(Stock memory stock, uint32 epoch) private pure {
        if (stock.changedEpoch == epoch) return;
        (stock.prevTotal, stock.changedEpoch) = (stock.total, epoch);
        stock.latest = 1 - stock.latest;
    }

    function _append(
        VNode storage v,
        Run memory r,
        Segment[] calldata segments
    ) private returns (uint256 leaves, uint256 perEpoch) {
        Stock memory stock = StockWord.unpack(v.stock);
        (uint256 total, uint256 count) = (stock.total, stock.count);
        uint32 serial = stock.base + stock.count;
        uint256 maxLeaves = 1 << (4 * v.dataDepth);
        for (uint256 i = 0; i < segments.length; ++i) {
            IRegistry.SegmentRecord memory s = _record(r, segments[i], maxLeaves, i);
            s.start = uint40(total + leaves);
            leaves += s.leaves;
            perEpoch += s.perEpoch;
            _save(v, r.order, serial, segments[i].root, s);
            ++serial;
        }
        uint256 depth = v.directoryDepth;
        require(
            count + segments.length <= 1 << (2 * depth) && total + leaves < MAX_TOTAL,
            IRegistry.DirectoryFull(r.order.vNode, count + segments.length, total + leaves)
        );

        _remember(stock, r.current);
        (stock.total, stock.count) = (uint40(total + leaves), uint32(count + segments.length));
        stock.live += uint32(segments.length);
        stock.held += uint40(leaves);
        v.stock = StockWord.pack(stock);
        v.roots[stock.latest] = v.frontier.extend(Poseidon2T4.load(), depth, count, total, segments);
    }

    function _record(
        Run memory r,
        Segment calldata s,
        uint256 maxLeaves,
        uint256 index
    ) private pure returns (IRegistry.SegmentRecord memory record) {
        require(
            s.root != 0 && uint256(s.root) < Poseidon2T4.P && s.leaves != 0 && s.leaves <= maxLeaves,
            IRegistry.BadSegment(index, s.root, s.leaves)
        );
        uint256 perEpoch = _perEpoch(s.leaves, r.rent);
        require(perEpoch != 0 && perEpoch <= type(uint80).max, IRegistry.BadPrice(perEpoch));
        (record.bucket, record.leaves, record.perEpoch) = (r.order.bucket, s.leaves, uint80(perEpoch));
        (record.from, record.end) = (r.current + 1, r.current + 1 + r.order.epochs);
    }

    /// @dev ceil(leaves · rent / 1e18)
    function _perEpoch(uint256 leaves, uint256 rent) private pure returns (uint256) {
        return (leaves * rent + RENT_UNIT - 1) / RENT_UNIT;
    }

    function _save(
        VNode storage v,
        Order memory order,
        uint32 serial,
        bytes32 root,
        IRegistry.SegmentRecord memory s
    ) private {
        v.segments[serial] = SegmentWord.pack(s);

        emit IRegistry.SegmentStored(
            order.vNode,
            s.bucket,
            serial,
            root,
            s.start,
            s.leaves,
            s.perEpoch,
            s.from,
            s.end,
            order.payer
        );
    }

    // -------------------------------------------------------------------------------------------- another last epoch

    /// @notice See IRegistry.
    /// @return amount what the epochs cost.
    function extend(
        Book storage book,
        VNode storage v,
        mapping(NodeId node => IRegistry.Node) storage nodes,
        Context memory context,
        Order memory order,
        uint32 serial,
        Acceptance calldata acceptance
    ) external returns (uint256 amount) {
        Run memory r = _open(context, order, acceptance);
        (VNodeId id, uint32 epochs) = (order.vNode, order.epochs);
        IRegistry.SegmentRecord memory s = existing(v, id, serial);
        BucketId bucket = s.bucket;
        require(bucket == order.bucket, IRegistry.OtherBucket(bucket, order.bucket));
        (uint32 end, uint256 perEpoch) = (s.end, s.perEpoch);
        require(r.current < end, IRegistry.HasEnded(end, r.current));
        require(
            epochs != 0 && uint256(end) + epochs <= r.current + 1 + MAX_EPOCHS,
            IRegistry.BadOrder(1, epochs)
        );
        uint256 agreed = _perEpoch(s.leaves, r.rent);
        require(agreed == perEpoch, IRegistry.OtherPrice(perEpoch, agreed));
        bytes32 digest = Consents.extensionDigest(id, serial, epochs, acceptance);
        book.used.accept(r.node, nodes[r.node].operator, digest, acceptance);

        s.end = end + epochs;
        v.segments[serial] = SegmentWord.pack(s);

        emit IRegistry.SegmentExtended(id, bucket, serial, end + epochs, order.payer);

        amount = perEpoch * epochs;
        context.audits.reschedule(id, perEpoch, end, end + epochs);
        context.ledger.reserve(order.payer, amount);
    }

    /// @notice See IRegistry.
    function endEarly(
        Book storage book,
        VNode storage v,
        Context memory context,
        VNodeId id,
        uint32 serial
    ) external {
        IRegistry.SegmentRecord memory s = existing(v, id, serial);
        BucketId bucket = s.bucket;
        require(msg.sender == book.buckets[bucket].owner, Unauthorized(msg.sender));
        (uint32 end, uint32 newEnd) = (s.end, context.audits.currentEpoch() + 1 + NOTICE_EPOCHS);
        require(newEnd < end, IRegistry.EndsAnyway(end, newEnd));
        uint256 perEpoch = s.perEpoch;
        uint256 amount = perEpoch * (end - newEnd);

        s.end = newEnd;
        v.segments[serial] = SegmentWord.pack(s);

        emit IRegistry.SegmentEndedEarly(id, bucket, serial, newEnd, msg.sender, amount);

        context.audits.reschedule(id, perEpoch, end, newEnd);
        context.ledger.release(msg.sender, amount);
    }

    // ------------------------------------------------------------------------------------------------------- grants

    /// @notice Takes amount, which its owner has paid, of what a grant leaves to the caller. If it does not leave as much,
    /// all is undone.
    function spend(Book storage book, Grant calldata grant, uint256 amount) external {
        book.used.spend(book.buckets[grant.bucket].owner, grant, amount);
    }

    // ----------------------------------------------------------------------------------------------------- retiring

    /// @notice See IRegistry.
    function retire(
        VNode storage v,
        mapping(NodeId node => IRegistry.Node) storage nodes,
        Context memory context,
        VNodeId id,
        uint32 serial,
        bytes32 root,
        bytes32[3][] calldata path
    ) external {
        (NodeId node, uint32 current) = context.audits.outlook(id);
        IRegistry.SegmentRecord memory s = _strike(v, id, serial, current);
        (Stock memory stock, uint256 before) = _shrink(v, id, current, 1, s.leaves);
        if (stock.live != 0) {
            uint256 depth = v.directoryDepth;
            v.roots[stock.latest] = _bury(v, Poseidon2T4.load(), stock, depth, before, s, serial, root, path);
        }
        _free(nodes, node, s.leaves);
    }

    /// @notice See IRegistry.
    function retireMany(
        VNode storage v,
        mapping(NodeId node => IRegistry.Node) storage nodes,
        Context memory context,
        VNodeId id,
        Retirement[] calldata items
    ) external {
        if (items.length == 0) return;
        (NodeId node, uint32 current) = context.audits.outlook(id);
        IRegistry.SegmentRecord[] memory records = new IRegistry.SegmentRecord[](items.length);
        uint40 leaves;
        for (uint256 i = 0; i < items.length; ++i) {
            records[i] = _strike(v, id, items[i].serial, current);
            leaves += records[i].leaves;
        }
        (Stock memory stock, uint256 root) = _shrink(v, id, current, uint32(items.length), leaves);
        if (stock.live != 0) {
            bytes memory constants = Poseidon2T4.load();
            uint256 depth = v.directoryDepth;
            for (uint256 i = 0; i < items.length; ++i) {
                root = _bury(
                    v,
                    constants,
                    stock,
                    depth,
                    root,
                    records[i],
                    items[i].serial,
                    items[i].root,
                    items[i].path
                );
            }
            v.roots[stock.latest] = root;
        }
        _free(nodes, node, leaves);
    }

    /// @return s as it was before.
    function _strike(
        VNode storage v,
        VNodeId id,
        uint32 serial,
        uint32 current
    ) private returns (IRegistry.SegmentRecord memory s) {
        s = existing(v, id, serial);
        uint32 leaves = s.leaves;
        require(leaves != 0, IRegistry.AlreadyRetired(id, serial));
        require(current >= s.end, IRegistry.NotEnded(s.end, current));

        s.leaves = 0;
        v.segments[serial] = SegmentWord.pack(s);
        s.leaves = leaves;

        emit IRegistry.SegmentRetired(id, serial);
    }

    /// @return stock without them; if none is alive, without anything.
    /// @return root that the directory has until now.
    function _shrink(
        VNode storage v,
        VNodeId id,
        uint32 current,
        uint32 segments,
        uint40 leaves
    ) private returns (Stock memory stock, uint256 root) {
        stock = StockWord.unpack(v.stock);
        root = v.roots[stock.latest];
        _remember(stock, current);
        stock.held -= leaves;
        stock.live -= segments;
        if (stock.live == 0) {
            stock.base += stock.count;
            (stock.total, stock.count) = (0, 0);

            emit IRegistry.DirectoryReset(id);
        }
        v.stock = StockWord.pack(stock);
    }

    function _free(mapping(NodeId node => IRegistry.Node) storage nodes, NodeId node, uint40 leaves) private {
        if (node != NO_NODE) nodes[node].used -= leaves;
    }

    function _bury(
        VNode storage v,
        bytes memory constants,
        Stock memory stock,
        uint256 depth,
        uint256 directoryRoot,
        IRegistry.SegmentRecord memory s,
        uint32 serial,
        bytes32 root,
        bytes32[3][] calldata path
    ) private returns (uint256) {
        require(path.length == depth, IRegistry.PathMalformed());
        Directory.Place memory place = Directory.Place({
            count: stock.count,
            index: serial - stock.base,
            segmentRoot: uint256(root),
            start: s.start,
            leaves: s.leaves
        });
        return v.frontier.bury(constants, place, directoryRoot, path);
    }

    // ----------------------------------------------------------------------------------------------------- claiming

    /// @notice See IRegistry.
    function claim(
        Book storage book,
        VNode storage v,
        Context memory context,
        VNodeId id,
        uint32 serial
    ) external returns (uint256 amount) {
        IRegistry.SegmentRecord memory s = existing(v, id, serial);
        Span memory span;
        address owner = book.buckets[s.bucket].owner;
        amount = _take(v, s, id, serial, owner, span, context.audits);
        if (amount != 0) context.ledger.payCredit(owner, amount);
    }

    /// @notice See IRegistry.
    /// @dev One payment per run of segments of one owner.
    function claimMany(
        Book storage book,
        VNode storage v,
        Context memory context,
        VNodeId id,
        uint32[] calldata serials
    ) external returns (uint256 amount) {
        Span memory span;
        address owner;
        uint256 due;
        for (uint256 i = 0; i < serials.length; ++i) {
            IRegistry.SegmentRecord memory s = existing(v, id, serials[i]);
            address next = book.buckets[s.bucket].owner;
            if (next != owner) {
                if (due != 0) context.ledger.payCredit(owner, due);
                (owner, due) = (next, 0);
            }
            uint256 taken = _take(v, s, id, serials[i], owner, span, context.audits);
            due += taken;
            amount += taken;
        }
        if (due != 0) context.ledger.payCredit(owner, due);
    }

    function _take(
        VNode storage v,
        IRegistry.SegmentRecord memory s,
        VNodeId id,
        uint32 serial,
        address owner,
        Span memory span,
        IAudits audits
    ) private returns (uint256 amount) {
        (uint32 from, uint32 end) = (s.from, s.end);
        if (from != span.from || end != span.end) {
            (span.from, span.end) = (from, end);
            (span.to, span.credit) = audits.creditBetween(id, from, end);
        }
        if (span.to == from) return 0;
        amount = (s.perEpoch * span.credit) / RENT_UNIT;

        s.from = span.to;
        v.segments[serial] = SegmentWord.pack(s);

        emit IRegistry.Claimed(id, serial, owner, amount);
    }

    // ------------------------------------------------------------------------------------- for the Registry as well

    function existing(
        VNode storage v,
        VNodeId id,
        uint32 serial
    ) internal view returns (IRegistry.SegmentRecord memory s) {
        s = SegmentWord.unpack(v.segments[serial]);
        require(s.end != 0, IRegistry.NoSuchSegment(id, serial));
    }

    /// @notice Of a directory without entries.
    function emptyRoot(uint256 depth) external pure returns (uint256) {
        return Directory.emptyRoot(depth);
    }

    /// @dev Invariant: used = sum of held of the vNodes that the node is responsible for in the next epoch.
    function occupy(IRegistry.Node storage n, NodeId id, uint256 leaves) internal {
        if (leaves == 0) return;
        uint256 used = n.used + leaves;
        require(used <= n.capacity, IRegistry.CapacityExceeded(id, n.capacity, used));
        n.used = uint40(used);
    }
}
