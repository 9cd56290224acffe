// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "../../contracts/interfaces/IAudits.sol";
import {IChallenges} from "../../contracts/interfaces/IChallenges.sol";
import {ChallengeId, NO_NODE, NodeId, VNodeId} from "../../contracts/interfaces/Types.sol";
import {SettableBeacon} from "../../contracts/test-support/SettableBeacon.sol";
import {Chronicle} from "./Chronicle.sol";
import {VM} from "./Vm.sol";

/// @title AuditActions
/// @notice Time goes by, with randomness and proofs or without; nodes take over; challenges are made, answered, or not.
abstract contract AuditActions is Chronicle {
    // --------------------------------------------------------------------------------------------------------- time

    function pass(uint256 time) external acts {
        VM.warp(block.timestamp + 1 + (time % EPOCH));
    }

    /// @dev A few epochs as they should be: randomness, and a proof of every vNode that is due.
    function live(uint256 epochs, uint256 dice) external acts {
        for (uint256 i = 0; i <= epochs % 6; ++i) {
            _nextEpoch();
            _record(dice >> i);
            for (uint32 v = 1; v <= registry.vNodeCount(); ++v) _prove(VNodeId.wrap(v));
        }
    }

    /// @dev A few epochs without a proof.
    function neglect(uint256 epochs, uint256 dice) external acts {
        for (uint256 i = 0; i <= epochs % 4; ++i) {
            _nextEpoch();
            _record(dice >> i);
        }
    }

    /// @dev A few epochs without randomness: void.
    function idle(uint256 epochs) external acts {
        VM.warp(audits.epochStart(uint32(_now() + 1 + (epochs % 6))));
    }

    /// @dev In one of four cases it comes too late for a vNode's window, or only just in time.
    function recordBeacon(uint256 dice) external acts {
        _record(dice);
        if (dice % 4 == 0) beacon.setRecordedAfter(_now(), (dice >> 8) % EPOCH);
    }

    /// @dev Until somebody needs it.
    function breakBeacon(uint256 dice) external acts {
        beacon.setMood(SettableBeacon.Mood(1 + (dice % 5)));
    }

    function _record(uint256 dice) internal {
        _heal();
        uint256 source = audits.epochStart(_now()) + MARGIN;
        if (block.timestamp < source) VM.warp(source);
        audits.recordBeacon(0, _now(), abi.encode(1 + (dice % 1000)));
    }

    // ------------------------------------------------------------------------------------------------------- proofs

    /// @dev Of this epoch or the next one.
    function prove(uint256 which) external acts {
        _record(which);
        if (_proveAny(which)) return;
        _nextEpoch();
        _record(which);
        require(_proveAny(which), Nothing());
    }

    function _proveAny(uint256 which) private returns (bool) {
        uint256 count = registry.vNodeCount();
        for (uint256 i = which % count; i < count + (which % count); ++i) {
            if (_prove(_vNode(i))) return true;
        }
        return false;
    }

    /// @dev Settles first, so that duty sees what was missed. What is due can be proven, and nothing else.
    function _prove(VNodeId vNode) internal returns (bool) {
        uint32 epoch = _now();
        _settle(vNode);
        IAudits.Duty memory d = audits.duty(vNode, epoch);
        if (d.proven || block.timestamp >= d.deadline) return false;
        _tries();
        try audits.prove(vNode, epoch, _proof(d, true)) {
            _expect(d.due, "only what is due can be proven");
        } catch {
            _wasRefused();
            _expect(!d.due, "what is due can be proven");
            _wasRefusedIn[vNode][epoch] = d.randomness != 0;
            return false;
        }
        _wasShort[vNode][epoch] = audits.state(vNode).short;
        return true;
    }

    /// @dev Of every vNode, one of them twice, and of one that does not exist; some do not hold.
    function proveBatch(uint256 hold, uint256 twice) external acts {
        uint32 epoch = _now();
        uint32 count = registry.vNodeCount();
        VNodeId[] memory vNodes = new VNodeId[](count + 2);
        uint256[8][] memory proofs = new uint256[8][](count + 2);
        for (uint32 i = 0; i < count + 1; ++i) {
            vNodes[i] = _vNode(i < count ? i : twice);
            proofs[i] = _proof(audits.duty(vNodes[i], epoch), (hold >> i) % 4 != 0);
        }
        (vNodes[count + 1], proofs[count + 1]) = (VNodeId.wrap(count + 1), proofs[0]);
        bool[] memory accepted = audits.proveBatch(vNodes, epoch, proofs);
        if (accepted[count] && accepted[twice % count]) _fail("an epoch is proven once");
        if (accepted[count + 1]) _fail("there is nothing to prove of nothing");
        for (uint32 i = 0; i < count + 1; ++i) {
            if (accepted[i]) _wasShort[vNodes[i]][epoch] = audits.state(vNodes[i]).short;
        }
    }

    /// @dev As FlagVerifier takes it.
    function _proof(IAudits.Duty memory d, bool holds) internal pure returns (uint256[8] memory proof) {
        (proof[0], proof[1], proof[3], proof[4]) = (uint256(d.root), d.seed, d.total, holds ? 1 : 0);
    }

    /// @dev By a node that waits; somebody is named, if nobody is.
    function takeOver(uint256 which, uint256 to, uint256 dice) external acts {
        _record(dice);
        if (_takeOverAny(which)) return;
        _nameAny(which, to);
        _nextEpoch();
        _record(dice);
        require(_takeOverAny(which), Nothing());
    }

    function _takeOverAny(uint256 which) private returns (bool) {
        uint256 count = registry.vNodeCount();
        for (uint256 i = which % count; i < count + (which % count); ++i) {
            if (_takeOver(_vNode(i))) return true;
        }
        return false;
    }

    function _takeOver(VNodeId vNode) internal returns (bool) {
        _settle(vNode);
        IAudits.Duty memory d = audits.duty(vNode, _now());
        if (d.successor == NO_NODE || block.timestamp >= d.deadline) return false;
        d.seed = d.successorSeed;
        // solhint-disable-next-line no-empty-blocks
        try audits.takeOver(vNode, _now(), _proof(d, true)) {} catch {
            _fail("who waits can take over");
        }
        return true;
    }

    function _nameAny(uint256 which, uint256 to) private {
        uint256 count = registry.vNodeCount();
        for (uint256 i = which % count; i < count + (which % count); ++i) {
            VNodeId vNode = _vNode(i);
            IAudits.VNodeState memory v = audits.state(vNode);
            if (v.node == NO_NODE || v.nextSince != 0 || v.rate == 0) continue;
            NodeId node = _node(to) == v.node ? _node(to + 1) : _node(to);
            address manager = registry.managerOf(registry.vNode(vNode).cluster);
            _tries();
            VM.prank(manager);
            try registry.assign(vNode, node) {
                return;
            } catch {
                _wasRefused();
            }
        }
    }

    function settle(uint256 who, uint256 which, uint256 most) external acts {
        VM.prank(_anyone(who));
        audits.settle(_vNode(which), most % 8);
    }

    // --------------------------------------------------------------------------------------------------- challenges

    /// @dev Of the whole directory, or of a part of it.
    function challenge(uint256 who, uint256 which, uint256 range) external acts {
        _challenge(who, which, range);
    }

    function _challenge(uint256 who, uint256 which, uint256 range) private returns (ChallengeId) {
        (VNodeId vNode, address challenger) = _challengeable(who, which);
        uint40 total = registry.directory(vNode).total;
        uint40 start = range % 2 == 0 ? 0 : uint40((range >> 8) % total);
        uint40 length = range % 2 == 0 ? total : uint40(1 + ((range >> 48) % (total - start)));
        _spends(challenger);
        return challenges.challenge(vNode, start, length, type(uint256).max);
    }

    /// @dev The first vNode from which on that can be challenged, once what is over is settled, and by whom.
    function _challengeable(uint256 who, uint256 which) private returns (VNodeId vNode, address challenger) {
        uint256 count = registry.vNodeCount();
        for (uint256 i = which % count; i < count + (which % count); ++i) {
            vNode = _vNode(i);
            _settle(vNode);
            IAudits.VNodeState memory v = audits.state(vNode);
            if (v.node == NO_NODE || v.rate == 0 || v.syncLeft != 0) continue;
            if (registry.directory(vNode).total == 0 || challenges.openOf(vNode).length == 4) continue;
            challenger = _challenger(who, vNode, v);
            if (challenger != address(0)) return (vNode, challenger);
        }
        revert Nothing();
    }

    /// @dev An owner, a manager, the treasury or the stranger, with the means for it, and none open.
    function _challenger(
        uint256 who,
        VNodeId vNode,
        IAudits.VNodeState memory v
    ) private view returns (address) {
        ChallengeId[] memory open = challenges.openOf(vNode);
        uint256 least = (2 * (8 * uint256(v.rate) + MIN_BOND)) << open.length;
        for (uint256 i = 0; i < _people.length; ++i) {
            address one = _people[(who + i) % _people.length];
            bool has = one == address(this) || one == _providerOf(v.node) || ledger.balanceOf(one) < least;
            for (uint256 j = 0; j < open.length; ++j) {
                if (challenges.challengeOf(open[j]).challenger == one) has = true;
            }
            if (!has) return one;
        }
        return address(0);
    }

    /// @dev With the randomness that it waits for, if it is still time for that.
    function answer(uint256 which, uint256 dice) external acts {
        ChallengeId id = _open(which, dice, true);
        if (_now() == challenges.challengeOf(id).epoch) {
            _nextEpoch();
            _record(dice);
        }
        (bytes32 random, uint256[4] memory inputs) = challenges.inputsOf(id);
        require(random != 0, Nothing());
        challenges.answer(id, [inputs[0], inputs[1], inputs[2], inputs[3], 1, 0, 0, 0]);
    }

    /// @dev Unanswered, with its randomness on record in three of four cases. Nothing keeps it from ending.
    function expire(uint256 which, uint256 dice) external acts {
        ChallengeId id = _open(which, dice, false);
        uint32 epoch = challenges.challengeOf(id).epoch;
        if (_now() == epoch && dice % 4 != 0) {
            _nextEpoch();
            _record(dice >> 2);
        }
        uint32 last = challenges.lastAnswer(id);
        if (_now() <= last) VM.warp(audits.epochStart(last + 1));
        bool void = _randomOf(epoch + 1) == 0;
        try challenges.expire(id) {
            IChallenges.Status status = challenges.challengeOf(id).status;
            bool failed = status == IChallenges.Status.Failed || status == IChallenges.Status.Dismissed;
            _expect(void ? status == IChallenges.Status.Void : failed, "no randomness, no verdict");
        } catch {
            _fail("a challenge that is over can end");
        }
    }

    /// @dev The first open challenge from a vNode on, in time for its answer if that is wanted; a new one, if there is none.
    function _open(uint256 which, uint256 who, bool inTime) private returns (ChallengeId) {
        uint256 count = registry.vNodeCount();
        for (uint256 i = which % count; i < count + (which % count); ++i) {
            ChallengeId[] memory open = challenges.openOf(_vNode(i));
            for (uint256 j = 0; j < open.length; ++j) {
                uint32 epoch = challenges.challengeOf(open[j]).epoch;
                bool late = _now() > challenges.lastAnswer(open[j]);
                bool lost = _now() > epoch && _randomOf(epoch + 1) == 0;
                if (!inTime || !(late || lost)) return open[j];
            }
        }
        return _challenge(who, which, who >> 8);
    }
}
