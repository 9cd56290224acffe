// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "./interfaces/IAudits.sol";
import {ILedger} from "./interfaces/ILedger.sol";
import {IRegistry} from "./interfaces/IRegistry.sol";
import {
    Acceptance,
    BucketId,
    ClusterId,
    ClusterParams,
    Grant,
    NO_NODE,
    NodeId,
    Retirement,
    Segment,
    Unauthorized,
    VNodeId
} from "./interfaces/Types.sol";
import {Consents} from "./libraries/Consents.sol";
import {Segments} from "./libraries/Segments.sol";
import {Stock, StockWord} from "./libraries/StockWord.sol";

/// @title Registry
/// @notice See IRegistry.
contract Registry is IRegistry {
    using Consents for Consents.Used;
    using Segments for Segments.Book;
    using Segments for Segments.VNode;

    uint256 private constant MAX_TEXT = 512;
    uint256 private constant MAX_STANDBY = 32;
    uint256 private constant MAX_TRIED = 8;

    ILedger public immutable ledger;
    IAudits public immutable audits;

    uint32 public nodeCount;
    uint32 public clusterCount;
    uint32 public vNodeCount;
    uint40 public bucketCount;

    mapping(NodeId node => Node) private _nodes;
    mapping(address provider => mapping(address manager => bool)) private _trusts;

    mapping(ClusterId cluster => Cluster) private _clusters;
    mapping(ClusterId cluster => NodeId[]) private _standby;
    mapping(ClusterId cluster => mapping(uint64 token => bool)) private _tokens;
    mapping(VNodeId vNode => Segments.VNode) private _vNodes;

    Segments.Book private _book;

    constructor(ILedger ledger_, IAudits audits_) {
        (ledger, audits) = (ledger_, audits_);
    }

    // -------------------------------------------------------------------------------------------------------- nodes

    /// @inheritdoc IRegistry
    function registerNode(
        address operator,
        string calldata url,
        uint40 capacity,
        uint128 rent,
        string calldata metadata
    ) external returns (NodeId id) {
        id = NodeId.wrap(++nodeCount);
        _nodes[id].provider = msg.sender;

        emit NodeRegistered(id, msg.sender);

        _setNode(id, operator, url, capacity, rent, metadata);
    }

    /// @inheritdoc IRegistry
    function updateNode(
        NodeId id,
        address operator,
        string calldata url,
        uint40 capacity,
        uint128 rent,
        string calldata metadata
    ) external {
        _checkCaller(_nodes[id].provider);
        require(capacity >= _nodes[id].used, CapacityExceeded(id, capacity, _nodes[id].used));

        _setNode(id, operator, url, capacity, rent, metadata);
    }

    function _setNode(
        NodeId id,
        address operator,
        string calldata url,
        uint40 capacity,
        uint128 rent,
        string calldata metadata
    ) private {
        require(operator != address(0), ZeroAddress());
        _checkText(url);
        _checkText(metadata);

        Node storage n = _nodes[id];
        (n.operator, n.url, n.capacity, n.rent, n.metadata) = (operator, url, capacity, rent, metadata);

        emit NodeUpdated(id, operator, url, capacity, rent, metadata);
    }

    function _checkText(string calldata text) private pure {
        require(bytes(text).length <= MAX_TEXT, TextTooLong(bytes(text).length));
    }

    /// @inheritdoc IRegistry
    function trust(address manager, bool trusted) external {
        _trusts[msg.sender][manager] = trusted;

        emit Trusted(msg.sender, manager, trusted);
    }

    /// @inheritdoc IRegistry
    function isTrusted(address provider, address manager) public view returns (bool) {
        return provider == manager || _trusts[provider][manager];
    }

    /// @inheritdoc IRegistry
    function node(NodeId id) external view returns (Node memory) {
        require(_nodes[id].provider != address(0), NoSuchNode(id));
        return _nodes[id];
    }

    /// @inheritdoc IRegistry
    function providerOf(NodeId id) external view returns (address) {
        return _nodes[id].provider;
    }

    // ----------------------------------------------------------------------------------------------------- clusters

    modifier onlyManager(ClusterId id) {
        _checkCaller(_clusters[id].manager);
        _;
    }

    function _checkCaller(address expected) private view {
        require(msg.sender == expected, Unauthorized(msg.sender));
    }

    /// @inheritdoc IRegistry
    function createCluster(
        uint8 profile,
        uint8 beacon,
        ClusterParams calldata params,
        string calldata metadata
    ) external returns (ClusterId id) {
        _checkText(metadata);
        IAudits.Profile memory p = audits.profiles(profile);

        id = ClusterId.wrap(++clusterCount);
        Cluster storage c = _clusters[id];
        c.manager = msg.sender;
        (c.dataDepth, c.directoryDepth, c.metadata) = (p.dataDepth, p.directoryDepth, metadata);

        emit ClusterCreated(id, msg.sender, profile, beacon, params, metadata);

        audits.openCluster(id, profile, beacon, params);
    }

    /// @inheritdoc IRegistry
    function changeCluster(
        ClusterId id,
        uint8 profile,
        uint8 beacon,
        ClusterParams calldata params
    ) external onlyManager(id) returns (uint32 since) {
        since = audits.changeCluster(id, profile, beacon, params);

        emit ClusterChanged(id, profile, beacon, params, since);
    }

    /// @inheritdoc IRegistry
    function describeCluster(ClusterId id, string calldata metadata) external onlyManager(id) {
        _checkText(metadata);

        _clusters[id].metadata = metadata;

        emit ClusterDescribed(id, metadata);
    }

    /// @inheritdoc IRegistry
    function proposeManager(ClusterId id, address manager) external onlyManager(id) {
        _clusters[id].pendingManager = manager;

        emit ManagerProposed(id, manager);
    }

    /// @inheritdoc IRegistry
    function acceptManager(ClusterId id) external {
        Cluster storage c = _clusters[id];
        _checkCaller(c.pendingManager);

        (c.manager, c.pendingManager) = (msg.sender, address(0));

        emit ManagerChanged(id, msg.sender);
    }

    /// @inheritdoc IRegistry
    function addVNodes(
        ClusterId id,
        uint64[] calldata tokens
    ) external onlyManager(id) returns (VNodeId first) {
        first = VNodeId.wrap(vNodeCount + 1);
        (uint8 dataDepth, uint8 directoryDepth) = (_clusters[id].dataDepth, _clusters[id].directoryDepth);
        for (uint256 i = 0; i < tokens.length; ++i) {
            uint64 token = tokens[i];
            require(!_tokens[id][token], TokenTaken(id, token));
            _tokens[id][token] = true;
            VNodeId vNodeId = VNodeId.wrap(++vNodeCount);
            Segments.VNode storage v = _vNodes[vNodeId];
            (v.cluster, v.token) = (id, token);
            (v.dataDepth, v.directoryDepth) = (dataDepth, directoryDepth);

            emit VNodeAdded(vNodeId, id, token);

            audits.openVNode(vNodeId, id);
        }
    }

    /// @inheritdoc IRegistry
    function addStandby(ClusterId id, NodeId nodeId) external onlyManager(id) {
        _checkTrust(nodeId, msg.sender);
        NodeId[] storage list = _standby[id];
        require(list.length < MAX_STANDBY, TooManyStandby(id));
        require(_indexOf(list, nodeId) == list.length, AlreadyStandby(id, nodeId));

        list.push(nodeId);

        emit StandbyAdded(id, nodeId);
    }

    /// @inheritdoc IRegistry
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

    /// @dev Keeps the order: first come, first to take over.
    function _dropStandby(ClusterId id, uint256 index) private {
        NodeId[] storage list = _standby[id];
        NodeId nodeId = list[index];
        for (uint256 i = index + 1; i < list.length; ++i) list[i - 1] = list[i];
        list.pop();

        emit StandbyRemoved(id, nodeId);
    }

    /// @inheritdoc IRegistry
    function standby(ClusterId id) external view returns (NodeId[] memory) {
        return _standby[id];
    }

    /// @inheritdoc IRegistry
    function assign(VNodeId id, NodeId nodeId) external onlyManager(_vNodes[id].cluster) {
        if (nodeId != NO_NODE) _checkTrust(nodeId, msg.sender);

        (NodeId previous, uint32 since) = audits.assign(id, nodeId, msg.sender);
        uint40 held = StockWord.heldOf(_vNodes[id].stock);
        _release(previous, held);
        _occupy(nodeId, held);

        emit NodeAssigned(id, nodeId, since);
    }

    /// @inheritdoc IRegistry
    function replaceNode(VNodeId id, NodeId old, uint256 neededBond) external returns (NodeId) {
        _checkCaller(address(audits));
        Segments.VNode storage v = _vNodes[id];
        uint40 held = StockWord.heldOf(v.stock);
        _release(old, held);

        NodeId[] storage list = _standby[v.cluster];
        address manager = _clusters[v.cluster].manager;
        for (uint256 i = 0; i < list.length && i < MAX_TRIED; ++i) {
            NodeId next = list[i];
            Node storage n = _nodes[next];
            if (
                next != old &&
                isTrusted(n.provider, manager) &&
                n.capacity - n.used >= held &&
                ledger.freeBond(next) >= neededBond
            ) {
                _dropStandby(v.cluster, i);
                _occupy(next, held);
                return next;
            }
        }
        return NO_NODE;
    }

    function _checkTrust(NodeId nodeId, address manager) private view {
        address provider = _nodes[nodeId].provider;
        require(provider != address(0), NoSuchNode(nodeId));
        require(isTrusted(provider, manager), NotTrusted(nodeId, provider, manager));
    }

    function _occupy(NodeId nodeId, uint256 leaves) private {
        if (nodeId != NO_NODE) Segments.occupy(_nodes[nodeId], nodeId, leaves);
    }

    function _release(NodeId nodeId, uint40 leaves) private {
        if (nodeId != NO_NODE && leaves != 0) _nodes[nodeId].used -= leaves;
    }

    /// @inheritdoc IRegistry
    function cluster(ClusterId id) external view returns (Cluster memory c) {
        require(_clusters[id].manager != address(0), NoSuchCluster(id));
        c = _clusters[id];
        (, c.profile, c.beacon) = audits.params(id);
    }

    /// @inheritdoc IRegistry
    function managerOf(ClusterId id) external view returns (address) {
        return _clusters[id].manager;
    }

    /// @inheritdoc IRegistry
    function vNode(VNodeId id) external view returns (VNodeView memory) {
        Segments.VNode storage v = _existing(id);
        return VNodeView(v.cluster, v.token, StockWord.heldOf(v.stock), audits.responsible(id));
    }

    function _existing(VNodeId id) private view returns (Segments.VNode storage v) {
        v = _vNodes[id];
        require(ClusterId.unwrap(v.cluster) != 0, NoSuchVNode(id));
    }

    // ------------------------------------------------------------------------------------------------------ buckets

    modifier onlyOwner(BucketId id) {
        _checkCaller(_book.buckets[id].owner);
        _;
    }

    /// @inheritdoc IRegistry
    function createBucket(ClusterId clusterId, bool isPublic) external returns (BucketId id) {
        require(_clusters[clusterId].manager != address(0), NoSuchCluster(clusterId));

        id = BucketId.wrap(++bucketCount);
        _book.buckets[id] = Bucket(msg.sender, clusterId, isPublic);

        emit BucketCreated(id, clusterId, msg.sender, isPublic);
    }

    /// @inheritdoc IRegistry
    function transferBucket(BucketId id, address owner) external onlyOwner(id) {
        require(owner != address(0), ZeroAddress());

        _book.buckets[id].owner = owner;

        emit BucketTransferred(id, owner);
    }

    /// @inheritdoc IRegistry
    function setPublic(BucketId id, bool isPublic) external onlyOwner(id) {
        _book.buckets[id].isPublic = isPublic;

        emit PublicChanged(id, isPublic);
    }

    /// @inheritdoc IRegistry
    function setReader(BucketId id, address account, bool allowed) external onlyOwner(id) {
        _book.readers[id][account] = allowed;

        emit ReaderChanged(id, account, allowed);
    }

    /// @inheritdoc IRegistry
    function setWriter(BucketId id, address account, bool allowed) external onlyOwner(id) {
        _book.writers[id][account] = allowed;

        emit WriterChanged(id, account, allowed);
    }

    /// @inheritdoc IRegistry
    function bucket(BucketId id) external view returns (Bucket memory) {
        require(_book.buckets[id].owner != address(0), NoSuchBucket(id));
        return _book.buckets[id];
    }

    /// @inheritdoc IRegistry
    function mayRead(BucketId id, address who) external view returns (bool) {
        return _book.buckets[id].isPublic || _book.readers[id][who] || mayWrite(id, who);
    }

    /// @inheritdoc IRegistry
    function mayWrite(BucketId id, address who) public view returns (bool) {
        return (who == _book.buckets[id].owner && who != address(0)) || _book.writers[id][who];
    }

    /// @inheritdoc IRegistry
    function vNodesOf(
        BucketId id,
        uint256 from,
        uint256 count
    ) external view returns (VNodeId[] memory page) {
        VNodeId[] storage list = _book.vNodes[id];
        uint256 left = from < list.length ? list.length - from : 0;
        page = new VNodeId[](count < left ? count : left);
        for (uint256 i = 0; i < page.length; ++i) page[i] = list[from + i];
    }

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

    function _context() private view returns (Segments.Context memory) {
        return Segments.Context(ledger, audits);
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
    function revokeGrant(bytes32 grant) external {
        _book.used.revoke(grant);
    }

    /// @inheritdoc IRegistry
    function spentOf(address owner, bytes32 grant) external view returns (uint256) {
        return _book.used.spent[owner][grant];
    }

    // ----------------------------------------------------------------------------------------- retiring and claiming

    /// @inheritdoc IRegistry
    function retire(VNodeId id, uint32 serial, bytes32 root, bytes32[3][] calldata path) external {
        _vNodes[id].retire(_nodes, _context(), id, serial, root, path);
    }

    /// @inheritdoc IRegistry
    function retireMany(VNodeId id, Retirement[] calldata items) external {
        _vNodes[id].retireMany(_nodes, _context(), id, items);
    }

    /// @inheritdoc IRegistry
    function claim(VNodeId id, uint32 serial) external returns (uint256 amount) {
        return _book.claim(_vNodes[id], _context(), id, serial);
    }

    /// @inheritdoc IRegistry
    function claimMany(VNodeId id, uint32[] calldata serials) external returns (uint256 amount) {
        return _book.claimMany(_vNodes[id], _context(), id, serials);
    }

    /// @inheritdoc IRegistry
    function segment(VNodeId id, uint32 serial) external view returns (SegmentRecord memory) {
        return _vNodes[id].existing(id, serial);
    }

    // -------------------------------------------------------------------------------------------------- directories

    /// @inheritdoc IRegistry
    function directory(VNodeId id) external view returns (DirectoryView memory) {
        Segments.VNode storage v = _existing(id);
        Stock memory s = StockWord.unpack(v.stock);
        return DirectoryView(_rootOf(v, s.latest, s.total), s.total, s.count, s.base, s.live);
    }

    /// @inheritdoc IRegistry
    function snapshot(VNodeId id, uint32 epoch) external view returns (bytes32 root, uint40 total) {
        return _snapshot(_existing(id), epoch);
    }

    function _snapshot(
        Segments.VNode storage v,
        uint32 epoch
    ) private view returns (bytes32 root, uint40 total) {
        uint8 which;
        (which, total) = StockWord.at(v.stock, epoch);
        root = _rootOf(v, which, total);
    }

    /// @inheritdoc IRegistry
    function statement(
        VNodeId id,
        uint32 epoch,
        NodeId nodeId
    ) external view returns (bytes32 root, uint40 total, address provider) {
        (root, total) = _snapshot(_vNodes[id], epoch);
        provider = _nodes[nodeId].provider;
    }

    function _rootOf(Segments.VNode storage v, uint256 which, uint40 total) private view returns (bytes32) {
        if (total != 0) return bytes32(v.roots[which]);
        return bytes32(Segments.emptyRoot(v.directoryDepth));
    }
}
