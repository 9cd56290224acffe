// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "../interfaces/IAudits.sol";
import {IChallenges} from "../interfaces/IChallenges.sol";
import {ChallengeId, NO_NODE, NodeId, VNodeId} from "../interfaces/Types.sol";
import {Parameters} from "../libraries/Parameters.sol";
import {Rules} from "./Rules.sol";

/// @title StakeRules
/// @notice A node's bond stands behind what it is responsible for and what it was challenged for, and behind nothing else.
abstract contract StakeRules is Rules {
    function checkStakes() external view {
        uint256[] memory locked = new uint256[](NODES + 1);
        for (uint32 i = 1; i <= registry.vNodeCount(); ++i) {
            VNodeId vNode = VNodeId.wrap(i);
            IAudits.VNodeState memory v = audits.state(vNode);
            _checkLocks(vNode, v);
            locked[NodeId.unwrap(v.node)] += v.locked;
            locked[NodeId.unwrap(v.nextNode)] += v.nextLocked;
            for (uint32 n = 1; n <= NODES; ++n) locked[n] += _keptOf(vNode, NodeId.wrap(n));
            _checkChallenges(vNode);
            _checkPauses(vNode);
        }
        for (uint32 n = 1; n <= NODES; ++n) {
            (uint256 total, uint256 lock, uint256 unbonding, ) = ledger.bondOf(NodeId.wrap(n));
            _atMost("locked + unbonding <= bond", lock + unbonding, total);
            _equal("locked = sum of what the vNodes lock and keep", lock, locked[n]);
        }
    }

    function _checkLocks(VNodeId vNode, IAudits.VNodeState memory v) private view {
        uint256 bondEpochs = _announced[registry.vNode(vNode).cluster].bondEpochs;
        _atMost("lock <= committed * bondEpochs", v.locked, v.committed * bondEpochs);
        if (v.node == NO_NODE) _equal("nothing is locked for nobody", v.locked, 0);
        if (v.nextSince == 0) _equal("nothing is locked for no successor", v.nextLocked, 0);
    }

    function _keptOf(VNodeId vNode, NodeId node) private view returns (uint256 kept) {
        kept = audits.keptOf(vNode, node);
        if (challenges.openAgainst(vNode, node) == 0) _equal("bond is kept for challenges only", kept, 0);
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
            for (uint256 j = 0; j < i; ++j) {
                require(!(open[j] == open[i]), Broken("a challenge is listed once", j, i));
            }
        }
    }

    function _checkPauses(VNodeId vNode) private view {
        uint256 budget = Parameters.pauseBudget(audits.quarterEpochs());
        for (uint32 n = 1; n <= NODES; ++n) {
            (uint32 from, uint32 end, , uint32 used) = audits.pauseOf(vNode, NodeId.wrap(n));
            _atMost("a quarter's pauses are within budget", used, budget);
            // One that crosses from a quarter into the next may have spent both.
            _atMost("a pause is within two budgets", end - from, 2 * budget);
        }
    }
}
