// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IReputation} from "../../interfaces/managers/IReputation.sol";
import {NO_NODE, NodeId, VNodeId} from "../../interfaces/Types.sol";
import {Points} from "./Points.sol";
import {Context, ReputationState, Waiting} from "./State.sol";

/// @title Standings
/// @notice What the linked libraries share: who may do what, the queue of candidates, and the seats.
library Standings {
    using Points for ReputationState;

    /// @dev The most candidates that one call passes over.
    uint256 private constant MAX_SKIPPED = 16;

    function expectOwn(Context memory c, VNodeId vNode) internal view {
        require(c.registry.vNode(vNode).cluster == c.cluster, IReputation.OtherCluster(vNode));
    }

    /// @notice Whether the provider trusts the manager, and has a bond that it is not taking out.
    function isBacked(
        ReputationState storage self,
        Context memory c,
        NodeId node
    ) internal view returns (bool) {
        address provider = c.registry.providerOf(node);
        if (!c.registry.isTrusted(provider, address(this))) return false;
        (uint256 total, , uint256 unbonding, ) = c.ledger.bondOf(node);
        return total >= unbonding + self.rules.bond;
    }

    /// @notice Whether service of a node on a vNode counts.
    function isSampled(
        ReputationState storage self,
        Context memory c,
        NodeId node,
        VNodeId vNode
    ) internal view returns (bool) {
        if (!mayServe(self, node, vNode)) return false;
        IReputation.Entry storage e = self.entries[node];
        if (e.standing == IReputation.Standing.Member || e.incumbent) return true;
        return c.registry.vNode(vNode).held <= self.rules.probationLeaves;
    }

    function mayServe(ReputationState storage self, NodeId node, VNodeId vNode) internal view returns (bool) {
        IReputation.Entry storage e = self.entries[node];
        if (e.standing == IReputation.Standing.Member) return true;
        return e.standing == IReputation.Standing.Probation && e.vNode == vNode;
    }

    function remove(
        ReputationState storage self,
        Context memory c,
        NodeId node,
        IReputation.Reason reason
    ) internal {
        IReputation.Entry storage e = self.entries[node];
        if (e.standing == IReputation.Standing.Waiting) _unqueue(self, node);
        if (e.standing == IReputation.Standing.Member) {
            NodeId[] storage list = self.list;
            uint256 index;
            while (list[index] != node) ++index;
            list[index] = list[list.length - 1];
            list.pop();
        }
        uint16 seats = e.seats;
        delete self.entries[node];
        (e.since, e.seats) = (c.current, seats);

        emit IReputation.WentOut(node, reason, self.scoreOf(node, c.current));
    }

    /// @notice Lets a candidate wait after all others.
    function enqueue(ReputationState storage self, NodeId node) internal {
        NodeId last = self.last;
        self.queue[node].before = last;
        self.last = node;
        if (last == NO_NODE) self.first = node;
        else self.queue[last].next = node;
    }

    function _unqueue(ReputationState storage self, NodeId node) private {
        Waiting memory w = self.queue[node];
        delete self.queue[node];
        if (w.before == NO_NODE) self.first = w.next;
        else self.queue[w.before].next = w.next;
        if (w.next == NO_NODE) self.last = w.before;
        else self.queue[w.next].before = w.before;
    }

    /// @notice The candidate that has waited for longest. Those before it that are not backed any more are let go: at most so many
    /// at once, and any number one by one (see review).
    function firstWaiting(ReputationState storage self, Context memory c) internal returns (NodeId node) {
        for (uint256 i = 0; i < MAX_SKIPPED; ++i) {
            node = self.first;
            if (node == NO_NODE || isBacked(self, c, node)) return node;
            remove(self, c, node, IReputation.Reason.NotBacked);
        }
        return NO_NODE;
    }

    /// @param node one that waits.
    function putOnProbation(
        ReputationState storage self,
        Context memory c,
        NodeId node,
        VNodeId vNode,
        bool incumbent
    ) internal {
        _unqueue(self, node);
        IReputation.Entry storage e = self.entries[node];
        (e.standing, e.since) = (IReputation.Standing.Probation, c.current);
        (e.vNode, e.incumbent) = (vNode, incumbent);

        emit IReputation.OnProbation(node, vNode, incumbent);
    }

    /// @notice Notes who has a vNode.
    function sit(ReputationState storage self, VNodeId vNode, NodeId node) internal {
        NodeId before = self.seats[vNode];
        self.seats[vNode] = node;
        if (before != NO_NODE) --self.entries[before].seats;
        // More seats than rules.seats are not this manager's doing.
        if (node != NO_NODE) ++self.entries[node].seats;
    }
}
