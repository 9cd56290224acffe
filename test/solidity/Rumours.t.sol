// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "../../contracts/interfaces/IAudits.sol";
import {IChallenges} from "../../contracts/interfaces/IChallenges.sol";
import {ILedger} from "../../contracts/interfaces/ILedger.sol";
import {IClusters} from "../../contracts/interfaces/registry/IClusters.sol";
import {ClusterId, NodeId, VNodeId} from "../../contracts/interfaces/Types.sol";
import {Rules} from "./Rules.sol";
import {Settings} from "./Settings.sol";
import {System} from "./System.sol";
import {IVm, VM} from "./Vm.sol";

/// @title RumoursTest
/// @notice A rule about what happens that never finds anything rules nothing either: events that cannot be break each.
contract RumoursTest {
    VNodeId private constant V = VNodeId.wrap(1);
    NodeId private constant N = NodeId.wrap(1);
    NodeId private constant M = NodeId.wrap(2);
    /// @dev Words of an event's data.
    uint256 private constant EPOCH = 0;
    uint256 private constant SINCE = 1;

    System private _system;
    IAudits private _audits;

    /// @dev Thrown when a rule holds, or another one does not, although what is told cannot be.
    error Believed(string rule, string found);

    function setUp() public {
        _system = Settings.make(Settings.usual());
        _audits = _system.audits();
        for (uint256 i = 0; i < 6; ++i) _system.store(i, i, 21 * i + 255, 29, 1e28);
        _system.live(3, 1);
    }

    // ------------------------------------------------------------------------------------------------------- telling

    function _log(
        address emitter,
        bytes32 kind,
        uint256 first,
        uint256 second,
        bytes memory data
    ) private pure returns (IVm.Log memory) {
        bytes32[] memory topics = new bytes32[](3);
        (topics[0], topics[1], topics[2]) = (kind, bytes32(first), bytes32(second));
        return IVm.Log(topics, data, emitter);
    }

    /// @dev Of the audits, about the vNode.
    function _said(bytes32 kind, NodeId node, bytes memory data) private view returns (IVm.Log memory) {
        return _log(address(_audits), kind, VNodeId.unwrap(V), NodeId.unwrap(node), data);
    }

    function _tell(string memory rule, IVm.Log[] memory logs, bool accepts) private {
        try _system.hear(logs, accepts) {
            assert(false);
        } catch (bytes memory why) {
            string memory found;
            if (bytes4(why) == Rules.Broken.selector) {
                // Without the selector.
                assembly ("memory-safe") {
                    mstore(add(why, 4), sub(mload(why), 4))
                    why := add(why, 4)
                }
                (found, , ) = abi.decode(why, (string, uint256, uint256));
            } else {
                require(bytes4(why) == System.Credible.selector, Believed(rule, "it fails"));
            }
            require(keccak256(bytes(found)) == keccak256(bytes(rule)), Believed(rule, found));
        }
    }

    function _tell(string memory rule, IVm.Log memory log) private {
        IVm.Log[] memory logs = new IVm.Log[](1);
        logs[0] = log;
        _tell(rule, logs, false);
    }

    function _tell(string memory rule, IVm.Log memory first, IVm.Log memory second) private {
        IVm.Log[] memory logs = new IVm.Log[](2);
        (logs[0], logs[1]) = (first, second);
        _tell(rule, logs, false);
    }

    /// @dev The same with another word: it stays what it is.
    function _off(
        string memory rule,
        IVm.Log[] memory logs,
        uint256 which,
        uint256 word,
        int256 more
    ) private {
        bytes memory data = logs[which].data;
        _add(data, word, more);
        _tell(rule, logs, false);
        _add(data, word, -more);
    }

    function _add(bytes memory data, uint256 word, int256 more) private pure {
        assembly ("memory-safe") {
            let at_ := add(data, mul(32, add(word, 1)))
            mstore(at_, add(mload(at_), more))
        }
    }

    // ---------------------------------------------------------------------------------------------------- deciding

    /// @dev The next epoch in which the vNode is due, nothing waits, and nobody has proven.
    function _untilDue(bool deferring) private returns (IAudits.Duty memory d) {
        for (uint256 dice = 1; ; ++dice) {
            _system.idle(0);
            _system.recordBeacon(4 * dice + 1);
            _system.settle(0, 0, 7);
            d = _audits.duty(V, _audits.currentEpoch());
            bool waits = _audits.state(V).deferredSince != 0;
            if (d.due && waits == deferring) return d;
            if (d.due) _system.live(0, dice);
        }
    }

    /// @dev What a proof of the vNode logs, which the system does not hear of.
    function _logsOfProof(bool deferring) private returns (IVm.Log[] memory logs) {
        IAudits.Duty memory d = _untilDue(deferring);
        uint256[8] memory proof;
        (proof[0], proof[1], proof[3], proof[4]) = (uint256(d.root), d.seed, d.total, 1);
        VM.recordLogs();
        _audits.prove(V, _audits.currentEpoch(), proof);
        return VM.getRecordedLogs();
    }

    function test_PayThatIsNotDueIsNoticed() external {
        IVm.Log[] memory logs = _logsOfProof(false);
        _tell("", logs, false);
        _off("only what is due is proven", logs, 0, EPOCH, 1);
        _off("a proof pays its epoch and what was deferred before it", logs, 0, SINCE, -1);
        _off("an epoch costs what its segments cost", logs, 0, 2, 1);
        _off("an epoch costs what its segments cost", logs, 0, 4, 1);
        _add(logs[0].data, 2, -1);
        _off("the owners get back what coverage leaves", logs, 0, 4, 1);
        _off("fees are as the terms say", logs, 0, 3, 1);
        _add(logs[0].data, 2, 1);
        logs[0].topics[2] = bytes32(uint256(2));
        _tell("whoever is responsible is paid", logs, false);
        logs[0].topics[2] = bytes32(uint256(1));
        _tell("an epoch is paid or refunded once", logs[0], logs[0]);
    }

    function test_PayBeforeAProofIsNoticed() external {
        IVm.Log[] memory logs = _logsOfProof(true);
        _tell("", logs, false);
        _off("a proof pays its epoch and what was deferred before it", logs, 0, SINCE, 1);
        _off("an epoch costs what its segments cost", logs, 0, 2, -1);
    }

    function test_WhatIsDecidedWithoutAReasonIsNoticed() external {
        uint256 rate = _untilDue(false).rate;
        uint32 epoch = _audits.currentEpoch();
        bytes memory costs = abi.encode(epoch, rate);
        IVm.Log memory deferred = _said(IAudits.EpochDeferred.selector, N, costs);
        _tell("what asks for something is not deferred", deferred);
        deferred = _said(IAudits.EpochDeferred.selector, N, abi.encode(epoch + 1, rate));
        _tell("", deferred);
        IVm.Log memory twice = _said(IAudits.EpochDeferred.selector, N, abi.encode(epoch + 3, rate));
        _tell("epochs are deferred in a row", deferred, twice);
        deferred = _said(IAudits.EpochDeferred.selector, M, abi.encode(epoch + 1, rate));
        _tell("whoever is responsible waits for pay", deferred);
        deferred = _said(IAudits.EpochDeferred.selector, N, abi.encode(epoch + 1, rate + 1));
        _tell("an epoch costs what its segments cost", deferred);
        _tellRefunds(epoch, rate);
    }

    function _tellRefunds(uint32 epoch, uint256 rate) private {
        IVm.Log memory refunded = _refund(epoch, epoch, rate);
        IVm.Log memory missed = _said(IAudits.Missed.selector, N, abi.encode(epoch, 1));
        IVm.Log memory fault = _said(IAudits.Faulted.selector, N, abi.encode(epoch));
        _tell("", refunded, missed);
        _tell("what was due is missed", refunded, fault);
        _tell("only what is due is missed", missed);
        missed = _said(IAudits.Missed.selector, N, abi.encode(epoch, 2));
        _tell("misses count in a row", refunded, missed);
        _tell("nothing is refunded that was not asked for", _refund(epoch + 1, epoch + 1, rate));
        _tell("what was deferred is refunded as a whole", _refund(epoch - 1, epoch, rate));
        IVm.Log memory deferred = _said(IAudits.EpochDeferred.selector, N, abi.encode(epoch + 1, rate));
        IVm.Log[] memory logs = new IVm.Log[](3);
        (logs[0], logs[1], logs[2]) = (deferred, _refund(epoch + 1, epoch + 1, rate), fault);
        _tell("what was deferred waits for a proof", logs, false);
    }

    function _refund(uint32 since, uint32 epoch, uint256 amount) private view returns (IVm.Log memory log) {
        log = _said(IAudits.EpochsRefunded.selector, N, abi.encode(since, epoch, amount));
        bytes32[] memory topics = new bytes32[](2);
        (topics[0], topics[1]) = (log.topics[0], log.topics[1]);
        log.topics = topics;
    }

    // ---------------------------------------------------------------------------------------------------- penalties

    function test_PenaltiesWithoutAReasonAreNoticed() external {
        uint32 epoch = _audits.currentEpoch();
        bytes memory data = abi.encode(epoch, uint256(1e6), address(this), uint256(0));
        IVm.Log memory slashed = _said(IAudits.Slashed.selector, N, data);
        IVm.Log memory fault = _said(IAudits.Faulted.selector, N, abi.encode(epoch));
        _tell("", slashed, fault);
        _tell("one penalty is for all", fault, slashed);
        slashed = _said(IAudits.Slashed.selector, N, abi.encode(epoch, 1e30, address(this), 0));
        _tell("no slash is above the bond", slashed);
        slashed = _said(IAudits.Slashed.selector, N, abi.encode(epoch, 1e6, address(this), 2e5 + 1));
        _tell("a reward is capped", slashed);
        _tell("whoever fails was responsible", _said(IAudits.Faulted.selector, M, abi.encode(epoch)));
    }

    function test_APenaltyAboveTheTermsIsNoticed() external {
        uint256 rate = _untilDue(false).rate;
        uint32 epoch = _audits.currentEpoch();
        IVm.Log[] memory logs = new IVm.Log[](3);
        logs[0] = _refund(epoch, epoch, rate);
        logs[1] = _said(IAudits.Missed.selector, N, abi.encode(epoch, 1));
        // The first one is free.
        logs[2] = _said(IAudits.Slashed.selector, N, abi.encode(epoch, 1, address(this), 0));
        _tell("a miss costs what the terms say", logs, false);
    }

    // ----------------------------------------------------------------------------------------------- responsibility

    function test_WhoComesUnnamedIsNoticed() external {
        uint32 next = _audits.currentEpoch() + 1;
        IVm.Log memory switched = _said(IAudits.NodeSwitched.selector, M, abi.encode(next));
        IVm.Log memory named = _said(IAudits.TookOver.selector, M, abi.encode(next));
        _tell("who comes was named", switched);
        _tell("who is responsible stays until somebody else has proven", named, switched);
        _tell("who comes was named", named, _said(IAudits.NodeSwitched.selector, M, abi.encode(next - 1)));
        _tell(
            "who is named comes in the next epoch",
            _said(IAudits.TookOver.selector, M, abi.encode(next + 1))
        );
        IVm.Log memory ready = _said(IAudits.TakeOverProven.selector, M, abi.encode(next));
        _tell("who is named takes over", named, ready);
        _tell("who waits has its time", named, _said(IAudits.SyncDropped.selector, M, abi.encode(next + 1)));
        _tell("who comes has its audits", _said(IAudits.SyncDropped.selector, N, abi.encode(next)));
    }

    function test_WhoLeavesUnannouncedIsNoticed() external {
        uint32 current = _audits.currentEpoch();
        IVm.Log memory notice = _said(IAudits.LeaveAnnounced.selector, N, abi.encode(current + 5));
        IVm.Log memory left = _said(IAudits.Left.selector, N, abi.encode(current + 5));
        _tell("", notice, left);
        _tell("who leaves has said so, and has proven since", left);
        left = _said(IAudits.Left.selector, N, abi.encode(current + 4));
        _tell("who leaves has said so, and has proven since", notice, left);
        notice = _said(IAudits.LeaveAnnounced.selector, N, abi.encode(current + 4));
        _tell("a notice is of 4 epochs", notice);
    }

    function test_ALockThatIsKeptForLessIsNoticed() external {
        uint32 current = _audits.currentEpoch();
        IVm.Log[] memory logs = new IVm.Log[](3);
        logs[0] = _said(IAudits.LeaveAnnounced.selector, N, abi.encode(current + 5));
        logs[1] = _said(IAudits.BondKept.selector, N, abi.encode(1, current + 6));
        logs[2] = _said(IAudits.Left.selector, N, abi.encode(current + 5));
        _tell("a lock is kept for syncEpochs", logs, false);
    }

    function test_PausesAboveTheBudgetAreNoticed() external {
        uint32 from = _audits.currentEpoch() + 2;
        _tell("", _said(IAudits.Paused.selector, N, abi.encode(from, from + 4)));
        IVm.Log memory first = _said(IAudits.Paused.selector, N, abi.encode(from, from + 3));
        string memory rule = "pauses are within the budget in any quarter";
        _tell(rule, _said(IAudits.Paused.selector, N, abi.encode(from, from + 5)));
        // Two of them, within 180 epochs or not.
        _tell(rule, first, _said(IAudits.Paused.selector, N, abi.encode(from + 170, from + 172)));
        _tell("", first, _said(IAudits.Paused.selector, N, abi.encode(from + 180, from + 182)));
        _tell("a pause is of epochs to come", _said(IAudits.Paused.selector, N, abi.encode(from, from)));
    }

    // -------------------------------------------------------------------------------------------------- money, locks

    function test_LocksAboveTheLimitAreNoticed() external {
        uint256 most = _system.registry().node(M).lockPerEpoch;
        IVm.Log[] memory logs = new IVm.Log[](1);
        logs[0] = _log(address(_system.ledger()), ILedger.BondLocked.selector, 2, 0, abi.encode(most + 1));
        bytes32[] memory topics = new bytes32[](2);
        (topics[0], topics[1]) = (logs[0].topics[0], logs[0].topics[1]);
        logs[0].topics = topics;
        _tell("acceptances lock lockPerEpoch at most", logs, true);
        _tell("", logs, false);
    }

    function test_FeesThatAreNotTheTreasurysAreNoticed() external {
        _system.live(5, 3);
        VM.recordLogs();
        _system.ledger().collectFees(ClusterId.wrap(1));
        IVm.Log[] memory logs = VM.getRecordedLogs();
        _tell("", logs, false);
        _off("the treasury's part of fees is exact", logs, 0, 1, 1);
    }

    function test_AnAnswerThatKeepsTheBondIsNoticed() external {
        _system.challenge(0, 0, 0);
        bytes memory data = abi.encode(1, 1);
        IVm.Log memory answered = _log(
            address(_system.challenges()),
            IChallenges.Answered.selector,
            1,
            1,
            data
        );
        _tell("an answer shares the bond", answered);
    }

    function test_AStandbyNodeThatLeavesTwiceIsNoticed() external {
        address registry = address(_system.registry());
        IVm.Log memory removed = _log(registry, IClusters.StandbyRemoved.selector, 1, 1, "");
        _tell("a standby node waits once", removed);
    }
}
