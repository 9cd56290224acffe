// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "../../contracts/interfaces/IAudits.sol";
import {IChallenges} from "../../contracts/interfaces/IChallenges.sol";
import {ChallengeId, NO_NODE, NodeId, VNodeId} from "../../contracts/interfaces/Types.sol";
import {Rules} from "./Rules.sol";

/// @title StakeRules
/// @notice Who is responsible is who the events say; its bond stands behind what it is responsible for, and what it was
/// challenged for, and behind nothing else.
abstract contract StakeRules is Rules {
    function checkStakes() external view {
        uint256[] memory locked = new uint256[](NODES + 1);
        for (uint32 i = 1; i <= registry.vNodeCount(); ++i) {
            VNodeId vNode = VNodeId.wrap(i);
            IAudits.VNodeState memory v = audits.state(vNode);
            _checkPage(vNode, v);
            _checkLocks(vNode, v);
            locked[NodeId.unwrap(v.node)] += v.locked;
            locked[NodeId.unwrap(v.nextNode)] += v.nextLocked;
            for (uint32 n = 1; n <= NODES; ++n) locked[n] += _keptOf(vNode, NodeId.wrap(n));
            _checkChallenges(vNode);
        }
        for (uint32 n = 1; n <= NODES; ++n) {
            (uint256 total, uint256 lock, uint256 unbonding, ) = ledger.bondOf(NodeId.wrap(n));
            _atMost("locked + unbonding <= bond", lock + unbonding, total);
            _equal("locked = sum of what the vNodes lock and keep", lock, locked[n]);
            _equal(
                "faults are on record",
                challenges.recordOf(NodeId.wrap(n)).faults,
                _faults[NodeId.wrap(n)]
            );
        }
    }

    function _checkPage(VNodeId vNode, IAudits.VNodeState memory v) private view {
        Page storage p = _pages[vNode];
        _equal("who is responsible is who took over", NodeId.unwrap(v.node), NodeId.unwrap(p.node));
        _equal("who is responsible serves", NodeId.unwrap(v.node), NodeId.unwrap(p.serves));
        if (v.node != NO_NODE) {
            _equal("who serves has come then", v.servesSince, p.servesSince);
            _equal("who serves has its misses", v.servedMisses, p.servedMisses);
        }
        bool idle = _committedIn(vNode, v.settled) == 0;
        _equal("misses are those in a row", v.misses, idle ? 0 : p.misses);
        _equal("who takes over has its audits", v.syncLeft, idle ? 0 : p.syncLeft);
        _equal("who waits was named", NodeId.unwrap(v.nextNode), NodeId.unwrap(p.next));
        _equal("who waits was named for an epoch", v.nextSince, p.nextSince);
        uint32 until = p.nextSince == 0 ? 0 : p.nextSince + p.nextSyncEpochs;
        _equal("who waits has its time", v.nextUntil, until);
        _equal("what is deferred was in a row", v.deferredSince, p.deferredSince);
        _equal("what is deferred is what it cost", v.deferred, p.deferred);
        // Who was late with its last proof goes in the epoch after that.
        bool may = p.node == NO_NODE || p.leavesFrom == 0 || v.settled < p.leavesFrom;
        bool must = v.misses != 0 || v.settled == p.proven;
        require(may || must, Broken("whoever leaves is gone", p.leavesFrom, v.settled));
        uint32 next = p.deferredSince == 0 ? v.settled + 1 : p.deferredSince;
        for (uint256 i = 0; i < _stored.length; ++i) {
            Stored storage s = _stored[i];
            if (s.vNode != vNode) continue;
            _atMost(
                "claims reach decided epochs only",
                registry.segment(vNode, s.serial).from,
                _max(s.from, next)
            );
        }
    }

    function _max(uint256 a, uint256 b) private pure returns (uint256) {
        return a > b ? a : b;
    }

    function _checkLocks(VNodeId vNode, IAudits.VNodeState memory v) private view {
        Page storage p = _pages[vNode];
        uint256 required = uint256(v.committed) * p.bondEpochs;
        if (v.node == NO_NODE) {
            _equal("nothing is locked for nobody", v.locked, 0);
        } else {
            _atMost("lock <= committed * bondEpochs", v.locked, required);
            if (!p.slashed)
                _equal("lock = committed * bondEpochs, less what was slashed", v.locked, required);
            bool short = 2 * uint256(v.locked) < required;
            _equal("short = less than half is locked", v.short ? 1 : 0, short ? 1 : 0);
        }
        if (v.nextSince == 0) return _equal("nothing is locked for no successor", v.nextLocked, 0);
        if (p.next == NO_NODE) return;
        required = uint256(v.committed) * p.nextBondEpochs;
        _atMost("who waits has locked what it takes", required, v.nextLocked);
    }

    function _keptOf(VNodeId vNode, NodeId node) private view returns (uint256 kept) {
        (kept, ) = audits.keptOf(vNode, node);
        Leaver storage leaver = _leavers[vNode][node];
        if (_now() < leaver.until && _pages[vNode].takenOver < leaver.since) {
            _atMost("what a leaver locked stays locked", leaver.amount, kept);
        }
    }

    function _checkChallenges(VNodeId vNode) private view {
        ChallengeId[] memory open = challenges.openOf(vNode);
        _atMost("at most 4 challenges of a vNode are open", open.length, 4);
        for (uint256 i = 0; i < open.length; ++i) {
            IChallenges.Challenge memory c = challenges.challengeOf(open[i]);
            _equal("what is listed is open", uint256(c.status), uint256(IChallenges.Status.Open));
            _equal("what is listed is the vNode's", VNodeId.unwrap(c.vNode), VNodeId.unwrap(vNode));
            uint256 least = 8 * uint256(c.rate) > MIN_BOND ? 8 * uint256(c.rate) : MIN_BOND;
            _atMost("a challenge costs 8 epochs at least", least, c.bond);
            require(!_penalized[vNode][c.node], Broken("who was penalized answers no more", i, 0));
            for (uint256 j = 0; j < i; ++j) {
                require(open[j] != open[i], Broken("a challenge is listed once", j, i));
                address other = challenges.challengeOf(open[j]).challenger;
                require(other != c.challenger, Broken("a challenger has one open", j, i));
            }
        }
    }
}
