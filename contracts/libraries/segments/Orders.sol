// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IRegistry} from "../../interfaces/IRegistry.sol";
import {Acceptance, BucketId, NO_NODE, NodeId, VNodeId} from "../../interfaces/Types.sol";
import {Holdings} from "./Holdings.sol";

/// @dev What is asked of a vNode for a bucket, and who pays for it.
struct Order {
    address payer;
    BucketId bucket;
    VNodeId vNode;
    uint32 epochs;
    uint256 maxRent;
}

/// @dev An order, and what was looked up for it.
struct CheckedOrder {
    Order order;
    /// The payer, or zero if that is the bucket's owner.
    address otherPayer;
    /// The node that is responsible in the next epoch.
    NodeId node;
    bool handingOver;
    uint32 current;
    uint256 rent;
}

/// @title Orders
/// @notice What storing and extending share: the rent, the price, and the limit of what is locked.
library Orders {
    /// @dev An order ends at most this many epochs from now: two years of minutes.
    uint256 internal constant MAX_EPOCHS = 1 << 20;
    /// @dev The number of leaves that a rent is for.
    uint256 private constant RENT_UNIT = 1e18;

    /// @notice Looks up who is responsible, and checks the rent.
    function check(
        Holdings.BucketsState storage state,
        mapping(NodeId node => IRegistry.Node) storage nodes,
        Holdings.Neighbours calldata neighbours,
        Order calldata order,
        Acceptance calldata acceptance
    ) internal view returns (CheckedOrder memory c, IRegistry.Node storage node) {
        (c.order, c.rent) = (order, acceptance.rent);
        require(c.rent <= order.maxRent, IRegistry.RentTooHigh(c.rent, order.maxRent));
        (c.node, , c.handingOver, c.current) = neighbours.audits.outlook(order.vNode);
        require(c.node != NO_NODE, IRegistry.NotAssigned(order.vNode));
        node = nodes[c.node];
        uint256 maxRent = node.rent;
        require(c.rent <= maxRent, IRegistry.RentTooHigh(c.rent, maxRent));
        if (order.payer != state.buckets[order.bucket].owner) c.otherPayer = order.payer;
    }

    /// @notice What a segment pays per epoch: leaves · rent / 1e18, rounded up to a multiple of the quantum.
    /// @dev It is below 2^80, since leaves are below 2^32, a node's rent is below 2^96, and a quantum is 2^79 at most.
    function perEpochUp(uint256 leaves, uint256 rent, uint256 quantumBits) internal pure returns (uint256) {
        uint256 unitsUp = (leaves * rent + RENT_UNIT - 1) / RENT_UNIT;
        return ((unitsUp + (1 << quantumBits) - 1) >> quantumBits) << quantumBits;
    }

    /// @notice Counts what the audits have locked for an order, up to the limit that the provider has set for an epoch.
    /// @dev The amount is known only after the call of the audits, which call nobody but the ledger.
    function countLock(IRegistry.Node storage node, CheckedOrder memory c, uint256 locked) internal {
        if (locked == 0) return;
        if (node.lockedEpoch == c.current) locked += node.locked;
        require(locked <= node.lockPerEpoch, IRegistry.LockLimit(c.node, node.lockPerEpoch, locked));
        (node.locked, node.lockedEpoch) = (uint96(locked), c.current);
    }
}
