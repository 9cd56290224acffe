// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "../../interfaces/IAudits.sol";
import {BASIS_POINTS, NO_NODE, NodeId, VNodeId} from "../../interfaces/Types.sol";
import {Schedule} from "./Schedule.sol";
import {Terms} from "./Terms.sol";
import {VNode, VNodeWord} from "./VNodeWord.sol";
import {Asks} from "./Asks.sol";
import {AuditsState, Context, Deferred, Run, Stake} from "./State.sol";
import {CreditIndex} from "./CreditIndex.sol";
import {Stakes} from "./Stakes.sol";

/// @title Epochs
/// @notice How a vNode's epochs are entered and decided, one after the other.
library Epochs {
    using Asks for AuditsState;
    using CreditIndex for CreditIndex.Index;
    using Schedule for Schedule.Changes;
    using Stakes for AuditsState;

    /// @dev Epochs that a change settles before itself.
    uint256 internal constant MAX_LAG = 64;

    // ------------------------------------------------------------------------------------------------------ running

    function open(
        AuditsState storage self,
        Context memory context,
        VNodeId id
    ) internal view returns (Run memory r) {
        r = Run(context, id, self.existing(id), Terms.wrap(0), 0);
        r.terms = self.termsAt(r.v.cluster, r.v.settled + 1);
    }

    function close(AuditsState storage self, Run memory r) internal returns (uint32 settled) {
        if (r.refunded != 0) r.context.ledger.refund(r.refunded);
        self.words[r.id] = VNodeWord.pack(r.v);
        return r.v.settled;
    }

    /// @dev Settled to the last epoch that is over, with the running epoch's node in its place, and the next one's terms.
    function openSettled(
        AuditsState storage self,
        Context memory context,
        VNodeId id
    ) internal returns (Run memory r) {
        r = open(self, context, id);
        uint32 current = context.current;
        if (r.v.settled < current) {
            settle(self, r, current - 1, MAX_LAG);
            require(r.v.settled + 1 >= current, IAudits.SettleFirst(id, r.v.settled, current - 1));
            r.terms = self.termsAt(r.v.cluster, current);
            _handOver(self, r, current);
        }
        r.terms = self.termsAt(r.v.cluster, current + 1);
    }

    /// @notice Settles up to limit epochs until last, which is over.
    function settle(AuditsState storage self, Run memory r, uint32 last, uint256 limit) internal {
        VNode memory v = r.v;
        for (uint32 epoch = v.settled + 1; epoch <= last && limit != 0; ++epoch) {
            if (v.rate == 0 && self.stakes[r.id].committed == 0) return _skipIdle(self, r, last);
            --limit;
            enter(self, r, epoch);
            v.settled = epoch;
            _decide(self, r, epoch);
        }
    }

    /// @dev Nothing is stored and nothing will be: every epoch until last is the same.
    function _skipIdle(AuditsState storage self, Run memory r, uint32 last) private {
        r.terms = self.termsAt(r.v.cluster, last);
        _handOver(self, r, last);
        r.v.settled = last;
    }

    // ----------------------------------------------------------------------------------------------------- entering

    /// @notice What the start of an epoch changes: the terms, the rate, who is responsible.
    function enter(AuditsState storage self, Run memory r, uint32 epoch) internal {
        VNode memory v = r.v;
        r.terms = self.termsAt(v.cluster, epoch);
        bool changes = epoch >= v.nextChange;
        if (changes) _changeRate(self, r, epoch);
        if (changes || v.nextSince != 0) _handOver(self, r, epoch);
        if (epoch >= v.nextChange) v.nextChange = _quietUntil(self, r, epoch);
    }

    function _changeRate(AuditsState storage self, Run memory r, uint32 epoch) private {
        VNode memory v = r.v;
        (uint256 raise, uint256 lower) = self.changes[r.id].changeAt(epoch);
        uint256 rate = v.rate + raise - lower;
        if (rate == 0 && v.deferring) refund(self, r, epoch - 1, 0);
        if (lower != 0 && v.deferring) {
            Deferred storage d = self.deferred[r.id];
            (d.gone, d.goneSince) = (uint96(Asks.gone(d) + lower), d.since);
        }
        v.rate = uint80(rate);
        if (lower != 0) self.shrink(r, lower);
    }

    /// @dev Who has waited for too long is dropped, who has announced to leave goes, and who is named comes, if it is time.
    /// Does nothing the second time.
    function _handOver(AuditsState storage self, Run memory r, uint32 epoch) private {
        VNode memory v = r.v;
        if (self.isOverdue(r.id, v, epoch)) self.dropNext(r, epoch);
        if (self.leavesIn(r.id, v, epoch)) _depart(self, r, epoch);
        if (v.nextSince == 0 || v.nextSince > epoch) return;
        Stake storage s = self.stakes[r.id];
        if (v.node != NO_NODE && s.nextSyncs && !s.nextReady) return;
        if (v.deferring) refund(self, r, epoch - 1, 0);
        self.switchNode(r, epoch);
    }

    function _depart(AuditsState storage self, Run memory r, uint32 epoch) private {
        NodeId node = r.v.node;
        if (r.v.deferring) refund(self, r, epoch - 1, 0);
        self.keepStake(r, epoch);

        emit IAudits.Left(r.id, node, epoch);

        self.vacate(r);
    }

    /// @dev Nothing is quiet around a pause, in a notice to leave, while owners are owed, and in the last epoch before a
    /// change, which may be due.
    function _quietUntil(
        AuditsState storage self,
        Run memory r,
        uint32 epoch
    ) private view returns (uint32 quiet) {
        NodeId node = r.v.node;
        if (node != NO_NODE && self.leaves[r.id].node == node) return epoch + 1;
        if (self.owed[r.id].amount != 0) return epoch + 1;
        quiet = self.changes[r.id].quietUntil(epoch) - 1;
        return self.pauses[r.id][node].quietUntil(epoch, quiet);
    }

    // ----------------------------------------------------------------------------------------------------- deciding

    /// @dev An epoch that is over and was not proven.
    function _decide(AuditsState storage self, Run memory r, uint32 epoch) private {
        VNode memory v = r.v;
        if (v.rate == 0) return _compensate(self, r, epoch);
        bytes32 random = IAudits(address(this)).randomness(r.terms.beacon(), epoch);
        bool asked = random != 0 && _hadTime(r.terms, epoch);
        if (v.node == NO_NODE || self.pauses[r.id][v.node].covers(epoch))
            return refund(self, r, epoch, v.rate);

        bool syncing = v.syncLeft != 0;
        bool due = asked && _isDue(self, r, epoch, random);
        if (!due && !syncing) return _defer(self, r, epoch);
        refund(self, r, epoch, v.rate);
        if (!due) return;
        if (!syncing) return _miss(self, r, epoch);
        if (--v.syncLeft == 0) {
            emit IAudits.SyncDropped(r.id, v.node, epoch);

            self.release(r);
            self.vacate(r);
        }
    }

    function _isDue(
        AuditsState storage self,
        Run memory r,
        uint32 epoch,
        bytes32 random
    ) private view returns (bool) {
        VNode memory v = r.v;
        if (Asks.isDrawn(r.terms, Asks.seedOf(r.id, v.node, epoch, random))) return true;
        Stake storage s = self.stakes[r.id];
        bool waits = v.nextSince != 0 && (v.nextSince <= epoch || Asks.isFollowed(s, v, epoch));
        Asks.Wait memory w = self.waiting(r.id, v, epoch);
        (w.epochs, w.cost) = (w.epochs + 1, w.cost + v.rate);
        Asks.Ask memory a = Asks.Ask({
            node: v.node,
            rate: v.rate,
            syncing: v.syncLeft != 0,
            paused: false,
            must: false,
            successor: waits ? s.nextNode : NO_NODE,
            wait: w
        });
        return self.mustProve(r.id, a, epoch);
    }

    /// @dev Whether the randomness was on record for half of the window at least. A node that could not know in time what to
    /// prove has missed nothing, whoever recorded it so late: the epoch is void to it.
    function _hadTime(Terms t, uint32 epoch) private view returns (bool) {
        uint256 delay = IAudits(address(this)).recordedAfter(t.beacon(), epoch);
        return delay <= t.window() / 2;
    }

    function _defer(AuditsState storage self, Run memory r, uint32 epoch) private {
        VNode memory v = r.v;
        Deferred storage d = self.deferred[r.id];
        uint112 fees = uint112(feesOf(v.rate, r.terms, r.context.protocolFee));
        if (v.deferring) (d.amount, d.fees) = (d.amount + v.rate, d.fees + fees);
        else (v.deferring, d.since, d.amount, d.fees) = (true, epoch, v.rate, fees);

        emit IAudits.EpochDeferred(r.id, v.node, epoch, v.rate);
    }

    /// @notice Gives the owners back what was deferred, and amount for the epoch itself.
    function refund(AuditsState storage self, Run memory r, uint32 epoch, uint256 amount) internal {
        uint32 since = epoch;
        if (r.v.deferring) {
            since = self.deferred[r.id].since;
            amount += self.deferred[r.id].amount;
            r.v.deferring = false;
        }
        r.refunded += amount;
        credit(self, r, since, epoch, CreditIndex.CREDIT_UNIT);

        emit IAudits.EpochsRefunded(r.id, since, epoch, amount);
    }

    /// @notice Credits every segment with perEpoch · each / CREDIT_UNIT for every epoch from since until epoch that it is
    /// active in, and with its part of what is owed for the last one.
    function credit(
        AuditsState storage self,
        Run memory r,
        uint32 since,
        uint32 epoch,
        uint256 each
    ) internal {
        if (each != 0) self.credits[r.id].add(since, epoch, each);
        _compensate(self, r, epoch);
    }

    function _compensate(AuditsState storage self, Run memory r, uint32 epoch) private {
        (uint256 owed, uint256 rate) = (self.owed[r.id].amount, r.v.rate);
        if (owed == 0) return;
        // Nobody gets more than its own rate would bring: the owners of what has ended since leave nothing to who stays.
        uint256 most = rate * self.owed[r.id].multiple;
        delete self.owed[r.id];
        if (owed > most) {
            r.context.ledger.payCredit(r.context.ledger.treasury(), owed - most);
            owed = most;
        }
        if (owed != 0) self.credits[r.id].add(epoch, epoch, (owed * CreditIndex.CREDIT_UNIT) / rate);

        emit IAudits.OwnersCompensated(r.id, epoch, owed);
    }

    /// @notice What of an epoch's rate does not go to the provider.
    function feesOf(uint256 rate, Terms t, uint256 protocolFee) internal pure returns (uint256) {
        return (rate * (protocolFee + t.managerFee() + t.auditFee())) / BASIS_POINTS;
    }

    // ---------------------------------------------------------------------------------------------------- penalties

    function _miss(AuditsState storage self, Run memory r, uint32 epoch) private {
        (VNode memory v, Terms t) = (r.v, r.terms);
        ++v.misses;

        emit IAudits.Missed(r.id, v.node, epoch, v.misses);

        bool faulted = v.misses >= t.maxMisses();
        uint256 multiple = v.misses > t.grace() ? t.slashMultiple() : 0;
        if (faulted) multiple += t.faultMultiple();
        if (multiple != 0) {
            uint256 left = self.slash(r, epoch, multiple * v.rate);
            self.credits[r.id].add(epoch, epoch, (left * CreditIndex.CREDIT_UNIT) / v.rate);
        }
        if (faulted) {
            emit IAudits.Faulted(r.id, v.node, epoch);

            self.remove(r);
        }
    }
}
