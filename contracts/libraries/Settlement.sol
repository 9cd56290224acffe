// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IProofs} from "../interfaces/audits/IProofs.sol";
import {IAudits} from "../interfaces/IAudits.sol";
import {ILedger} from "../interfaces/ILedger.sol";
import {BASIS_POINTS, ClusterId, ClusterParams, NO_NODE, NodeId, VNodeId} from "../interfaces/Types.sol";
import {IVerifier} from "../interfaces/IVerifier.sol";
import {Parameters} from "./Parameters.sol";
import {Schedule} from "./settlement/Schedule.sol";
import {Asks} from "./settlement/Asks.sol";
import {AuditsState, Context, Deferred, Run, Stake} from "./settlement/State.sol";
import {CreditIndex} from "./settlement/CreditIndex.sol";
import {Epochs} from "./settlement/Epochs.sol";
import {Stakes} from "./settlement/Stakes.sol";
import {Terms, TermsWord} from "./settlement/Terms.sol";
import {VNode, VNodeWord} from "./settlement/VNodeWord.sol";

/// @title Settlement
/// @notice How the epochs of a vNode become payments, refunds and penalties. See IAudits.
/// @dev Linked, not inlined: Audits would be too large to deploy.
library Settlement {
    using Asks for AuditsState;
    using Epochs for AuditsState;
    using Schedule for Schedule.Changes;
    using Stakes for AuditsState;

    // ----------------------------------------------------------------------------------------------------- settling

    /// @notice Settles up to limit epochs until last, which is over.
    function settle(
        AuditsState storage self,
        Context memory context,
        VNodeId id,
        uint32 last,
        uint256 limit
    ) external returns (uint32 settled) {
        Run memory r = self.open(context, id);
        self.settle(r, last, limit);
        return self.close(r);
    }

    /// @notice What the running epoch asks, if all before it is settled.
    function ask(
        AuditsState storage self,
        VNodeId id,
        uint32 epoch
    ) external view returns (NodeId node, uint256 rate, bool paused, bool must, bool consented) {
        Asks.Ask memory a = self.preview(id, self.existing(id), epoch);
        // Whoever takes over says itself when it has the data.
        consented = !a.syncing || IAudits(address(this)).registry().isOf(a.node, msg.sender);
        return (a.node, a.rate, a.paused, a.must, consented);
    }

    // ------------------------------------------------------------------------------------------------------- proven

    /// @notice Enters an epoch and settles it as proven, with what was deferred.
    /// @param asked token units per epoch that the audited directory's total stands for.
    /// @return p without the account.
    function enterProven(
        AuditsState storage self,
        Context memory context,
        VNodeId id,
        NodeId node,
        uint32 epoch,
        uint256 asked
    ) external returns (ILedger.Payment memory p) {
        Run memory r = self.open(context, id);
        self.enter(r, epoch);
        VNode memory v = r.v;
        // Who proves is who Asks.preview said would be responsible.
        assert(v.node == node);
        v.settled = epoch;
        uint32 since = _reckon(self, r, epoch, asked, p);

        emit IProofs.Proven(id, v.node, epoch, since, p.amount, p.fee, p.refund);

        if (v.syncLeft != 0) {
            self.takenOver[id] = epoch;

            emit IAudits.TakeOverProven(id, v.node, epoch);
        }
        (v.misses, v.syncLeft, v.deferring) = (0, 0, false);
        self.close(r);
    }

    /// @return since the first epoch that is decided.
    function _reckon(
        AuditsState storage self,
        Run memory r,
        uint32 epoch,
        uint256 asked,
        ILedger.Payment memory p
    ) private returns (uint32 since) {
        VNode memory v = r.v;
        uint256 protocolFee = r.context.protocolFee;
        (since, p.amount, p.fee) = (epoch, v.rate, Epochs.feesOf(v.rate, r.terms, protocolFee));
        if (v.deferring) {
            Deferred storage d = self.deferred[r.id];
            (since, p.amount, p.fee) = (d.since, p.amount + d.amount, p.fee + d.fees);
        }
        uint256 part = v.short ? 0 : covered(v.rate, asked);
        self.credit(r, since, epoch, CreditIndex.CREDIT_UNIT - part);
        split(p, part, protocolFee);
        p.cluster = v.cluster;
    }

    /// @notice The part of the rate that is paid, times CREDIT_UNIT.
    function covered(uint256 rate, uint256 asked) internal pure returns (uint256 part) {
        part =
            (Parameters.FULL_DENOMINATOR * rate * CreditIndex.CREDIT_UNIT) /
            (Parameters.FULL_NUMERATOR * asked);
        if (part > CreditIndex.CREDIT_UNIT) part = CreditIndex.CREDIT_UNIT;
    }

    /// @notice Splits what epochs cost, and the fees of it, if a part of them is paid.
    function split(ILedger.Payment memory p, uint256 part, uint256 protocolFee) internal pure {
        uint256 whole = p.amount;
        uint256 paid = (whole * part) / CreditIndex.CREDIT_UNIT;
        p.fee = (p.fee * part) / CreditIndex.CREDIT_UNIT;
        (p.amount, p.refund) = (paid - p.fee, whole - paid);
        p.protocol = (paid * protocolFee) / BASIS_POINTS;
        // A rounding of each epoch's fees may have made them less.
        if (p.protocol > p.fee) p.protocol = p.fee;
    }

    /// @notice See IAudits.
    /// @param source point of the epoch's randomness, in seconds.
    function takeOver(
        AuditsState storage self,
        Context memory context,
        VNodeId id,
        uint32 epoch,
        uint256 source,
        uint256[8] calldata proof
    ) external {
        _require(epoch != 0 && epoch == context.current, id, epoch, IProofs.Refusal.NotCurrentEpoch);
        Run memory r = self.openSettled(context, id);
        self.close(r);
        Terms t = self.termsAt(r.v.cluster, epoch);
        _require(block.timestamp < source + t.window(), id, epoch, IProofs.Refusal.WindowClosed);
        bytes32 random = IAudits(address(this)).randomness(t.beacon(), epoch);
        _require(random != 0, id, epoch, IProofs.Refusal.NoRandomness);
        Asks.Ask memory a = self.preview(id, r.v, epoch);
        require(a.successor != NO_NODE && !self.stakes[id].nextReady, IAudits.NoSuccessor(id));
        _require(a.rate != 0, id, epoch, IProofs.Refusal.NotDue);
        bool consents = context.registry.isOf(a.successor, context.caller);
        _require(consents, id, epoch, IProofs.Refusal.NotConsented);

        (bytes32 root, uint40 total, , ) = context.registry.statement(id, epoch, a.successor);
        uint256 seed = Asks.seedOf(id, a.successor, epoch, random);
        IVerifier verifier = IAudits(address(this)).profiles(t.profile()).verifier;
        bool holds = verifier.verify(proof, [uint256(root), seed, 0, total]);
        require(holds, IProofs.ProofInvalid(id, epoch));

        self.stakes[id].nextReady = true;
        r.v.nextSince = epoch + 1;
        // Not quiet: whoever is there is asked to the end.
        if (epoch < r.v.nextChange) r.v.nextChange = epoch;
        self.words[id] = VNodeWord.pack(r.v);

        emit IAudits.TakeOverProven(id, a.successor, epoch + 1);
    }

    function _require(bool condition, VNodeId id, uint32 epoch, IProofs.Refusal refusal) private pure {
        require(condition, IProofs.ProofRefused(id, epoch, refusal));
    }

    // ------------------------------------------------------------------------------------------------------- stored

    /// @notice See IAudits.
    /// @dev Neither end has begun: both are entered in their time.
    function reschedule(
        AuditsState storage self,
        ILedger ledger,
        VNodeId id,
        uint256 perEpoch,
        uint32 end,
        uint32 newEnd
    ) external returns (uint256 locked) {
        uint256 word = VNodeWord.changingAt(self.words[id], newEnd - 1);

        self.words[id] = word;
        self.changes[id].move(end, newEnd, uint128(perEpoch));
        if (newEnd > end) return back(self, ledger, self.stakes[id], id, word);
    }

    /// @notice Locks what is missing for what is committed, slashed bond included.
    function back(
        AuditsState storage self,
        ILedger ledger,
        Stake storage s,
        VNodeId id,
        uint256 word
    ) internal returns (uint256 missing) {
        bool next = VNodeWord.nodeOf(word) == NO_NODE;
        uint256 needed = uint256(s.committed) * (next ? s.nextBondEpochs : s.bondEpochs);
        uint256 locked = next ? s.nextLock : s.lock;
        if (needed <= locked) return 0;
        missing = needed - locked;
        if (next) s.nextLock = uint96(needed);
        else s.lock = uint96(needed);
        if (VNodeWord.isShort(word)) self.words[id] = VNodeWord.topped(word);
        ledger.lock(next ? s.nextNode : VNodeWord.nodeOf(word), missing);
    }

    // -------------------------------------------------------------------------------------------------------- terms

    /// @notice A cluster's terms, if they are within bounds.
    function checkedTerms(
        uint8 profile,
        uint8 beacon,
        ClusterParams calldata p,
        uint256 epochSeconds,
        uint256 margin
    ) external pure returns (Terms) {
        Parameters.check(p, epochSeconds, margin);
        return TermsWord.pack(p, profile, beacon);
    }

    /// @notice See IAudits.
    function changeTerms(
        AuditsState storage self,
        ClusterId cluster,
        Terms changed,
        uint32 current,
        uint32 delay
    ) external returns (uint32 since) {
        Terms t = self.terms[cluster];
        since = current + delay;
        uint32 version = t.version();
        // One that has not begun is given up.
        if (t.since() <= current) self.pastTerms[cluster][version++] = t;
        self.terms[cluster] = changed.dated(since, version);
    }
}
