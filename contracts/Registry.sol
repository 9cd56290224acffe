// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "./interfaces/IAudits.sol";
import {ILedger} from "./interfaces/ILedger.sol";
import {IRegistry} from "./interfaces/IRegistry.sol";
import {
    Acceptance,
    BucketId,
    FIRST_SERIAL,
    Grant,
    NodeId,
    Opening,
    Segment,
    Serial,
    Unauthorized,
    VNodeId
} from "./interfaces/Types.sol";
import {Claims} from "./libraries/Claims.sol";
import {Compaction} from "./libraries/Compaction.sol";
import {Segments} from "./libraries/Segments.sol";
import {CompactionWord, Progress} from "./libraries/segments/CompactionWord.sol";
import {Consents} from "./libraries/segments/Consents.sol";
import {Holdings} from "./libraries/segments/Holdings.sol";
import {Order} from "./libraries/segments/Orders.sol";
import {SegmentWord} from "./libraries/segments/SegmentWord.sol";
import {Stock, StockWord} from "./libraries/segments/StockWord.sol";
import {Buckets} from "./registry/Buckets.sol";
import {Nodes} from "./registry/Nodes.sol";

/// @title Registry
/// @notice See IRegistry. This file has the segments and directories. Nodes, Clusters and Buckets have the rest.
contract Registry is Buckets {
    using Claims for Holdings.BucketsState;
    using Compaction for Holdings.Holding;
    using Consents for Consents.Used;
    using Holdings for Holdings.Holding;
    using Segments for Holdings.BucketsState;

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
        Order memory order = _own(bucketId, vNodeId, epochs, maxRent);
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
        Order memory order = _granted(grant, vNodeId, epochs, maxRent);
        _state.spend(grant, _store(order, segments, acceptance));
    }

    function _store(
        Order memory order,
        Segment[] calldata segments,
        Acceptance calldata acceptance
    ) private returns (uint256) {
        return _state.store(_existing(order.vNode), _nodes, _neighbours(), order, segments, acceptance);
    }

    function _neighbours() private view returns (Holdings.Neighbours memory) {
        return Holdings.Neighbours(ledger, audits);
    }

    function _own(
        BucketId bucketId,
        VNodeId vNodeId,
        uint32 epochs,
        uint256 maxRent
    ) private view returns (Order memory) {
        require(mayWrite(bucketId, msg.sender), Unauthorized(msg.sender));
        return Order(msg.sender, bucketId, vNodeId, epochs, maxRent);
    }

    function _granted(
        Grant calldata grant,
        VNodeId vNodeId,
        uint32 epochs,
        uint256 maxRent
    ) private pure returns (Order memory) {
        require(maxRent <= grant.maxRent, RentTooHigh(maxRent, grant.maxRent));
        return Order(grant.owner, grant.bucket, vNodeId, epochs, maxRent);
    }

    // ------------------------------------------------------------------------------------------ another last epoch

    /// @inheritdoc IRegistry
    function extend(
        VNodeId vNodeId,
        Serial serial,
        uint32 epochs,
        uint256 maxRent,
        Acceptance calldata acceptance
    ) external {
        BucketId bucketId = _vNodes[vNodeId].existing(vNodeId, serial).bucket;
        Order memory order = _own(bucketId, vNodeId, epochs, maxRent);
        _extend(order, serial, acceptance);
    }

    /// @inheritdoc IRegistry
    function extendFor(
        Grant calldata grant,
        VNodeId vNodeId,
        Serial serial,
        uint32 epochs,
        uint256 maxRent,
        Acceptance calldata acceptance
    ) external {
        _state.spend(grant, _extend(_granted(grant, vNodeId, epochs, maxRent), serial, acceptance));
    }

    function _extend(
        Order memory order,
        Serial serial,
        Acceptance calldata acceptance
    ) private returns (uint256) {
        VNodeId id = order.vNode;
        return _state.extend(_vNodes[id], _nodes, _neighbours(), order, serial, acceptance);
    }

    /// @inheritdoc IRegistry
    function endEarly(VNodeId id, Serial serial) external {
        _state.endEarly(_vNodes[id], _neighbours(), id, serial);
    }

    /// @inheritdoc IRegistry
    function payersOf(VNodeId id, Serial serial) external view returns (Payer[] memory payers) {
        Holdings.Holding storage h = _vNodes[id];
        payers = new Payer[](h.existing(id, serial).payers);
        for (uint256 i = 0; i < payers.length; ++i) payers[i] = h.payers[serial][i];
    }

    /// @inheritdoc IRegistry
    function revokeGrant(bytes32 grant) external {
        _state.used.revoke(grant);
    }

    /// @inheritdoc IRegistry
    function spentOf(address owner, bytes32 grant) external view returns (uint256) {
        return _state.used.spent[owner][grant];
    }

    // ----------------------------------------------------------------------------------------------------- claiming

    /// @inheritdoc IRegistry
    function claim(VNodeId id, Serial serial) external returns (uint256 amount) {
        return _state.claim(_vNodes[id], _neighbours(), id, serial);
    }

    /// @inheritdoc IRegistry
    function claimMany(VNodeId id, Serial[] calldata serials) external returns (uint256 amount) {
        return _state.claimMany(_vNodes[id], _neighbours(), id, serials);
    }

    /// @inheritdoc IRegistry
    function segment(VNodeId id, Serial serial) external view returns (SegmentRecord memory s) {
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
        if (c.left == 0) return CompactionView(0, FIRST_SERIAL, 0, 0, 0);
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
