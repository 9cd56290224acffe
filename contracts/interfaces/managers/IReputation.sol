// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {NodeId, Serial, VNodeId} from "../Types.sol";

/// @title IReputation
/// @notice A manager that decides by what nodes have proven and were paid for in its cluster.
///
/// Scores, in token units of paid service:
///
///     score' = score · (1 - 1/memoryEpochs) in each epoch
///     score' = score + counted · period · odds in an epoch that is sampled
///     score' = score · (15/16)^misses · (1/2)^lost challenges · (1/4)^faults
///
/// counted is the sum over the payers of min(payerCap, what they pay for the vNode in the epoch), times the part of the rate
/// that the node is paid. All is rounded down.
///
/// A vNode is sampled in an epoch that its randomness draws, which is one in `period`, and that asks for a proof by the draw
/// of the cluster's odds, which is one in `odds`. Nobody knows this before the epoch has begun, and then nobody can change
/// what is paid in it. So the expectation is the sum of all that is paid, and it costs the fees of all that is paid.
///
/// A sample counts nothing unless the node was seen in sync in an earlier epoch, and has missed nothing since the last
/// sample. Otherwise a node could store for itself, and leave all epochs unanswered but the sampled ones.
///
/// Standings:
///
///     None -- join ----------------------------------------------> Waiting, in a queue
///     Waiting -- a vNode is free, or it served one before -------> Probation
///     Probation -- long enough, and the score is high enough ----> Member
///     Probation -- too long, or it no longer serves the vNode ---> None
///     Member -- the score is too low, or bond or trust is gone --> Member with notice
///     Member with notice -- mended ------------------------------> Member
///     Member with notice -- notice is over ----------------------> None
///     any -- the provider leaves --------------------------------> None, for a probation's time at least
///
/// A score stays with its node, whatever becomes of its standing and whoever is its provider.
///
/// Seats: a vNode without data goes to the candidate that has waited for longest, or else to the best member. A vNode with
/// data goes to the best member, if nobody serves it or somebody who may not. The best is the one with the highest score
/// among those without notice that have a free seat, room, bond and trust. The node that serves stays responsible until the
/// next one has proven that it has the data.
interface IReputation {
    enum Standing {
        None,
        Waiting,
        Probation,
        Member
    }

    /// @notice Why a node is no longer a candidate or member.
    enum Reason {
        Left,
        /// It has no bond, or its provider does not trust the manager.
        NotBacked,
        /// The score of a candidate was too low for too long.
        TooSlow,
        /// A candidate does not serve its vNode.
        NotServing,
        /// The notice of a member is over.
        Evicted
    }

    /// @notice Why a vNode goes to a node.
    enum Rule {
        /// The node served it before the manager did.
        Incumbent,
        /// Nobody served it, or nothing was stored, and a candidate waited.
        Candidate,
        /// The best member gets what nobody serves, or what somebody serves who may not.
        Best,
        /// The node that serves may go on, and its successor may not take over.
        TakenBack
    }

    struct Entry {
        Standing standing;
        /// The epoch since when it has this standing. 0: it has never joined.
        uint32 since;
        /// The epoch in which a member can be evicted, or 0.
        uint32 noticeUntil;
        /// The provider that can vote for a member, and since when.
        address holder;
        uint32 holderSince;
        /// A candidate's vNode, and whether the node served it before the manager did.
        VNodeId vNode;
        bool incumbent;
        /// The number of its joining, as the event has it.
        uint32 ticket;
        /// The vNodes that the node got from the manager and has not lost, as far as it has seen.
        uint16 seats;
    }

    /// @param counted token units that count, times the part of the rate that is paid.
    /// @param gain what they added to the score.
    event Sampled(
        VNodeId indexed vNode,
        NodeId indexed node,
        uint32 epoch,
        Serial[] serials,
        uint256 counted,
        uint256 gain,
        uint256 score
    );
    /// @notice Emitted when a score is cut for what was not seen before.
    event Cut(NodeId indexed node, uint32 epoch, uint32 misses, uint32 lost, uint32 faults, uint256 score);
    /// @notice Emitted when a node's service is first seen in sync. Samples count from the next epoch on.
    event Opened(VNodeId indexed vNode, NodeId indexed node, uint32 epoch);

    event Joined(NodeId indexed node, address indexed provider, uint32 ticket);
    event OnProbation(NodeId indexed node, VNodeId indexed vNode, bool incumbent);
    /// @param needed the score that was enough.
    event Admitted(NodeId indexed node, uint256 score, uint256 needed);
    /// @notice Emitted when a member has until an epoch to mend its score, bond or trust, and when it has.
    event NoticeGiven(NodeId indexed node, uint32 until, uint256 score, bool backed);
    event NoticeWithdrawn(NodeId indexed node, uint256 score);
    event WentOut(NodeId indexed node, Reason reason, uint256 score);
    /// @notice Emitted when a member's new provider can vote, on what is moved from now on.
    event HolderChanged(NodeId indexed node, address indexed holder);

