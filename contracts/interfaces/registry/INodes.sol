// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {NodeId} from "../Types.sol";

/// @title INodes
/// @notice The nodes, their providers, and the managers whom the providers trust.
interface INodes {
    event NodeRegistered(NodeId indexed node, address indexed provider);
    event NodeUpdated(
        NodeId indexed node,
        address operator,
        string url,
        uint40 capacity,
        uint96 rent,
        uint96 lockPerEpoch,
        string metadata
    );
    event ProviderProposed(NodeId indexed node, address indexed provider, uint256 acceptableAt);
    event ProviderChanged(NodeId indexed node, address indexed provider);
    event AcceptancesRevoked(NodeId indexed node, uint32 revision);
    event Trusted(address indexed provider, address indexed manager, bool trusted);

    /// @notice Thrown when there is no node with that id.
    error NoSuchNode(NodeId node);

    /// @notice Thrown when an address that is needed is zero.
    error ZeroAddress();

    /// @notice Thrown when a proposed provider accepts a node before the delay is over.
    error NotAcceptableYet(NodeId node, uint256 acceptableAt, uint256 timestamp);

    /// @notice Thrown when a text is longer than 512 bytes.
    error TextTooLong(uint256 length);

    /// @notice Thrown when a node would offer fewer leaves than are taken, or would get more than are free.
    error CapacityExceeded(NodeId node, uint256 capacity, uint256 needed);

    /// @notice Thrown when the node's provider does not trust the manager.
    error NotTrusted(NodeId node, address provider, address manager);

    // -------------------------------------------------------------------------------------------------------- nodes

    /// @notice Registers a node that the caller provides.
    /// @param capacity leaves that the node offers.
    /// @param rent the highest rent that its operator may accept, in token units per 1e18 leaves and epoch.
    /// @param lockPerEpoch the most token units of its bond that acceptances may lock in one epoch.
    function registerNode(
        address operator,
        string calldata url,
        uint40 capacity,
        uint96 rent,
        uint96 lockPerEpoch,
        string calldata metadata
    ) external returns (NodeId);

    /// @notice Changes everything about a node but its provider. Only the provider may.
    function updateNode(
        NodeId node,
        address operator,
        string calldata url,
        uint40 capacity,
        uint96 rent,
        uint96 lockPerEpoch,
        string calldata metadata
    ) external;

    /// @notice Revokes every acceptance that was signed for the node so far. Its provider and its operator may.
    function revokeAcceptances(NodeId node) external;

    /// @notice Whether an account is the node's provider or operator.
    function isOf(NodeId node, address account) external view returns (bool);

    function nodeCount() external view returns (uint32);

    // ---------------------------------------------------------------------------------------------------- providers

    /// @notice Offers a node to another account, which can accept it after the delay of a bond. Only the provider may, and
    /// can propose another account, or zero, until then. The bond and the earnings go with the node.
    function proposeProvider(NodeId node, address provider) external;

    function acceptProvider(NodeId node) external;

    function providerOf(NodeId id) external view returns (address);

    /// @notice Says whether a manager may use the caller's nodes. What is assigned stays assigned.
    function trust(address manager, bool trusted) external;

    function isTrusted(address provider, address manager) external view returns (bool);
}
