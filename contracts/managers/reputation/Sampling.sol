// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IAudits} from "../../interfaces/IAudits.sol";
import {IChallenges} from "../../interfaces/IChallenges.sol";
import {IRegistry} from "../../interfaces/IRegistry.sol";
import {IReputation} from "../../interfaces/managers/IReputation.sol";
import {
    ClusterParams,
    FIRST_SERIAL,
    NO_NODE,
    NodeId,
    Serial,
    Unauthorized,
    VNodeId
} from "../../interfaces/Types.sol";
import {Asks} from "../../libraries/settlement/Asks.sol";
import {CreditIndex} from "../../libraries/settlement/CreditIndex.sol";
import {Pay} from "../../libraries/settlement/Pay.sol";
import {Terms} from "../../libraries/settlement/Terms.sol";
import {Fading} from "./Fading.sol";
import {Points} from "./Points.sol";
import {Standings} from "./Standings.sol";
import {Book, Context, Counted, ReputationState} from "./State.sol";

/// @title Sampling
/// @notice How scores grow by samples and are cut for what went wrong. See IReputation.
/// @dev Linked, not inlined, since the manager would be too large to deploy.
library Sampling {
    using Points for ReputationState;
    using Standings for ReputationState;

    /// @dev A page of a sample.
    struct Page {
        VNodeId vNode;
        NodeId node;
        uint32 epoch;
        /// The part of the rate that is paid, times CREDIT_UNIT, and what a token unit of it adds.
        uint256 part;
        uint256 times;
    }

    uint256 private constant AFTER_MISS = (15 * Fading.ONE) / 16;
    uint256 private constant AFTER_LOST = Fading.ONE / 2;
    uint256 private constant AFTER_FAULT = Fading.ONE / 4;

    // ------------------------------------------------------------------------------------------------------- scores

    /// @notice See IReputation.
    function scoreSince(
        ReputationState storage self,
        NodeId node,
        uint32 epoch,
        uint32 current
    ) external view returns (uint256) {
        return self.scoreSince(node, epoch, current);
    }

    // -------------------------------------------------------------------------------------------------------- looks

    /// @notice See IReputation.
    function look(ReputationState storage self, Context memory c, NodeId node) external returns (bool isCut) {
        IChallenges.Record memory r = c.challenges.recordOf(node);
        IChallenges.Record memory seen = self.seen[node];
        (uint32 faults, uint32 lost) = (r.faults - seen.faults, r.lost - seen.lost);
        if (faults == 0 && lost == 0) return false;
        self.seen[node] = r;
        return _cut(self, c, node, 0, lost, faults);
    }

    /// @notice See IReputation.
    function lookAt(
        ReputationState storage self,
        Context memory c,
        VNodeId vNode
    ) external returns (bool isCut) {
        Standings.expectOwn(c, vNode);
        return _lookAt(self, c, vNode);
    }

    function _lookAt(
        ReputationState storage self,
        Context memory c,
        VNodeId vNode
    ) private returns (bool isCut) {
        Book storage b = self.books[vNode];
        _noteSegments(b, c, vNode);
        IAudits.VNodeState memory s = c.audits.state(vNode);
        if (s.node == NO_NODE) return false;
        if (b.node != s.node || b.since != s.servesSince) {
            // A node that syncs may leave audits unanswered that are no misses.
            if (s.syncLeft != 0) return false;
            (b.node, b.since, b.opened, b.cut, b.sampledMisses) = (s.node, s.servesSince, c.current, 0, 0);

            emit IReputation.Opened(vNode, s.node, c.current);
        }
        uint32 misses = s.servedMisses - b.cut;
        if (misses == 0) return false;
        b.cut = s.servedMisses;
        return _cut(self, c, s.node, misses, 0, 0);
    }

    /// @dev A segment that was claimed looks like one that begins with the next epoch, and anyone may claim.
    function _noteSegments(Book storage b, Context memory c, VNodeId vNode) private {
        if (b.knownIn == c.current) return;
        Serial next = c.registry.directory(vNode).nextSerial;
        (b.knownIn, b.known, b.knownNext) = (c.current, b.knownNext, next);
    }

    function _cut(
        ReputationState storage self,
        Context memory c,
        NodeId node,
        uint32 misses,
        uint32 lost,
        uint32 faults
    ) private returns (bool) {
        uint256 score = self.scoreOf(node, c.current);
        if (score == 0) return false;
        score = Fading.timesDown(score, Fading.powDown(AFTER_MISS, misses));
        score = Fading.timesDown(score, Fading.powDown(AFTER_LOST, lost));
        score = Fading.timesDown(score, Fading.powDown(AFTER_FAULT, faults));
        self.setScore(node, score, c.current);

        emit IReputation.Cut(node, c.current, misses, lost, faults, score);

        return true;
    }

    // ------------------------------------------------------------------------------------------------------ samples

    /// @notice See IReputation.
    function isDrawn(
        ReputationState storage self,
        VNodeId vNode,
        bytes32 randomness
    ) public view returns (bool) {
        return uint256(keccak256(abi.encode(randomness, vNode, address(this)))) % self.rules.period == 0;
    }

    /// @notice See IReputation.
    function sample(
        ReputationState storage self,
        Context memory c,
        VNodeId vNode,
        Serial[] calldata serials
    ) external returns (uint256 gain) {
        Page memory p = _drawn(self, c, vNode);
        _lookAt(self, c, vNode);
        Book storage b = self.books[vNode];
        if (b.sampled != c.current) _begin(b, c, vNode);
        uint256 counted = b.counts ? _count(self, c, p, serials) : 0;
        counted = (counted * p.part) / CreditIndex.CREDIT_UNIT;
        gain = counted * p.times;
        uint256 score = self.scoreOf(p.node, c.current) + gain;
        if (gain != 0) self.setScore(p.node, score, c.current);

        emit IReputation.Sampled(vNode, p.node, p.epoch, serials, counted, gain, score);
    }

    /// @dev Whether the running epoch is sampled, and what counts in it.
    function _drawn(
        ReputationState storage self,
        Context memory c,
        VNodeId vNode
    ) private view returns (Page memory p) {
        Standings.expectOwn(c, vNode);
        IAudits.Duty memory d = c.audits.duty(vNode, c.current);
        require(c.registry.isOf(d.node, msg.sender), Unauthorized(msg.sender));
        require(self.isSampled(c, d.node, vNode), IReputation.NoStanding(d.node, vNode));
        (ClusterParams memory terms, , ) = c.audits.params(c.cluster);
        // Epochs that are due for another reason than the draw do not stand for those that are not.
        bool drawn =
            d.randomness != 0 &&
                isDrawn(self, vNode, d.randomness) &&
                Asks.isDrawn(Terms.wrap(terms.odds), d.seed);
        require(drawn, IReputation.NotDrawn(vNode, c.current));
        require(d.proven, IReputation.NotProven(vNode, c.current));
        require(!c.audits.state(vNode).short, IReputation.NotPaid(vNode, c.current));
        uint256 times = uint256(self.rules.period) * terms.odds;
        return Page(vNode, d.node, c.current, Pay.paidPartDown(d.rate, d.asked), times);
    }

    function _begin(Book storage b, Context memory c, VNodeId vNode) private {
        uint32 misses = c.audits.state(vNode).servedMisses;
        (b.sampled, b.nextSerial) = (c.current, FIRST_SERIAL);
        (b.counts, b.sampledMisses) = (b.opened < c.current && b.sampledMisses == misses, misses);
    }

    function _count(
        ReputationState storage self,
        Context memory c,
        Page memory p,
        Serial[] calldata serials
    ) private returns (uint256 counted) {
        Book storage b = self.books[p.vNode];
        (Serial next, Serial known) = (b.nextSerial, b.known);
        for (uint256 i = 0; i < serials.length; ++i) {
            Serial serial = serials[i];
            require(serial >= next, IReputation.NotInOrder(p.vNode, serial));
            next = serial.following();
            IRegistry.SegmentRecord memory s = c.registry.segment(p.vNode, serial);
            bool begun = s.from <= p.epoch || serial < known;
            require(begun && p.epoch < s.end, IReputation.NotPaidFor(p.vNode, serial, p.epoch));
            counted += _countPayer(self, p, _payerOf(c, p, serial, s), s.perEpoch);
        }
        b.nextSerial = next;
    }

    /// @return more by how much an account counts for more.
    function _countPayer(
        ReputationState storage self,
        Page memory p,
        address payer,
        uint256 amount
    ) private returns (uint256 more) {
        Counted storage counted = self.counted[p.vNode][payer];
        uint256 before = counted.epoch == p.epoch ? counted.amount : 0;
        uint256 sum = Math.min(before + amount, self.rules.payerCap);
        (counted.epoch, counted.amount) = (p.epoch, uint80(sum));
        return sum - before;
    }

    function _payerOf(
        Context memory c,
        Page memory p,
        Serial serial,
        IRegistry.SegmentRecord memory s
    ) private view returns (address payer) {
        if (s.payers != 0) {
            IRegistry.Payer[] memory payers = c.registry.payersOf(p.vNode, serial);
            uint256 i;
            while (payers[i].end <= p.epoch) ++i;
            payer = payers[i].account;
        }
        if (payer == address(0)) payer = c.registry.bucket(s.bucket).owner;
    }
}
