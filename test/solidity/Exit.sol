// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "../../contracts/interfaces/IAudits.sol";
import {IChallenges} from "../../contracts/interfaces/IChallenges.sol";
import {ChallengeId, ClusterId, NO_NODE, NodeId, VNodeId} from "../../contracts/interfaces/Types.sol";
import {Parameters} from "../../contracts/libraries/Parameters.sol";
import {SettableBeacon} from "../../contracts/test-support/SettableBeacon.sol";
import {AuditActions} from "./AuditActions.sol";
import {Rules} from "./Rules.sol";
import {VM} from "./Vm.sol";

/// @title Exit
/// @notice Everybody leaves but one, who does nothing: neither the one nor anything that happened before keeps others
/// from what is theirs, nor makes them wait for longer than the code says.
abstract contract Exit is Rules, AuditActions {
    /// @dev Epochs from one settlement to the next, fewer than a call settles before a change.
    uint256 private constant STEP = 60;
    /// @dev Epochs: who is named waits until there is something to prove, and proves it.
    uint32 private constant HAND_OVER = 3;
    /// @dev Epochs of a pause that is declared, and those before it.
    uint32 private constant PAUSE = 4 + Parameters.PAUSE_NOTICE;
    /// @dev Epochs in which a challenge is answered, and those that the longest pause makes of them.
    uint32 private constant RESPONSE = 2 + 4;
    /// @dev Epochs that are kept for whoever takes over.
    uint32 private constant SYNC = 3;

    function exit(uint256 seed) external {
        uint256 idle = seed % (_people.length + 1);
        beacon.setMood(SettableBeacon.Mood.Sound);
        VM.recordLogs();
        uint32 start = _now();
        _settleAll();
        _leaveNodes(idle);
        _endSegments(idle);
        _resolveChallenges();
        _unbond(idle);
        uint32 most = HAND_OVER + PAUSE + RESPONSE + SYNC + audits.changeDelay() + 3;
        _atMost("a bond is free after changeDelay", _now() - start, most);
        _withdrawAll(idle);
        _checkWhatStays(idle);
        require(bytes(_broken).length == 0, Broken(_broken, 0, 0));
    }

    function _isIdle(address who, uint256 idle) private view returns (bool) {
        return idle < _people.length && _people[idle] == who;
    }

    function _settleAll() private {
        for (uint32 i = 1; i <= registry.vNodeCount(); ++i) {
            while (audits.state(VNodeId.wrap(i)).settled + 1 < _now()) audits.settle(VNodeId.wrap(i), STEP);
        }
    }

    // -------------------------------------------------------------------------------------------------------- nodes

    /// @dev No manager is asked: a provider takes its nodes off the queues, announces, proves and is gone.
    function _leaveNodes(uint256 idle) private {
        for (uint32 i = 1; i <= CLUSTERS; ++i) {
            NodeId[] memory waiting = registry.standby(ClusterId.wrap(i));
            for (uint256 j = 0; j < waiting.length; ++j) {
                if (_isIdle(_providerOf(waiting[j]), idle)) continue;
                VM.prank(_providerOf(waiting[j]));
                registry.removeStandby(ClusterId.wrap(i), waiting[j]);
            }
        }
        uint32 most = HAND_OVER + PAUSE + Parameters.EXIT_EPOCHS;
        for (uint32 i = 0; i <= most; ++i) {
            if (_leave(idle)) return;
        }
        _checkResponsible(idle);
    }

    /// @dev An epoch of all who leave.
    function _leave(uint256 idle) private returns (bool gone) {
        _nextEpoch();
        _record(_now());
        gone = true;
        for (uint32 i = 1; i <= registry.vNodeCount(); ++i) {
            VNodeId vNode = VNodeId.wrap(i);
            audits.settle(vNode, STEP);
            IAudits.VNodeState memory v = audits.state(vNode);
            bool next = v.nextSince != 0 && v.nextNode != NO_NODE && !_isIdle(_providerOf(v.nextNode), idle);
            if (next) _takeOver(vNode);
            bool here = v.node != NO_NODE && !_isIdle(_providerOf(v.node), idle);
            if (here) {
                _prove(vNode);
                _announce(vNode, v.node);
            } else if (v.node == NO_NODE && next) {
                _prove(vNode);
            }
            _roundings += 4;
            if (next || here) gone = false;
        }
        _tries();
    }

    function _announce(VNodeId vNode, NodeId node) private {
        if (audits.state(vNode).node != node) return;
        (NodeId leaving, ) = audits.leaveOf(vNode);
        (, uint32 end, ) = audits.pauseOf(vNode, node);
        if (leaving == node || end > _now()) return;
        _tries();
        VM.prank(_providerOf(node));
        // Who has proven may take over with this call.
        // solhint-disable-next-line no-empty-blocks
        try audits.announceLeave(vNode) {} catch {
            _wasRefused();
        }
    }

    function _checkResponsible(uint256 idle) private view {
        for (uint32 i = 1; i <= registry.vNodeCount(); ++i) {
            NodeId node = audits.state(VNodeId.wrap(i)).node;
            if (node == NO_NODE || _isIdle(_providerOf(node), idle)) continue;
            revert Broken("whoever leaves is gone", i, NodeId.unwrap(node));
        }
    }

    /// @dev What was kept is free once the challenges are over, and the time for others to take over.
    function _unbond(uint256 idle) private {
        VM.warp(audits.epochStart(_now() + SYNC));
        for (uint32 n = 1; n <= NODES; ++n) {
            NodeId node = NodeId.wrap(n);
            if (_isIdle(_providerOf(node), idle)) continue;
            for (uint32 i = 1; i <= registry.vNodeCount(); ++i) audits.unlockKept(VNodeId.wrap(i), node);
            (, uint256 locked, , ) = ledger.bondOf(node);
            _equal("who is gone has nothing locked", locked, 0);
            uint256 free = ledger.freeBond(node);
            if (free == 0) continue;
            VM.prank(_providerOf(node));
            ledger.requestUnbond(node, free);
        }
        VM.warp(audits.epochStart(uint32(_now() + UNBOND_EPOCHS + 1)));
        for (uint32 n = 1; n <= NODES; ++n) {
            (, , uint256 unbonding, ) = ledger.bondOf(NodeId.wrap(n));
            if (unbonding == 0 || _isIdle(_providerOf(NodeId.wrap(n)), idle)) continue;
            VM.prank(_providerOf(NodeId.wrap(n)));
            ledger.releaseBond(NodeId.wrap(n));
        }
    }

    // --------------------------------------------------------------------------------------- segments and challenges

    function _endSegments(uint256 idle) private {
        uint32 end = _now() + 3;
        for (uint256 i = 0; i < _stored.length; ++i) {
            Stored storage s = _stored[i];
            address owner = registry.bucket(s.bucket).owner;
            if (s.end <= end || _isIdle(owner, idle)) continue;
            VM.prank(owner);
            registry.endEarly(s.vNode, s.serial);
            s.end = end;
        }
    }

    function _resolveChallenges() private {
        uint32 last = _now() + 2;
        for (uint32 i = 1; i <= registry.vNodeCount(); ++i) {
            ChallengeId[] memory open = challenges.openOf(VNodeId.wrap(i));
            for (uint256 j = 0; j < open.length; ++j) {
                uint32 until = challenges.lastAnswer(open[j]);
                if (until > last) last = until;
            }
        }
        VM.warp(audits.epochStart(last + 1));
        _settleAll();
        for (uint32 i = 1; i <= registry.vNodeCount(); ++i) {
            ChallengeId[] memory open = challenges.openOf(VNodeId.wrap(i));
            for (uint256 j = 0; j < open.length; ++j) {
                if (challenges.challengeOf(open[j]).status == IChallenges.Status.Open)
                    challenges.expire(open[j]);
            }
        }
        _roundings += 4 * registry.vNodeCount();
    }

    // -------------------------------------------------------------------------------------------------------- money

    /// @dev Segments of the idle owner may go on.
    function _withdrawAll(uint256 idle) private {
        for (uint256 i = 0; i < _stored.length; ++i) {
            Stored storage s = _stored[i];
            _settleAll();
            if (!_isIdle(registry.bucket(s.bucket).owner, idle)) registry.claim(s.vNode, s.serial);
        }
        for (uint32 i = 1; i <= CLUSTERS; ++i) {
            (uint256 fees, ) = ledger.feesOf(ClusterId.wrap(i));
            if (fees != 0) ledger.collectFees(ClusterId.wrap(i));
        }
        for (uint256 i = 0; i < _people.length; ++i) {
            uint256 balance = ledger.balanceOf(_people[i]);
            if (i == idle || balance == 0) continue;
            VM.prank(_people[i]);
            ledger.withdraw(_people[i], balance);
            _givenOut += balance;
        }
    }

    /// @dev What the idle one has not asked for, pools for those who audit on, and what rounding left.
    function _checkWhatStays(uint256 idle) private view {
        (uint256 accounts, uint256 bonds, uint256 escrow, uint256 credits, uint256 fees) = ledger.totals();
        address one = idle < _people.length ? _people[idle] : address(0);
        _equal("accounts are the idle one's", accounts, ledger.balanceOf(one) + ledger.auditPool(0));
        _equal("no fees stay", fees, 0);
        uint256 ownBonds;
        for (uint32 n = 1; n <= NODES; ++n) {
            (uint256 total, , , ) = ledger.bondOf(NodeId.wrap(n));
            if (_providerOf(NodeId.wrap(n)) == one) ownBonds += total;
        }
        _equal("bonds are the idle one's", bonds, ownBonds);
        uint256 ownEscrow;
        for (uint256 i = 0; i < _stored.length; ++i) ownEscrow += _unsettledOf(_stored[i], one);
        _equal("escrow is the idle one's", escrow, ownEscrow);
        if (idle >= OWNERS && one != address(this)) {
            _atMost(
                "credits are what rounding left",
                credits,
                _roundings + 2 * _stored.length + _owedToOwners()
            );
        }
    }

    function _unsettledOf(Stored storage s, address one) private view returns (uint256) {
        IAudits.VNodeState memory v = audits.state(s.vNode);
        uint32 next = v.deferredSince == 0 ? v.settled + 1 : v.deferredSince;
        if (next < s.from) next = s.from;
        if (registry.bucket(s.bucket).owner != one || next >= s.end) return 0;
        return uint256(s.perEpoch) * (s.end - next);
    }

    function _owedToOwners() private view returns (uint256 owed) {
        for (uint32 i = 1; i <= registry.vNodeCount(); ++i) owed += audits.owedOf(VNodeId.wrap(i));
    }
}
