// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "../interfaces/IAudits.sol";
import {ILedger} from "../interfaces/ILedger.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {INodes} from "../interfaces/registry/INodes.sol";
import {NodeId, Unauthorized} from "../interfaces/Types.sol";
import {Holdings} from "../libraries/segments/Holdings.sol";

/// @title Nodes
/// @notice The Registry's nodes, their providers, and the managers whom the providers trust.
abstract contract Nodes is IRegistry {
    /// @dev The account that may accept a node, and from when on.
    struct Proposal {
        address provider;
        uint256 acceptableAt;
    }

    uint256 private constant MAX_TEXT = 512;

    ILedger public immutable ledger;
    IAudits public immutable audits;

    uint32 public nodeCount;
    mapping(NodeId node => Node) internal _nodes;
    mapping(NodeId node => Proposal) private _proposals;
    mapping(address provider => mapping(address manager => bool)) private _trusts;

    constructor(ILedger ledger_, IAudits audits_) {
        (ledger, audits) = (ledger_, audits_);
    }

    function _checkCaller(address expected) internal view {
        require(msg.sender == expected, Unauthorized(msg.sender));
    }

    function _checkText(string calldata text) internal pure {
        require(bytes(text).length <= MAX_TEXT, TextTooLong(bytes(text).length));
    }

    // -------------------------------------------------------------------------------------------------------- nodes

    /// @inheritdoc INodes
    function registerNode(
        address operator,
        string calldata url,
        uint40 capacity,
        uint96 rent,
        uint96 lockPerEpoch,
        string calldata metadata
    ) external returns (NodeId id) {
        id = NodeId.wrap(++nodeCount);
        _nodes[id].provider = msg.sender;

        emit NodeRegistered(id, msg.sender);

        _setNode(id, operator, url, capacity, rent, lockPerEpoch, metadata);
    }

    /// @inheritdoc INodes
    function updateNode(
        NodeId id,
        address operator,
        string calldata url,
        uint40 capacity,
        uint96 rent,
        uint96 lockPerEpoch,
        string calldata metadata
    ) external {
        _checkCaller(_nodes[id].provider);
        require(capacity >= _nodes[id].used, CapacityExceeded(id, capacity, _nodes[id].used));

        _setNode(id, operator, url, capacity, rent, lockPerEpoch, metadata);
    }

    function _setNode(
        NodeId id,
        address operator,
        string calldata url,
        uint40 capacity,
        uint96 rent,
        uint96 lockPerEpoch,
        string calldata metadata
    ) private {
        require(operator != address(0), ZeroAddress());
        _checkText(url);
        _checkText(metadata);

        Node storage n = _nodes[id];
        (n.operator, n.capacity, n.rent, n.lockPerEpoch) = (operator, capacity, rent, lockPerEpoch);
        (n.url, n.metadata) = (url, metadata);

        emit NodeUpdated(id, operator, url, capacity, rent, lockPerEpoch, metadata);
    }

    /// @inheritdoc INodes
    function revokeAcceptances(NodeId id) external {
        Node storage n = _nodes[id];
        require(Holdings.isOf(n, msg.sender), Unauthorized(msg.sender));

        uint32 revision = ++n.revision;

        emit AcceptancesRevoked(id, revision);
    }

    /// @inheritdoc IRegistry
    function node(NodeId id) external view returns (Node memory) {
        require(_nodes[id].provider != address(0), NoSuchNode(id));
        return _nodes[id];
    }

    /// @inheritdoc INodes
    function isOf(NodeId id, address account) external view returns (bool) {
        return Holdings.isOf(_nodes[id], account);
    }

    /// @inheritdoc INodes
    function providerOf(NodeId id) external view returns (address) {
        return _nodes[id].provider;
    }

    // ---------------------------------------------------------------------------------------------------- providers

    /// @inheritdoc INodes
    function proposeProvider(NodeId id, address provider) external {
        _checkCaller(_nodes[id].provider);

        uint256 acceptableAt = block.timestamp + ledger.unbondSeconds();
        _proposals[id] = Proposal(provider, acceptableAt);

        emit ProviderProposed(id, provider, acceptableAt);
    }

    /// @inheritdoc INodes
    function acceptProvider(NodeId id) external {
        Proposal memory p = _proposals[id];
        _checkCaller(p.provider);
        require(block.timestamp >= p.acceptableAt, NotAcceptableYet(id, p.acceptableAt, block.timestamp));

        delete _proposals[id];
        _nodes[id].provider = msg.sender;

        emit ProviderChanged(id, msg.sender);
    }

    /// @inheritdoc INodes
    function trust(address manager, bool trusted) external {
        _trusts[msg.sender][manager] = trusted;

        emit Trusted(msg.sender, manager, trusted);
    }

    /// @inheritdoc INodes
    function isTrusted(address provider, address manager) public view returns (bool) {
        return provider == manager || _trusts[provider][manager];
    }
}
