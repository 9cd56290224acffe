// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "./IAudits.sol";
import {ILedger} from "./ILedger.sol";
import {IRegistry} from "./IRegistry.sol";
import {BucketId, ChallengeId, NodeId, VNodeId} from "./Types.sol";
import {IVerifier} from "./IVerifier.sol";

/// @title IChallenges
/// @notice Challenges on demand: anyone asks a vNode, or one segment of it, for a proof beyond those of the epochs, with a
/// bond. A challenge of epoch e is drawn by the randomness of epoch e + 1 and answered before epoch e + 3:
///
///     open -- a proof holds, before e + 3 ------> answered: half of the bond to the provider, the rest to the treasury
///     open -- no randomness, from e + 3 on -----> void: the bond goes back
///     open -- no proof, from e + 3 on ----------> failed: the bond goes back, the node is slashed as for a fault
interface IChallenges {
    enum Status {
        None,
        Open,
        Answered,
        Failed,
        Void
    }

    /// @notice What is asked of whom, under which terms: all as it was at the time of the challenge.
    struct Challenge {
        VNodeId vNode;
        NodeId node;
        uint32 epoch;
        /// Token units per epoch.
        uint80 rate;
        /// Epochs' rate that an unanswered challenge costs the node.
        uint16 faultMultiple;
        /// Basis points of it that go to the challenger.
        uint16 reporterShare;
        /// Whose owner is compensated; 0: the owners of the whole vNode.
        BucketId bucket;
        /// Of the next epoch.
        uint8 beacon;
        address challenger;
        uint96 bond;
        bytes32 root;
        IVerifier verifier;
        /// The range that is asked for.
        uint40 start;
        uint40 leaves;
        Status status;
    }

    event Challenged(ChallengeId indexed id, VNodeId indexed vNode, NodeId indexed node, Challenge challenge);
    event Answered(
        ChallengeId indexed id,
        VNodeId indexed vNode,
        NodeId indexed node,
        uint256 toProvider,
        uint256 toTreasury
    );
    /// @param taken what the node was slashed, the challenger's reward included.
    /// @param owner who got the rest; nobody: it is for the owners of all that the vNode holds.
    event Failed(
        ChallengeId indexed id,
        VNodeId indexed vNode,
        NodeId indexed node,
        uint256 taken,
        uint256 reward,
        address owner
    );
    event Voided(ChallengeId indexed id, VNodeId indexed vNode, NodeId indexed node);

    /// @notice Thrown when the deployment's neighbours do not know each other, there is no least bond, or bonds of nodes
    /// would be released before a challenge is over.
    error BadDeployment();

    /// @notice Thrown when nobody is responsible for the vNode.
    error NotAssigned(VNodeId vNode);

    /// @notice Thrown when the vNode holds nothing that is paid for in the running epoch.
    error NothingStored(VNodeId vNode);

    /// @notice Thrown when the node has taken over and has not proven yet, or pauses before the answer would be due.
    error StillSyncing(VNodeId vNode, NodeId node);
    error Pausing(VNodeId vNode, NodeId node);

    /// @notice Thrown when a segment is challenged that has ended or is retired.
    error SegmentNotLive(VNodeId vNode, uint32 serial);

    /// @notice Thrown when the node's provider or operator challenges it.
    error OwnNode(NodeId node, address challenger);

    /// @notice Thrown when 4 challenges of the vNode are open.
    error TooManyOpen(VNodeId vNode);

    /// @notice Thrown when the bond is more than the challenger is ready to pay.
    error BondTooHigh(uint256 bond, uint256 maxBond);

    /// @notice Thrown when there is no such challenge, or it is over.
    error NotOpen(ChallengeId id, Status status);

    /// @notice Thrown when a challenge is answered before its randomness is on record.
    error NoRandomness(ChallengeId id, uint32 epoch);

    /// @notice Thrown when a challenge is answered after, or expires before, the end of its last epoch.
    error ResponseOver(ChallengeId id, uint32 lastEpoch);
    error ResponseRuns(ChallengeId id, uint32 lastEpoch);

    /// @notice Thrown when an answer does not hold.
    error ProofInvalid(ChallengeId id);

    function ledger() external view returns (ILedger);

    function registry() external view returns (IRegistry);

    function audits() external view returns (IAudits);

    /// @notice The least that a challenge costs, in token units.
    function minBond() external view returns (uint256);

    function challengeCount() external view returns (uint64);

    /// @notice Challenges everything that a vNode holds now. The bond comes from the caller's account: 8 epochs of the
    /// vNode's rate, at least minBond, and twice as much for each challenge of the vNode that is open already.
    /// @param maxBond the most that the caller agrees to.
    function challenge(VNodeId vNode, uint256 maxBond) external returns (ChallengeId);

    /// @notice As challenge, of the leaves of one segment.
    function challengeSegment(VNodeId vNode, uint32 serial, uint256 maxBond) external returns (ChallengeId);

    /// @notice Answers a challenge; anyone may deliver the proof.
    /// @param proof as IVerifier takes it, of inputsOf.
    function answer(ChallengeId id, uint256[8] calldata proof) external;

    /// @notice Ends a challenge that was not answered in time; anyone may.
    function expire(ChallengeId id) external;

    function challengeOf(ChallengeId id) external view returns (Challenge memory);

    /// @notice The public inputs of the answer.
    /// @return randomness 0 while it is not on record, and with it the seed.
    function inputsOf(ChallengeId id) external view returns (bytes32 randomness, uint256[4] memory inputs);

    /// @notice The challenges of a vNode that are not over, at most 4.
    function openOf(VNodeId vNode) external view returns (ChallengeId[] memory);

    /// @notice How many of them a node must answer.
    function openAgainst(VNodeId vNode, NodeId node) external view returns (uint256);
}
