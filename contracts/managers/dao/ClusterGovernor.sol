// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Governor} from "@openzeppelin/contracts/governance/Governor.sol";
import {GovernorCountingSimple} from "@openzeppelin/contracts/governance/extensions/GovernorCountingSimple.sol";
import {GovernorPreventLateQuorum} from "@openzeppelin/contracts/governance/extensions/GovernorPreventLateQuorum.sol";
import {GovernorSettings} from "@openzeppelin/contracts/governance/extensions/GovernorSettings.sol";
import {GovernorStorage} from "@openzeppelin/contracts/governance/extensions/GovernorStorage.sol";
import {GovernorTimelockControl} from "@openzeppelin/contracts/governance/extensions/GovernorTimelockControl.sol";
import {GovernorVotes} from "@openzeppelin/contracts/governance/extensions/GovernorVotes.sol";
import {GovernorVotesQuorumFraction} from "@openzeppelin/contracts/governance/extensions/GovernorVotesQuorumFraction.sol";
import {IVotes} from "@openzeppelin/contracts/governance/utils/IVotes.sol";
import {IAudits} from "../../interfaces/IAudits.sol";
import {ClusterTimelock} from "./ClusterTimelock.sol";

/// @title ClusterGovernor
/// @notice Token holders decide for a cluster. The governor makes its timelock, which is the cluster's manager.
///
///     proposed -- votingDelay --> voting -- votingPeriod --> succeeded -- queue --> queued -- delay --> executed
///
/// Votes count as they were at the end of the voting delay, so tokens that are borrowed later are no votes. A quorum that is
/// reached late prolongs the vote.
contract ClusterGovernor is
    GovernorSettings,
    GovernorCountingSimple,
    GovernorStorage,
    GovernorVotes,
    GovernorVotesQuorumFraction,
    GovernorPreventLateQuorum,
    GovernorTimelockControl
{
    /// @notice How token holders decide. Times are in seconds.
    struct Rules {
        /// From the proposal until the votes are counted.
        uint48 votingDelay;
        uint32 votingPeriod;
        /// Votes that a proposer needs.
        uint256 proposalThreshold;
        /// Percent of all tokens that must be for the proposal, or abstain.
        uint256 quorum;
        /// What is left to vote, at least, after the quorum is reached.
        uint48 voteExtension;
        /// From queueing until execution.
        uint256 delay;
    }

    /// @dev With less, few holders decide while the others sleep.
    uint256 private constant MIN_QUORUM = 4;

    /// @notice Thrown when a rule is out of bounds. Voting delay, voting period and extension are at least an epoch.
    error BadRule(string rule, uint256 value);

    constructor(
        IVotes votes,
        IAudits audits,
        Rules memory rules
    )
        Governor("ClusterGovernor")
        GovernorSettings(rules.votingDelay, rules.votingPeriod, rules.proposalThreshold)
        GovernorVotes(votes)
        GovernorVotesQuorumFraction(rules.quorum)
        GovernorPreventLateQuorum(rules.voteExtension)
        GovernorTimelockControl(new ClusterTimelock(audits, rules.delay, address(this)))
    {
        uint256 epoch = audits.epochSeconds();
        require(rules.votingDelay >= epoch, BadRule("votingDelay", rules.votingDelay));
        require(rules.votingPeriod >= epoch, BadRule("votingPeriod", rules.votingPeriod));
        require(rules.voteExtension >= epoch, BadRule("voteExtension", rules.voteExtension));
        require(rules.quorum >= MIN_QUORUM, BadRule("quorum", rules.quorum));
    }

    // ---------------------------------------------------------------------------------------- which of the parents

    function votingDelay() public view override(Governor, GovernorSettings) returns (uint256) {
        return super.votingDelay();
    }

    function votingPeriod() public view override(Governor, GovernorSettings) returns (uint256) {
        return super.votingPeriod();
    }

    function proposalThreshold() public view override(Governor, GovernorSettings) returns (uint256) {
        return super.proposalThreshold();
    }

    function state(
        uint256 proposalId
    ) public view override(Governor, GovernorTimelockControl) returns (ProposalState) {
        return super.state(proposalId);
    }

    function proposalDeadline(
        uint256 proposalId
    ) public view override(Governor, GovernorPreventLateQuorum) returns (uint256) {
        return super.proposalDeadline(proposalId);
    }

    function proposalNeedsQueuing(
        uint256 proposalId
    ) public view override(Governor, GovernorTimelockControl) returns (bool) {
        return super.proposalNeedsQueuing(proposalId);
    }

    function _tallyUpdated(uint256 proposalId) internal override(Governor, GovernorPreventLateQuorum) {
        super._tallyUpdated(proposalId);
    }

    function _propose(
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        string memory description,
        address proposer
    ) internal override(Governor, GovernorStorage) returns (uint256) {
        return super._propose(targets, values, calldatas, description, proposer);
    }

    function _queueOperations(
        uint256 proposalId,
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) internal override(Governor, GovernorTimelockControl) returns (uint48) {
        return super._queueOperations(proposalId, targets, values, calldatas, descriptionHash);
    }

    function _executeOperations(
        uint256 proposalId,
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) internal override(Governor, GovernorTimelockControl) {
        super._executeOperations(proposalId, targets, values, calldatas, descriptionHash);
    }

    function _cancel(
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) internal override(Governor, GovernorTimelockControl) returns (uint256) {
        return super._cancel(targets, values, calldatas, descriptionHash);
    }

    function _executor() internal view override(Governor, GovernorTimelockControl) returns (address) {
        return super._executor();
    }
}
