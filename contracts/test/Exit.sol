// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {ChallengeId, ClusterId, NO_NODE, NodeId, VNodeId} from "../interfaces/Types.sol";
import {Parameters} from "../libraries/Parameters.sol";
import {Rules} from "./Rules.sol";
import {VM} from "./Vm.sol";

/// @title Exit
/// @notice Everybody leaves but one, who does nothing: neither the one nor anything that happened before keeps others
/// from what is theirs, nor makes them wait for longer than the code says.
abstract contract Exit is Rules {
    /// @dev Epochs from one settlement to the next, fewer than a call settles before a change.
    uint256 private constant STEP = 60;

    function exit(uint256 seed) external {
        uint256 idle = seed % (_people.length + 1);
        uint32 start = _now();
        _settleAll();
        _leaveNodes(idle);
        _checkResponsible(idle);
        _atMost("a node is free after EXIT_EPOCHS", _now() - start, Parameters.EXIT_EPOCHS + 1);
        _endSegments(idle);
        _resolveChallenges();
        _unbond(idle);
        _atMost("a bond is free after changeDelay", _now() - start, audits.changeDelay() + 4);
        _withdrawAll(idle);
        _checkWhatStays(idle);
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

    /// @dev No manager is asked: a provider takes its nodes off the queues, announces and goes.
    function _leaveNodes(uint256 idle) private {
        for (uint32 i = 1; i <= CLUSTERS; ++i) {
            NodeId[] memory waiting = registry.standby(ClusterId.wrap(i));
            for (uint256 j = 0; j < waiting.length; ++j) {
                if (_isIdle(_providerOf(waiting[j]), idle)) continue;
                VM.prank(_providerOf(waiting[j]));
                registry.removeStandby(ClusterId.wrap(i), waiting[j]);
            }
        }
        // Whoever was named takes over.
        _nextEpoch();
        _settleAll();
        for (uint32 i = 1; i <= registry.vNodeCount(); ++i) _announce(VNodeId.wrap(i), idle);
        VM.warp(audits.epochStart(_now() + Parameters.LEAVE_NOTICE));
        for (uint32 i = 1; i <= registry.vNodeCount(); ++i) {
            audits.settle(VNodeId.wrap(i), STEP);
            (NodeId node, uint32 epoch) = audits.leaveOf(VNodeId.wrap(i));
            // It may have been removed meanwhile.
            if (node == NO_NODE || audits.responsible(VNodeId.wrap(i)) != node || epoch > _now()) continue;
            audits.leave(VNodeId.wrap(i));
        }
        _nextEpoch();
        _settleAll();
    }

    function _announce(VNodeId vNode, uint256 idle) private {
        NodeId node = audits.responsible(vNode);
        if (node == NO_NODE || _isIdle(_providerOf(node), idle)) return;
        (NodeId leaving, ) = audits.leaveOf(vNode);
        if (leaving == node) return;
        VM.prank(_providerOf(node));
        audits.announceLeave(vNode);
    }

    function _checkResponsible(uint256 idle) private view {
        for (uint32 i = 1; i <= registry.vNodeCount(); ++i) {
            NodeId node = audits.responsible(VNodeId.wrap(i));
            if (node == NO_NODE || _isIdle(_providerOf(node), idle)) continue;
            revert Broken("whoever leaves is gone", i, NodeId.unwrap(node));
        }
    }

    /// @dev Locks of the last epoch are free once it is settled, what was kept for challenges once they are over.
    function _unbond(uint256 idle) private {
        for (uint32 n = 1; n <= NODES; ++n) {
            NodeId node = NodeId.wrap(n);
            if (_isIdle(_providerOf(node), idle)) continue;
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
        _nextEpoch();
        VM.warp(audits.epochStart(_now() + 2));
        _settleAll();
        for (uint32 i = 1; i <= registry.vNodeCount(); ++i) {
            ChallengeId[] memory open = challenges.openOf(VNodeId.wrap(i));
            for (uint256 j = 0; j < open.length; ++j) challenges.expire(open[j]);
        }
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
            if (ledger.feesOf(ClusterId.wrap(i)) != 0) ledger.collectFees(ClusterId.wrap(i));
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
            _atMost("credits are what rounding left", credits, _roundings + 2 * _stored.length + _owed());
        }
    }

    function _unsettledOf(Stored storage s, address one) private view returns (uint256) {
        uint32 next = audits.state(s.vNode).settled + 1;
        if (next < s.from) next = s.from;
        if (registry.bucket(s.bucket).owner != one || next >= s.end) return 0;
        return uint256(s.perEpoch) * (s.end - next);
    }

    function _owed() private view returns (uint256 owed) {
        for (uint32 i = 1; i <= registry.vNodeCount(); ++i) owed += audits.owedOf(VNodeId.wrap(i));
    }
}
