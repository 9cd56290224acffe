// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IAudits} from "../../interfaces/IAudits.sol";
import {IReputation} from "../../interfaces/managers/IReputation.sol";
import {NO_VNODE, NodeId} from "../../interfaces/Types.sol";
import {Points} from "./Points.sol";
import {Standings} from "./Standings.sol";
import {Context, ReputationState} from "./State.sol";

/// @title Membership
/// @notice Who becomes a candidate, a member, or neither any more, and what members weigh in a ballot. See IReputation.
/// @dev Linked, as Sampling is.
library Membership {
    using Points for ReputationState;
    using Standings for ReputationState;

    /// @dev A candidate has so many times the least probation.
    uint32 private constant PATIENCE = 16;

    /// @notice See IReputation.
    function join(ReputationState storage self, Context memory c, NodeId node) external {
        IReputation.Entry storage e = self.entries[node];
        require(e.standing == IReputation.Standing.None, IReputation.HasStanding(node, e.standing));
        uint32 from = e.since == 0 ? 0 : e.since + self.rules.probation;
        require(c.current >= from, IReputation.TooEarly(node, from));
        require(self.isBacked(c, node), IReputation.NotBacked(node));

        // What a node has behind it when it joins first is not counted.
        if (self.points[node].length == 0) {
            self.seen[node] = c.challenges.recordOf(node);
            self.setScore(node, 0, c.current);
        }
        uint32 ticket = self.tickets++;
        self.enqueue(node);
        (e.standing, e.since, e.ticket) = (IReputation.Standing.Waiting, c.current, ticket);
        (e.holder, e.holderSince) = (msg.sender, c.current);

        emit IReputation.Joined(node, msg.sender, ticket);
    }

    /// @notice See IReputation.
    function quit(ReputationState storage self, Context memory c, NodeId node) external {
        _expectIn(self, node);

        self.remove(c, node, IReputation.Reason.Left);
    }

    /// @notice See IReputation.
    function takeUp(ReputationState storage self, Context memory c, NodeId node) external {
        _expectIn(self, node);
        IReputation.Entry storage e = self.entries[node];
        require(e.holder != msg.sender, IReputation.NothingToDo());

        (e.holder, e.holderSince) = (msg.sender, c.current);

        emit IReputation.HolderChanged(node, msg.sender);
    }

    function _expectIn(ReputationState storage self, NodeId node) private view {
        require(self.entries[node].standing != IReputation.Standing.None, IReputation.NotIn(node));
    }

    // ------------------------------------------------------------------------------------------------------- review

    /// @notice See IReputation.
    /// @return decided whether something was decided.
    /// @return isRewarded whether the caller is rewarded for it.
    function review(
        ReputationState storage self,
        Context memory c,
        NodeId node
    ) external returns (bool decided, bool isRewarded) {
        IReputation.Standing standing = self.entries[node].standing;
        if (standing == IReputation.Standing.Probation) {
            decided = _reviewCandidate(self, c, node);
            return (decided, decided);
        }
        if (standing != IReputation.Standing.Member) return (false, false);
        decided = _reviewNotice(self, c, node);
        uint32 until = self.entries[node].noticeUntil;
        if (until == 0 || c.current < until) return (decided, false);
        self.remove(c, node, IReputation.Reason.Evicted);
        return (true, true);
    }

    function neededScore(ReputationState storage self) public view returns (uint256) {
        return self.admitted < self.rules.founders ? self.rules.evictScore : self.rules.admitScore;
    }

    function _reviewCandidate(
        ReputationState storage self,
        Context memory c,
        NodeId node
    ) private returns (bool) {
        IReputation.Entry storage e = self.entries[node];
        (NodeId serving, NodeId successor, , ) = c.audits.outlook(e.vNode);
        if (serving != node && successor != node) {
            self.remove(c, node, IReputation.Reason.NotServing);
            return true;
        }
        if (!self.isBacked(c, node)) {
            self.remove(c, node, IReputation.Reason.NotBacked);
            return true;
        }
        (uint256 score, uint256 needed) = (self.scoreOf(node, c.current), neededScore(self));
        if (score < needed) {
            if (c.current < e.since + PATIENCE * self.rules.probation) return false;
            self.remove(c, node, IReputation.Reason.TooSlow);
            return true;
        }
        IAudits.VNodeState memory s = c.audits.state(e.vNode);
        uint256 since = Math.max(e.since, s.servesSince);
        bool served = s.node == node && since + self.rules.probation <= c.current;
        // A candidate that only lacks a place keeps its vNode.
        if (!served || self.list.length >= self.rules.members) return false;
        _admit(self, c, node, score, needed);
        return true;
    }

    function _admit(
        ReputationState storage self,
        Context memory c,
        NodeId node,
        uint256 score,
        uint256 needed
    ) private {
        IReputation.Entry storage e = self.entries[node];
        (e.standing, e.since) = (IReputation.Standing.Member, c.current);
        (e.vNode, e.incumbent) = (NO_VNODE, false);
        self.list.push(node);
        ++self.admitted;

        emit IReputation.Admitted(node, score, needed);
    }

    /// @return isNew whether a notice was given or withdrawn.
    function _reviewNotice(
        ReputationState storage self,
        Context memory c,
        NodeId node
    ) private returns (bool isNew) {
        IReputation.Entry storage e = self.entries[node];
        (uint256 score, bool backed) = (self.scoreOf(node, c.current), self.isBacked(c, node));
        bool isFit = backed && score >= self.rules.evictScore;
        if (isFit == (e.noticeUntil == 0)) return false;
        e.noticeUntil = isFit ? 0 : c.current + self.rules.notice;

        if (isFit) emit IReputation.NoticeWithdrawn(node, score);
        else emit IReputation.NoticeGiven(node, e.noticeUntil, score, backed);

        return true;
    }

    // ------------------------------------------------------------------------------------------------------- ballot

    /// @notice The providers of the members, each once.
    function holders(ReputationState storage self) external view returns (address[] memory all) {
        all = new address[](self.list.length);
        uint256 count;
        for (uint256 i = 0; i < all.length; ++i) {
            address holder = self.entries[self.list[i]].holder;
            uint256 slot;
            while (slot < count && all[slot] != holder) ++slot;
            if (slot == count) all[count++] = holder;
        }
        assembly ("memory-safe") {
            mstore(all, count)
        }
    }

    /// @notice The scores of the nodes that were members, with this provider, before an epoch: the least that each has had
    /// since. A node that has changed hands counts for nobody until its provider takes it up.
    function weightOf(
        ReputationState storage self,
        Context memory c,
        address holder,
        uint32 since
    ) external view returns (uint256 weight) {
        for (uint256 i = 0; i < self.list.length; ++i) {
            NodeId node = self.list[i];
            IReputation.Entry storage e = self.entries[node];
            if (e.holder != holder || e.since >= since || e.holderSince >= since) continue;
            if (c.registry.providerOf(node) == holder) weight += self.scoreSince(node, since, c.current);
        }
    }
}
