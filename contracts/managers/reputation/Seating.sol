// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "../../interfaces/IAudits.sol";
import {IRegistry} from "../../interfaces/IRegistry.sol";
import {IReputation} from "../../interfaces/managers/IReputation.sol";
import {ClusterParams, NO_NODE, NodeId, VNodeId} from "../../interfaces/Types.sol";
import {Points} from "./Points.sol";
import {Standings} from "./Standings.sol";
import {Context, ReputationState} from "./State.sol";

/// @title Seating
/// @notice Which node serves which vNode, and who stands by. See IReputation.
/// @dev Linked, as Sampling is.
library Seating {
    using Points for ReputationState;
    using Standings for ReputationState;

    /// @dev Members on the cluster's standby list.
    uint256 private constant STANDBY = 8;
    /// @dev The most epochs that a call settles. Who serves is known as of the last settled one.
    uint256 private constant MOST_EPOCHS = 256;

    // -------------------------------------------------------------------------------------------------------- seats

    /// @notice See IReputation.
    function adopt(ReputationState storage self, Context memory c, VNodeId vNode) external {
        Standings.expectOwn(c, vNode);
        c.audits.settle(vNode, MOST_EPOCHS);
        IAudits.VNodeState memory s = c.audits.state(vNode);
        bool waits = self.entries[s.node].standing == IReputation.Standing.Waiting;
        require(waits && _isOlder(self, s), IReputation.NothingToDo());

        self.putOnProbation(c, s.node, vNode, true);
        self.sit(vNode, s.node);

        emit IReputation.Placed(vNode, s.node, s.node, IReputation.Rule.Incumbent, 0);
    }

    /// @notice See IReputation.
    /// @return named whether a node was named.
    function place(
        ReputationState storage self,
        Context memory c,
        VNodeId vNode
    ) external returns (bool named) {
        Standings.expectOwn(c, vNode);
        c.audits.settle(vNode, MOST_EPOCHS);
        (NodeId serving, NodeId successor, , ) = c.audits.outlook(vNode);
        NodeId coming = successor == NO_NODE ? serving : successor;
        NodeId seated = self.seats[vNode];
        if (self.mayServe(coming, vNode)) {
            require(seated != coming, IReputation.NothingToDo());
            self.sit(vNode, coming);
            return false;
        }
        if (successor == NO_NODE) _expectTimeOver(self, c, vNode);

        (NodeId next, IReputation.Rule rule) = (serving, IReputation.Rule.TakenBack);
        bool takenBack = successor != NO_NODE && self.mayServe(serving, vNode);
        if (!takenBack) (next, rule) = _choose(self, c, vNode, coming, seated);
        require(next != NO_NODE, IReputation.NobodyFits());
        self.sit(vNode, next);

        uint256 score = rule == IReputation.Rule.Best ? self.scoreOf(next, c.current) : 0;
        emit IReputation.Placed(vNode, next, coming, rule, score);

        if (next != coming) c.registry.assign(vNode, takenBack ? NO_NODE : next);
        return true;
    }

    /// @notice See IReputation.
    function grow(ReputationState storage self, Context memory c) external {
        require(self.added < self.rules.vNodes, IReputation.TooManyVNodes(self.added));
        NodeId node = self.firstWaiting(c);
        require(node != NO_NODE, IReputation.NobodyFits());
        ++self.added;
        uint64[] memory tokens = new uint64[](1);
        // With the epoch in it, a place that is taken is no hindrance for long.
        tokens[0] = uint64(uint256(keccak256(abi.encode(address(this), self.added, c.current))));
        VNodeId vNode = c.registry.addVNodes(c.cluster, tokens);
        self.putOnProbation(c, node, vNode, false);
        self.sit(vNode, node);

        emit IReputation.Grown(vNode, tokens[0]);
        emit IReputation.Placed(vNode, node, NO_NODE, IReputation.Rule.Candidate, 0);

        c.registry.assign(vNode, node);
    }

    /// @dev Nodes that served before the manager did have the time of a probation and a notice to become members.
    function _expectTimeOver(ReputationState storage self, Context memory c, VNodeId vNode) private view {
        IAudits.VNodeState memory s = c.audits.state(vNode);
        if (s.node == NO_NODE || !_isOlder(self, s)) return;
        uint32 until = self.managesSince + self.rules.probation + self.rules.notice;
        require(until <= c.current, IReputation.StillTime(vNode, s.node, until));
    }

    function _isOlder(ReputationState storage self, IAudits.VNodeState memory s) private view returns (bool) {
        return self.managesSince == 0 || s.servesSince <= self.managesSince;
    }

    function _choose(
        ReputationState storage self,
        Context memory c,
        VNodeId vNode,
        NodeId coming,
        NodeId seated
    ) private returns (NodeId next, IReputation.Rule rule) {
        uint256 held = c.registry.vNode(vNode).held;
        if (held == 0) next = self.firstWaiting(c);
        if (next == NO_NODE) return (_best(self, c, vNode, held, [coming, seated]), IReputation.Rule.Best);
        self.putOnProbation(c, next, vNode, false);
        rule = IReputation.Rule.Candidate;
    }

    // ------------------------------------------------------------------------------------------------------ members

    /// @dev The best member that is fit for a vNode, but not the node that may not have it, and the one that was named last
    /// and did not take over only if there is no other.
    function _best(
        ReputationState storage self,
        Context memory c,
        VNodeId vNode,
        uint256 held,
        NodeId[2] memory comingAndFailed
    ) private view returns (NodeId last) {
        uint256 neededBond = c.audits.state(vNode).committed * _bondEpochs(c);
        (NodeId[] memory nodes, uint256[] memory scores) = _ranked(self, c);
        for (uint256 i = 0; i < nodes.length && scores[i] != 0; ++i) {
            NodeId node = nodes[i];
            if (node == comingAndFailed[0] || self.entries[node].seats >= self.rules.seats) continue;
            IRegistry.Node memory n = c.registry.node(node);
            bool fits = n.capacity - n.used >= held && c.ledger.freeBond(node) >= neededBond;
            if (!fits || !self.isBacked(c, node)) continue;
            if (node != comingAndFailed[1]) return node;
            last = node;
        }
    }

    /// @dev What a node that is named now locks, in epochs' rate: by the next epoch's terms.
    function _bondEpochs(Context memory c) private view returns (uint256) {
        (uint32 since, ClusterParams memory next, , ) = c.audits.announced(c.cluster);
        if (since <= c.current + 1) return next.bondEpochs;
        (ClusterParams memory present, , ) = c.audits.params(c.cluster);
        return present.bondEpochs;
    }

    /// @dev The members by their scores, the highest first, and those with notice last, with a score of 0.
    function _ranked(
        ReputationState storage self,
        Context memory c
    ) private view returns (NodeId[] memory nodes, uint256[] memory scores) {
        nodes = self.list;
        scores = new uint256[](nodes.length);
        for (uint256 i = 0; i < nodes.length; ++i) {
            NodeId node = nodes[i];
            uint256 score = self.entries[node].noticeUntil == 0 ? self.scoreOf(node, c.current) : 0;
            uint256 slot = i;
            for (; slot != 0 && scores[slot - 1] < score; --slot)
                (nodes[slot], scores[slot]) = (nodes[slot - 1], scores[slot - 1]);
            (nodes[slot], scores[slot]) = (node, score);
        }
    }

    /// @notice See IReputation.
    function lineUp(ReputationState storage self, Context memory c) external {
        require(self.linedUpIn != c.current, IReputation.NothingToDo());
        self.linedUpIn = c.current;
        NodeId[] memory old = c.registry.standby(c.cluster);
        // Removing the last one moves no other.
        for (uint256 i = old.length; i != 0; --i) c.registry.removeStandby(c.cluster, old[i - 1]);
        (NodeId[] memory nodes, uint256[] memory scores) = _ranked(self, c);
        uint256 count;
        for (uint256 i = 0; i < nodes.length && count < STANDBY && scores[i] != 0; ++i) {
            if (!self.isBacked(c, nodes[i])) continue;
            c.registry.addStandby(c.cluster, nodes[i]);
            nodes[count++] = nodes[i];
        }
        assembly ("memory-safe") {
            mstore(nodes, count)
        }

        emit IReputation.LinedUp(nodes);
    }
}
