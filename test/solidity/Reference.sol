// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {NO_NODE, NodeId, VNodeId} from "../../contracts/interfaces/Types.sol";
import {SettableBeacon} from "../../contracts/test-support/SettableBeacon.sol";
import {Books} from "./Books.sol";

/// @title Reference
/// @notice What an epoch asks of a vNode, looked up epoch by epoch: the contracts remember what is quiet instead.
abstract contract Reference is Books {
    /// @dev protocol.md, section 9.3.
    uint32 private constant NOTICE = 4;
    uint32 private constant QUARTER = uint32(90 days / EPOCH);
    /// @dev 2 days.
    uint32 private constant BUDGET = uint32(2 days / EPOCH);

    // --------------------------------------------------------------------------------------------------- randomness

    /// @dev As far as the beacon says so now.
    function _randomOf(uint32 epoch) internal view returns (bytes32) {
        SettableBeacon.Mood mood = beacon.mood();
        bool sound = mood == SettableBeacon.Mood.Sound || mood == SettableBeacon.Mood.AnswersNonsense;
        return sound ? beacon.randomness(epoch) : bytes32(0);
    }

    /// @dev Whether the randomness came so early that a node had half of its window.
    function _hadTime(VNodeId vNode, uint32 epoch) internal view returns (bool) {
        if (beacon.mood() != SettableBeacon.Mood.Sound) return false;
        return beacon.recordedAfter(epoch) <= _termsAt(vNode, epoch).window / 2;
    }

    // ---------------------------------------------------------------------------------------------------------- due

    function _isDue(VNodeId vNode, uint32 epoch) internal view returns (bool) {
        bytes32 random = _randomOf(epoch);
        if (random == 0 || _rateIn(vNode, epoch) == 0) return false;
        return _mustProve(vNode, epoch) || _isDrawn(vNode, epoch, random);
    }

    function _isDrawn(VNodeId vNode, uint32 epoch, bytes32 random) private view returns (bool) {
        NodeId node = _pages[vNode].node;
        bytes memory drawn = abi.encode(block.chainid, address(audits), vNode, node, epoch, random);
        uint256 seed = uint256(keccak256(drawn)) >> 8;
        return uint256(keccak256(abi.encode(seed, bytes32("due")))) % _termsAt(vNode, epoch).odds == 0;
    }

    function _mustProve(VNodeId vNode, uint32 epoch) private view returns (bool) {
        Page storage p = _pages[vNode];
        if (p.syncLeft != 0 || _isWaitedFor(p, epoch) || p.waitedIn == epoch) return true;
        if (p.leavesFrom != 0 && epoch + NOTICE >= p.leavesFrom) return true;
        Span[] storage list = _pauses[vNode][p.node];
        for (uint256 i = 0; i < list.length; ++i) {
            if (list[i].from == epoch + 1 || list[i].end == epoch) return true;
        }
        uint256 epochs = p.deferredSince == 0 ? 1 : epoch - p.deferredSince + 1;
        if (_endedIn(vNode, epoch + 1, epoch + 1) == 0) return false;
        uint256 ended = _endedIn(vNode, epoch - uint32(epochs) + 2, epoch + 1);
        return 64 * ended * epochs >= p.deferred + _rateIn(vNode, epoch);
    }

    /// @dev Whether somebody waits to take over, or has proven in this very epoch.
    function _isWaitedFor(Page storage p, uint32 epoch) private view returns (bool) {
        if (p.nextSince == 0 || p.next == NO_NODE) return false;
        return p.nextSince <= epoch || (p.nextReady && p.nextSince == epoch + 1);
    }

    // ------------------------------------------------------------------------------------------------------- pauses

    function _isPaused(VNodeId vNode, NodeId node, uint32 epoch) internal view returns (bool) {
        Span[] storage list = _pauses[vNode][node];
        for (uint256 i = 0; i < list.length; ++i) {
            if (list[i].from <= epoch && epoch < list[i].end) return true;
        }
        return false;
    }

    /// @dev Notes a pause, or a longer one; in no window of a quarter that it is in is the budget exceeded.
    function _notePause(VNodeId vNode, NodeId node, uint32 from, uint32 end) internal {
        Span[] storage list = _pauses[vNode][node];
        if (list.length != 0 && list[list.length - 1].from == from) list[list.length - 1].end = end;
        else list.push(Span(from, end));
        _expect(from < end && end > _now(), "a pause is of epochs to come");
        for (uint32 until = from + 1; until <= end; ++until) {
            _expect(_pausedBefore(list, until) <= BUDGET, "pauses are within the budget in any quarter");
        }
    }

    function _pausedBefore(Span[] storage list, uint32 until) private view returns (uint256 paused) {
        uint32 since = until < QUARTER ? 0 : until - QUARTER;
        for (uint256 i = 0; i < list.length; ++i) {
            uint32 from = list[i].from < since ? since : list[i].from;
            uint32 end = list[i].end > until ? until : list[i].end;
            if (from < end) paused += end - from;
        }
    }
}
