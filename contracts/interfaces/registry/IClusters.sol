// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {ClusterId, ClusterParams, NodeId, VNodeId} from "../Types.sol";

/// @title IClusters
/// @notice The clusters with their vNodes, and the nodes that serve them.
interface IClusters {
    struct Cluster {
        address manager;
        /// The profile and beacon of the running epoch.
        uint8 profile;
        uint8 beacon;
        uint8 dataDepth;
        uint8 directoryDepth;
        /// What a segment pays per epoch is a multiple of 2^quantumBits token units.
        uint8 quantumBits;
        address pendingManager;
        /// The epoch from which the pending manager can accept.
        uint32 acceptableFrom;
        string metadata;
    }

    struct VNodeView {
        ClusterId cluster;
        /// The vNode's place on the cluster's ring.
        uint64 token;
        /// Leaves of the entries that are neither retired nor compacted away.
        uint40 held;
        /// The node that is responsible in the next epoch, as far as the vNode is settled, and the node that waits to take
        /// over.
        NodeId node;
        NodeId successor;
    }

    event ClusterCreated(
        ClusterId indexed cluster,
        address indexed manager,
        uint8 profile,
        uint8 beacon,
        uint8 quantumBits,
        ClusterParams params,
        string metadata
    );
    event ClusterChanged(
        ClusterId indexed cluster,
        uint8 profile,
        uint8 beacon,
        ClusterParams params,
        uint32 fromEpoch
    );
    event ClusterDescribed(ClusterId indexed cluster, string metadata);
    event ManagerProposed(ClusterId indexed cluster, address indexed manager, uint32 acceptableFrom);
    event ManagerChanged(ClusterId indexed cluster, address indexed manager);
    event VNodeAdded(VNodeId indexed vNode, ClusterId indexed cluster, uint64 token);
    event NodeAssigned(VNodeId indexed vNode, NodeId indexed node, uint32 fromEpoch);
    event StandbyAdded(ClusterId indexed cluster, NodeId indexed node);
    event StandbyRemoved(ClusterId indexed cluster, NodeId indexed node);

    /// @notice Thrown when there is no cluster or vNode with that id.
    error NoSuchCluster(ClusterId cluster);
    error NoSuchVNode(VNodeId vNode);

    /// @notice Thrown when a proposed manager accepts before the delay is over.
    error ManagerTooEarly(ClusterId cluster, uint32 acceptableFrom, uint32 currentEpoch);

    /// @notice Thrown when a cluster's quantum would be 2^80 or more.
    error BadQuantum(uint8 quantumBits);

    /// @notice Thrown when a vNode of the cluster has this place on the ring already.
    error TokenTaken(ClusterId cluster, uint64 token);

    /// @notice Thrown when a node is already, or is not, among the cluster's standby nodes, or when there are 32 of them.
    error AlreadyStandby(ClusterId cluster, NodeId node);
    error NotStandby(ClusterId cluster, NodeId node);
    error TooManyStandby(ClusterId cluster);

    // ----------------------------------------------------------------------------------------------------- clusters

    /// @notice Creates a cluster that the caller manages.
    /// @param quantumBits what a segment pays per epoch is rounded up to a multiple of 2^quantumBits token units. It never
    /// changes.
    function createCluster(
        uint8 profile,
        uint8 beacon,
        uint8 quantumBits,
        ClusterParams calldata params,
        string calldata metadata
    ) external returns (ClusterId);

    /// @notice Announces new terms of a cluster. They hold after audits.changeDelay epochs, unless others are announced
    /// before that. The trees of the new profile must have the depths of the old one's.
    function changeCluster(
        ClusterId cluster,
        uint8 profile,
        uint8 beacon,
        ClusterParams calldata params
    ) external returns (uint32 since);

    function describeCluster(ClusterId cluster, string calldata metadata) external;

    /// @notice Offers the cluster to another manager, who can accept it after audits.changeDelay epochs: who does not trust it
    /// can leave before. The manager can propose another one, or zero, until then.
    function proposeManager(ClusterId cluster, address manager) external;

    function acceptManager(ClusterId cluster) external;

    function cluster(ClusterId id) external view returns (Cluster memory);

    function managerOf(ClusterId id) external view returns (address);

    function clusterCount() external view returns (uint32);

    // ------------------------------------------------------------------------------------------------------- vNodes

    /// @notice Adds a vNode for each token, its place on the ring. The ids are consecutive.
    function addVNodes(ClusterId cluster, uint64[] calldata tokens) external returns (VNodeId first);

    function vNode(VNodeId id) external view returns (VNodeView memory);

    function vNodeCount() external view returns (uint32);

    // --------------------------------------------------------------------------------------------------- assignment

    /// @notice Names the node that takes a vNode over. The provider must trust the manager, and the node needs room and bond
    /// for what is stored. If nothing is stored, the node is responsible from the next epoch on. If something is, it must
    /// prove that it has the data, within syncEpochs. Until then the old node stays responsible.
    /// @param node 0 takes back who was named, or makes a vNode without data vacant.
    function assign(VNodeId vNode, NodeId node) external;

    // ------------------------------------------------------------------------------------------------ standby nodes

    /// @notice Offers a node as a replacement for nodes that fail. Its provider must trust the manager.
    function addStandby(ClusterId cluster, NodeId node) external;

    /// @notice Takes a node off the standby list. The manager and the node's provider may.
    function removeStandby(ClusterId cluster, NodeId node) external;

    function standby(ClusterId cluster) external view returns (NodeId[] memory);

    // --------------------------------------------------------------------------------------------------- the audits

    /// @notice Takes the first standby node that has room, bond and trust, but never the one that goes.
    function takeStandby(VNodeId vNode, NodeId old, uint256 neededBond) external returns (NodeId next);

    /// @notice Frees the room that a vNode's data takes on a node.
    function freeRoom(VNodeId vNode, NodeId node) external;
}
