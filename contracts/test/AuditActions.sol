// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "../interfaces/IAudits.sol";
import {IChallenges} from "../interfaces/IChallenges.sol";
import {ChallengeId, NO_NODE, VNodeId} from "../interfaces/Types.sol";
import {Chronicle} from "./Chronicle.sol";
import {VM} from "./Vm.sol";

/// @title AuditActions
/// @notice Time goes by, with randomness and proofs or without; challenges are made, answered, or not.
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

    function recordBeacon(uint256 dice) external acts {
        _record(dice);
    }

    function _record(uint256 dice) private {
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

    /// @dev Settles first, so that duty sees what was missed.
    function _prove(VNodeId vNode) private returns (bool) {
        uint32 epoch = _now();
        audits.settle(vNode, 100);
        IAudits.Duty memory d = audits.duty(vNode, epoch);
        if (!d.due || d.proven || block.timestamp >= d.deadline) return false;
        audits.prove(vNode, epoch, _proof(d, true));
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
    }

    /// @dev As FlagVerifier takes it.
    function _proof(IAudits.Duty memory d, bool holds) private pure returns (uint256[8] memory proof) {
        (proof[0], proof[1], proof[3], proof[4]) = (uint256(d.root), d.seed, d.total, holds ? 1 : 0);
    }

    function settle(uint256 who, uint256 which, uint256 most) external acts {
        VM.prank(_anyone(who));
        audits.settle(_vNode(which), most % 8);
    }

    // --------------------------------------------------------------------------------------------------- challenges

    function challenge(uint256 who, uint256 which) external acts {
        _challenge(who, which);
    }

    function _challenge(uint256 who, uint256 which) private returns (ChallengeId) {
        VNodeId vNode = _challengeable(which);
        _dare(who, vNode);
        return challenges.challenge(vNode, type(uint256).max);
    }

    function challengeSegment(uint256 who, uint256 which) external acts {
        VNodeId vNode = _challengeable(which);
        for (uint256 i = 0; i < _stored.length; ++i) {
            Stored storage s = _stored[(i + (which % _stored.length)) % _stored.length];
            if (!_same(s.vNode, vNode) || s.retired || _now() >= s.end) continue;
            _dare(who, vNode);
            challenges.challengeSegment(vNode, s.serial, type(uint256).max);
            return;
        }
        revert Nothing();
    }

    /// @dev The next call is that of an owner or of the stranger, with the means for it.
    function _dare(uint256 who, VNodeId vNode) private {
        uint256 others = challenges.openOf(vNode).length;
        address challenger = who % 2 == 0 ? _owner(who >> 1) : _stranger();
        uint256 least = (8 * uint256(audits.state(vNode).rate)) << others;
        if (ledger.balanceOf(challenger) < least) challenger = _stranger();
        _spends(challenger);
    }

    /// @dev The first vNode from which on that can be challenged, once what is over is settled.
    function _challengeable(uint256 which) private returns (VNodeId vNode) {
        uint256 count = registry.vNodeCount();
        for (uint256 i = which % count; i < count + (which % count); ++i) {
            vNode = _vNode(i);
            audits.settle(vNode, 64);
            IAudits.VNodeState memory v = audits.state(vNode);
            if (v.node == NO_NODE || v.rate == 0 || v.syncLeft != 0) continue;
            (, uint32 pauseEnd, , ) = audits.pauseOf(vNode, v.node);
            if (_now() >= pauseEnd && challenges.openOf(vNode).length < 4) return vNode;
        }
        revert Nothing();
    }

    /// @dev With the randomness that it waits for, if it is still time for that.
    function answer(uint256 which, uint256 dice) external acts {
        ChallengeId id = _open(which, dice, 2);
        if (_now() == challenges.challengeOf(id).epoch) {
            _nextEpoch();
            _record(dice);
        }
        (bytes32 random, uint256[4] memory inputs) = challenges.inputsOf(id);
        require(random != 0, Nothing());
        challenges.answer(id, [inputs[0], inputs[1], inputs[2], inputs[3], 1, 0, 0, 0]);
    }

    /// @dev Unanswered, with its randomness on record in three of four cases.
    function expire(uint256 which, uint256 dice) external acts {
        ChallengeId id = _open(which, dice, type(uint32).max);
        uint32 epoch = challenges.challengeOf(id).epoch;
        if (_now() == epoch && dice % 4 != 0) {
            _nextEpoch();
            _record(dice >> 2);
        }
        if (_now() < epoch + 3) VM.warp(audits.epochStart(epoch + 3));
        challenges.expire(id);
        IChallenges.Status status = challenges.challengeOf(id).status;
        bool void = beacon.randomness(epoch + 1) == 0;
        if (status != (void ? IChallenges.Status.Void : IChallenges.Status.Failed)) {
            _fail("no randomness, no verdict");
        }
    }

    /// @dev The first open challenge from a vNode on that is at most so many epochs old; a new one, if there is none.
    function _open(uint256 which, uint256 who, uint32 age) private returns (ChallengeId) {
        uint256 count = registry.vNodeCount();
        for (uint256 i = which % count; i < count + (which % count); ++i) {
            ChallengeId[] memory open = challenges.openOf(_vNode(i));
            for (uint256 j = 0; j < open.length; ++j) {
                if (_now() - challenges.challengeOf(open[j]).epoch <= age) return open[j];
            }
        }
        return _challenge(who, which);
    }
}
