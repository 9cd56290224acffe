// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {ClusterId, NodeId, VNodeId} from "../../interfaces/Types.sol";
import {Reason, Rules, Why} from "./ProofTypes.sol";

/// @title IProofOfStorage
/// @notice What a ProofOfStorageManager says and refuses.
interface IProofOfStorage {
    event Made(ClusterId indexed cluster, ClusterId probationCluster, Rules rules);
    /// @notice Emitted when a pass over the ring is done.
    event Priced(uint256 used, uint256 offered, uint256 target, uint256 price, uint32 epoch);
    event Rewarded(address indexed cranker, uint256 amount);
    event HandedOn(address indexed manager, uint256 amount);

    /// @param leaves what the probation segment must have.
    /// @param bondRate token units per 1e18 leaves, by which it must stay bonded.
    event Joined(
        NodeId indexed node,
        address indexed provider,
        VNodeId vNode,
        uint40 offered,
        uint32 leaves,
        uint256 bondRate,
        bytes32 terms
    );
    /// @param paid epochs of the probation segment.
    /// @param directoryRoot of the probation vNode: that of the seeded content, if it is.
    event Admitted(NodeId indexed node, address indexed provider, uint256 paid, bytes32 directoryRoot);
    /// @param allowed what the rules allow for the time since the last count.
    event MissesCounted(
        NodeId indexed node,
        VNodeId indexed vNode,
        uint256 misses,
        uint256 allowed,
        uint256 inPeriod
    );
    event Ended(NodeId indexed node, address indexed provider, Reason reason, uint32 barredUntil);
    event ProbationFreed(VNodeId indexed vNode, NodeId indexed node);
    event TermsFollowed(bytes32 terms);

    event Enlisted(VNodeId indexed vNode, uint64 token, VNodeId prev, VNodeId next);
    /// @notice Emitted when a look finds whose seat it is.
    /// @param declined the member that was named and did not take over.
    event Found(VNodeId indexed vNode, NodeId indexed node, NodeId declined);
    event Vacant(uint64 indexed number, VNodeId indexed vNode, NodeId indexed node, Why why, uint32 epoch);
    /// @notice Emitted for each lot that was less than the winner's and does not count. Number 0 stands for the standby list.
    event PassedOver(uint64 indexed number, NodeId indexed node, Reason reason);
    /// @notice Emitted when the least lot is next to a seat of its own provider. The member is owed a seat.
    event Conflicted(uint64 indexed number, NodeId indexed node, uint8 owed);
    /// @param epoch the one whose randomness drew.
    /// @param seed what the lots hash: of that randomness, this contract and the number.
    /// @param least the node with the least lot, which is the winner unless another was owed a seat or it conflicted.
    event Seated(
        uint64 indexed number,
        VNodeId indexed vNode,
        NodeId indexed node,
        uint32 epoch,
        bytes32 seed,
        NodeId least
    );
    /// @notice Emitted when a vacancy is filled already, or when no member is fit. In the second case it waits again.
    event Filled(uint64 indexed number, VNodeId indexed vNode, NodeId indexed node);
    event Unfilled(uint64 indexed number, VNodeId indexed vNode, uint32 epoch);
    event BeaconChanged(uint64 indexed number, uint8 beacon);

    /// @notice Thrown when a rule is outside its bounds.
    error BadRules();
    /// @notice Thrown when a crank would change nothing.
    error NothingToDo();
    /// @notice Thrown when the manager does not manage the cluster.
    error NotManaging();

    /// @notice Thrown when a node joins that is in, or must wait.
    error AlreadyIn(NodeId node);
    error Barred(NodeId node, uint32 until, uint32 currentEpoch);
    /// @notice Thrown when the terms are not the ones that the provider names.
    error OtherTerms(bytes32 named, bytes32 terms);
    error CapacityTooSmall(uint256 offered, uint256 needed);
    error NotFit(NodeId node, Reason reason);
    error NotACandidate(NodeId node);
    error NotIn(NodeId node);
    /// @notice Thrown when a candidate's vNode holds anything but the one segment that it must.
    error OtherData(VNodeId vNode);
    error NotYetProven(NodeId node, uint256 paid, uint256 needed);
    /// @notice Thrown when there are 64 members, and the one that should give way is no smaller or has seats.
    error Full();
    /// @notice Thrown when a call names more than 16 vNodes.
    error TooMany(uint256 count);

    /// @notice Thrown when the ring has the vNode already, or has not got it, or has no room.
    error AlreadyOnRing(VNodeId vNode);
    error NotOnRing(VNodeId vNode);
    error RingFull();
    /// @notice Thrown when a vNode's place on the ring is not within 16 steps after the hint.
    error BadHint(VNodeId hint, uint64 token);
    error NotOfCluster(VNodeId vNode);
    /// @notice Thrown when the randomness that draws is not there yet.
    error NotDrawnYet(uint64 number, uint32 epoch);
}
