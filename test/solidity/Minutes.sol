// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IProofs} from "../../contracts/interfaces/audits/IProofs.sol";
import {ISources} from "../../contracts/interfaces/audits/ISources.sol";
import {IAudits} from "../../contracts/interfaces/IAudits.sol";
import {BASIS_POINTS, ClusterParams, NO_NODE, NodeId, VNodeId} from "../../contracts/interfaces/Types.sol";
import {Parameters} from "../../contracts/libraries/Parameters.sol";
import {Reference} from "./Reference.sol";
import {IVm} from "./Vm.sol";

/// @title Minutes
/// @notice What the audits say that they decide, event by event: whether it follows from what was before.
abstract contract Minutes is Reference {
    uint256 private constant UNIT = 1e18;

    struct Decision {
        uint32 epoch;
        uint32 since;
        uint256 amount;
        uint256 fee;
        uint256 refunded;
    }

    mapping(NodeId node => uint256) internal _faults;

    function _readAudits(IVm.Log memory log) internal {
        bytes32 kind = log.topics[0];
        if (kind == ISources.BeaconRecorded.selector) return _onRecorded(log);
        if (log.topics.length < 2) return;
        VNodeId v = VNodeId.wrap(uint32(uint256(log.topics[1])));
        NodeId node = NO_NODE;
        if (log.topics.length == 3) node = NodeId.wrap(uint32(uint256(log.topics[2])));
        _expectReason(v, kind);
        if (kind == IProofs.Proven.selector) _onProven(v, node, abi.decode(log.data, (Decision)));
        else if (kind == IAudits.EpochDeferred.selector) _onDeferred(v, node, log.data);
        else if (kind == IAudits.EpochsRefunded.selector) _onRefunded(v, log.data);
        else if (kind == IAudits.Missed.selector) _onMissed(v, node, log.data);
        else if (kind == IAudits.Slashed.selector) _onSlashed(v, node, log.data);
        else if (kind == IAudits.OwnersCompensated.selector) _onCompensated(v, log.data);
        else _readResponsibility(kind, v, node, log.data);
    }

    function _readResponsibility(bytes32 kind, VNodeId v, NodeId node, bytes memory data) private {
        if (kind == IAudits.Faulted.selector) _onFaulted(v, node, abi.decode(data, (uint32)));
        else if (kind == IAudits.Left.selector) _onLeft(v, node, abi.decode(data, (uint32)));
        else if (kind == IAudits.SyncDropped.selector) _onDropped(v, node, abi.decode(data, (uint32)));
        else if (kind == IAudits.TakeOverProven.selector) _onReady(v, node, abi.decode(data, (uint32)));
        else if (kind == IAudits.NodeSwitched.selector) _onSwitched(v, node, abi.decode(data, (uint32)));
        else if (kind == IAudits.Served.selector) _onServed(v, node, data);
        else if (kind == IAudits.TookOver.selector) _onNamed(v, node, abi.decode(data, (uint32)));
        else if (kind == IAudits.LeaveAnnounced.selector) _onNotice(v, node, abi.decode(data, (uint32)));
        else if (kind == IAudits.BondKept.selector) _onKept(v, node, data);
        else if (kind == IAudits.ToppedUp.selector) _pages[v].slashed = false;
        else if (kind == IAudits.Paused.selector) {
            (uint32 from, uint32 end) = abi.decode(data, (uint32, uint32));
            _notePause(v, node, from, end);
        }
    }

    /// @dev What was deferred is lost only to a change that the next event tells, or to the end of all that is stored.
    function _expectReason(VNodeId v, bytes32 kind) private {
        Page storage p = _pages[v];
        if (p.dissolved != 0) {
            bool told =
                kind == IAudits.Left.selector ||
                    kind == IAudits.Served.selector ||
                    kind == IAudits.NodeSwitched.selector ||
                    kind == IAudits.BondKept.selector;
            _expect(
                told || p.node == NO_NODE || _rateIn(v, p.dissolved + 1) == 0,
                "what was deferred waits for a proof"
            );
            p.dissolved = 0;
        }
        if (p.missing != 0) _expect(kind == IAudits.Missed.selector, "what was due is missed");
    }

    function _onRecorded(IVm.Log memory log) private {
        (, address by, uint256 reward) = abi.decode(log.data, (bytes32, address, uint256));
        _balance[by] += reward;
        _pool -= reward;
    }

    // ----------------------------------------------------------------------------------------------------- decided

    function _decide(VNodeId v, uint32 since, uint32 epoch) private returns (uint256 cost) {
        for (uint32 e = since; e <= epoch; ++e) {
            _expect(!_isDecided[v][e], "an epoch is paid or refunded once");
            _isDecided[v][e] = true;
            cost += _rateIn(v, e);
        }
        _decidedAmount[v] += cost;
    }

    function _onProven(VNodeId v, NodeId node, Decision memory d) private {
        Page storage p = _pages[v];
        _expect(node == p.node && node != NO_NODE, "whoever is responsible is paid");
        _expect(_isDue(v, d.epoch) && !_isPaused(v, node, d.epoch), "only what is due is proven");
        bool follows = p.deferredSince == 0 || p.deferredUntil + 1 == d.epoch;
        uint32 since = p.deferredSince == 0 ? d.epoch : p.deferredSince;
        _expect(follows && d.since == since, "a proof pays its epoch and what was deferred before it");
        uint256 cost = _decide(v, since, d.epoch);
        _expect(d.amount + d.fee + d.refunded == cost, "an epoch costs what its segments cost");
        _checkPayment(v, p, d, cost);
        // A rounding of what is refunded.
        ++_roundings;
        _balance[registry.providerOf(node)] += d.amount;
        _expect(p.leavesFrom == 0 || d.epoch < p.leavesFrom || p.misses != 0, "whoever leaves is gone");
        (p.misses, p.syncLeft, p.proven) = (0, 0, d.epoch);
        _clearDeferred(p);
    }

    /// @dev rate · min(1, 4 · rate / (3 · asked)), and nothing to who is short of bond.
    function _checkPayment(VNodeId v, Page storage p, Decision memory d, uint256 cost) private {
        uint256 rate = _rateIn(v, d.epoch);
        uint256 asked = _totalAt(v, d.epoch) << _quantumBits(registry.vNode(v).cluster);
        uint256 part = (4 * rate * UNIT) / (3 * asked);
        if (part > UNIT) part = UNIT;
        if (_wasShort[v][d.epoch]) part = 0;
        uint256 paid = (cost * part) / UNIT;
        uint256 fee = ((p.deferredFees + _feesOf(rate, _termsAt(v, d.epoch))) * part) / UNIT;
        _expect(d.refunded == cost - paid, "the owners get back what coverage leaves");
        _expect(d.fee == fee, "fees are as the terms say");
        uint256 most = Parameters.MAX_PROTOCOL_FEE + Parameters.MAX_MANAGER_FEE + Parameters.MAX_AUDIT_FEE;
        // What is paid was rounded too.
        _expect(fee <= (paid * most) / BASIS_POINTS + 1, "fees are capped");
        uint256 protocol = (paid * audits.protocolFee()) / BASIS_POINTS;
        _protocol[registry.vNode(v).cluster] += protocol < fee ? protocol : fee;
    }

    function _clearDeferred(Page storage p) private {
        (p.deferredSince, p.deferredUntil, p.deferred, p.deferredFees) = (0, 0, 0, 0);
    }

    function _onDeferred(VNodeId v, NodeId node, bytes memory data) private {
        (uint32 epoch, uint256 rate) = abi.decode(data, (uint32, uint256));
        Page storage p = _pages[v];
        bool asked = _isDue(v, epoch) && _hadTime(v, epoch);
        bool syncing = p.syncLeft != 0 && _committedIn(v, epoch) != 0;
        _expect(node == p.node && node != NO_NODE, "whoever is responsible waits for pay");
        _expect(!asked && !syncing && !_isPaused(v, node, epoch), "what asks for something is not deferred");
        _expect(rate == _rateIn(v, epoch) && rate != 0, "an epoch costs what its segments cost");
        _expect(!_isDecided[v][epoch], "what is decided is not deferred");
        if (p.deferredSince == 0) p.deferredSince = epoch;
        else _expect(epoch == p.deferredUntil + 1, "epochs are deferred in a row");
        p.deferredUntil = epoch;
        p.deferred += rate;
        p.deferredFees += _feesOf(rate, _termsAt(v, epoch));
    }

    function _onRefunded(VNodeId v, bytes memory data) private {
        (uint32 since, uint32 epoch, uint256 amount) = abi.decode(data, (uint32, uint32, uint256));
        Page storage p = _pages[v];
        bool deferring = p.deferredSince != 0;
        _expect(since == (deferring ? p.deferredSince : epoch), "what was deferred is refunded as a whole");
        _expect(amount == _decide(v, since, epoch), "an epoch costs what its segments cost");
        if (deferring && epoch == p.deferredUntil) p.dissolved = epoch;
        else _onEpochRefunded(v, p, epoch);
        _clearDeferred(p);
    }

    function _onEpochRefunded(VNodeId v, Page storage p, uint32 epoch) private {
        if (p.deferredSince != 0) _expect(epoch == p.deferredUntil + 1, "epochs are decided in a row");
        if (p.node == NO_NODE || _isPaused(v, p.node, epoch)) return;
        bool asked = _isDue(v, epoch) && _hadTime(v, epoch);
        if (p.syncLeft == 0) {
            _expect(asked, "nothing is refunded that was not asked for");
            p.missing = epoch;
        } else if (asked) {
            --p.syncLeft;
            // Until it is dropped.
            if (p.syncLeft == 0) p.syncLeft = type(uint8).max;
        }
    }

    // ---------------------------------------------------------------------------------------------------- penalties

    function _onMissed(VNodeId v, NodeId node, bytes memory data) private {
        (uint32 epoch, uint8 misses) = abi.decode(data, (uint32, uint8));
        Page storage p = _pages[v];
        _expect(node == p.node && epoch == p.missing, "only what is due is missed");
        _expect(misses == ++p.misses, "misses count in a row");
        _expect(!_wasRefusedIn[v][epoch], "what is refused is not missed");
        (p.missing, p.missed) = (0, epoch);
        ++p.servedMisses;
    }

    function _onSlashed(VNodeId v, NodeId node, bytes memory data) private {
        (uint32 epoch, uint256 amount, address reporter, uint256 reward) = abi.decode(
            data,
            (uint32, uint256, address, uint256)
        );
        Page storage p = _pages[v];
        ++_roundings;
        _expect(!_penalized[v][node], "one penalty is for all");
        if (amount > _bonds[node]) _fail("no slash is above the bond");
        else _bonds[node] -= amount;
        _expect(reward <= (amount * Parameters.MAX_REPORTER_SHARE) / BASIS_POINTS, "a reward is capped");
        _balance[reporter] += reward;
        if (node == p.node) p.slashed = true;
        if (p.missed == epoch && node == p.node) {
            _expect(amount <= _penaltyOf(v, p, epoch), "a miss costs what the terms say");
            p.missed = 0;
        } else {
            uint256 cut = (amount * Parameters.TREASURY_SHARE) / BASIS_POINTS;
            _balance[_treasury()] += cut;
            _left[v] = amount - reward - cut;
            delete _leavers[v][node];
        }
    }

    function _penaltyOf(VNodeId v, Page storage p, uint32 epoch) private view returns (uint256) {
        ClusterParams memory t = _termsAt(v, epoch);
        uint256 multiple = p.misses > t.grace ? t.slashMultiple : 0;
        if (p.misses >= t.maxMisses) multiple += t.faultMultiple;
        return multiple * _rateIn(v, epoch);
    }

    /// @dev What the owners do not share is the treasury's.
    function _onCompensated(VNodeId v, bytes memory data) private {
        (, uint256 amount) = abi.decode(data, (uint32, uint256));
        ++_roundings;
        if (amount == 0 && _left[v] != 0) {
            _balance[_treasury()] += _left[v];
            _left[v] = 0;
            return;
        }
        _expect(amount <= _owed[v], "owners share what was taken for them");
        _balance[_treasury()] += _owed[v] - amount;
        _owed[v] = 0;
    }

    // ----------------------------------------------------------------------------------------------- responsibility

    /// @dev By a challenge in the running epoch, of which nobody else gets anything; by misses in one that is over.
    function _onFaulted(VNodeId v, NodeId node, uint32 epoch) private {
        Page storage p = _pages[v];
        _expect(node == p.node && node != NO_NODE, "whoever fails was responsible");
        _penalized[v][node] = true;
        if (epoch != _now()) ++_faults[node];
        _vacate(v);
        if (epoch == _now() && p.nextSince != 0 && p.nextSince <= epoch) p.nextSince = epoch + 1;
    }

    function _vacate(VNodeId v) private {
        Page storage p = _pages[v];
        (p.node, p.misses, p.syncLeft, p.leavesFrom, p.missed) = (NO_NODE, 0, 0, 0, 0);
    }

    function _onServed(VNodeId v, NodeId node, bytes memory data) private {
        (uint32 since, uint32 until, , uint256 misses) = abi.decode(data, (uint32, uint32, uint256, uint256));
        Page storage p = _pages[v];
        _expect(node == p.serves && node != NO_NODE && since == p.servesSince, "who served had come");
        _expect(since <= until && until <= _now() + 1, "a service ends when it is over");
        _expect(misses == p.servedMisses, "a service has its misses");
        p.serves = NO_NODE;
    }

    function _onNotice(VNodeId v, NodeId node, uint32 epoch) private {
        _expect(node == _pages[v].node && epoch == _now() + 5, "a notice is of 4 epochs");
        _pages[v].leavesFrom = epoch;
    }

    function _onLeft(VNodeId v, NodeId node, uint32 epoch) private {
        Page storage p = _pages[v];
        bool may =
            p.leavesFrom != 0 && epoch >= p.leavesFrom && (p.misses == 0 || _committedIn(v, epoch) == 0);
        _expect(node == p.node && may, "who leaves has said so, and has proven since");
        Leaver storage leaver = _leavers[v][node];
        if (leaver.amount != 0 && leaver.since == 0) {
            leaver.since = epoch;
            _expect(leaver.until >= epoch + _termsAt(v, epoch).syncEpochs, "a lock is kept for syncEpochs");
        }
        _vacate(v);
    }

    /// @dev Of who leaves, just before it says so, if there is an end to it.
    function _onKept(VNodeId v, NodeId node, bytes memory data) private {
        (uint256 amount, uint32 until) = abi.decode(data, (uint256, uint32));
        if (until != 0) _leavers[v][node] = Leaver(amount, 0, until);
    }

    function _onNamed(VNodeId v, NodeId node, uint32 since) internal {
        Page storage p = _pages[v];
        _expect(since <= _now() + 1, "who is named comes in the next epoch");
        (p.next, p.nextSince, p.nextReady) = (node, since, false);
        p.nextSyncs = _committedIn(v, since - 1) != 0;
        ClusterParams memory t = _termsAt(v, since);
        (p.nextSyncEpochs, p.nextBondEpochs) = (t.syncEpochs, t.bondEpochs);
    }

    /// @dev What a manager decides in an epoch takes back nothing of what that asks for.
    function _noteWait(VNodeId v) internal {
        Page storage p = _pages[v];
        if (p.nextSince != 0 && (p.nextSince <= _now() || p.nextReady)) p.waitedIn = _now();
    }

    function _forgetNext(VNodeId v) internal {
        Page storage p = _pages[v];
        (p.next, p.nextSince, p.nextReady, p.nextSyncs) = (NO_NODE, 0, false, false);
    }

    function _onDropped(VNodeId v, NodeId node, uint32 epoch) private {
        Page storage p = _pages[v];
        if (p.nextSince != 0 && node == p.next) {
            bool late = p.nextSyncs && !p.nextReady && epoch >= p.nextSince + p.nextSyncEpochs;
            _expect(late && p.node != NO_NODE, "who waits has its time");
            return _forgetNext(v);
        }
        _expect(node == p.node && p.syncLeft == type(uint8).max, "who comes has its audits");
        _vacate(v);
    }

    function _onReady(VNodeId v, NodeId node, uint32 epoch) private {
        Page storage p = _pages[v];
        if (node == p.node) {
            p.takenOver = epoch;
            return;
        }
        bool waits = p.nextSince != 0 && p.nextSince <= _now() && !p.nextReady;
        _expect(node == p.next && waits && p.node != NO_NODE, "who is named takes over");
        _expect(epoch == _now() + 1, "who takes over does so in the next epoch");
        (p.nextReady, p.nextSince) = (true, epoch);
    }

    function _onSwitched(VNodeId v, NodeId node, uint32 from) private {
        Page storage p = _pages[v];
        bool inSync = !p.nextSyncs || p.nextReady || _committedIn(v, from - 1) == 0;
        bool ready = inSync || _committedIn(v, from) == 0;
        _expect(p.nextSince != 0 && node == p.next && from >= p.nextSince, "who comes was named");
        _expect(p.node == NO_NODE || ready, "who is responsible stays until somebody else has proven");
        // Misses go on with who takes over.
        uint8 misses = p.misses;
        _vacate(v);
        (p.node, p.misses) = (node, misses);
        p.slashed = false;
        // What ends with the epoch before counts until this one is entered.
        p.syncLeft = inSync ? 0 : p.nextSyncEpochs;
        p.bondEpochs = p.nextBondEpochs;
        if (ready) p.takenOver = from;
        _penalized[v][node] = false;
        _expect(p.serves == NO_NODE, "a service ends before the next one begins");
        (p.serves, p.servesSince, p.servedMisses) = (node, from, 0);
        _forgetNext(v);
    }
}
