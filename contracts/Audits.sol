// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {Deployment} from "./audits/Deployment.sol";
import {Proofs} from "./audits/Proofs.sol";
import {Sources} from "./audits/Sources.sol";
import {IAudits} from "./interfaces/IAudits.sol";
import {IBeacon} from "./interfaces/IBeacon.sol";
import {IFactory} from "./interfaces/IFactory.sol";
import {ILedger} from "./interfaces/ILedger.sol";
import {IRegistry} from "./interfaces/IRegistry.sol";
import {ClusterId, ClusterParams, NO_NODE, NodeId, VNodeId} from "./interfaces/Types.sol";
import {AuditViews} from "./libraries/AuditViews.sol";
import {Parameters} from "./libraries/Parameters.sol";
import {Responsibility} from "./libraries/Responsibility.sol";
import {Settlement} from "./libraries/Settlement.sol";
import {Schedule} from "./libraries/settlement/Schedule.sol";
import {Stakes} from "./libraries/settlement/Stakes.sol";
import {AuditsState, Kept, Leave, Stake} from "./libraries/settlement/State.sol";
import {Terms} from "./libraries/settlement/Terms.sol";
import {VNode, VNodeWord} from "./libraries/settlement/VNodeWord.sol";

/// @title Audits
/// @notice See IAudits. This file has settling, responsibility, and what the registry and the challenges ask. Deployment,
/// Sources and Proofs have the rest. With `multicall`, a proof can bring the randomness of its epoch along.
contract Audits is Proofs, Multicall {
    using AuditViews for AuditsState;
    using Responsibility for AuditsState;
    using Schedule for Schedule.Changes;
    using Settlement for AuditsState;

    constructor(
        ILedger ledger_,
        IRegistry registry_,
        IFactory factory_,
        Profile[] memory profiles_,
        IBeacon[] memory beacons_,
        uint256 genesis_,
        uint256 epochSeconds_,
        uint256 margin_,
        uint256 protocolFee_
    )
        Deployment(ledger_, registry_, factory_, genesis_, epochSeconds_, margin_, protocolFee_)
        Sources(profiles_, beacons_)
    {}

    // ----------------------------------------------------------------------------------------------------- settling

    /// @inheritdoc IAudits
    function settle(VNodeId id, uint256 maxEpochs) external returns (uint32) {
        uint32 current = currentEpoch();
        return _state.settle(_context(msg.sender), id, current == 0 ? 0 : current - 1, maxEpochs);
    }

    // ---------------------------------------------------------------------------------------------- responsibility

    /// @inheritdoc IAudits
    function outlook(
        VNodeId id
    ) external view returns (NodeId node, NodeId successor, bool handingOver, uint32 epoch) {
        uint256 word = _state.words[id];
        (node, epoch) = (VNodeWord.nodeOf(word), currentEpoch());
        bool syncing = VNodeWord.isSyncing(word);
        if (VNodeWord.nextSinceOf(word) == 0) return (node, NO_NODE, syncing, epoch);
        Stake storage s = _state.stakes[id];
        // If nothing is stored and nobody is responsible, the next node comes with the next epoch, without a proof.
        if (node == NO_NODE && !s.nextSyncs) return (s.nextNode, NO_NODE, false, epoch);
        return (node, s.nextNode, true, epoch);
    }

    /// @inheritdoc IAudits
    function nextRate(VNodeId id) external onlyRegistry returns (uint256) {
        return _state.nextRate(_context(address(0)), id);
    }

    /// @inheritdoc IAudits
    function openVNode(VNodeId id, ClusterId cluster) external onlyRegistry {
        VNode memory v;
        (v.cluster, v.settled) = (cluster, currentEpoch());
        _state.words[id] = VNodeWord.pack(v);
    }

    /// @inheritdoc IAudits
    function assign(
        VNodeId id,
        NodeId node,
        address reporter
    ) external onlyRegistry returns (NodeId previous, uint32 since) {
        return _state.assign(_context(reporter), id, node);
    }

    /// @inheritdoc IAudits
    function announceLeave(VNodeId id) external {
        _state.announceLeave(_context(msg.sender), id);
    }

    /// @inheritdoc IAudits
    function pause(VNodeId id, uint32 epochs) external returns (uint32 from, uint32 end) {
        return _state.pause(_context(msg.sender), id, epochs, quarterEpochs());
    }

    /// @inheritdoc IAudits
    function topUp(VNodeId id) external {
        _state.topUp(_context(msg.sender), id);
    }

    /// @inheritdoc IAudits
    function unlockKept(VNodeId id, NodeId node) external {
        _state.unlockKept(_context(msg.sender), id, node);
    }

    /// @inheritdoc IAudits
    function quarterEpochs() public view returns (uint32) {
        return uint32(Math.max(1, Parameters.QUARTER_SECONDS / epochSeconds));
    }

    /// @inheritdoc IAudits
    /// @dev A vNode without data is settled first, since nothing was asked of it so far.
    function commit(
        VNodeId id,
        uint256 perEpoch,
        uint32 from,
        uint32 end
    ) external onlyRegistry returns (uint256 locked) {
        Stake storage s = _state.stakes[id];
        if (s.committed == 0) _settleIdle(id, from - 1);
        uint256 word = VNodeWord.changingAt(_state.words[id], from);
        uint256 committed = s.committed + perEpoch;
        require(committed <= type(uint80).max, RateTooHigh(id, committed));

        _state.words[id] = word;
        _state.changes[id].add(VNodeWord.settledOf(word), from, end, uint80(perEpoch));
        s.committed = uint80(committed);
        return Stakes.lockMissing(_state, ledger, s, id, word);
    }

    /// @dev A node that has announced to leave, and still accepted, may be gone by then. Nobody else has accepted.
    function _settleIdle(VNodeId id, uint32 epoch) private {
        NodeId node = VNodeWord.nodeOf(_state.words[id]);
        _state.settle(_context(address(0)), id, epoch, 1);
        bool same = node == NO_NODE || node == VNodeWord.nodeOf(_state.words[id]);
        require(same, IRegistry.HandingOver(id));
    }

    /// @inheritdoc IAudits
    function reschedule(
        VNodeId id,
        uint256 perEpoch,
        uint32 end,
        uint32 newEnd
    ) external onlyRegistry returns (uint256) {
        return _state.reschedule(ledger, id, perEpoch, end, newEnd);
    }

    // --------------------------------------------------------------------------------------------------- challenges

    /// @inheritdoc IAudits
    function summon(VNodeId id, address challenger) external onlyChallenges returns (Subject memory) {
        return _state.summon(_context(challenger), id);
    }

    /// @inheritdoc IAudits
    function convict(
        VNodeId id,
        Verdict calldata verdict
    ) external onlyChallenges returns (uint256 taken, uint256 reward) {
        return _state.convict(_context(verdict.challenger), id, verdict);
    }

    /// @inheritdoc IAudits
    function lastAnswer(VNodeId id, NodeId node, uint32 epoch) external view returns (uint32) {
        return _state.lastAnswer(id, node, epoch);
    }

    /// @inheritdoc IAudits
    function keptOf(VNodeId id, NodeId node) external view returns (uint256 amount, uint32 until) {
        Kept storage k = _state.kept[id][node];
        return (k.amount, _state.takenOver[id] < k.since ? k.until : 0);
    }

    /// @inheritdoc IAudits
    function owedOf(VNodeId id) external view returns (uint256) {
        return _state.owed[id].amount;
    }

    // ----------------------------------------------------------------------------------------------------- clusters

    /// @inheritdoc IAudits
    function openCluster(
        ClusterId id,
        uint8 profile,
        uint8 beacon,
        ClusterParams calldata p
    ) external onlyRegistry {
        _state.terms[id] = _termsOf(profile, beacon, p);
    }

    function _termsOf(uint8 profile, uint8 beacon, ClusterParams calldata p) private view returns (Terms) {
        _profile(profile);
        beacons(beacon);
        return Settlement.checkedTerms(profile, beacon, p, epochSeconds, margin);
    }

    /// @inheritdoc IAudits
    function changeCluster(
        ClusterId id,
        uint8 profile,
        uint8 beacon,
        ClusterParams calldata p
    ) external onlyRegistry returns (uint32 since) {
        // Segments and directories keep their depths.
        uint256 depths = _profile(_state.terms[id].profile()) & 0xffff;
        require(_profile(profile) & 0xffff == depths, OtherDepths(profile));

        return _state.changeTerms(id, _termsOf(profile, beacon, p), currentEpoch(), changeDelay);
    }

    /// @inheritdoc IAudits
    function params(
        ClusterId id
    ) external view returns (ClusterParams memory params_, uint8 profile, uint8 beacon) {
        return _state.params(id, currentEpoch());
    }

    /// @inheritdoc IAudits
    function announced(
        ClusterId id
    ) external view returns (uint32 since, ClusterParams memory params_, uint8 profile, uint8 beacon) {
        return _state.announced(id);
    }

    // -------------------------------------------------------------------------------------------------------- views

    /// @inheritdoc IAudits
    function state(VNodeId id) external view returns (VNodeState memory) {
        return _state.state(id);
    }

    /// @inheritdoc IAudits
    function duty(VNodeId id, uint32 epoch) external view returns (Duty memory) {
        uint32 current = currentEpoch();
        require(epoch == current, NotCurrentEpoch(epoch, current));
        return _state.duty(registry, id, epoch, epochStart(epoch) + margin);
    }

    /// @inheritdoc IAudits
    function pauseOf(VNodeId id, NodeId node) external view returns (uint32 from, uint32 end, uint32 used) {
        return _state.pauseOf(id, node, quarterEpochs());
    }

    /// @inheritdoc IAudits
    function leaveOf(VNodeId id) external view returns (NodeId node, uint32 epoch) {
        Leave storage leaving = _state.leaves[id];
        return (leaving.node, leaving.epoch);
    }

    /// @inheritdoc IAudits
    function creditBetween(
        VNodeId id,
        uint32 from,
        uint32 end
    ) external view returns (uint32 to, uint256 credit) {
        return _state.creditBetween(id, from, end);
    }
}
