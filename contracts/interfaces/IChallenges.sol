// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "./IAudits.sol";
import {ILedger} from "./ILedger.sol";
import {IRegistry} from "./IRegistry.sol";
import {IVerifier} from "./IVerifier.sol";
import {ChallengeId, NodeId, VNodeId} from "./Types.sol";

/// @title IChallenges
/// @notice Challenges on demand. Anyone with a bond can ask a vNode for a proof besides those of the epochs, for all of its
/// directory or a part of it. The randomness of epoch e + 1 draws the samples of a challenge of epoch e. The node has the
/// two epochs after e to answer, not counting the epochs that it pauses.
///
///     open -- a proof holds, in time ------------> answered: half of the bond to the provider, the rest to the treasury
///     open -- no randomness, time is over -------> void: the bond goes back
///     open -- no proof, time is over ------------> failed: the bond goes back, the node is slashed as for a fault
///     open -- the node is removed meanwhile -------> dismissed: the bond goes back
///
/// The slash of a failed challenge is shared. A part goes to the challenger and a tenth to the treasury. The owners of the
/// vNode get the rest, in proportion to what they pay, and each of them at most what the fault would cost for its data
/// alone. The treasury gets what is left over. It gets the owners' part as well if another node has proven the data since.
interface IChallenges {
    enum Status {
        None,
        Open,
        Answered,
        Failed,
        Void,
        Dismissed
    }

    /// @notice What is asked, of whom and under which terms: as they were at the time of the challenge.
    struct Challenge {
        VNodeId vNode;
        NodeId node;
        uint32 epoch;
        /// The vNode's rate, in token units per epoch.
        uint80 rate;
        /// What an unanswered challenge costs the node, in epochs' rate.
        uint16 faultMultiple;
        /// Basis points of the slash for the challenger: the cluster's share, times the part of the directory that is asked.
        uint16 reporterShare;
        /// The beacon of the next epoch.
        uint8 beacon;
        address challenger;
        uint96 bond;
        bytes32 root;
        IVerifier verifier;
        /// The range of the directory that is asked, in quanta.
        uint40 start;
        uint40 length;
        Status status;
    }

    /// @notice What is known of a node, of all vNodes and ever: how often it was removed for its misses, its challenges that
    /// failed, and those that it answered. IAudits.state counts the misses of a service.
    struct Record {
        uint32 faults;
        uint32 lost;
        uint32 answered;
    }

    event Challenged(ChallengeId indexed id, VNodeId indexed vNode, NodeId indexed node, Challenge challenge);
    event Answered(
        ChallengeId indexed id,
        VNodeId indexed vNode,
        NodeId indexed node,
        uint256 toProvider,
        uint256 toTreasury
    );
    /// @param taken what the node was slashed, including the challenger's reward.
    event Failed(
        ChallengeId indexed id,
        VNodeId indexed vNode,
        NodeId indexed node,
        uint256 taken,
        uint256 reward
    );
    event Voided(ChallengeId indexed id, VNodeId indexed vNode, NodeId indexed node);
    event Dismissed(ChallengeId indexed id, VNodeId indexed vNode, NodeId indexed node);

    /// @notice Thrown when the deployment's neighbours do not know each other, when the least bond is 0, or when nodes could
    /// release their bonds before a challenge is over.
    error BadDeployment();

    /// @notice Thrown when nobody is responsible for the vNode.
    error NotAssigned(VNodeId vNode);

    /// @notice Thrown when the vNode holds nothing that is paid for in the running epoch.
    error NothingStored(VNodeId vNode);

    /// @notice Thrown when the node took the vNode over and has not proven yet.
    error StillSyncing(VNodeId vNode, NodeId node);

    /// @notice Thrown when a range is empty or reaches beyond the directory.
    error BadRange(VNodeId vNode, uint256 start, uint256 length, uint256 total);

    /// @notice Thrown when the challenger is the node's provider or operator.
    error OwnNode(NodeId node, address challenger);

    /// @notice Thrown when the challenger has an open challenge of the vNode already.
    error OneEach(VNodeId vNode, address challenger);

    /// @notice Thrown when the vNode has 4 open challenges already.
    error TooManyOpen(VNodeId vNode);

    /// @notice Thrown when the bond is higher than the challenger agreed to.
    error BondTooHigh(uint256 bond, uint256 maxBond);

    /// @notice Thrown when there is no challenge with that id, or it is over.
    error NotOpen(ChallengeId id, Status status);

    /// @notice Thrown when the randomness of a challenge is not on record yet.
    error NoRandomness(ChallengeId id, uint32 epoch);

    /// @notice Thrown when an answer comes after the last epoch of a challenge, or when the challenge would expire before
    /// the end of it.
    error ResponseOver(ChallengeId id, uint32 lastEpoch);
    error ResponseRuns(ChallengeId id, uint32 lastEpoch);

    /// @notice Thrown when the proof of an answer does not hold.
    error ProofInvalid(ChallengeId id);

    function ledger() external view returns (ILedger);

    function registry() external view returns (IRegistry);

    function audits() external view returns (IAudits);

    /// @notice The least bond of a challenge, in token units.
    function minBond() external view returns (uint256);

    function challengeCount() external view returns (uint64);

    /// @notice Challenges a range of a vNode's directory as it is now. All of it is start 0 and the total as length; one
    /// segment is the start and weight of its entry. The caller's account pays the bond: 8 epochs of the vNode's rate, at
    /// least minBond, doubled for each challenge of the vNode that is open. An account can have one open challenge of a
    /// vNode.
    /// @param maxBond the highest bond that the caller agrees to.
    function challenge(
        VNodeId vNode,
        uint40 start,
        uint40 length,
        uint256 maxBond
    ) external returns (ChallengeId);

    /// @notice Answers a challenge. Anyone may deliver the proof.
    /// @param proof as IVerifier takes it, for the public inputs that inputsOf says.
    function answer(ChallengeId id, uint256[8] calldata proof) external;

    /// @notice Ends a challenge that was not answered in time. Anyone may call it.
    function expire(ChallengeId id) external;

    /// @notice Ends all challenges of a vNode that a removed node would have to answer. For the audits.
    /// @param isFault whether it was removed for its misses.
    function dismiss(VNodeId vNode, NodeId node, bool isFault) external;

    function recordOf(NodeId node) external view returns (Record memory);

    /// @notice The last epoch in which a challenge may be answered, by the pauses that are declared so far.
    function lastAnswer(ChallengeId id) external view returns (uint32);

    function challengeOf(ChallengeId id) external view returns (Challenge memory);

    /// @notice The public inputs of the answer.
    /// @return randomness 0 while it is not on record. The seed is 0 then, too.
    function inputsOf(ChallengeId id) external view returns (bytes32 randomness, uint256[4] memory inputs);

    /// @notice The open challenges of a vNode, at most 4.
    function openOf(VNodeId vNode) external view returns (ChallengeId[] memory);

    /// @notice How many of them a node must answer.
    function openAgainst(VNodeId vNode, NodeId node) external view returns (uint256);
}
