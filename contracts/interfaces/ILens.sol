// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "./IAudits.sol";
import {IRegistry} from "./IRegistry.sol";
import {BucketId, ClusterId, ClusterParams, NodeId, VNodeId} from "./Types.sol";

/// @title ILens
/// @notice Views in pages, for those who look for a cluster, a node, or what became of their data. Nothing is kept here.
/// @dev A page looks at `count` ids from `from` on, whether they are asked for or not, and says at which id the next page
/// begins; 0: there is none. An item that cannot be read comes with its id and nothing else: it spoils no page.
/// @dev Warning: what a vNode is and owes is as of its last settled epoch. Proofs are in Audits' events, and nowhere else.
interface ILens {
    struct ClusterItem {
        ClusterId id;
        IRegistry.Cluster info;
        IAudits.Profile profile;
        /// Of the running epoch.
        ClusterParams params;
        /// The newest terms, and the epoch from which they hold.
        uint32 announcedSince;
        ClusterParams announced;
        uint8 announcedProfile;
        uint8 announcedBeacon;
        NodeId[] standby;
        /// Token units that were not split yet.
        uint256 fees;
    }

    /// @notice What a cluster's vNodes among a page's ids offer and do. A node counts once per page.
    struct Supply {
        uint32 vNodes;
        /// vNodes that nobody will be responsible for in the next epoch.
        uint32 vacant;
        /// vNodes whose last due epoch was missed.
        uint32 missing;
        /// vNodes whose node has not proven yet that it has what it took over.
        uint32 syncing;
        /// Epochs that are over and not settled, of the vNode with something to settle that has most of them.
        uint32 behind;
        uint32 nodes;
        /// Advertised token units per 1e18 leaves and epoch, of the nodes.
        uint128 minRent;
        uint128 maxRent;
        /// Leaves that the nodes offer, and those of them that are free.
        uint256 capacity;
        uint256 free;
        /// Leaves that the vNodes hold, and token units that they are paid per epoch.
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
        /// What the running epoch asks; nothing while it cannot be known.
        IAudits.Duty duty;
    }

    struct BucketItem {
        BucketId id;
        IRegistry.Bucket info;
    }

    struct SegmentItem {
        VNodeId vNode;
        uint32 serial;
        /// `end` is the first epoch that is not paid for.
        IRegistry.SegmentRecord info;
        /// First epoch that is not settled; the segment's end if that is earlier.
        uint32 settledUntil;
        /// Token units that a claim would pay the owner for the epochs before that.
        uint256 claimable;
    }

    function audits() external view returns (IAudits);

    // ---------------------------------------------------------------------------------------------------- one by one
    // As in the pages, but for an item that cannot be read: it reverts.

    function cluster(ClusterId id) external view returns (ClusterItem memory);

    function node(NodeId id) external view returns (NodeItem memory);

    function vNode(VNodeId id) external view returns (VNodeItem memory);

    function bucket(BucketId id) external view returns (BucketItem memory);

    function segment(VNodeId id, uint32 serial) external view returns (SegmentItem memory);

    // ----------------------------------------------------------------------------------------------------- in pages

    function clusters(
        uint256 from,
        uint256 count
    ) external view returns (ClusterItem[] memory items, uint256 next);

    /// @notice What the vNodes from `from` on that are the cluster's offer. Several pages have to be put together, and may
    /// count the same node.
    function supply(
        ClusterId cluster,
        uint256 from,
        uint256 count
    ) external view returns (Supply memory sum, uint256 next);

    /// @param provider zero: of anyone.
    function nodes(
        address provider,
        uint256 from,
        uint256 count
    ) external view returns (NodeItem[] memory items, uint256 next);

    /// @notice The nodes that will be responsible for the cluster's vNodes in the next epoch, each once per page.
    /// @param from a vNode.
    function nodesOf(
        ClusterId cluster,
        uint256 from,
        uint256 count
    ) external view returns (NodeItem[] memory items, uint256 next);

    /// @notice The cluster's standby nodes, in the order in which they take over: 32 at most.
    function standby(ClusterId cluster) external view returns (NodeItem[] memory items);

    /// @param cluster zero: of any.
    function vNodes(
        ClusterId cluster,
        uint256 from,
        uint256 count
    ) external view returns (VNodeItem[] memory items, uint256 next);

    /// @param owner zero: of anyone.
    function buckets(
        address owner,
        uint256 from,
        uint256 count
    ) external view returns (BucketItem[] memory items, uint256 next);

    /// @notice All segments that a vNode ever had.
    /// @param from a serial. Serials count from 0, and `next` is none if it is 0.
    function segments(
        VNodeId vNode,
        uint256 from,
        uint256 count
    ) external view returns (SegmentItem[] memory items, uint256 next);

    /// @notice A bucket's segments on all vNodes of its cluster.
    /// @param from what `next` was, or 0: a vNode and a serial in one number. A vNode counts as one that is looked at.
    function segmentsOf(
        BucketId bucket,
        uint256 from,
        uint256 count
    ) external view returns (SegmentItem[] memory items, uint256 next);
}
