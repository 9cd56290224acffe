// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "../interfaces/IAudits.sol";
import {IClusters} from "../interfaces/registry/IClusters.sol";
import {
    ClusterId,
    ClusterParams,
    NO_CLUSTER,
    NO_NODE,
    NodeId,
    Unauthorized,
    VNodeId
} from "../interfaces/Types.sol";
import {Holdings} from "../libraries/segments/Holdings.sol";
import {Stock, StockWord} from "../libraries/segments/StockWord.sol";
import {Nodes} from "./Nodes.sol";

/// @title Clusters
/// @notice The Registry's clusters with their vNodes, and the nodes that serve them.
abstract contract Clusters is Nodes {
    uint256 private constant MAX_STANDBY = 32;
    /// @dev What a segment pays per epoch is below 2^80.
    uint8 private constant MAX_QUANTUM_BITS = 79;

    uint32 public clusterCount;
    uint32 public vNodeCount;
    mapping(ClusterId cluster => Cluster) internal _clusters;
    mapping(ClusterId cluster => NodeId[]) private _standby;
    mapping(ClusterId cluster => mapping(uint64 ringToken => bool)) private _ringTokens;
    mapping(VNodeId vNode => Holdings.Holding) internal _vNodes;

    modifier onlyManager(ClusterId id) {
        _checkCaller(_clusters[id].manager);
        _;
    }

    // ----------------------------------------------------------------------------------------------------- clusters

    /// @inheritdoc IClusters
    function createCluster(
        uint8 profile,
        uint8 beacon,
        uint8 quantumBits,
        ClusterParams calldata params,
        string calldata metadata
    ) external returns (ClusterId id) {
        require(quantumBits <= MAX_QUANTUM_BITS, BadQuantum(quantumBits));
        _checkText(metadata);
        IAudits.Profile memory p = audits.profiles(profile);

        id = ClusterId.wrap(++clusterCount);
        Cluster storage c = _clusters[id];
        (c.manager, c.quantumBits, c.metadata) = (msg.sender, quantumBits, metadata);
        (c.dataDepth, c.directoryDepth) = (p.dataDepth, p.directoryDepth);

        emit ClusterCreated(id, msg.sender, profile, beacon, quantumBits, params, metadata);

        audits.openCluster(id, profile, beacon, params);
    }

    /// @inheritdoc IClusters
    function changeCluster(
        ClusterId id,
        uint8 profile,
        uint8 beacon,
        ClusterParams calldata params
    ) external onlyManager(id) returns (uint32 since) {
        since = audits.changeCluster(id, profile, beacon, params);

        emit ClusterChanged(id, profile, beacon, params, since);
    }

    /// @inheritdoc IClusters
    function describeCluster(ClusterId id, string calldata metadata) external onlyManager(id) {
        _checkText(metadata);

        _clusters[id].metadata = metadata;

        emit ClusterDescribed(id, metadata);
    }

    /// @inheritdoc IClusters
    function proposeManager(ClusterId id, address manager) external onlyManager(id) {
        Cluster storage c = _clusters[id];
        uint32 from = audits.currentEpoch() + audits.changeDelay();
        (c.pendingManager, c.acceptableFrom) = (manager, from);

        emit ManagerProposed(id, manager, from);
    }

    /// @inheritdoc IClusters
    function acceptManager(ClusterId id) external {
        Cluster storage c = _clusters[id];
        _checkCaller(c.pendingManager);
        uint32 current = audits.currentEpoch();
        require(current >= c.acceptableFrom, ManagerTooEarly(id, c.acceptableFrom, current));

        (c.manager, c.pendingManager, c.acceptableFrom) = (msg.sender, address(0), 0);

        emit ManagerChanged(id, msg.sender);
    }

    /// @inheritdoc IClusters
    function cluster(ClusterId id) external view returns (Cluster memory c) {
        require(_clusters[id].manager != address(0), NoSuchCluster(id));
        c = _clusters[id];
        (, c.profile, c.beacon) = audits.params(id);
    }

    /// @inheritdoc IClusters
    function managerOf(ClusterId id) external view returns (address) {
        return _clusters[id].manager;
    }

    // ------------------------------------------------------------------------------------------------------- vNodes

    /// @inheritdoc IClusters
    function addVNodes(
        ClusterId id,
        uint64[] calldata tokens
    ) external onlyManager(id) returns (VNodeId first) {
        first = VNodeId.wrap(vNodeCount + 1);
        Cluster storage c = _clusters[id];
        (uint8 dataDepth, uint8 directoryDepth) = (c.dataDepth, c.directoryDepth);
        Stock memory empty;
        empty.quantumBits = c.quantumBits;
        for (uint256 i = 0; i < tokens.length; ++i) {
            uint64 ringToken = tokens[i];
            require(!_ringTokens[id][ringToken], TokenTaken(id, ringToken));
            _ringTokens[id][ringToken] = true;
            VNodeId vNodeId = VNodeId.wrap(++vNodeCount);
            Holdings.Holding storage h = _vNodes[vNodeId];
            (h.cluster, h.ringToken, h.stock) = (id, ringToken, StockWord.pack(empty));
            (h.dataDepth, h.directoryDepth) = (dataDepth, directoryDepth);

            emit VNodeAdded(vNodeId, id, ringToken);

            audits.openVNode(vNodeId, id);
        }
    }

    /// @inheritdoc IClusters
    function vNode(VNodeId id) external view returns (VNodeView memory) {
        Holdings.Holding storage h = _existing(id);
        (NodeId next, NodeId successor, , ) = audits.outlook(id);
        return VNodeView(h.cluster, h.ringToken, StockWord.heldOf(h.stock), next, successor);
    }

    function _existing(VNodeId id) internal view returns (Holdings.Holding storage h) {
        h = _vNodes[id];
        require(h.cluster != NO_CLUSTER, NoSuchVNode(id));
    }

    // --------------------------------------------------------------------------------------------------- assignment

    /// @inheritdoc IClusters
    function assign(VNodeId id, NodeId nodeId) external onlyManager(_vNodes[id].cluster) {
        if (nodeId != NO_NODE) _checkTrust(nodeId, msg.sender);

        (NodeId previous, uint32 since) = audits.assign(id, nodeId, msg.sender);
        uint40 held = StockWord.heldOf(_vNodes[id].stock);
        Holdings.freeRoom(_nodes, previous, held);
        if (since != 0 && nodeId != NO_NODE) Holdings.takeRoom(_nodes[nodeId], nodeId, held);

        emit NodeAssigned(id, nodeId, since);
    }

    function _checkTrust(NodeId nodeId, address manager) private view {
        address provider = _nodes[nodeId].provider;
        require(provider != address(0), NoSuchNode(nodeId));
        require(isTrusted(provider, manager), NotTrusted(nodeId, provider, manager));
    }

    /// @inheritdoc IClusters
    function freeRoom(VNodeId id, NodeId nodeId) external {
        _checkCaller(address(audits));

        Holdings.freeRoom(_nodes, nodeId, StockWord.heldOf(_vNodes[id].stock));
    }

    /// @inheritdoc IClusters
    function takeStandby(VNodeId id, NodeId old, uint256 neededBond) external returns (NodeId) {
        _checkCaller(address(audits));
        Holdings.Holding storage h = _vNodes[id];
        ClusterId home = h.cluster;
        NodeId[] storage list = _standby[home];
        (uint40 held, address manager) = (StockWord.heldOf(h.stock), _clusters[home].manager);
        for (uint256 i = 0; i < list.length; ++i) {
            NodeId next = list[i];
            if (next == old || !_canTake(next, manager, held, neededBond)) continue;
            _dropStandby(home, i);
            Holdings.takeRoom(_nodes[next], next, held);
            return next;
        }
        return NO_NODE;
    }

    function _canTake(
        NodeId nodeId,
        address manager,
        uint256 leaves,
        uint256 neededBond
    ) private view returns (bool) {
        Node storage n = _nodes[nodeId];
        return
            n.capacity - n.used >= leaves &&
            isTrusted(n.provider, manager) &&
            ledger.freeBond(nodeId) >= neededBond;
    }

    // ------------------------------------------------------------------------------------------------ standby nodes

    /// @inheritdoc IClusters
    function addStandby(ClusterId id, NodeId nodeId) external onlyManager(id) {
        _checkTrust(nodeId, msg.sender);
        NodeId[] storage list = _standby[id];
        require(list.length < MAX_STANDBY, TooManyStandby(id));
        require(_indexOf(list, nodeId) == list.length, AlreadyStandby(id, nodeId));

        list.push(nodeId);

        emit StandbyAdded(id, nodeId);
    }

    /// @inheritdoc IClusters
    function removeStandby(ClusterId id, NodeId nodeId) external {
        require(
            msg.sender == _clusters[id].manager || msg.sender == _nodes[nodeId].provider,
            Unauthorized(msg.sender)
        );
        uint256 index = _indexOf(_standby[id], nodeId);
        require(index < _standby[id].length, NotStandby(id, nodeId));

        _dropStandby(id, index);
    }

    function _indexOf(NodeId[] storage list, NodeId nodeId) private view returns (uint256 index) {
        while (index < list.length && list[index] != nodeId) ++index;
    }

    /// @dev Keeps the order: the node that was added first takes over first.
    function _dropStandby(ClusterId id, uint256 index) private {
        NodeId[] storage list = _standby[id];
        NodeId nodeId = list[index];
        for (uint256 i = index + 1; i < list.length; ++i) list[i - 1] = list[i];
        list.pop();

        emit StandbyRemoved(id, nodeId);
    }

    /// @inheritdoc IClusters
    function standby(ClusterId id) external view returns (NodeId[] memory) {
        return _standby[id];
    }
}