    /// @param score the node's, or 0 if the node was not chosen by it.
    event Placed(VNodeId indexed vNode, NodeId indexed node, NodeId previous, Rule rule, uint256 score);
    event Grown(VNodeId indexed vNode, uint64 token);
    event LinedUp(NodeId[] nodes);

    /// @notice Thrown when a vNode is another cluster's.
    error OtherCluster(VNodeId vNode);
    /// @notice Thrown when a node is not on probation with that vNode, nor a member, or when the vNode of a candidate holds
    /// more than it may.
    error NoStanding(NodeId node, VNodeId vNode);
    /// @notice Thrown when the epoch is not one that is sampled, or the vNode was not proven in it, or what the node has at
    /// stake was slashed so far that it is not paid.
    error NotDrawn(VNodeId vNode, uint32 epoch);
    error NotProven(VNodeId vNode, uint32 epoch);
    error NotPaid(VNodeId vNode, uint32 epoch);
    /// @notice Thrown when serials do not ascend, over all calls of an epoch.
    error NotInOrder(VNodeId vNode, Serial serial);
    /// @notice Thrown when a segment is not paid for in the epoch.
    error NotPaidFor(VNodeId vNode, Serial serial, uint32 epoch);

    /// @notice Thrown when a node is a candidate or member already, or is not.
    error HasStanding(NodeId node, Standing standing);
    error NotIn(NodeId node);
    /// @notice Thrown when a node that went out comes back before a probation's time is over.
    error TooEarly(NodeId node, uint32 from);
    /// @notice Thrown when a node has less bond than the rules ask for, or does not trust the manager.
    error NotBacked(NodeId node);
    /// @notice Thrown when a call would change nothing.
    error NothingToDo();

    /// @notice Thrown when no member is fit for a vNode, or no candidate waits.
    error NobodyFits();
    /// @notice Thrown when a node that served before the manager did still has time to become a member.
    error StillTime(VNodeId vNode, NodeId node, uint32 until);
    /// @notice Thrown when as many vNodes were added as the rules allow.
    error TooManyVNodes(uint16 added);

    // ------------------------------------------------------------------------------------------------------- scores

    /// @notice The score of a node in the running epoch, as far as it was looked at.
    function scoreOf(NodeId node) external view returns (uint256);

    /// @notice The least score that a node has had since before an epoch began.
    function scoreSince(NodeId node, uint32 epoch) external view returns (uint256);

    /// @notice Whether an epoch with that randomness is sampled.
    function isDrawn(VNodeId vNode, bytes32 randomness) external view returns (bool);

    /// @notice Adds what is paid for segments in the running epoch to the score of the node that has proven it. The node's
    /// provider or operator calls it, once or several times in the epoch.
    /// @param serials in ascending order, over all calls.
    /// @dev Others may not call it, since they could name the last serial first.
    function sample(VNodeId vNode, Serial[] calldata serials) external returns (uint256 gain);

    /// @notice Cuts a node's score for its faults and lost challenges. Anyone may call it.
    function look(NodeId node) external returns (bool isCut);

    /// @notice Cuts the score of a vNode's node for the misses of its service as far as the vNode is settled, and notes which
    /// segments there are. Anyone may call it.
    function lookAt(VNodeId vNode) external returns (bool isCut);

    // ------------------------------------------------------------------------------------------------------ members

    /// @notice Makes the caller's node a candidate.
    function join(NodeId node) external;

    /// @notice Takes the caller's node out. What it serves it goes on serving until others have taken it over.
    function quit(NodeId node) external;

    /// @notice Lets the provider that has accepted a node vote for it.
    function takeUp(NodeId node) external;

    /// @notice Decides about a candidate or member what the rules say now. Anyone may call it. The reward for a notice comes
    /// with the eviction, since a provider could bring about any number of notices and mend them.
    function review(NodeId node) external;

    function entryOf(NodeId node) external view returns (Entry memory);

    function memberNodes() external view returns (NodeId[] memory);

    /// @notice How many candidates have become members ever.
    function admitted() external view returns (uint32);

    /// @notice The score with which the next candidate becomes a member: less for the founders, since nobody is paid where
    /// nobody serves.
    function neededScore() external view returns (uint256);

    // ------------------------------------------------------------------------------------------------------- vNodes

    /// @notice Lets a waiting candidate's service on a vNode be its probation, if it served there before the manager did.
    /// Anyone may call it.
    function adopt(VNodeId vNode) external;

    /// @notice Names the node for a vNode that nobody serves, or that somebody serves who may not. If nobody is to be named,
    /// notes who serves it. Anyone may call it.
    function place(VNodeId vNode) external;

    /// @notice Adds a vNode for the candidate that has waited for longest. Anyone may call it.
    function grow() external;

    /// @notice Makes the cluster's standby list the best members, the best first, once in an epoch. Anyone may call it. It is
    /// not rewarded, since scores change in every epoch. Members have an interest in it.
    function lineUp() external;

    /// @notice The node that the manager last saw on a vNode, or named for it.
    function seatOf(VNodeId vNode) external view returns (NodeId);

    /// @notice The first epoch in which the contract acted as the manager, or 0.
    function managesSince() external view returns (uint32);
}
