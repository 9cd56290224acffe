// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "../../contracts/interfaces/IAudits.sol";
import {IChallenges} from "../../contracts/interfaces/IChallenges.sol";
import {ILedger} from "../../contracts/interfaces/ILedger.sol";
import {IRegistry} from "../../contracts/interfaces/IRegistry.sol";
import {
    ChallengeId,
    ClusterId,
    FIRST_SERIAL,
    NO_NODE,
    NodeId,
    Opening,
    Serial,
    VNodeId
} from "../../contracts/interfaces/Types.sol";
import {HostileToken} from "../../contracts/test-support/HostileToken.sol";
import {Settings} from "./Settings.sol";
import {System} from "./System.sol";
import {VM} from "./Vm.sol";
import {World} from "./World.sol";

/// @title CornersTest
/// @notice What went wrong once where two rules meet, step by step.
contract CornersTest {
    VNodeId private constant V = VNodeId.wrap(1);
    ClusterId private constant C = ClusterId.wrap(1);
    NodeId private constant OLD = NodeId.wrap(1);
    NodeId private constant NEW = NodeId.wrap(2);
    address private constant SOMEBODY = address(0xabc);

    System private _system;
    IAudits private _audits;
    IRegistry private _registry;

    function _build(World.Setting memory setting, bool stored) private {
        _system = stored ? Settings.build(setting) : Settings.make(setting);
        (_audits, _registry) = (_system.audits(), _system.registry());
    }

    function _nextEpoch() private returns (uint32 epoch) {
        epoch = _audits.currentEpoch() + 1;
        VM.warp(_audits.epochStart(epoch) + _audits.margin());
    }

    /// @dev Randomness with which a node is due by the draw, or not.
    function _record(NodeId node, bool drawn) private {
        uint32 epoch = _audits.currentEpoch();
        (uint256 odds, uint256 random) = (3, 0);
        bool hit;
        do {
            bytes memory seed = abi.encode(
                block.chainid,
                address(_audits),
                V,
                node,
                epoch,
                bytes32(++random)
            );
            uint256 value = uint256(keccak256(seed)) >> 8;
            hit = uint256(keccak256(abi.encode(value, bytes32("due")))) % odds == 0;
        } while (hit != drawn);
        _audits.recordBeacon(0, epoch, abi.encode(random));
    }

    function _proof(IAudits.Duty memory d, uint256 seed) private pure returns (uint256[8] memory proof) {
        (proof[0], proof[1], proof[3], proof[4]) = (uint256(d.root), seed, d.total, 1);
    }

    /// @dev What was deferred, and the pay of the epoch, were lost to whoever was asked and let the next one prove first.
    function test_WhoIsReplacedIsAskedAndPaidToItsEnd() external {
        _build(Settings.usual(), true);
        for (uint256 i = 0; i < 2; ++i) {
            _nextEpoch();
            _record(OLD, false);
        }
        VM.prank(address(_system));
        _registry.assign(V, NEW);
        uint32 epoch = _nextEpoch();
        _record(OLD, false);
        _audits.settle(V, 9);
        uint256 deferred = _audits.state(V).deferred;
        IAudits.Duty memory d = _audits.duty(V, epoch);
        assert(deferred != 0 && d.due && d.successor == NEW);

        VM.prank(address(_system));
        _audits.takeOver(V, epoch, _proof(d, d.successorSeed));

        d = _audits.duty(V, epoch);
        assert(d.due && d.node == OLD);
        address provider = _registry.providerOf(OLD);
        uint256 before = _system.ledger().balanceOf(provider);
        _audits.prove(V, epoch, _proof(d, d.seed));
        assert(_system.ledger().balanceOf(provider) - before > (deferred * 9) / 10);
        _nextEpoch();
        _audits.topUp(V);
        assert(_audits.state(V).node == NEW && _audits.state(V).misses == 0);
    }

    /// @dev Nobody can leave it out either: it has missed what it was asked for.
    function test_WhoIsReplacedMissesWhatItDoesNotProve() external {
        _build(Settings.usual(), true);
        VM.prank(address(_system));
        _registry.assign(V, NEW);
        uint32 epoch = _nextEpoch();
        _record(OLD, false);
        IAudits.Duty memory d = _audits.duty(V, epoch);
        VM.prank(address(_system));
        _audits.takeOver(V, epoch, _proof(d, d.successorSeed));
        _nextEpoch();
        _audits.settle(V, 9);
        assert(_audits.state(V).node == OLD && _audits.state(V).misses == 1);
    }

    /// @dev The fault came to light in the call that ended the challenge, and the node was slashed for both.
    function test_AFaultThatComesToLightEndsAChallenge() external {
        _build(Settings.harsh(), true);
        ILedger ledger = _system.ledger();
        HostileToken token = _system.token();
        uint256 means = 1e15;
        token.mint(address(this), 2 * means);
        token.approve(address(ledger), 2 * means);
        ledger.deposit(SOMEBODY, means);
        uint40 total = _registry.directory(V).total;
        IChallenges challenges = _system.challenges();
        VM.prank(SOMEBODY);
        ChallengeId id = challenges.challenge(V, 0, total, 2 * means);
        for (uint256 i = 0; i < 2; ++i) {
            _audits.recordBeacon(0, _nextEpoch(), abi.encode(i + 1));
        }
        _nextEpoch();
        uint256 rate = _audits.state(V).rate;
        (uint256 before, , , ) = ledger.bondOf(OLD);

        challenges.expire(id);

        assert(challenges.challengeOf(id).status == IChallenges.Status.Dismissed);
        (uint256 bond, , , ) = ledger.bondOf(OLD);
        // Twice slashMultiple, and faultMultiple once.
        assert(before - bond <= 100 * rate);
        assert(challenges.openAgainst(V, OLD) == 0);
    }

    /// @dev The reporter's share went to the address 0.
    function test_NobodyIsRewardedForWhatNobodyReported() external {
        _build(Settings.harsh(), true);
        _audits.recordBeacon(0, _nextEpoch(), abi.encode(1));
        _nextEpoch();
        (uint256 before, , , ) = _system.ledger().bondOf(OLD);
        VM.prank(address(_system));
        _registry.compact(V, new Opening[](0), new bytes32[](0));
        (uint256 bond, , , ) = _system.ledger().bondOf(OLD);
        assert(bond < before);
        assert(_system.ledger().balanceOf(address(0)) == 0);
    }

    /// @dev It waited for a proof of what was not there any more.
    function test_WhoHasNothingLeftToProveCanLeave() external {
        _build(Settings.usual(), true);
        uint32 last;
        Serial next = _registry.directory(V).nextSerial;
        for (Serial serial = FIRST_SERIAL; serial < next; serial = serial.following()) {
            uint32 end = _registry.segment(V, serial).end;
            if (end > last) last = end;
        }
        VM.warp(_audits.epochStart(last - 2) + _audits.margin());
        VM.prank(_registry.providerOf(OLD));
        _audits.announceLeave(V);
        _nextEpoch();
        _record(OLD, true);
        for (uint256 i = 0; i < 6; ++i) _nextEpoch();
        _audits.settle(V, 99);
        assert(_audits.state(V).rate == 0 && _audits.state(V).node == NO_NODE);
    }

    /// @dev A standby node was responsible for what somebody had accepted who was gone.
    function test_NobodyIsBoundByWhatAnotherNodeAccepted() external {
        _build(Settings.usual(), false);
        _nextEpoch();
        _audits.settle(V, 9);
        _audits.topUp(V);
        address provider = _registry.providerOf(OLD);
        VM.prank(provider);
        _audits.announceLeave(V);
        VM.prank(address(_system));
        _registry.addStandby(C, NEW);
        for (uint256 i = 0; i < 6; ++i) _nextEpoch();

        // Not settled before.
        bytes memory store = abi.encodeCall(_system.store, (0, 0, 0, 9, 1e28));
        // solhint-disable-next-line avoid-low-level-calls
        (bool stored, ) = address(_system).call(store);
        assert(!stored);
        assert(_audits.state(V).committed == 0 && _audits.state(V).nextLocked == 0);
        _audits.settle(V, 9);
        assert(_audits.state(V).nextNode == NEW);
    }
}
