// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IAudits} from "../../interfaces/IAudits.sol";
import {NodeId, VNodeId} from "../../interfaces/Types.sol";
import {Parameters} from "../Parameters.sol";
import {Asks} from "./Asks.sol";
import {Decisions} from "./Decisions.sol";
import {Epochs} from "./Epochs.sol";
import {Schedule} from "./Schedule.sol";
import {Stakes} from "./Stakes.sol";
import {AuditsState, Context, Owed, Run, Stake} from "./State.sol";
import {Succession} from "./Succession.sol";
import {Terms} from "./Terms.sol";
import {VNode} from "./VNodeWord.sol";

/// @title Convictions
/// @notice What an unanswered challenge costs a node, and who gets it. See IAudits.
library Convictions {
    using Asks for AuditsState;
    using Decisions for AuditsState;
    using Epochs for AuditsState;
    using Schedule for Schedule.Changes;
    using Succession for AuditsState;

    /// @dev As in Stakes.slash, what is kept and locked for this vNode is taken first.
    function convict(
        AuditsState storage self,
        Context memory context,
        VNodeId id,
        IAudits.Verdict calldata verdict
    ) internal returns (uint256 taken, uint256 reward) {
        Run memory r = self.openSettled(context, id);
        NodeId node = verdict.node;
        bool responsible = r.v.node == node;
        uint256 multiple = responsible ? _multipleOf(self, r, verdict.multiple) : verdict.multiple;
        uint256 amount = multiple * (responsible ? _rateOf(self, r, verdict.rate) : verdict.rate);
        uint256 fromLock = _takeLocked(self, id, node, amount, responsible);
        uint256 left;
        (taken, reward, left) = context.ledger.slash(
            node,
            amount,
            fromLock,
            verdict.challenger,
            verdict.share,
            Parameters.TREASURY_SHARE
        );

        emit IAudits.Slashed(id, node, context.current, taken, verdict.challenger, reward);

        if (responsible) {
            emit IAudits.Faulted(id, node, context.current);

            // No proof will follow, so what was deferred is not paid.
            if (r.v.deferring) self.refund(r, r.v.settled, 0);
            self.remove(r, false);
            // Nobody gets another seed for the running epoch once its randomness is known.
            if (r.v.nextSince != 0 && r.v.nextSince <= context.current) r.v.nextSince = context.current + 1;
        } else {
            context.challenges.dismiss(id, node, false);
        }
        // If another node has proven the data since the challenge, the owners have lost nothing.
        bool lost = responsible || self.takenOver[id] < verdict.epoch;
        _giveToOwners(self, r, left, lost ? multiple : 0);
        self.close(r);
        Stakes.unlockKept(self, context, id, node);
    }

    /// @dev A node whose next miss would be slashed must not get away with less.
    function _multipleOf(
        AuditsState storage self,
        Run memory r,
        uint256 multiple
    ) private view returns (uint256) {
        Terms t = self.termsAt(r.v.cluster, r.context.current);
        return r.v.misses < t.grace() ? multiple : Math.max(multiple, t.slashMultiple());
    }

    /// @dev Segments that were stored after the challenge get a share, so the node is slashed for them, too. Otherwise it
    /// could get back what it pays, by storing something for itself.
    function _rateOf(AuditsState storage self, Run memory r, uint256 rate) private view returns (uint256) {
        if (r.v.rate == 0) return rate;
        (uint256 raise, uint256 lower) = self.changes[r.id].changeAt(r.v.settled + 1);
        return Math.max(rate, r.v.rate + raise - lower);
    }

    function _takeLocked(
        AuditsState storage self,
        VNodeId id,
        NodeId node,
        uint256 amount,
        bool responsible
    ) private returns (uint256 fromLock) {
        uint256 kept = self.kept[id][node].amount;
        fromLock = Math.min(amount, kept);
        if (fromLock != 0) self.kept[id][node].amount = uint192(kept - fromLock);
        if (!responsible) return fromLock;
        Stake storage s = self.stakes[id];
        uint256 fromStake = Math.min(amount - fromLock, s.lock);
        s.lock -= uint96(fromStake);
        fromLock += fromStake;
    }

    /// @dev The owners' shares are known when the next undecided epoch is entered. Each owner gets at most `multiple` times
    /// its own rate. If nothing is stored then, all that was there at the challenge has ended: the treasury gets the amount,
    /// and not the owners of what was stored since.
    function _giveToOwners(AuditsState storage self, Run memory r, uint256 amount, uint256 multiple) private {
        if (amount == 0) return;
        VNode memory v = r.v;
        if (v.rate == 0 || multiple == 0) {
            emit IAudits.OwnersCompensated(r.id, v.settled + 1, 0);

            return r.context.ledger.payCredit(r.context.ledger.treasury(), amount);
        }
        Owed storage owed = self.owed[r.id];
        owed.amount += uint192(amount);
        if (multiple > owed.multiple) owed.multiple = uint16(multiple);
        Epochs.expectChange(r, v.settled + 1);
    }
}
