// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "./IAudits.sol";
import {ILedger} from "./ILedger.sol";
import {IRegistry} from "./IRegistry.sol";
import {ChallengeId, NodeId, VNodeId} from "./Types.sol";
import {IVerifier} from "./IVerifier.sol";

/// @title IChallenges
/// @notice Challenges on demand: anyone asks a vNode, or one segment of it, for a proof beyond those of the epochs, with a
/// bond. A challenge of epoch e is drawn by the randomness of epoch e + 1 and answered in the two epochs after e, or later by
/// as many epochs as the node pauses meanwhile:
///
///     open -- a proof holds, in time ------------> answered: half of the bond to the provider, the rest to the treasury
///     open -- no randomness, time is over -------> void: the bond goes back
///     open -- no proof, time is over ------------> failed: the bond goes back, the node is slashed as for a fault
///     open -- the node is removed for another ---> dismissed: the bond goes back
///
/// What a failed one costs the node is shared: a part to the challenger, a tenth to the treasury, the rest to all owners of
/// the vNode in proportion to what they pay, up to what the fault would cost for it alone; what nobody can have is the
/// treasury's, and so is all of it where another node has proven the data since.
interface IChallenges {
    enum Status {
        None,
        Open,
        Answered,
        Failed,
        Void,
        Dismissed
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
        /// Basis points of it that go to the challenger: the cluster's, times the part of the directory that is asked for.
        uint16 reporterShare;
        /// Of the next epoch.
        uint8 beacon;
        address challenger;
        uint96 bond;
        bytes32 root;
        IVerifier verifier;
        /// The range of the directory that is asked for, in quanta.
        uint40 start;
        uint40 length;
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
    event Failed(
        ChallengeId indexed id,
        VNodeId indexed vNode,
        NodeId indexed node,
        uint256 taken,
        uint256 reward
    );
    event Voided(ChallengeId indexed id, VNodeId indexed vNode, NodeId indexed node);
    event Dismissed(ChallengeId indexed id, VNodeId indexed vNode, NodeId indexed node);

    /// @notice Thrown when the deployment's neighbours do not know each other, there is no least bond, or bonds of nodes
    /// would be released before a challenge is over.
    error BadDeployment();

    /// @notice Thrown when nobody is responsible for the vNode.
    error NotAssigned(VNodeId vNode);

    /// @notice Thrown when the vNode holds nothing that is paid for in the running epoch.
    error NothingStored(VNodeId vNode);

    /// @notice Thrown when the node has taken over and has not proven yet.
    error StillSyncing(VNodeId vNode, NodeId node);

    /// @notice Thrown when a range is empty or reaches beyond the directory.
    error BadRange(VNodeId vNode, uint256 start, uint256 length, uint256 total);

    /// @notice Thrown when the node's provider or operator challenges it.
    error OwnNode(NodeId node, address challenger);

    /// @notice Thrown when an account that has a challenge of the vNode open opens another one.
    error OneEach(VNodeId vNode, address challenger);

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

    /// @notice Challenges a range of what a vNode's directory has in it now: start 0 and the total for all of it, start and weight of
    /// an entry for one segment. The bond comes from the caller's account: 8 epochs of the vNode's rate, at least minBond,
    /// and twice as much for each challenge of the vNode that is open already. One account has one open at a time.
    /// @param maxBond the most that the caller agrees to.
    function challenge(
        VNodeId vNode,
        uint40 start,
        uint40 length,
        uint256 maxBond
    ) external returns (ChallengeId);

    /// @notice Answers a challenge; anyone may deliver the proof.
    /// @param proof as IVerifier takes it, of inputsOf.
    function answer(ChallengeId id, uint256[8] calldata proof) external;

    /// @notice Ends a challenge that was not answered in time; anyone may.
    function expire(ChallengeId id) external;

    /// @notice Ends all that a node would have to answer for a vNode from which it was removed. For the audits.
    function dismiss(VNodeId vNode, NodeId node) external;

    /// @notice The last epoch in which a challenge may be answered, as far as pauses are declared.
    function lastAnswer(ChallengeId id) external view returns (uint32);

    function challengeOf(ChallengeId id) external view returns (Challenge memory);

    /// @notice The public inputs of the answer.
    /// @return randomness 0 while it is not on record, and with it the seed.
    function inputsOf(ChallengeId id) external view returns (bytes32 randomness, uint256[4] memory inputs);

    /// @notice The challenges of a vNode that are not over, at most 4.
    function openOf(VNodeId vNode) external view returns (ChallengeId[] memory);

    /// @notice How many of them a node must answer.
    function openAgainst(VNodeId vNode, NodeId node) external view returns (uint256);
}
