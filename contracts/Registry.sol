// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "./interfaces/IAudits.sol";
import {ILedger} from "./interfaces/ILedger.sol";
import {IRegistry} from "./interfaces/IRegistry.sol";
import {
    Acceptance,
    BucketId,
    Grant,
    NodeId,
    Opening,
    Segment,
    Unauthorized,
    VNodeId
} from "./interfaces/Types.sol";
import {Claims} from "./libraries/Claims.sol";
import {Compaction} from "./libraries/Compaction.sol";
import {CompactionWord, Progress} from "./libraries/CompactionWord.sol";
import {Consents} from "./libraries/Consents.sol";
import {Holdings} from "./libraries/Holdings.sol";
import {Segments} from "./libraries/Segments.sol";
import {SegmentWord} from "./libraries/SegmentWord.sol";
import {Stock, StockWord} from "./libraries/StockWord.sol";
import {Buckets} from "./registry/Buckets.sol";
import {Nodes} from "./registry/Nodes.sol";

/// @title Registry
/// @notice See IRegistry. Here are the segments and directories; Nodes, Clusters and Buckets are the rest of it.
contract Registry is Buckets {
    using Claims for Holdings.Book;
    using Compaction for Holdings.Holding;
    using Consents for Consents.Used;
    using Holdings for Holdings.Holding;
    using Segments for Holdings.Book;

    constructor(ILedger ledger_, IAudits audits_) Nodes(ledger_, audits_) {}

    // ------------------------------------------------------------------------------------------------------ storing

    /// @inheritdoc IRegistry
    function store(
        BucketId bucketId,
        VNodeId vNodeId,
        Segment[] calldata segments,
        uint32 epochs,
        uint256 maxRent,
        Acceptance calldata acceptance
    ) external {
        Segments.Order memory order = _own(bucketId, vNodeId, epochs, maxRent);
        _store(order, segments, acceptance);
    }

    /// @inheritdoc IRegistry
    function storeFor(
        Grant calldata grant,
        VNodeId vNodeId,
        Segment[] calldata segments,
        uint32 epochs,
        uint256 maxRent,
        Acceptance calldata acceptance
    ) external {
        Segments.Order memory order = _granted(grant, vNodeId, epochs, maxRent);
        _book.spend(grant, _store(order, segments, acceptance));
    }

    function _store(
        Segments.Order memory order,
        Segment[] calldata segments,
        Acceptance calldata acceptance
    ) private returns (uint256) {
        return _book.store(_existing(order.vNode), _nodes, _context(), order, segments, acceptance);
    }

    function _context() private view returns (Holdings.Context memory) {
        return Holdings.Context(ledger, audits);
    }

    function _own(
        BucketId bucketId,
        VNodeId vNodeId,
        uint32 epochs,
        uint256 maxRent
    ) private view returns (Segments.Order memory) {
        require(mayWrite(bucketId, msg.sender), Unauthorized(msg.sender));
        return Segments.Order(msg.sender, bucketId, vNodeId, epochs, maxRent);
    }

    function _granted(
        Grant calldata grant,
        VNodeId vNodeId,
        uint32 epochs,
        uint256 maxRent
    ) private pure returns (Segments.Order memory) {
        require(maxRent <= grant.maxRent, RentTooHigh(maxRent, grant.maxRent));
        return Segments.Order(grant.owner, grant.bucket, vNodeId, epochs, maxRent);
    }

    // ------------------------------------------------------------------------------------------ another last epoch

    /// @inheritdoc IRegistry
    function extend(
        VNodeId vNodeId,
        uint32 serial,
        uint32 epochs,
        uint256 maxRent,
        Acceptance calldata acceptance
    ) external {
        BucketId bucketId = _vNodes[vNodeId].existing(vNodeId, serial).bucket;
        Segments.Order memory order = _own(bucketId, vNodeId, epochs, maxRent);
        _extend(order, serial, acceptance);
    }

    /// @inheritdoc IRegistry
    function extendFor(
        Grant calldata grant,
        VNodeId vNodeId,
        uint32 serial,
        uint32 epochs,
        uint256 maxRent,
        Acceptance calldata acceptance
    ) external {
        _book.spend(grant, _extend(_granted(grant, vNodeId, epochs, maxRent), serial, acceptance));
    }

    function _extend(
        Segments.Order memory order,
        uint32 serial,
        Acceptance calldata acceptance
    ) private returns (uint256) {
        VNodeId id = order.vNode;
        return _book.extend(_vNodes[id], _nodes, _context(), order, serial, acceptance);
    }

    /// @inheritdoc IRegistry
    function endEarly(VNodeId id, uint32 serial) external {
        _book.endEarly(_vNodes[id], _context(), id, serial);
    }

    /// @inheritdoc IRegistry
    function payersOf(VNodeId id, uint32 serial) external view returns (Payer[] memory payers) {
        Holdings.Holding storage h = _vNodes[id];
        payers = new Payer[](h.existing(id, serial).payers);
        for (uint256 i = 0; i < payers.length; ++i) payers[i] = h.payers[serial][i];
    }

    /// @inheritdoc IRegistry
    function revokeGrant(bytes32 grant) external {
        _book.used.revoke(grant);
    }

    /// @inheritdoc IRegistry
    function spentOf(address owner, bytes32 grant) external view returns (uint256) {
        return _book.used.spent[owner][grant];
    }

    // ----------------------------------------------------------------------------------------------------- claiming

    /// @inheritdoc IRegistry
    function claim(VNodeId id, uint32 serial) external returns (uint256 amount) {
        return _book.claim(_vNodes[id], _context(), id, serial);
    }

    /// @inheritdoc IRegistry
    function claimMany(VNodeId id, uint32[] calldata serials) external returns (uint256 amount) {
        return _book.claimMany(_vNodes[id], _context(), id, serials);
    }

    /// @inheritdoc IRegistry
    function segment(VNodeId id, uint32 serial) external view returns (SegmentRecord memory s) {
        Holdings.Holding storage h = _vNodes[id];
        s = h.existing(id, serial);
        s.index = SegmentWord.indexIn(h.segments[serial], StockWord.treeOf(h.stock));
    }

    // -------------------------------------------------------------------------------------- retiring and compacting

    /// @inheritdoc IRegistry
    function retire(VNodeId id, Opening[] calldata openings, bytes32[] calldata siblings) external {
        _existing(id).retire(_nodes, audits, id, openings, siblings);
    }

    /// @inheritdoc IRegistry
    function compact(VNodeId id, Opening[] calldata openings, bytes32[] calldata siblings) external {
        _existing(id).compact(_nodes, audits, id, openings, siblings);
    }

    /// @inheritdoc IRegistry
    function compaction(VNodeId id) external view returns (CompactionView memory) {
        Progress memory c = CompactionWord.unpack(_existing(id).compaction);
        if (c.left == 0) return CompactionView(0, 0, 0, 0, 0);
        return CompactionView(c.epoch, c.nextSerial, c.count, c.total, c.left);
    }

    // -------------------------------------------------------------------------------------------------- directories

    /// @inheritdoc IRegistry
    function directory(VNodeId id) external view returns (DirectoryView memory) {
        Holdings.Holding storage h = _existing(id);
        Stock memory s = StockWord.unpack(h.stock);
        return DirectoryView(_rootOf(h, s.latest, s.total), s.total, s.count, s.live, s.nextSerial);
    }

    /// @inheritdoc IRegistry
    function snapshot(VNodeId id, uint32 epoch) external view returns (bytes32 root, uint40 total) {
        Holdings.Holding storage h = _existing(id);
        return _snapshot(h, h.stock, epoch);
    }

    /// @inheritdoc IRegistry
    function statement(
        VNodeId id,
        uint32 epoch,
        NodeId nodeId
    ) external view returns (bytes32 root, uint40 total, uint256 asked, address provider) {
        Holdings.Holding storage h = _vNodes[id];
        uint256 stock = h.stock;
        (root, total) = _snapshot(h, stock, epoch);
        (asked, provider) = (uint256(total) << StockWord.quantumBitsOf(stock), _nodes[nodeId].provider);
    }

    function _snapshot(
        Holdings.Holding storage h,
        uint256 stock,
        uint32 epoch
    ) private view returns (bytes32 root, uint40 total) {
        uint8 which;
        (which, total) = StockWord.asOf(stock, epoch);
        root = _rootOf(h, which, total);
    }

    function _rootOf(Holdings.Holding storage h, uint256 which, uint40 total) private view returns (bytes32) {
        if (total != 0) return bytes32(h.roots[which]);
        return bytes32(Segments.emptyRoot(h.directoryDepth));
    }
}
