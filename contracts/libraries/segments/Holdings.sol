// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "../../interfaces/IAudits.sol";
import {ILedger} from "../../interfaces/ILedger.sol";
import {IRegistry} from "../../interfaces/IRegistry.sol";
import {INodes} from "../../interfaces/registry/INodes.sol";
import {BucketId, ClusterId, NO_NODE, NodeId, Serial, VNodeId} from "../../interfaces/Types.sol";
import {CompactionWord} from "./CompactionWord.sol";
import {Consents} from "./Consents.sol";
import {Directory} from "./Directory.sol";
import {SegmentWord} from "./SegmentWord.sol";
import {Stock} from "./StockWord.sol";

/// @title Holdings
/// @notice What the Registry and its linked libraries share: what each vNode holds, for whom, and on which node's room.
library Holdings {
    /// @dev A vNode's place on its cluster's ring, and what it holds.
    struct Holding {
        /// A StockWord.
        uint256 stock;
        /// A root is undefined while the total that belongs to it is 0.
        uint256[2] roots;
        ClusterId cluster;
        uint64 ringToken;
        /// The depths are the cluster's, which never change.
        uint8 dataDepth;
        uint8 directoryDepth;
        /// A CompactionWord.
        uint256 compaction;
        /// One tree is the directory, and a compaction writes the other one.
        Directory.Frontier[2] frontiers;
        /// SegmentWords.
        mapping(Serial serial => uint256) segments;
        mapping(Serial serial => mapping(uint256 index => IRegistry.Payer)) payers;
    }

    /// @dev The buckets, and the consents that were used.
    struct BucketsState {
        mapping(BucketId bucket => IRegistry.Bucket) buckets;
        mapping(BucketId bucket => mapping(address account => bool)) readers;
        mapping(BucketId bucket => mapping(address account => bool)) writers;
        /// The vNodes that a bucket was ever stored on, in the order of their first segments.
        mapping(BucketId bucket => VNodeId[]) vNodes;
        mapping(BucketId bucket => mapping(VNodeId vNode => bool)) uses;
        Consents.Used used;
    }

    /// @dev The contracts that a library calls.
    struct Neighbours {
        ILedger ledger;
        IAudits audits;
    }

    // ----------------------------------------------------------------------------------------------------- segments

    function existing(
        Holding storage h,
        VNodeId id,
        Serial serial
    ) internal view returns (IRegistry.SegmentRecord memory s) {
        s = SegmentWord.unpack(h.segments[serial]);
        require(s.end != 0, IRegistry.NoSuchSegment(id, serial));
    }

    // ---------------------------------------------------------------------------------------------------- directory

    /// @notice Refuses changes of the directory while it is compacted. A compaction that was given up is over.
    function expectWhole(Holding storage h, Stock memory stock, VNodeId id, uint32 current) internal view {
        if (!stock.compacting) return;
        uint32 since = CompactionWord.epochOf(h.compaction);
        require(isGivenUp(since, current), IRegistry.Compacting(id, since));
        stock.compacting = false;
    }

    /// @notice A compaction has the epoch in which it began, and the next one.
    function isGivenUp(uint32 since, uint32 current) internal pure returns (bool) {
        return current > since + 1;
    }

    /// @notice Keeps the directory as it stood when the epoch began.
    function remember(Stock memory stock, uint32 current) internal pure {
        if (stock.changedEpoch == current) return;
        (stock.prevTotal, stock.changedEpoch) = (stock.total, current);
        stock.latest = 1 - stock.latest;
    }

    // --------------------------------------------------------------------------------------------------------- room

    /// @dev Invariant: used = sum of held over the vNodes that the node is responsible for in the next epoch, or waits to
    /// take over.
    function takeRoom(IRegistry.Node storage n, NodeId id, uint256 leaves) internal {
        if (leaves == 0) return;
        uint256 used = n.used + leaves;
        require(used <= n.capacity, INodes.CapacityExceeded(id, n.capacity, used));
        n.used = uint40(used);
    }

    function freeRoom(
        mapping(NodeId node => IRegistry.Node) storage nodes,
        NodeId id,
        uint40 leaves
    ) internal {
        if (id != NO_NODE && leaves != 0) nodes[id].used -= leaves;
    }

    /// @notice Whether an account is a node's provider or operator. No account is, if there is no node.
    function isOf(IRegistry.Node storage n, address account) internal view returns (bool) {
        return account == n.operator || account == n.provider;
    }
}
