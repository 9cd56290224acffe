// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "./IAudits.sol";
import {IRegistry} from "./IRegistry.sol";
import {BucketId, ClusterId, ClusterParams, NodeId, Serial, VNodeId} from "./Types.sol";

/// @title ILens
/// @notice Views in pages, for anyone who looks for a cluster, a node, or what became of their data. The contract keeps
/// nothing.
/// @dev A page looks at `count` ids from `from` on, matching or not, and says at which id the next page begins. 0 means that
/// there is no next page. An item that cannot be read comes with its id and nothing else, so that it spoils no page.
/// @dev Warning: what a vNode is and owes is as of its last settled epoch. Proofs are in Audits' events, and nowhere else.
interface ILens {
    struct ClusterItem {
        ClusterId id;
        IRegistry.Cluster info;
        IAudits.Profile profile;
        /// The terms of the running epoch.
        ClusterParams params;
        /// The newest terms, and the epoch from which they hold.
        uint32 announcedSince;
        ClusterParams announced;
        uint8 announcedProfile;
        uint8 announcedBeacon;
        NodeId[] standby;
        /// Token units that nobody has collected yet.
        uint256 fees;
    }

    /// @notice What a cluster's vNodes in a page of ids offer and do. A node counts once per page.
    struct Supply {
        uint32 vNodes;
        /// vNodes that no node will be responsible for in the next epoch.
        uint32 vacant;
        /// vNodes whose last due epoch was missed.
        uint32 missing;
        /// vNodes whose node took over and has not proven yet.
        uint32 syncing;
        /// The most epochs that are over and not settled, of any vNode that has something to settle.
        uint32 behind;
        uint32 nodes;
        /// The lowest and highest rent that the nodes advertise, in token units per 1e18 leaves and epoch.
        uint128 minRent;
        uint128 maxRent;
        /// Leaves that the nodes offer, and how many of them are free.
        uint256 capacity;
        uint256 free;
        /// Leaves that the vNodes hold, and what they are paid per epoch, in token units.
        uint256 held;
        uint256 rate;
    }

    struct NodeItem {
        NodeId id;
        IRegistry.Node info;
        uint256 bond;
        uint256 locked;
        uint256 unbonding;
        uint256 releaseAt;
    }

    struct VNodeItem {
        VNodeId id;
        IRegistry.VNodeView info;
        IAudits.VNodeState state;
        IRegistry.DirectoryView directory;
        /// What the running epoch asks. Empty while it cannot be known.
        IAudits.Duty duty;
    }

    struct BucketItem {
        BucketId id;
        IRegistry.Bucket info;
    }

    struct SegmentItem {
        VNodeId vNode;
        Serial serial;
        /// `end` is the first epoch that is not paid for.
        IRegistry.SegmentRecord info;
        /// The first epoch that is not settled, or the segment's end if that is earlier.
        uint32 settledUntil;
        /// Token units that a claim would pay the owner for the epochs before settledUntil.
        uint256 claimable;
    }

    function audits() external view returns (IAudits);

    // ---------------------------------------------------------------------------------------------------- one by one
    // The same as in the pages, but an item that cannot be read reverts.

    function cluster(ClusterId id) external view returns (ClusterItem memory);

    function node(NodeId id) external view returns (NodeItem memory);

    function vNode(VNodeId id) external view returns (VNodeItem memory);

    function bucket(BucketId id) external view returns (BucketItem memory);

    function segment(VNodeId id, Serial serial) external view returns (SegmentItem memory);

    // ----------------------------------------------------------------------------------------------------- in pages

    function clusters(
        uint256 from,
        uint256 count
    ) external view returns (ClusterItem[] memory items, uint256 next);

    /// @notice What the cluster's vNodes in the page offer together. A sum over several pages may count a node twice.
    function supply(
        ClusterId cluster,
        uint256 from,
        uint256 count
    ) external view returns (Supply memory sum, uint256 next);

    /// @param provider only nodes of this provider; zero for all.
    function nodes(
        address provider,
        uint256 from,
        uint256 count
    ) external view returns (NodeItem[] memory items, uint256 next);

    /// @notice The nodes that will be responsible for the cluster's vNodes in the next epoch, each once per page.
    /// @param from the id of a vNode.
    function nodesOf(
        ClusterId cluster,
        uint256 from,
        uint256 count
    ) external view returns (NodeItem[] memory items, uint256 next);

    /// @notice The cluster's standby nodes, at most 32, in the order in which they take over.
    function standby(ClusterId cluster) external view returns (NodeItem[] memory items);

    /// @param cluster only vNodes of this cluster; zero for all.
    function vNodes(
        ClusterId cluster,
        uint256 from,
        uint256 count
    ) external view returns (VNodeItem[] memory items, uint256 next);

    /// @param owner only buckets of this owner; zero for all.
    function buckets(
        address owner,
        uint256 from,
        uint256 count
    ) external view returns (BucketItem[] memory items, uint256 next);

    /// @notice All segments that a vNode ever had.
    /// @param from a serial. Serials count from 0; a `next` of 0 still means that there is no next page.
    function segments(
        VNodeId vNode,
        uint256 from,
        uint256 count
    ) external view returns (SegmentItem[] memory items, uint256 next);

    /// @notice A bucket's segments on all vNodes of its cluster.
    /// @param from 0, or what `next` was: a vNode and a serial in one number. Each vNode counts as one id of the page.
    function segmentsOf(
        BucketId bucket,
        uint256 from,
        uint256 count
    ) external view returns (SegmentItem[] memory items, uint256 next);
}
