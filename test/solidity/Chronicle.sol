// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IChallenges} from "../../contracts/interfaces/IChallenges.sol";
import {ILedger} from "../../contracts/interfaces/ILedger.sol";
import {IRegistry} from "../../contracts/interfaces/IRegistry.sol";
import {IClusters} from "../../contracts/interfaces/registry/IClusters.sol";
import {ChallengeId, ClusterId, ClusterParams, NodeId, VNodeId} from "../../contracts/interfaces/Types.sol";
import {SettableBeacon} from "../../contracts/test-support/SettableBeacon.sol";
import {Minutes} from "./Minutes.sol";
import {IVm, VM} from "./Vm.sol";

/// @title Chronicle
/// @notice Reads what each step did. A rule about one step (nobody else's balance falls, no epoch is decided twice) is
/// judged when the step is over, and found broken later, since a step that reverts leaves nothing behind.
abstract contract Chronicle is Minutes {
    mapping(VNodeId vNode => uint32) private _settled;
    uint256 private _turn;
    mapping(address who => uint256 turn) private _agreed;
    /// @dev What is locked in this step is so by an acceptance.
    bool internal _accepts;
    mapping(bytes4 action => uint256) public done;

    /// @dev Thrown when an action has nothing to work on.
    error Nothing();

    /// @dev Around every action.
    modifier acts() {
        ++_turn;
        uint256[] memory before = _balances();
        VM.recordLogs();
        _;
        _read(VM.getRecordedLogs());
        _accepts = false;
        _compareBalances(before);
        _compareSettled();
        ++done[msg.sig];
    }

    constructor() {
        for (uint32 i = 1; i <= CLUSTERS; ++i) {
            (ClusterParams memory p, , ) = audits.params(ClusterId.wrap(i));
            _terms_[ClusterId.wrap(i)].push(Dated(0, p));
        }
        for (uint32 i = 1; i <= NODES; ++i) {
            (_bonds[NodeId.wrap(i)], , , ) = ledger.bondOf(NodeId.wrap(i));
            _onNamed(VNodeId.wrap(i), NodeId.wrap(i), 1);
        }
        for (uint256 i = 0; i < _people.length; ++i) _balance[_people[i]] = ledger.balanceOf(_people[i]);
        _takenIn = token.balanceOf(address(ledger));
    }

    // ------------------------------------------------------------------------------------------------------ consent

    /// @dev The next call locks what its acceptance says; what was locked before has other reasons.
    function _accepting() internal {
        _read(VM.getRecordedLogs());
        _accepts = true;
    }

    /// @dev The step may cost who something: it is their own, or has their signature.
    function _agrees(address who) internal {
        _agreed[who] = _turn;
    }

    /// @dev The next call is who's own, and may cost them something.
    function _spends(address who) internal {
        _agrees(who);
        VM.prank(who);
    }

    function _balances() private view returns (uint256[] memory balances) {
        balances = new uint256[](_people.length);
        for (uint256 i = 0; i < balances.length; ++i) balances[i] = ledger.balanceOf(_people[i]);
    }

    function _compareBalances(uint256[] memory before) private {
        for (uint256 i = 0; i < before.length; ++i) {
            address who = _people[i];
            if (_agreed[who] != _turn && ledger.balanceOf(who) < before[i]) {
                _fail("no balance falls without its owner's call or signature");
            }
        }
    }

    function _compareSettled() private {
        for (uint32 i = 1; i <= registry.vNodeCount(); ++i) {
            VNodeId vNode = VNodeId.wrap(i);
            uint32 settled = audits.state(vNode).settled;
            if (settled < _settled[vNode]) _fail("what is settled stays settled");
            _settled[vNode] = settled;
            _expect(_pages[vNode].missing == 0, "what was due is missed");
        }
    }

    // ------------------------------------------------------------------------------------------------------ attempts

    /// @dev Before a call that may be refused. The runner keeps what it logged until then.
    function _tries() internal {
        _read(VM.getRecordedLogs());
    }

    function _wasRefused() internal {
        VM.getRecordedLogs();
    }

    // -------------------------------------------------------------------------------------------------- never stuck

    /// @dev Settling may not fail, whatever happened.
    function _settle(VNodeId vNode) internal {
        // solhint-disable-next-line no-empty-blocks
        try audits.settle(vNode, 64) {} catch {
            _fail("settling never reverts");
        }
    }

    /// @dev A beacon that fails is repaired; what was decided before that is read before that.
    function _heal() internal {
        if (beacon.mood() == SettableBeacon.Mood.Sound) return;
        _tries();
        beacon.setMood(SettableBeacon.Mood.Sound);
    }

    // ------------------------------------------------------------------------------------------------------- events

    function _read(IVm.Log[] memory logs) internal {
        for (uint256 i = 0; i < logs.length; ++i) {
            address emitter = logs[i].emitter;
            if (emitter == address(audits)) _readAudits(logs[i]);
            else if (emitter == address(ledger)) _readLedger(logs[i]);
            else if (emitter == address(registry)) _readRegistry(logs[i]);
            else if (emitter == address(challenges)) _readChallenges(logs[i]);
        }
    }

    function _topic(IVm.Log memory log, uint256 i) private pure returns (uint256) {
        return i < log.topics.length ? uint256(log.topics[i]) : 0;
    }

    function _addressIn(IVm.Log memory log, uint256 i) private pure returns (address) {
        return address(uint160(_topic(log, i)));
    }

    function _readLedger(IVm.Log memory log) private {
        bytes32 kind = log.topics[0];
        if (kind == ILedger.FeesCollected.selector) return _onCollected(log);
        (address first, address second) = (_addressIn(log, 1), _addressIn(log, 2));
        NodeId node = NodeId.wrap(uint32(_topic(log, 1)));
        uint256 amount = abi.decode(log.data, (uint256));
        if (kind == ILedger.Deposited.selector) _balance[second] += amount;
        else if (kind == ILedger.Withdrawn.selector) _balance[first] -= amount;
        else if (kind == ILedger.Reserved.selector) _balance[first] -= amount;
        else if (kind == ILedger.Held.selector) _balance[first] -= amount;
        else if (kind == ILedger.Released.selector) _balance[first] += amount;
        else if (kind == ILedger.Bonded.selector) {
            _balance[second] -= amount;
            _bonds[node] += amount;
        } else if (kind == ILedger.BondReleased.selector) {
            _balance[second] += amount;
            _bonds[node] -= amount;
        } else if (kind == ILedger.BondLocked.selector && _accepts) _onLocked(node, amount);
    }

    function _onLocked(NodeId node, uint256 amount) private {
        uint256 sum = _lockedIn[node][_now()] += amount;
        _expect(sum <= registry.node(node).lockPerEpoch, "acceptances lock lockPerEpoch at most");
    }

    function _onCollected(IVm.Log memory log) private {
        ClusterId cluster = ClusterId.wrap(uint32(_topic(log, 1)));
        (uint256 manager, uint256 protocol, , uint256 pool) = abi.decode(
            log.data,
            (uint256, uint256, uint8, uint256)
        );
        _balance[_addressIn(log, 2)] += manager;
        _balance[_treasury()] += protocol;
        _pool += pool;
        _expect(protocol == _protocol[cluster], "the treasury's part of fees is exact");
        _protocol[cluster] = 0;
    }

    function _readRegistry(IVm.Log memory log) private {
        bytes32 kind = log.topics[0];
        if (kind == IRegistry.Claimed.selector) {
            ++_roundings;
            (, uint256 amount) = abi.decode(log.data, (uint32, uint256));
            _balance[_addressIn(log, 2)] += amount;
        } else if (kind == IClusters.NodeAssigned.selector) {
            VNodeId vNode = VNodeId.wrap(uint32(_topic(log, 1)));
            uint32 since = abi.decode(log.data, (uint32));
            _noteWait(vNode);
            if (since == 0) _forgetNext(vNode);
            else _onNamed(vNode, NodeId.wrap(uint32(_topic(log, 2))), since);
        } else if (kind == IClusters.StandbyAdded.selector || kind == IClusters.StandbyRemoved.selector) {
            NodeId[] storage queue = _queue[ClusterId.wrap(uint32(_topic(log, 1)))];
            NodeId node = NodeId.wrap(uint32(_topic(log, 2)));
            if (kind == IClusters.StandbyAdded.selector) queue.push(node);
            else _dequeue(queue, node);
        }
    }

    function _dequeue(NodeId[] storage queue, NodeId node) private {
        uint256 to;
        for (uint256 i = 0; i < queue.length; ++i) {
            if (queue[i] != node) queue[to++] = queue[i];
        }
        if (to + 1 != queue.length) _fail("a standby node waits once");
        while (queue.length > to) queue.pop();
    }

    function _readChallenges(IVm.Log memory log) private {
        bytes32 kind = log.topics[0];
        if (kind == IChallenges.Challenged.selector) return;
        IChallenges.Challenge memory c = challenges.challengeOf(ChallengeId.wrap(uint64(_topic(log, 1))));
        if (kind == IChallenges.Answered.selector) {
            (uint256 toProvider, uint256 toTreasury) = abi.decode(log.data, (uint256, uint256));
            _expect(toProvider + toTreasury == c.bond, "an answer shares the bond");
            _balance[registry.providerOf(c.node)] += toProvider;
            _balance[_treasury()] += toTreasury;
            return;
        }
        _balance[c.challenger] += c.bond;
        if (kind != IChallenges.Failed.selector) return;
        _penalized[c.vNode][c.node] = c.node != _pages[c.vNode].node;
        _owed[c.vNode] += _left[c.vNode];
        _left[c.vNode] = 0;
    }
}
