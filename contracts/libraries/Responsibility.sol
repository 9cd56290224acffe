// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IAudits} from "../interfaces/IAudits.sol";
import {NO_NODE, NodeId, Unauthorized, VNodeId} from "../interfaces/Types.sol";
import {Parameters} from "./Parameters.sol";
import {Schedule} from "./settlement/Schedule.sol";
import {Asks} from "./settlement/Asks.sol";
import {AuditsState, Context, Kept, Leave, Owed, Run, Stake} from "./settlement/State.sol";
import {Epochs} from "./settlement/Epochs.sol";
import {Pauses} from "./settlement/Pauses.sol";
import {Stakes} from "./settlement/Stakes.sol";
import {Terms} from "./settlement/Terms.sol";
import {VNode} from "./settlement/VNodeWord.sol";

/// @title Responsibility
/// @notice Who is responsible for a vNode: named, leaving, pausing, challenged, convicted. See IAudits.
/// @dev Linked, not inlined: Audits would be too large to deploy.
library Responsibility {
    using Asks for AuditsState;
    using Epochs for AuditsState;
    using Schedule for Schedule.Changes;
    using Stakes for AuditsState;

    // ------------------------------------------------------------------------------------------------------- naming

    /// @notice See IAudits. Who is responsible keeps its room until the switch.
    function assign(
        AuditsState storage self,
        Context memory context,
        VNodeId id,
        NodeId node
    ) external returns (NodeId previous, uint32 since) {
        Run memory r = self.openSettled(context, id);
        Stake storage s = self.stakes[id];
        bool named = r.v.nextSince != 0;
        NodeId next = named ? s.nextNode : r.v.node;
        require(node != next, IAudits.AlreadyAssigned(id, node));
        if (named) {
            previous = next;
            // Who waited when the epoch began, or has proven since, has made it due, and nobody takes that back.
            if (r.v.nextSince <= context.current || s.nextReady) {
                s.waitedIn = context.current;
                _disquiet(r, context.current);
            }
            Stakes.dismissNext(r, s);
        } else {
            require(node != NO_NODE || s.committed == 0, IAudits.HasData(id, next));
        }
        bool takenBack = named && (node == NO_NODE || node == r.v.node);
        if (!takenBack) Stakes.appoint(r, s, node, uint256(s.committed) * r.terms.bondEpochs());
        since = r.v.nextSince;
        self.close(r);
    }

    // -------------------------------------------------------------------------------------------- leaving, pausing

    /// @notice See IAudits.
    function announceLeave(AuditsState storage self, Context memory context, VNodeId id) external {
        Run memory r = self.openSettled(context, id);
        NodeId node = r.v.node;
        _checkProvider(r);
        require(self.leaves[id].node != node, IAudits.LeaveAnnouncedAlready(id, node));
        (uint32 from, uint32 end) = self.pauses[id][node].latest();
        require(end <= context.current, IAudits.PauseOverlaps(id, from, end));

        uint32 epoch = context.current + 1 + Parameters.LEAVE_NOTICE;
        self.leaves[id] = Leave(node, epoch);
        _disquiet(r, context.current + 1);
        self.close(r);

        emit IAudits.LeaveAnnounced(id, node, epoch);
    }

    /// @notice See IAudits.
    function pause(
        AuditsState storage self,
        Context memory context,
        VNodeId id,
        uint32 epochs,
        uint32 quarterEpochs
    ) external returns (uint32 from, uint32 end) {
        Run memory r = self.openSettled(context, id);
        NodeId node = r.v.node;
        _checkProvider(r);
        uint256 budget = Parameters.pauseBudget(quarterEpochs);
        require(epochs != 0, IAudits.NoEpochs());
        require(epochs <= budget, IAudits.PauseBudgetSpent(id, node, epochs, budget));
        require(self.leaves[id].node != node, IAudits.LeaveAnnouncedAlready(id, node));

        Pauses p = _paused(self.pauses[id][node], context.current, epochs, quarterEpochs);
        require(Pauses.unwrap(p) != 0, IAudits.TooManyPauses(id, node));
        (from, end) = p.latest();
        uint256 used = p.usedSince(end < quarterEpochs ? 0 : end - quarterEpochs);
        require(used <= budget, IAudits.PauseBudgetSpent(id, node, used, budget));
        self.pauses[id][node] = p;
        _disquiet(r, context.current + 1);
        self.close(r);

        emit IAudits.Paused(id, node, from, end);
    }

    /// @dev One that has not ended goes on for longer. Nothing: it would be the sixth in a quarter, and the first forgotten.
    function _paused(
        Pauses p,
        uint32 current,
        uint32 epochs,
        uint32 quarterEpochs
    ) private pure returns (Pauses) {
        (, uint32 end) = p.latest();
        if (end > current) return p.prolonged(epochs);
        uint32 from = current + Parameters.PAUSE_NOTICE;
        uint32 before = from + epochs < quarterEpochs ? 0 : from + epochs - quarterEpochs;
        return p.isFullSince(before) ? Pauses.wrap(0) : p.pushed(from, epochs);
    }

    function _checkProvider(Run memory r) private view {
        address provider = r.context.registry.providerOf(r.v.node);
        require(r.context.caller == provider, Unauthorized(r.context.caller));
    }

    function _disquiet(Run memory r, uint32 epoch) private pure {
        if (epoch < r.v.nextChange) r.v.nextChange = epoch;
    }

    // --------------------------------------------------------------------------------------------------------- bond

    /// @notice See IAudits.
    function topUp(AuditsState storage self, Context memory context, VNodeId id) external {
        Run memory r = self.openSettled(context, id);
        Stake storage s = self.stakes[id];
        (uint256 needed, uint256 locked) = (Stakes.required(s), s.lock);
        if (r.v.node != NO_NODE && locked < needed) {
            (s.lock, r.v.short) = (uint96(needed), false);
            context.ledger.lock(r.v.node, needed - locked);

            emit IAudits.ToppedUp(id, r.v.node, needed - locked);
        }
        self.close(r);
    }

    /// @notice See IAudits. Nobody is waited for, and no challenge is open.
    function unlockKept(AuditsState storage self, Context memory context, VNodeId id, NodeId node) public {
        Kept memory k = self.kept[id][node];
        bool waiting = k.until > context.current && self.takenOver[id] < k.since;
        if (k.amount == 0 || waiting || context.challenges.openAgainst(id, node) != 0) return;
        delete self.kept[id][node];
        context.ledger.unlock(node, k.amount);
    }

    // --------------------------------------------------------------------------------------------------- challenges

    /// @notice See IAudits.
    function summon(
        AuditsState storage self,
        Context memory context,
        VNodeId id
    ) external returns (IAudits.Subject memory s) {
        Run memory r = self.openSettled(context, id);
        self.close(r);

        Asks.Ask memory a = self.preview(id, r.v, context.current);
        (s.node, s.rate, s.syncing) = (a.node, uint80(a.rate), a.syncing);
        Terms t = self.termsAt(r.v.cluster, context.current);
        (s.faultMultiple, s.reporterShare) = (t.faultMultiple(), t.reporterShare());
        (s.profile, s.beacon) = (t.profile(), r.terms.beacon());
    }

    /// @notice See IAudits. Takes what is kept and what is locked for this vNode first, as Stakes.slash does.
    function convict(
        AuditsState storage self,
        Context memory context,
        VNodeId id,
        IAudits.Verdict calldata verdict
    ) external returns (uint256 taken, uint256 reward) {
        Run memory r = self.openSettled(context, id);
        NodeId node = verdict.node;
        bool responsible = r.v.node == node;
        uint256 multiple = responsible ? _multipleToJudge(self, r, verdict.multiple) : verdict.multiple;
        uint256 amount = multiple * (responsible ? _rateToJudge(self, r, verdict.rate) : verdict.rate);
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

            // Nothing is paid that no proof follows.
            if (r.v.deferring) self.refund(r, r.v.settled, 0);
            self.remove(r);
            // Nobody has the running epoch under another seed, once it is known.
            if (r.v.nextSince != 0 && r.v.nextSince <= context.current) r.v.nextSince = context.current + 1;
        } else {
            context.challenges.dismiss(id, node);
        }
        // Where somebody else has proven the data since, no owner has lost any.
        bool lost = responsible || self.takenOver[id] < verdict.epoch;
        _giveToOwners(self, r, left, lost ? multiple : 0);
        self.close(r);
        unlockKept(self, context, id, node);
    }

    /// @dev A node that would be slashed for its next miss does not go for less.
    function _multipleToJudge(
        AuditsState storage self,
        Run memory r,
        uint256 multiple
    ) private view returns (uint256) {
        Terms t = self.termsAt(r.v.cluster, r.context.current);
        return r.v.misses < t.grace() ? multiple : Math.max(multiple, t.slashMultiple());
    }

    /// @dev Who came after the challenge has a share too: the node is slashed for them as well, so that it cannot get back
    /// what it pays by storing for itself.
    function _rateToJudge(
        AuditsState storage self,
        Run memory r,
        uint256 rate
    ) private view returns (uint256) {
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

    /// @dev The owners' shares are known when the next epoch to be decided is entered: multiple epochs' rate at most. If
    /// nothing is stored then, all that was there when the node was challenged has ended: the treasury gets it, and not who
    /// stored since.
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
        _disquiet(r, v.settled + 1);
    }

    // ------------------------------------------------------------------------------------------------------- stored

    /// @notice See IAudits.
    function nextRate(
        AuditsState storage self,
        Context memory context,
        VNodeId id
    ) external returns (uint256 rate) {
        Run memory r = self.openSettled(context, id);
        self.close(r);
        rate = self.stakes[id].committed;
        for (uint32 epoch = r.v.settled + 1; epoch <= context.current + 1; ++epoch) {
            (, uint256 lower) = self.changes[id].changeAt(epoch);
            rate -= lower;
        }
    }
}
