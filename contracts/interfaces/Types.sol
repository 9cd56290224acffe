// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

/// @dev Ids count from 1; 0 is none.
type NodeId is uint32;
type ClusterId is uint32;
type VNodeId is uint32;
type BucketId is uint40;
type ChallengeId is uint64;

using {sameNode as ==, otherNode as !=} for NodeId global;
using {sameCluster as ==} for ClusterId global;
using {sameChallenge as ==} for ChallengeId global;
using {sameBucket as ==} for BucketId global;

NodeId constant NO_NODE = NodeId.wrap(0);
ChallengeId constant NO_CHALLENGE = ChallengeId.wrap(0);

/// @dev Fees and shares are parts of this.
uint256 constant BASIS_POINTS = 10_000;

/// @notice Thrown when the caller does not have the role that the function is for.
error Unauthorized(address caller);

/// @notice What a vNode is asked to hold.
struct Segment {
    bytes32 root;
    uint32 leaves;
}

/// @notice A node's consent to hold segments: the EIP-712 signature of its operator.
struct Acceptance {
    /// Token units per 1e18 leaves and epoch.
    uint256 rent;
    uint256 nonce;
    uint256 deadline;
    bytes signature;
}

/// @notice An owner's consent to pay for what a writer stores in a bucket: the EIP-712 signature of the owner.
struct Grant {
    address owner;
    address writer;
    BucketId bucket;
    /// Token units, of all that is paid.
    uint256 limit;
    /// The most that is paid, in token units per 1e18 leaves and epoch.
    uint256 maxRent;
    uint256 deadline;
    uint256 nonce;
    bytes signature;
}

/// @notice An entry of a vNode's directory, opened: whose it is, where its range starts, and its root. The rest is on record:
/// its weight, its leaves, and where it is in the tree.
struct Opening {
    uint32 serial;
    uint40 start;
    bytes32 root;
}

/// @notice A cluster's rules.
struct ClusterParams {
    /// A vNode is due in an epoch with probability 1 / odds.
    uint16 odds;
    /// Seconds from the randomness's source point in which a proof counts.
    uint32 window;
    /// Misses in a row that cost nothing but the epoch's rate.
    uint8 grace;
    /// Misses in a row after which the node is removed.
    uint8 maxMisses;
    /// Epochs' rate that a miss beyond grace costs, and what the last one costs on top.
    uint16 slashMultiple;
    uint16 faultMultiple;
    /// Audits that a node that takes over data may leave unanswered until its first proof.
    uint8 syncEpochs;
    /// Epochs' rate that a node locks of its bond.
    uint16 bondEpochs;
    /// Basis points of every payment.
    uint16 managerFee;
    uint16 auditFee;
    /// Basis points of a slash that go to whoever settles the miss, or challenged.
    uint16 reporterShare;
}

function sameNode(NodeId a, NodeId b) pure returns (bool) {
    return NodeId.unwrap(a) == NodeId.unwrap(b);
}

function otherNode(NodeId a, NodeId b) pure returns (bool) {
    return NodeId.unwrap(a) != NodeId.unwrap(b);
}

function sameCluster(ClusterId a, ClusterId b) pure returns (bool) {
    return ClusterId.unwrap(a) == ClusterId.unwrap(b);
}

function sameChallenge(ChallengeId a, ChallengeId b) pure returns (bool) {
    return ChallengeId.unwrap(a) == ChallengeId.unwrap(b);
}

function sameBucket(BucketId a, BucketId b) pure returns (bool) {
    return BucketId.unwrap(a) == BucketId.unwrap(b);
}
