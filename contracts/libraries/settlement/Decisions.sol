// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "../../interfaces/IAudits.sol";
import {NO_NODE} from "../../interfaces/Types.sol";
import {Rounding} from "../Rounding.sol";
import {Asks} from "./Asks.sol";
import {CreditIndex} from "./CreditIndex.sol";
import {Pay} from "./Pay.sol";
import {Stakes} from "./Stakes.sol";
import {AuditsState, Deferred, Run, Stake} from "./State.sol";
import {Succession} from "./Succession.sol";
import {Terms} from "./Terms.sol";
import {VNode} from "./VNodeWord.sol";

/// @title Decisions
/// @notice What becomes of an epoch that is over: refunded, deferred, or missed and slashed.
library Decisions {
    using Asks for AuditsState;
    using CreditIndex for CreditIndex.Index;
    using Stakes for AuditsState;
    using Succession for AuditsState;

    // ----------------------------------------------------------------------------------------------------- deciding

    /// @dev Decides an epoch that is over and was not proven.
    function decide(AuditsState storage self, Run memory r, uint32 epoch) internal {
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

            self.unlockStake(r);
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

    /// @dev Whether the randomness was on record for at least half of the window. If not, the node could not know in time what
    /// to prove, and the epoch is void. Delays are whole seconds, so the rounding of half a window changes nothing.
    function _hadTime(Terms t, uint32 epoch) private view returns (bool) {
        uint256 delay = IAudits(address(this)).recordedAfter(t.beacon(), epoch);
        return delay <= t.window() / 2;
    }

    function _defer(AuditsState storage self, Run memory r, uint32 epoch) private {
        VNode memory v = r.v;
        Deferred storage d = self.deferred[r.id];
        uint112 fees = uint112(Pay.feesDown(v.rate, r.terms, r.context.protocolFee));
        if (v.deferring) (d.amount, d.fees) = (d.amount + v.rate, d.fees + fees);
        else (v.deferring, d.since, d.amount, d.fees) = (true, epoch, v.rate, fees);

        emit IAudits.EpochDeferred(r.id, v.node, epoch, v.rate);
    }

    /// @notice Refunds the owners for what was deferred, and amount for the epoch itself.
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

    /// @notice Credits each segment with perEpoch · each / CREDIT_UNIT for every epoch from `since` until `epoch` in which it
    /// is active, and with its share of what is owed in the last of them.
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
        // Each owner gets at most `multiple` times its own rate. The shares of segments that have ended go to the treasury.
        uint256 most = rate * self.owed[r.id].multiple;
        delete self.owed[r.id];
        if (owed > most) {
            r.context.ledger.payCredit(r.context.ledger.treasury(), owed - most);
            owed = most;
        }
        if (owed != 0) {
            uint256 each = Rounding.mulDivDown(owed, CreditIndex.CREDIT_UNIT, rate);
            self.credits[r.id].add(epoch, epoch, each);
        }

        emit IAudits.OwnersCompensated(r.id, epoch, owed);
    }

    // ---------------------------------------------------------------------------------------------------- penalties

    function _miss(AuditsState storage self, Run memory r, uint32 epoch) private {
        (VNode memory v, Terms t) = (r.v, r.terms);
        ++v.misses;
        ++self.stakes[r.id].servedMisses;

        emit IAudits.Missed(r.id, v.node, epoch, v.misses);

        bool faulted = v.misses >= t.maxMisses();
        uint256 multiple = v.misses > t.grace() ? t.slashMultiple() : 0;
        if (faulted) multiple += t.faultMultiple();
        if (multiple != 0) {
            uint256 left = self.slash(r, epoch, multiple * v.rate);
            uint256 each = Rounding.mulDivDown(left, CreditIndex.CREDIT_UNIT, v.rate);
            self.credits[r.id].add(epoch, epoch, each);
        }
        if (faulted) {
            emit IAudits.Faulted(r.id, v.node, epoch);

            self.remove(r, true);
        }
    }
}
