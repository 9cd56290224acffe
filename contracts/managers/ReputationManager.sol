// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "../interfaces/IAudits.sol";
import {IReputation} from "../interfaces/managers/IReputation.sol";
import {ClusterId, NodeId, Serial, Unauthorized, VNodeId} from "../interfaces/Types.sol";
import {Ballot} from "./Ballot.sol";
import {ClusterManager} from "./ClusterManager.sol";
import {Membership} from "./reputation/Membership.sol";
import {ReputationRules, RuleBounds} from "./reputation/ReputationRules.sol";
import {Rewards} from "./reputation/Rewards.sol";
import {Sampling} from "./reputation/Sampling.sol";
import {Seating} from "./reputation/Seating.sol";
import {Context, ReputationState} from "./reputation/State.sol";

/// @title ReputationManager
/// @notice See IReputation. What no rule decides the members decide (Ballot), each with the scores of its nodes.
contract ReputationManager is IReputation, Rewards, Ballot {
    using Membership for ReputationState;
    using Sampling for ReputationState;
    using Seating for ReputationState;

    ReputationState private _state;

    modifier managing() {
        require(manages(), NotTheManager());
        if (_state.managesSince == 0) _state.managesSince = _current();
        _;
    }

    modifier onlyProvider(NodeId node) {
        require(registry.providerOf(node) == msg.sender, Unauthorized(msg.sender));
        _;
    }

    constructor(
        IAudits audits_,
        ClusterId cluster_,
        ReputationRules memory rules_
    ) ClusterManager(audits_, cluster_) {
        // Whoever gets notice can leave before it is over.
        RuleBounds.check(rules_, audits_.changeDelay());
        _state.rules = rules_;
        _state.keep = RuleBounds.keepDown(rules_);
        _state.tickets = 1;
    }

    function rules() external view returns (ReputationRules memory) {
        return _state.rules;
    }

    function _context() private view returns (Context memory) {
        return Context(audits, registry, ledger, challenges, cluster, _current());
    }

    // ------------------------------------------------------------------------------------------------------- scores

    /// @inheritdoc IReputation
    function scoreOf(NodeId node) external view returns (uint256) {
        return _state.scoreSince(node, type(uint32).max, _current());
    }

    /// @inheritdoc IReputation
    function scoreSince(NodeId node, uint32 epoch) external view returns (uint256) {
        return _state.scoreSince(node, epoch, _current());
    }

    /// @inheritdoc IReputation
    function isDrawn(VNodeId vNode, bytes32 randomness) external view returns (bool) {
        return _state.isDrawn(vNode, randomness);
    }

    /// @inheritdoc IReputation
    function sample(VNodeId vNode, Serial[] calldata serials) external returns (uint256 gain) {
        return _state.sample(_context(), vNode, serials);
    }

    /// @inheritdoc IReputation
    function look(NodeId node) external returns (bool isCut) {
        return _state.look(_context(), node);
    }

    /// @inheritdoc IReputation
    function lookAt(VNodeId vNode) external returns (bool isCut) {
        return _state.lookAt(_context(), vNode);
    }

    // ------------------------------------------------------------------------------------------------------ members

    /// @inheritdoc IReputation
    function join(NodeId node) external onlyProvider(node) {
        _state.join(_context(), node);
    }

    /// @inheritdoc IReputation
    function quit(NodeId node) external onlyProvider(node) {
        _state.quit(_context(), node);
    }

    /// @inheritdoc IReputation
    function takeUp(NodeId node) external onlyProvider(node) {
        _state.takeUp(_context(), node);
    }

    /// @inheritdoc IReputation
    function review(NodeId node) external {
        bool isCut = _state.look(_context(), node);
        (bool decided, bool isRewarded) = _state.review(_context(), node);
        require(isCut || decided, NothingToDo());
        if (isRewarded) _reward(_state.rules.reward);
    }

    /// @inheritdoc IReputation
    function entryOf(NodeId node) external view returns (Entry memory) {
        return _state.entries[node];
    }

    /// @inheritdoc IReputation
    function memberNodes() external view returns (NodeId[] memory) {
        return _state.list;
    }

    /// @inheritdoc IReputation
    function admitted() external view returns (uint32) {
        return _state.admitted;
    }

    /// @inheritdoc IReputation
    function neededScore() external view returns (uint256) {
        return _state.neededScore();
    }

    // ------------------------------------------------------------------------------------------------------- vNodes

    /// @inheritdoc IReputation
    function adopt(VNodeId vNode) external {
        _state.adopt(_context(), vNode);
    }

    /// @inheritdoc IReputation
    function place(VNodeId vNode) external managing {
        if (_state.place(_context(), vNode)) _reward(_state.rules.reward);
    }

    /// @inheritdoc IReputation
    function grow() external managing {
        _state.grow(_context());
        _reward(_state.rules.reward);
    }

    /// @inheritdoc IReputation
    function lineUp() external managing {
        _state.lineUp(_context());
    }

    /// @inheritdoc IReputation
    function seatOf(VNodeId vNode) external view returns (NodeId) {
        return _state.seats[vNode];
    }

    /// @inheritdoc IReputation
    function managesSince() external view returns (uint32) {
        return _state.managesSince;
    }

    // ------------------------------------------------------------------------------------------------------- ballot

    /// @inheritdoc Ballot
    function _members() internal view override returns (address[] memory) {
        return _state.holders();
    }

    /// @inheritdoc Ballot
    function _weightOf(address member, uint32 since) internal view override returns (uint256) {
        return _state.weightOf(_context(), member, since);
    }
}
