// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IAudits} from "./interfaces/IAudits.sol";
import {ILedger} from "./interfaces/ILedger.sol";
import {ILens} from "./interfaces/ILens.sol";
import {IRegistry} from "./interfaces/IRegistry.sol";
import {BucketId, ClusterId, NO_CLUSTER, NO_NODE, NodeId, Serial, VNodeId} from "./interfaces/Types.sol";
import {Rounding} from "./libraries/Rounding.sol";
import {CreditIndex} from "./libraries/settlement/CreditIndex.sol";

/// @title Lens
/// @notice See ILens.
contract Lens is ILens {
    /// @dev A place among a bucket's segments is vNode · 2^32 + serial.
    uint256 private constant SERIAL_BITS = 32;

    IAudits public immutable audits;
    IRegistry public immutable registry;
    ILedger public immutable ledger;

    constructor(IAudits audits_) {
        (audits, registry, ledger) = (audits_, audits_.registry(), audits_.ledger());
    }

    // ---------------------------------------------------------------------------------------------------- one by one

    /// @inheritdoc ILens
    function cluster(ClusterId id) external view returns (ClusterItem memory item) {
        item.id = id;
        item.info = registry.cluster(id);
        item.profile = audits.profiles(item.info.profile);
        (item.params, , ) = audits.params(id);
        (item.announcedSince, item.announced, item.announcedProfile, item.announcedBeacon) = audits.announced(
            id
        );
        item.standby = registry.standby(id);
        (item.fees, ) = ledger.feesOf(id);
    }

    /// @inheritdoc ILens
    function node(NodeId id) external view returns (NodeItem memory item) {
        (item.id, item.info) = (id, registry.node(id));
        (item.bond, item.locked, item.unbonding, item.releaseAt) = ledger.bondOf(id);
    }

    /// @inheritdoc ILens
    function vNode(VNodeId id) external view returns (VNodeItem memory item) {
        (item.id, item.info) = (id, registry.vNode(id));
        (item.state, item.directory) = (audits.state(id), registry.directory(id));
        try audits.duty(id, audits.currentEpoch()) returns (IAudits.Duty memory duty) {
            item.duty = duty;
        } catch {
            delete item.duty;
        }
    }

    /// @inheritdoc ILens
    function bucket(BucketId id) external view returns (BucketItem memory) {
        return BucketItem(id, registry.bucket(id));
    }

    /// @inheritdoc ILens
    function segment(VNodeId id, Serial serial) external view returns (SegmentItem memory item) {
        (item.vNode, item.serial, item.info) = (id, serial, registry.segment(id, serial));
        (uint32 to, uint256 credit) = audits.creditBetween(id, item.info.from, item.info.end);
        item.settledUntil = to;
        item.claimable = Rounding.mulDivDown(item.info.perEpoch, credit, CreditIndex.CREDIT_UNIT);
    }

    // ------------------------------------------------------------------------------------------------------ clusters

    /// @inheritdoc ILens
    function clusters(
        uint256 from,
        uint256 count
    ) external view returns (ClusterItem[] memory items, uint256 next) {
        uint256 end;
        (from, end, next) = _page(from, count, registry.clusterCount());
        items = new ClusterItem[](end - from);
        for (uint256 i = 0; i < items.length; ++i) {
            ClusterId id = ClusterId.wrap(uint32(from + i));
            try this.cluster(id) returns (ClusterItem memory item) {
                items[i] = item;
            } catch {
                items[i].id = id;
            }
        }
    }

    /// @dev The ids of a page, from `first` until before `end`, of all ids from 1 to last.
    function _page(
        uint256 from,
        uint256 count,
        uint256 last
    ) private pure returns (uint256 first, uint256 end, uint256 next) {
        first = Math.max(1, Math.min(from, last + 1));
        end = count <= last + 1 - first ? first + count : last + 1;
        if (end <= last) next = end;
    }

    /// @inheritdoc ILens
    function supply(
        ClusterId id,
        uint256 from,
        uint256 count
    ) external view returns (Supply memory sum, uint256 next) {
        uint256 end;
        (from, end, next) = _page(from, count, registry.vNodeCount());
        NodeId[] memory seen = new NodeId[](end - from);
        uint32 current = audits.currentEpoch();
        for (uint256 i = from; i < end; ++i) {
            try this.vNode(VNodeId.wrap(uint32(i))) returns (VNodeItem memory v) {
                if (v.info.cluster != id) continue;
                _addVNode(sum, v, current);
                if (_isNew(seen, sum.nodes, v.info.node)) _addNode(sum, v.info.node);
            } catch {
                continue;
            }
        }
    }

    function _addVNode(Supply memory sum, VNodeItem memory v, uint32 current) private pure {
        ++sum.vNodes;
        if (v.info.node == NO_NODE) ++sum.vacant;
        if (v.state.misses != 0) ++sum.missing;
        if (v.state.syncLeft != 0) ++sum.syncing;
        uint32 settled = v.state.settled;
        bool idle = v.state.rate == 0 && v.state.committed == 0;
        if (!idle && uint256(settled) + sum.behind + 1 < current) sum.behind = current - 1 - settled;
        sum.held += v.info.held;
        sum.rate += v.state.rate;
    }

    /// @dev Whether there is a node, and it is not among the first `count` seen. If so, it is added to them.
    function _isNew(NodeId[] memory seen, uint256 count, NodeId id) private pure returns (bool) {
        if (id == NO_NODE) return false;
        for (uint256 i = 0; i < count; ++i) if (seen[i] == id) return false;
        seen[count] = id;
        return true;
    }

    function _addNode(Supply memory sum, NodeId id) private view {
        IRegistry.Node memory n = registry.node(id);
        if (sum.nodes == 0 || n.rent < sum.minRent) sum.minRent = n.rent;
        if (n.rent > sum.maxRent) sum.maxRent = n.rent;
        ++sum.nodes;
        sum.capacity += n.capacity;
        sum.free += n.capacity - n.used;
    }

    // --------------------------------------------------------------------------------------------------------- nodes

    /// @inheritdoc ILens
    function nodes(
        address provider,
        uint256 from,
        uint256 count
    ) external view returns (NodeItem[] memory items, uint256 next) {
        uint256 end;
        (from, end, next) = _page(from, count, registry.nodeCount());
        NodeId[] memory ids = new NodeId[](end - from);
        uint256 found;
        for (uint256 i = from; i < end; ++i) {
            NodeId id = NodeId.wrap(uint32(i));
            if (provider == address(0) || registry.providerOf(id) == provider) ids[found++] = id;
        }
        items = _nodes(ids, found);
    }

    /// @inheritdoc ILens
    function nodesOf(
        ClusterId id,
        uint256 from,
        uint256 count
    ) external view returns (NodeItem[] memory items, uint256 next) {
        uint256 end;
        (from, end, next) = _page(from, count, registry.vNodeCount());
        NodeId[] memory ids = new NodeId[](end - from);
        uint256 found;
        for (uint256 i = from; i < end; ++i) {
            IRegistry.VNodeView memory v = registry.vNode(VNodeId.wrap(uint32(i)));
            if (v.cluster == id && _isNew(ids, found, v.node)) ++found;
        }
        items = _nodes(ids, found);
    }

    /// @inheritdoc ILens
    function standby(ClusterId id) external view returns (NodeItem[] memory items) {
        NodeId[] memory ids = registry.standby(id);
        items = _nodes(ids, ids.length);
    }

    function _nodes(NodeId[] memory ids, uint256 count) private view returns (NodeItem[] memory items) {
        items = new NodeItem[](count);
        for (uint256 i = 0; i < count; ++i) {
            try this.node(ids[i]) returns (NodeItem memory item) {
                items[i] = item;
            } catch {
                items[i].id = ids[i];
            }
        }
    }

    // -------------------------------------------------------------------------------------------------------- vNodes

    /// @inheritdoc ILens
    function vNodes(
        ClusterId id,
        uint256 from,
        uint256 count
    ) external view returns (VNodeItem[] memory items, uint256 next) {
        uint256 end;
        (from, end, next) = _page(from, count, registry.vNodeCount());
        VNodeId[] memory ids = new VNodeId[](end - from);
        uint256 found;
        for (uint256 i = from; i < end; ++i) {
            VNodeId each = VNodeId.wrap(uint32(i));
            if (id == NO_CLUSTER || registry.vNode(each).cluster == id) ids[found++] = each;
        }
        items = new VNodeItem[](found);
        for (uint256 i = 0; i < found; ++i) {
            try this.vNode(ids[i]) returns (VNodeItem memory item) {
                items[i] = item;
            } catch {
                items[i].id = ids[i];
            }
        }
    }

    // ------------------------------------------------------------------------------------------ buckets and segments

    /// @inheritdoc ILens
    function buckets(
        address owner,
        uint256 from,
        uint256 count
    ) external view returns (BucketItem[] memory items, uint256 next) {
        uint256 end;
        (from, end, next) = _page(from, count, registry.bucketCount());
        BucketId[] memory ids = new BucketId[](end - from);
        uint256 found;
        for (uint256 i = from; i < end; ++i) {
            BucketId id = BucketId.wrap(uint40(i));
            if (owner == address(0) || registry.bucket(id).owner == owner) ids[found++] = id;
        }
        items = new BucketItem[](found);
        for (uint256 i = 0; i < found; ++i) items[i] = BucketItem(ids[i], registry.bucket(ids[i]));
    }

    /// @inheritdoc ILens
    function segments(
        VNodeId id,
        uint256 from,
        uint256 count
    ) external view returns (SegmentItem[] memory items, uint256 next) {
        uint256 total = _serialsOf(id);
        from = Math.min(from, total);
        uint256 end = from + Math.min(count, total - from);
        if (end < total) next = end;
        items = new SegmentItem[](end - from);
        for (uint256 i = 0; i < items.length; ++i) items[i] = _segment(id, _serialOf(from + i));
    }

    /// @inheritdoc ILens
    function segmentsOf(
        BucketId id,
        uint256 from,
        uint256 count
    ) external view returns (SegmentItem[] memory items, uint256 next) {
        uint256[] memory places = new uint256[](count);
        uint256 found;
        (found, next) = _places(id, from, places);
        items = new SegmentItem[](found);
        for (uint256 i = 0; i < found; ++i) {
            items[i] = _segment(VNodeId.wrap(uint32(places[i] >> SERIAL_BITS)), _serialOf(places[i]));
        }
    }

    /// @dev The places of the bucket's segments. It looks at as many places as `places` has room for.
    function _places(
        BucketId id,
        uint256 from,
        uint256[] memory places
    ) private view returns (uint256 found, uint256 next) {
        ClusterId home = registry.bucket(id).cluster;
        uint256 last = registry.vNodeCount();
        uint256 v = Math.max(1, from >> SERIAL_BITS);
        uint256 serial = uint32(from);
        for (uint256 looked = 0; looked < places.length && v <= last; ++looked) {
            VNodeId vNodeId = VNodeId.wrap(uint32(v));
            if (registry.vNode(vNodeId).cluster == home && serial < _serialsOf(vNodeId)) {
                if (registry.segment(vNodeId, _serialOf(serial)).bucket == id) {
                    places[found++] = (v << SERIAL_BITS) | serial;
                }
                ++serial;
            } else {
                (v, serial) = (v + 1, 0);
            }
        }
        if (v <= last) next = (v << SERIAL_BITS) | serial;
    }

    /// @dev The low bits of a place are its serial.
    function _serialOf(uint256 place) private pure returns (Serial) {
        return Serial.wrap(uint32(place));
    }

    function _serialsOf(VNodeId id) private view returns (uint256) {
        return Serial.unwrap(registry.directory(id).nextSerial);
    }

    function _segment(VNodeId id, Serial serial) private view returns (SegmentItem memory item) {
        try this.segment(id, serial) returns (SegmentItem memory whole) {
            return whole;
        } catch {
            (item.vNode, item.serial) = (id, serial);
        }
    }
}
