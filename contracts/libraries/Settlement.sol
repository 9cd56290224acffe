// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";
import {IAudits} from "../interfaces/IAudits.sol";
import {ILedger} from "../interfaces/ILedger.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {
    BASIS_POINTS,
    ClusterId,
    ClusterParams,
    NO_NODE,
    NodeId,
    Unauthorized,
    VNodeId
} from "../interfaces/Types.sol";
import {Parameters} from "./Parameters.sol";
import {Schedule} from "./Schedule.sol";
import {Terms, TermsWord} from "./Terms.sol";
import {VNode, VNodeWord} from "./VNodeWord.sol";

/// @title Settlement
/// @notice How the epochs of a vNode become payments, refunds and penalties, and who is responsible for it. See IAudits.
/// @dev Linked, not inlined, but for what proofs need too: Audits would be too large to deploy.
library Settlement {
    using Checkpoints for Checkpoints.Trace224;
    using Schedule for Schedule.Changes;

    /// @dev Bond behind a vNode. lock = committed · bondEpochs, less what was slashed; as agreed when the node was assigned.
    struct Stake {
        uint80 committed;
        uint16 bondEpochs;
        uint96 lock;
        NodeId nextNode;
        uint96 nextLock;
        uint16 nextBondEpochs;
        /// Whether the next node takes over data that it has not accepted itself.
        bool nextSyncs;
    }

    /// @dev Maintenance: from <= epoch < end is neither paid nor asked for. used of the budget of a quarter, counted from
    /// epoch 0.
    struct Pause {
        uint32 from;
        uint32 end;
        uint32 quarter;
        uint32 used;
    }

    /// @dev The node goes, once the epoch has begun.
    struct Leave {
        NodeId node;
        uint32 epoch;
    }

    /// @dev What Audits keeps.
    struct Book {
        /// The newest, and by version the ones before.
        mapping(ClusterId cluster => Terms) terms;
        mapping(ClusterId cluster => mapping(uint32 version => Terms)) pastTerms;
        /// VNodeWord.
        mapping(VNodeId vNode => uint256) words;
        mapping(VNodeId vNode => Stake) stakes;
        mapping(VNodeId vNode => Schedule.Changes) changes;
        /// Per vNode, after which epoch: credit of one unit of rate so far, times CREDIT_UNIT.
        mapping(VNodeId vNode => Checkpoints.Trace224) creditIndex;
        mapping(VNodeId vNode => mapping(NodeId node => Pause)) pauses;
        mapping(VNodeId vNode => Leave) leaves;
        /// Bond that is locked for nothing but challenges.
        mapping(VNodeId vNode => mapping(NodeId node => uint256)) kept;
        /// Taken for challenges, for the owners of the next epoch to be settled.
        mapping(VNodeId vNode => uint256) owed;
    }

    /// @dev What a library cannot know by itself.
    struct Context {
        ILedger ledger;
        IRegistry registry;
        uint256 protocolFee;
        uint32 current;
        /// Whoever asks, and is rewarded for the misses that come to light.
        address caller;
    }

    /// @dev One vNode at work: v is what its word says, and goes back there at the end. What a run of epochs adds up to
    /// goes to the ledger at once.
    struct Run {
        Context context;
        VNodeId id;
        VNode v;
        Terms terms;
        uint256 paid;
        uint256 fees;
        uint256 refunded;
    }

    bytes32 private constant TAG_DUE = "due";
    uint256 private constant CREDIT_UNIT = 1e18;
    /// @dev Epochs that a change settles before itself.
    uint256 private constant MAX_LAG = 64;

    // ------------------------------------------------------------------------------------------ what an epoch asks

    /// @dev Changes are as far apart as the delay: there are few to go back.
    function termsAt(Book storage b, ClusterId cluster, uint32 epoch) internal view returns (Terms t) {
        t = b.terms[cluster];
        while (epoch < t.since()) t = b.pastTerms[cluster][t.version() - 1];
    }

    /// @dev protocol/statement.ts, auditSeed.
    function seedOf(VNodeId id, NodeId node, uint32 epoch, bytes32 random) internal view returns (uint256) {
        return uint256(keccak256(abi.encode(block.chainid, address(this), id, node, epoch, random))) >> 8;
    }

    /// @dev A node that takes over is asked every time. protocol/statement.ts, isDue.
    function isDue(
        NodeId node,
        uint256 rate,
        bool syncing,
        Terms t,
        uint256 seed
    ) internal pure returns (bool) {
        if (node == NO_NODE || rate == 0) return false;
        if (syncing || t.odds() == 1) return true;
        return uint256(keccak256(abi.encode(seed, TAG_DUE))) % t.odds() == 0;
    }

    /// @dev What entering each epoch from the next one to this one would make of v; rate is 0 if the node pauses.
    function preview(
        Book storage b,
        VNodeId id,
        VNode memory v,
        uint32 epoch
    ) internal view returns (NodeId node, uint256 rate, bool syncing) {
        (node, rate, syncing) = (v.node, v.rate, v.syncLeft != 0);
        if (v.nextSince != 0 && v.nextSince <= epoch) {
            (node, syncing) = (b.stakes[id].nextNode, b.stakes[id].nextSyncs);
        }
        for (uint32 e = v.settled + 1; e <= epoch; ++e) {
            (uint256 raise, uint256 lower) = b.changes[id].changeAt(e);
            rate = rate + raise - lower;
        }
        if (isPaused(b, id, node, epoch)) rate = 0;
    }

    function isPaused(Book storage b, VNodeId id, NodeId node, uint32 epoch) internal view returns (bool) {
        Pause storage p = b.pauses[id][node];
        return p.from <= epoch && epoch < p.end;
    }

    /// @dev What of an epoch's rate the provider gets, and what goes to the cluster's pot.
    function split(
        uint256 rate,
        Terms t,
        uint256 protocolFee
    ) internal pure returns (uint256 amount, uint256 fee) {
        fee = (rate * (protocolFee + t.managerFee() + t.auditFee())) / BASIS_POINTS;
        amount = rate - fee;
    }

    function existing(Book storage b, VNodeId id) internal view returns (VNode memory) {
        uint256 word = b.words[id];
        require(ClusterId.unwrap(VNodeWord.clusterOf(word)) != 0, IAudits.NoSuchVNode(id));
        return VNodeWord.unpack(word);
    }

    // ----------------------------------------------------------------------------------------------------- settling

    /// @notice Settles up to limit epochs until last, which is over.
    function settle(
        Book storage b,
        Context memory context,
        VNodeId id,
        uint32 last,
        uint256 limit
    ) external returns (uint32 settled) {
        Run memory r = _open(b, context, id);
        _settle(b, r, last, limit);
        return _close(b, r);
    }

    /// @notice Enters an epoch and settles it as proven.
    function enterProven(Book storage b, Context memory context, VNodeId id, uint32 epoch) external {
        Run memory r = _open(b, context, id);
        _enter(b, r, epoch);
        b.words[id] = VNodeWord.proven(VNodeWord.pack(r.v), epoch);
    }

    function _open(Book storage b, Context memory context, VNodeId id) private view returns (Run memory r) {
        r = Run(context, id, existing(b, id), Terms.wrap(0), 0, 0, 0);
        r.terms = termsAt(b, r.v.cluster, r.v.settled + 1);
    }

    function _close(Book storage b, Run memory r) private returns (uint32 settled) {
        _flush(r);
        b.words[r.id] = VNodeWord.pack(r.v);
        return r.v.settled;
    }

    function _settle(Book storage b, Run memory r, uint32 last, uint256 limit) private {
        VNode memory v = r.v;
        for (uint32 epoch = v.settled + 1; epoch <= last && limit != 0; ++epoch) {
            if (v.rate == 0 && b.stakes[r.id].committed == 0) return _skipIdle(b, r, last);
            --limit;
            _enter(b, r, epoch);
            v.settled = epoch;
            if (v.rate != 0) _settleEpoch(b, r, epoch);
        }
    }

    function _settleEpoch(Book storage b, Run memory r, uint32 epoch) private {
        VNode memory v = r.v;
        if (v.node == NO_NODE || isPaused(b, r.id, v.node, epoch)) return _refundEpoch(b, r, epoch);
        bytes32 random = IAudits(address(this)).randomness(r.terms.beacon(), epoch);
        bool missed =
            random != 0 &&
                isDue(v.node, v.rate, v.syncLeft != 0, r.terms, seedOf(r.id, v.node, epoch, random)) &&
                _hadTime(r.terms, epoch);
        if (!missed && v.syncLeft == 0) return _payEpoch(r, epoch);
        _refundEpoch(b, r, epoch);
        if (!missed) return;

        if (v.syncLeft == 0) _miss(b, r, epoch);
        else if (--v.syncLeft == 0) {
            emit IAudits.SyncDropped(r.id, v.node, epoch);

            _vacate(b, r);
        }
    }

    /// @dev Whether the randomness was on record for half of the window at least. A node that could not know in time what to
    /// prove has missed nothing, whoever recorded it so late: the epoch is void to it.
    function _hadTime(Terms t, uint32 epoch) private view returns (bool) {
        uint256 delay = IAudits(address(this)).beacons(t.beacon()).recordedAfter(epoch);
        return 2 * delay <= t.window();
    }

    /// @dev Nothing is stored and nothing will be: every epoch until last is the same.
    function _skipIdle(Book storage b, Run memory r, uint32 last) private {
        if (r.v.nextSince != 0 && r.v.nextSince <= last) _switch(b, r);
        r.v.settled = last;
    }

    /// @dev What the start of an epoch changes: the terms, who is responsible, the rate.
    function _enter(Book storage b, Run memory r, uint32 epoch) private {
        VNode memory v = r.v;
        r.terms = termsAt(b, v.cluster, epoch);
        if (epoch == v.nextSince) _switch(b, r);
        if (epoch < v.nextChange) return;
        (uint256 raise, uint256 lower) = b.changes[r.id].changeAt(epoch);
        (v.rate, v.nextChange) = (uint80(v.rate + raise - lower), _quietUntil(b, r, epoch));
        if (lower != 0) _shrink(b, r, lower);
        if (b.owed[r.id] != 0) _compensate(b, r, epoch);
    }

    /// @dev No epoch of a pause is quiet.
    function _quietUntil(Book storage b, Run memory r, uint32 epoch) private view returns (uint32 quiet) {
        quiet = b.changes[r.id].quietUntil(epoch);
        Pause storage p = b.pauses[r.id][r.v.node];
        if (epoch + 1 >= p.end) return quiet;
        uint32 next = p.from > epoch ? p.from : epoch + 1;
        if (next < quiet) quiet = next;
    }

    /// @dev Some segments ended: their part of the bond is free.
    function _shrink(Book storage b, Run memory r, uint256 lower) private {
        Stake storage s = b.stakes[r.id];
        s.committed = uint80(s.committed - lower);
        if (s.committed == 0) r.v.syncLeft = 0;
        if (r.v.node != NO_NODE) _trim(b, r, s);
    }

    function _trim(Book storage b, Run memory r, Stake storage s) private {
        uint256 needed = uint256(s.committed) * s.bondEpochs;
        uint256 locked = s.lock;
        if (locked <= needed) return;
        s.lock = uint96(needed);
        _free(b, r, r.v.node, locked - needed);
    }

    function _payEpoch(Run memory r, uint32 epoch) private {
        (uint256 amount, uint256 fee) = split(r.v.rate, r.terms, r.context.protocolFee);
        (r.paid, r.fees) = (r.paid + amount, r.fees + fee);

        emit IAudits.EpochPaid(r.id, r.v.node, epoch, amount, fee);
    }

    function _refundEpoch(Book storage b, Run memory r, uint32 epoch) private {
        r.refunded += r.v.rate;
        _credit(b, r.id, epoch, CREDIT_UNIT);

        emit IAudits.EpochRefunded(r.id, epoch, r.v.rate);
    }

    /// @dev Credits every segment that is active in the epoch with perEpoch · credit / CREDIT_UNIT.
    function _credit(Book storage b, VNodeId id, uint32 epoch, uint256 credit) private {
        Checkpoints.Trace224 storage index = b.creditIndex[id];
        index.push(epoch, uint224(index.latest() + credit));
    }

    function _flush(Run memory r) private {
        (ILedger ledger, uint256 total) = (r.context.ledger, r.paid + r.fees);
        if (total != 0) ledger.pay(r.context.registry.providerOf(r.v.node), r.v.cluster, r.paid, r.fees);
        if (r.refunded != 0) ledger.refund(r.refunded);
        (r.paid, r.fees, r.refunded) = (0, 0, 0);
    }

    // ---------------------------------------------------------------------------------------------------- penalties

    function _miss(Book storage b, Run memory r, uint32 epoch) private {
        (VNode memory v, Terms t) = (r.v, r.terms);
        ++v.misses;

        emit IAudits.Missed(r.id, v.node, epoch, v.misses);

        bool faulted = v.misses >= t.maxMisses();
        uint256 multiple = v.misses > t.grace() ? t.slashMultiple() : 0;
        if (faulted) multiple += t.faultMultiple();
        if (multiple != 0) _slash(b, r, epoch, multiple * v.rate);
        if (faulted) {
            emit IAudits.Faulted(r.id, v.node, epoch);

            _vacate(b, r);
        }
    }

    /// @dev Takes what is locked for this vNode, then what the node has not locked at all, and never what is locked for
    /// another.
    function _slash(Book storage b, Run memory r, uint32 epoch, uint256 amount) private {
        Stake storage s = b.stakes[r.id];
        uint256 fromLock = Math.min(amount, s.lock);
        s.lock -= uint96(fromLock);
        address reporter = r.context.caller;
        (uint256 taken, uint256 reward) = r.context.ledger.slash(
            r.v.node,
            amount,
            fromLock,
            reporter,
            r.terms.reporterShare()
        );
        _credit(b, r.id, epoch, ((taken - reward) * CREDIT_UNIT) / r.v.rate);

        emit IAudits.Slashed(r.id, r.v.node, epoch, taken, reporter, reward);
    }

    /// @dev Removes the node. Unless the manager has named the next one already, a standby node takes over in the next
    /// epoch.
    function _vacate(Book storage b, Run memory r) private {
        _flush(r);
        VNode memory v = r.v;
        NodeId old = v.node;
        (v.node, v.misses, v.syncLeft) = (NO_NODE, 0, 0);
        Stake storage s = b.stakes[r.id];
        _free(b, r, old, s.lock);
        s.lock = 0;
        if (v.nextSince != 0) return;

        r.terms = termsAt(b, v.cluster, r.context.current + 1);
        uint256 needed = uint256(s.committed) * r.terms.bondEpochs();
        NodeId next = r.context.registry.replaceNode(r.id, old, needed);
        if (next == NO_NODE) return;
        _appoint(r, s, next, needed);

        emit IAudits.TookOver(r.id, next, v.nextSince);
    }

    // ---------------------------------------------------------------------------------------------- responsibility

    /// @notice See IAudits.
    function assign(
        Book storage b,
        Context memory context,
        VNodeId id,
        NodeId node
    ) external returns (NodeId previous, uint32 since) {
        Run memory r = _openSettled(b, context, id);
        Stake storage s = b.stakes[id];
        bool pending = r.v.nextSince != 0;
        previous = pending ? s.nextNode : r.v.node;
        require(node != previous, IAudits.AlreadyAssigned(id, node));

        if (pending) {
            _unlock(r, previous, s.nextLock);
            s.nextLock = 0;
        }
        _appoint(r, s, node, uint256(s.committed) * r.terms.bondEpochs());
        since = r.v.nextSince;
        _close(b, r);
    }

    /// @dev Settled to the last epoch that is over, with the running epoch's node in its place.
    function _openSettled(Book storage b, Context memory context, VNodeId id) private returns (Run memory r) {
        r = _open(b, context, id);
        uint32 current = context.current;
        if (current != 0) {
            _settle(b, r, current - 1, MAX_LAG);
            require(r.v.settled + 1 >= current, IAudits.SettleFirst(id, r.v.settled, current - 1));
            r.terms = termsAt(b, r.v.cluster, current);
            if (r.v.nextSince == current) _switch(b, r);
        }
        r.terms = termsAt(b, r.v.cluster, current + 1);
    }

    /// @dev Makes a node responsible from the next epoch on, with its bond locked.
    function _appoint(Run memory r, Stake storage s, NodeId node, uint256 needed) private {
        (s.nextNode, r.v.nextSince) = (node, r.context.current + 1);
        (s.nextBondEpochs, s.nextSyncs) = (r.terms.bondEpochs(), s.committed != 0);
        if (node == NO_NODE || needed == 0) return;
        s.nextLock = uint96(needed);
        r.context.ledger.lock(node, needed);
    }

    /// @dev The next node becomes the node.
    function _switch(Book storage b, Run memory r) private {
        _flush(r);
        VNode memory v = r.v;
        Stake storage s = b.stakes[r.id];
        _free(b, r, v.node, s.lock);
        (s.lock, s.bondEpochs, s.nextLock) = (s.nextLock, s.nextBondEpochs, 0);
        // The new node may have paused earlier: nothing is quiet until that was looked up.
        (v.node, v.nextSince, v.misses, v.nextChange) = (s.nextNode, 0, 0, 0);
        v.syncLeft = s.nextSyncs && v.node != NO_NODE ? r.terms.syncEpochs() : 0;
        s.nextNode = NO_NODE;
        // Whoever announced to leave has gone, or comes anew.
        delete b.leaves[r.id];
        // What has ended since it was appointed.
        _trim(b, r, s);
    }

    function _unlock(Run memory r, NodeId node, uint256 amount) private {
        if (amount != 0) r.context.ledger.unlock(node, amount);
    }

    /// @dev What a node is no longer responsible for stays locked while it has challenges to answer.
    function _free(Book storage b, Run memory r, NodeId node, uint256 amount) private {
        if (amount == 0) return;
        if (!_isChallenged(r.id, node)) return r.context.ledger.unlock(node, amount);
        b.kept[r.id][node] += amount;

        emit IAudits.BondKept(r.id, node, amount);
    }

    function _isChallenged(VNodeId id, NodeId node) private view returns (bool) {
        return IAudits(address(this)).challenges().openAgainst(id, node) != 0;
    }

    /// @notice See IAudits.
    function announceLeave(Book storage b, Context memory context, VNodeId id) external {
        Run memory r = _openSettled(b, context, id);
        NodeId node = r.v.node;
        _checkProvider(r);
        require(r.v.nextSince == 0, IAudits.SuccessorNamed(id, b.stakes[id].nextNode));
        require(b.leaves[id].node != node, IAudits.LeaveAnnouncedAlready(id, node));
        _close(b, r);

        uint32 epoch = context.current + Parameters.LEAVE_NOTICE;
        b.leaves[id] = Leave(node, epoch);

        emit IAudits.LeaveAnnounced(id, node, epoch);
    }

    /// @notice See IAudits.
    function leave(Book storage b, Context memory context, VNodeId id) external {
        Run memory r = _openSettled(b, context, id);
        NodeId node = r.v.node;
        Leave memory announced = b.leaves[id];
        require(
            node != NO_NODE && announced.node == node && announced.epoch <= context.current,
            IAudits.LeaveNotDue(id, node, announced.epoch)
        );
        require(r.v.nextSince == 0, IAudits.SuccessorNamed(id, b.stakes[id].nextNode));
        delete b.leaves[id];

        Stake storage s = b.stakes[id];
        uint256 needed = uint256(s.committed) * r.terms.bondEpochs();
        NodeId next = context.registry.replaceNode(id, node, needed);
        _appoint(r, s, next, needed);
        _close(b, r);

        emit IAudits.Left(id, node, r.v.nextSince);
        if (next != NO_NODE) emit IAudits.TookOver(id, next, r.v.nextSince);
    }

    /// @notice See IAudits.
    function pause(
        Book storage b,
        Context memory context,
        VNodeId id,
        uint32 epochs,
        uint32 quarterEpochs
    ) external returns (uint32 from, uint32 end) {
        Run memory r = _openSettled(b, context, id);
        _checkProvider(r);
        require(epochs != 0, IAudits.NoEpochs());
        Pause storage p = b.pauses[id][r.v.node];
        uint32 next = context.current + 1;
        // One that has begun goes on without a gap.
        (from, end) = p.end >= next ? (p.from, p.end) : (next, next);
        uint32 quarter = next / quarterEpochs;
        uint256 budget = Parameters.pauseBudget(quarterEpochs);
        uint256 used = p.quarter == quarter ? p.used : 0;
        require(used + epochs <= budget, IAudits.PauseBudgetSpent(id, r.v.node, used, budget));

        end += epochs;
        b.pauses[id][r.v.node] = Pause(from, end, quarter, uint32(used + epochs));
        if (next < r.v.nextChange) r.v.nextChange = next;
        _close(b, r);

        emit IAudits.Paused(id, r.v.node, from, end);
    }

    function _checkProvider(Run memory r) private view {
        address provider = r.context.registry.providerOf(r.v.node);
        require(r.context.caller == provider, Unauthorized(r.context.caller));
    }

    // --------------------------------------------------------------------------------------------------- challenges

    /// @notice See IAudits.
    function summon(
        Book storage b,
        Context memory context,
        VNodeId id
    ) external returns (IAudits.Subject memory s) {
        Run memory r = _openSettled(b, context, id);
        _close(b, r);

        uint32 current = context.current;
        uint256 rate;
        (s.node, rate, s.syncing) = preview(b, id, r.v, current);
        s.rate = uint80(rate);
        for (uint32 epoch = current; epoch <= current + 2; ++epoch) {
            if (isPaused(b, id, s.node, epoch)) s.pausing = true;
        }
        Terms t = termsAt(b, r.v.cluster, current);
        (s.faultMultiple, s.reporterShare) = (t.faultMultiple(), t.reporterShare());
        (s.profile, s.beacon) = (t.profile(), r.terms.beacon());
    }

    /// @notice See IAudits. Takes what is kept and what is locked for this vNode first, as _slash does.
    function convict(
        Book storage b,
        Context memory context,
        VNodeId id,
        IAudits.Verdict calldata verdict
    ) external returns (uint256 taken, uint256 reward) {
        Run memory r = _openSettled(b, context, id);
        NodeId node = verdict.node;
        bool responsible = r.v.node == node;
        uint256 amount = verdict.multiple * (responsible ? _rateToJudge(b, r, verdict) : verdict.rate);
        uint256 fromLock = _takeLocked(b, id, node, amount, responsible);
        (taken, reward) = context.ledger.slash(node, amount, fromLock, verdict.challenger, verdict.share);

        emit IAudits.Slashed(id, node, context.current, taken, verdict.challenger, reward);

        _giveToOwners(b, r, verdict.owner, taken - reward);
        if (responsible) {
            emit IAudits.Faulted(id, node, context.current);

            _vacate(b, r);
        }
        _close(b, r);
        absolve(b, context, id, node);
    }

    /// @dev If all owners share, who came after the challenge has a share too: it is slashed for them as well, so that a
    /// node cannot get back what it pays by storing for itself.
    function _rateToJudge(
        Book storage b,
        Run memory r,
        IAudits.Verdict calldata verdict
    ) private view returns (uint256) {
        if (verdict.owner != address(0) || r.v.rate == 0) return verdict.rate;
        (uint256 raise, uint256 lower) = b.changes[r.id].changeAt(r.v.settled + 1);
        return Math.max(verdict.rate, r.v.rate + raise - lower);
    }

    function _takeLocked(
        Book storage b,
        VNodeId id,
        NodeId node,
        uint256 amount,
        bool responsible
    ) private returns (uint256 fromLock) {
        uint256 kept = b.kept[id][node];
        fromLock = Math.min(amount, kept);
        b.kept[id][node] = kept - fromLock;
        if (!responsible) return fromLock;
        Stake storage s = b.stakes[id];
        uint256 fromStake = Math.min(amount - fromLock, s.lock);
        s.lock -= uint96(fromStake);
        fromLock += fromStake;
    }

    /// @dev The rate of the next epoch to be settled may still rise: its owners' shares are known when it is entered. If
    /// there is none before, all that was there when the node was challenged has ended.
    function _giveToOwners(Book storage b, Run memory r, address owner, uint256 amount) private {
        if (amount == 0) return;
        ILedger ledger = r.context.ledger;
        if (owner != address(0)) return ledger.payCredit(owner, amount);
        VNode memory v = r.v;
        if (v.rate == 0) {
            emit IAudits.OwnersCompensated(r.id, v.settled + 1, amount);

            return ledger.payCredit(ledger.treasury(), amount);
        }
        b.owed[r.id] += amount;
        if (v.settled + 1 < v.nextChange) v.nextChange = v.settled + 1;
    }

    function _compensate(Book storage b, Run memory r, uint32 epoch) private {
        uint256 amount = b.owed[r.id];
        delete b.owed[r.id];
        ILedger ledger = r.context.ledger;
        if (r.v.rate == 0) ledger.payCredit(ledger.treasury(), amount);
        else _credit(b, r.id, epoch, (amount * CREDIT_UNIT) / r.v.rate);

        emit IAudits.OwnersCompensated(r.id, epoch, amount);
    }

    /// @notice See IAudits.
    function absolve(Book storage b, Context memory context, VNodeId id, NodeId node) public {
        uint256 amount = b.kept[id][node];
        if (amount == 0 || _isChallenged(id, node)) return;
        b.kept[id][node] = 0;
        context.ledger.unlock(node, amount);
    }

    // -------------------------------------------------------------------------------------------------------- terms

    /// @notice A cluster's terms, if they are within bounds.
    function checkedTerms(
        uint8 profile,
        uint8 beacon,
        ClusterParams calldata p,
        uint256 epochSeconds
    ) external pure returns (Terms) {
        Parameters.check(p, epochSeconds);
        return TermsWord.pack(p, profile, beacon);
    }

    /// @notice See IAudits.
    function changeTerms(
        Book storage b,
        ClusterId cluster,
        Terms changed,
        uint32 current,
        uint32 delay
    ) external returns (uint32 since) {
        Terms t = b.terms[cluster];
        since = current + delay;
        uint32 version = t.version();
        // One that has not begun is given up.
        if (t.since() <= current) b.pastTerms[cluster][version++] = t;
        b.terms[cluster] = changed.dated(since, version);
    }

    // ------------------------------------------------------------------------------------------------------- stored

    /// @notice See IAudits.
    /// @dev Warning: the caller settles a vNode before, if nothing is committed yet.
    function commit(
        Book storage b,
        ILedger ledger,
        VNodeId id,
        uint256 perEpoch,
        uint32 from,
        uint32 end
    ) internal {
        uint256 word = b.words[id];
        Stake storage s = b.stakes[id];
        uint256 committed = s.committed + perEpoch;
        require(committed <= type(uint80).max, IAudits.RateTooHigh(id, committed));

        b.words[id] = VNodeWord.changingAt(word, from);
        b.changes[id].add(VNodeWord.settledOf(word), from, end, uint80(perEpoch));
        s.committed = uint80(committed);
        _back(ledger, s, word);
    }

    /// @notice See IAudits.
    /// @dev Neither end has begun: both are entered in their time.
    function reschedule(
        Book storage b,
        ILedger ledger,
        VNodeId id,
        uint256 perEpoch,
        uint32 end,
        uint32 newEnd
    ) external {
        uint256 word = b.words[id];

        b.words[id] = VNodeWord.changingAt(word, newEnd);
        b.changes[id].move(end, newEnd, uint128(perEpoch));
        if (newEnd > end) _back(ledger, b.stakes[id], word);
    }

    /// @dev Locks what is missing for what is committed, slashed bond included.
    function _back(ILedger ledger, Stake storage s, uint256 word) private {
        bool next = VNodeWord.nextSinceOf(word) != 0;
        (NodeId node, uint256 locked, uint256 bondEpochs) = next
            ? (s.nextNode, s.nextLock, s.nextBondEpochs)
            : (VNodeWord.nodeOf(word), s.lock, s.bondEpochs);
        uint256 needed = s.committed * bondEpochs;
        if (needed <= locked) return;
        if (next) s.nextLock = uint96(needed);
        else s.lock = uint96(needed);
        ledger.lock(node, needed - locked);
    }
}
