// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {IAudits} from "./interfaces/IAudits.sol";
import {ILedger} from "./interfaces/ILedger.sol";
import {IRegistry} from "./interfaces/IRegistry.sol";
import {
    Acceptance,
    BucketId,
    ClusterId,
    ClusterParams,
    NO_NODE,
    NodeId,
    Segment,
    Unauthorized,
    VNodeId
} from "./interfaces/Types.sol";
import {Directory} from "./libraries/Directory.sol";
import {Poseidon2T4} from "./libraries/Poseidon2T4.sol";

/// @title Registry
/// @notice See IRegistry.
contract Registry is IRegistry, EIP712 {
    using Directory for Directory.Frontier;

    struct VNode {
        /// Of the directory now, and before the first change in changedEpoch.
        uint40 total;
        uint40 prevTotal;
        uint32 changedEpoch;
        uint32 count;
        uint32 base;
        uint32 live;
        ClusterId cluster;
        /// Undefined while the total that belongs to it is 0.
        uint256 root;
        uint256 prevRoot;
        uint64 token;
        uint40 held;
    }

    /// @dev What one call of store has in common for all segments.
    struct Order {
        BucketId bucket;
        VNodeId vNode;
        uint32 from;
        uint32 end;
        uint256 rent;
        uint256 maxLeaves;
        uint256 depth;
    }

    bytes32 private constant ACCEPTANCE_TYPE = keccak256(
        "Acceptance(uint256 bucket,uint256 vNode,bytes32 segments,uint256 epochs,uint256 rent,uint256 nonce,uint256 deadline)"
    );
    uint256 private constant MAX_TEXT = 512;
    uint256 private constant MAX_STANDBY = 32;
    uint256 private constant MAX_TRIED = 8;
    /// @dev Two years of minutes.
    uint256 private constant MAX_EPOCHS = 1 << 20;
    uint256 private constant RENT_UNIT = 1e18;
    uint256 private constant MAX_TOTAL = 1 << 40;

    ILedger public immutable ledger;
    IAudits public immutable audits;

    uint32 public nodeCount;
    uint32 public clusterCount;
    uint32 public vNodeCount;
    uint40 public bucketCount;

    mapping(NodeId node => Node) private _nodes;
    mapping(address provider => mapping(address manager => bool)) private _trusts;
    mapping(NodeId node => mapping(uint256 word => uint256)) private _usedNonces;

    mapping(ClusterId cluster => Cluster) private _clusters;
    mapping(ClusterId cluster => NodeId[]) private _standby;
    mapping(ClusterId cluster => mapping(uint64 token => bool)) private _tokens;
    mapping(VNodeId vNode => VNode) private _vNodes;

    mapping(BucketId bucket => Bucket) private _buckets;
    mapping(BucketId bucket => mapping(address account => bool)) private _readers;
    mapping(BucketId bucket => mapping(address account => bool)) private _writers;

    mapping(VNodeId vNode => Directory.Frontier) private _frontiers;
    mapping(VNodeId vNode => mapping(uint32 serial => SegmentRecord)) private _segments;

    constructor(ILedger ledger_, IAudits audits_) EIP712("Holdfast", "1") {
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
        require(msg.sender == _nodes[id].provider, Unauthorized(msg.sender));
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
        require(msg.sender == _clusters[id].manager, Unauthorized(msg.sender));
        _;
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
        require(msg.sender == c.pendingManager, Unauthorized(msg.sender));

        (c.manager, c.pendingManager) = (msg.sender, address(0));

        emit ManagerChanged(id, msg.sender);
    }

    /// @inheritdoc IRegistry
    function addVNodes(
        ClusterId id,
        uint64[] calldata tokens
    ) external onlyManager(id) returns (VNodeId first) {
        first = VNodeId.wrap(vNodeCount + 1);
        for (uint256 i = 0; i < tokens.length; ++i) {
            uint64 token = tokens[i];
            require(!_tokens[id][token], TokenTaken(id, token));
            _tokens[id][token] = true;
            VNodeId vNodeId = VNodeId.wrap(++vNodeCount);
            (_vNodes[vNodeId].cluster, _vNodes[vNodeId].token) = (id, token);

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
        uint40 held = _vNodes[id].held;
        _release(previous, held);
        _occupy(nodeId, held);

        emit NodeAssigned(id, nodeId, since);
    }

    /// @inheritdoc IRegistry
    function replaceNode(VNodeId id, NodeId old, uint256 neededBond) external returns (NodeId) {
        require(msg.sender == address(audits), Unauthorized(msg.sender));
        VNode storage v = _vNodes[id];
        _release(old, v.held);

        NodeId[] storage list = _standby[v.cluster];
        address manager = _clusters[v.cluster].manager;
        for (uint256 i = 0; i < list.length && i < MAX_TRIED; ++i) {
            NodeId next = list[i];
            Node storage n = _nodes[next];
            if (
                next != old &&
                isTrusted(n.provider, manager) &&
                n.capacity - n.used >= v.held &&
                ledger.freeBond(next) >= neededBond
            ) {
                _dropStandby(v.cluster, i);
                _occupy(next, v.held);
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

    /// @dev Invariant: used = sum of held of the vNodes that the node is responsible for in the next epoch.
    function _occupy(NodeId nodeId, uint256 leaves) private {
        if (nodeId == NO_NODE || leaves == 0) return;
        Node storage n = _nodes[nodeId];
        uint256 used = n.used + leaves;
        require(used <= n.capacity, CapacityExceeded(nodeId, n.capacity, used));
        n.used = uint40(used);
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
        VNode storage v = _existing(id);
        return VNodeView(v.cluster, v.token, v.held, audits.responsible(id));
    }

    function _existing(VNodeId id) private view returns (VNode storage v) {
        v = _vNodes[id];
        require(ClusterId.unwrap(v.cluster) != 0, NoSuchVNode(id));
    }

    // ------------------------------------------------------------------------------------------------------ buckets

    modifier onlyOwner(BucketId id) {
        require(msg.sender == _buckets[id].owner, Unauthorized(msg.sender));
        _;
    }

    /// @inheritdoc IRegistry
    function createBucket(ClusterId clusterId, bool isPublic) external returns (BucketId id) {
        require(_clusters[clusterId].manager != address(0), NoSuchCluster(clusterId));

        id = BucketId.wrap(++bucketCount);
        _buckets[id] = Bucket(msg.sender, clusterId, isPublic);

        emit BucketCreated(id, clusterId, msg.sender, isPublic);
    }

    /// @inheritdoc IRegistry
    function transferBucket(BucketId id, address owner) external onlyOwner(id) {
        require(owner != address(0), ZeroAddress());

        _buckets[id].owner = owner;

        emit BucketTransferred(id, owner);
    }

    /// @inheritdoc IRegistry
    function setPublic(BucketId id, bool isPublic) external onlyOwner(id) {
        _buckets[id].isPublic = isPublic;

        emit PublicChanged(id, isPublic);
    }

    /// @inheritdoc IRegistry
    function setReader(BucketId id, address account, bool allowed) external onlyOwner(id) {
        _readers[id][account] = allowed;

        emit ReaderChanged(id, account, allowed);
    }

    /// @inheritdoc IRegistry
    function setWriter(BucketId id, address account, bool allowed) external onlyOwner(id) {
        _writers[id][account] = allowed;

        emit WriterChanged(id, account, allowed);
    }

    /// @inheritdoc IRegistry
    function bucket(BucketId id) external view returns (Bucket memory) {
        require(_buckets[id].owner != address(0), NoSuchBucket(id));
        return _buckets[id];
    }

    /// @inheritdoc IRegistry
    function mayRead(BucketId id, address who) external view returns (bool) {
        return _buckets[id].isPublic || _readers[id][who] || mayWrite(id, who);
    }

    /// @inheritdoc IRegistry
    function mayWrite(BucketId id, address who) public view returns (bool) {
        return _writers[id][who] || (who == _buckets[id].owner && who != address(0));
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
        require(mayWrite(bucketId, msg.sender), Unauthorized(msg.sender));
        VNode storage v = _existing(vNodeId);
        ClusterId clusterId = _buckets[bucketId].cluster;
        require(clusterId == v.cluster, OtherCluster(clusterId, v.cluster));
        require(
            segments.length != 0 && epochs != 0 && epochs <= MAX_EPOCHS,
            BadOrder(segments.length, epochs)
        );
        uint256 rent = acceptance.rent;
        require(rent <= maxRent && rent <= type(uint128).max, RentTooHigh(rent, maxRent));
        NodeId nodeId = audits.responsible(vNodeId);
        require(nodeId != NO_NODE, NotAssigned(vNodeId));
        _useAcceptance(nodeId, bucketId, vNodeId, segments, epochs, acceptance);

        uint32 current = audits.currentEpoch();
        _remember(v, current);
        Cluster storage c = _clusters[clusterId];
        Order memory order = Order({
            bucket: bucketId,
            vNode: vNodeId,
            from: current + 1,
            end: current + 1 + epochs,
            rent: rent,
            maxLeaves: 1 << (4 * c.dataDepth),
            depth: c.directoryDepth
        });
        (uint256 leaves, uint256 perEpoch) = _append(v, order, segments);
        v.held += uint40(leaves);
        _occupy(nodeId, leaves);

        audits.commit(vNodeId, perEpoch, order.from, order.end);
        ledger.reserve(msg.sender, perEpoch * epochs);
    }

    function _useAcceptance(
        NodeId nodeId,
        BucketId bucketId,
        VNodeId vNodeId,
        Segment[] calldata segments,
        uint256 epochs,
        Acceptance calldata acceptance
    ) private {
        uint256 deadline = acceptance.deadline;
        require(block.timestamp <= deadline, AcceptanceExpired(deadline, block.timestamp));
        uint256 nonce = acceptance.nonce;
        uint256 used = _usedNonces[nodeId][nonce >> 8];
        require((used >> (nonce & 255)) & 1 == 0, AcceptanceUsed(nodeId, nonce));
        bytes32 digest = _hashTypedDataV4(
            keccak256(
                abi.encode(
                    ACCEPTANCE_TYPE,
                    bucketId,
                    vNodeId,
                    keccak256(abi.encode(segments)),
                    epochs,
                    acceptance.rent,
                    nonce,
                    deadline
                )
            )
        );
        address operator = _nodes[nodeId].operator;
        require(
            SignatureChecker.isValidSignatureNowCalldata(operator, digest, acceptance.signature),
            AcceptanceInvalid(nodeId, operator)
        );

        _usedNonces[nodeId][nonce >> 8] = used | (1 << (nonce & 255));
    }

    /// @dev Keeps the directory as it stood when the epoch began.
    function _remember(VNode storage v, uint32 epoch) private {
        if (v.changedEpoch == epoch) return;
        (v.prevRoot, v.prevTotal, v.changedEpoch) = (v.root, v.total, epoch);
    }

    function _append(
        VNode storage v,
        Order memory order,
        Segment[] calldata segments
    ) private returns (uint256 leaves, uint256 perEpoch) {
        (uint256 total, uint256 count) = (v.total, v.count);
        uint32 serial = v.base + v.count;
        for (uint256 i = 0; i < segments.length; ++i) {
            SegmentRecord memory s = _record(order, segments[i], i);
            s.start = uint40(total + leaves);
            leaves += s.leaves;
            perEpoch += s.perEpoch;
            _save(order.vNode, serial, segments[i].root, s);
            ++serial;
        }
        require(
            count + segments.length <= 1 << (2 * order.depth) && total + leaves < MAX_TOTAL,
            DirectoryFull(order.vNode, count + segments.length, total + leaves)
        );

        (v.total, v.count) = (uint40(total + leaves), uint32(count + segments.length));
        v.live += uint32(segments.length);
        v.root = _frontiers[order.vNode].extend(order.depth, count, total, segments);
    }

    /// @dev perEpoch = ceil(leaves · rent / 1e18).
    function _record(
        Order memory order,
        Segment calldata s,
        uint256 index
    ) private pure returns (SegmentRecord memory record) {
        require(
            s.root != 0 && uint256(s.root) < Poseidon2T4.P && s.leaves != 0 && s.leaves <= order.maxLeaves,
            BadSegment(index, s.root, s.leaves)
        );
        uint256 perEpoch = (s.leaves * order.rent + RENT_UNIT - 1) / RENT_UNIT;
        require(perEpoch != 0 && perEpoch <= type(uint80).max, BadPrice(perEpoch));
        (record.bucket, record.leaves, record.perEpoch) = (order.bucket, s.leaves, uint80(perEpoch));
        (record.from, record.end) = (order.from, order.end);
    }

    function _save(VNodeId id, uint32 serial, bytes32 root, SegmentRecord memory s) private {
        _segments[id][serial] = s;

        emit SegmentStored(
            id,
            s.bucket,
            serial,
            root,
            s.start,
            s.leaves,
            s.perEpoch,
            s.from,
            s.end,
            msg.sender
        );
    }

    // ----------------------------------------------------------------------------------------- retiring and claiming

    /// @inheritdoc IRegistry
    function retire(VNodeId id, uint32 serial, bytes32 root, bytes32[3][] calldata path) external {
        SegmentRecord storage s = _segmentOf(id, serial);
        VNode storage v = _vNodes[id];
        uint40 leaves = s.leaves;
        require(leaves != 0, AlreadyRetired(id, serial));
        uint32 current = audits.currentEpoch();
        require(current >= s.end, NotEnded(s.end, current));

        _remember(v, current);
        s.leaves = 0;
        v.held -= leaves;
        _release(audits.responsible(id), leaves);

        emit SegmentRetired(id, serial);

        if (--v.live == 0) {
            v.base += v.count;
            (v.total, v.count) = (0, 0);

            emit DirectoryReset(id);
        } else {
            _bury(v, id, serial, root, s.start, leaves, path);
        }
    }

    function _bury(
        VNode storage v,
        VNodeId id,
        uint32 serial,
        bytes32 root,
        uint256 start,
        uint256 leaves,
        bytes32[3][] calldata path
    ) private {
        require(path.length == _clusters[v.cluster].directoryDepth, PathMalformed());
        Directory.Place memory place = Directory.Place(
            v.count,
            serial - v.base,
            uint256(root),
            start,
            leaves
        );
        v.root = _frontiers[id].bury(place, v.root, path);
    }

    /// @inheritdoc IRegistry
    function claim(VNodeId id, uint32 serial) external returns (uint256 amount) {
        SegmentRecord storage s = _segmentOf(id, serial);
        (uint32 to, uint256 credit) = audits.creditBetween(id, s.from, s.end);
        if (to == s.from) return 0;
        amount = (s.perEpoch * credit) / RENT_UNIT;
        address owner = _buckets[s.bucket].owner;

        s.from = to;

        emit Claimed(id, serial, owner, amount);

        if (amount != 0) ledger.payCredit(owner, amount);
    }

    function _segmentOf(VNodeId id, uint32 serial) private view returns (SegmentRecord storage s) {
        s = _segments[id][serial];
        require(s.end != 0, NoSuchSegment(id, serial));
    }

    /// @inheritdoc IRegistry
    function segment(VNodeId id, uint32 serial) external view returns (SegmentRecord memory) {
        return _segmentOf(id, serial);
    }

    // -------------------------------------------------------------------------------------------------- directories

    /// @inheritdoc IRegistry
    function directory(VNodeId id) external view returns (DirectoryView memory) {
        VNode storage v = _existing(id);
        return DirectoryView(_rootOf(v, v.root, v.total), v.total, v.count, v.base, v.live);
    }

    /// @inheritdoc IRegistry
    function snapshot(VNodeId id, uint32 epoch) public view returns (bytes32 root, uint40 total) {
        VNode storage v = _existing(id);
        bool changed = v.changedEpoch >= epoch;
        total = changed ? v.prevTotal : v.total;
        root = _rootOf(v, changed ? v.prevRoot : v.root, total);
    }

    /// @inheritdoc IRegistry
    function statement(
        VNodeId id,
        uint32 epoch,
        NodeId nodeId
    ) external view returns (bytes32 root, uint40 total, address provider) {
        (root, total) = snapshot(id, epoch);
        provider = _nodes[nodeId].provider;
    }

    function _rootOf(VNode storage v, uint256 root, uint40 total) private view returns (bytes32) {
        return bytes32(total == 0 ? Directory.emptyRoot(_clusters[v.cluster].directoryDepth) : root);
    }
}
