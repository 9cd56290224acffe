// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

/// @dev Ids count from 1. An id of 0 means that there is none.
type NodeId is uint32;
type ClusterId is uint32;
type VNodeId is uint32;
type BucketId is uint40;
type ChallengeId is uint64;

/// @dev The number of a segment on its vNode. Serials count from 0, and none is used twice.
type Serial is uint32;

using {sameNode as ==, otherNode as !=} for NodeId global;
using {sameCluster as ==, otherCluster as !=} for ClusterId global;
using {sameVNode as ==, otherVNode as !=} for VNodeId global;
using {sameBucket as ==, otherBucket as !=} for BucketId global;
using {sameChallenge as ==, otherChallenge as !=} for ChallengeId global;
using {
    sameSerial as ==,
    otherSerial as !=,
    earlierSerial as <,
    notEarlierSerial as >=,
    following
} for Serial global;

NodeId constant NO_NODE = NodeId.wrap(0);
ClusterId constant NO_CLUSTER = ClusterId.wrap(0);
VNodeId constant NO_VNODE = VNodeId.wrap(0);
BucketId constant NO_BUCKET = BucketId.wrap(0);
ChallengeId constant NO_CHALLENGE = ChallengeId.wrap(0);

Serial constant FIRST_SERIAL = Serial.wrap(0);

/// @dev The whole, of which fees and shares are parts.
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
    /// The most that the writer may spend in total, in token units.
    uint256 limit;
    /// The highest rent that the writer may agree to, in token units per 1e18 leaves and epoch.
    uint256 maxRent;
    uint256 deadline;
    uint256 nonce;
    bytes signature;
}

/// @notice An entry of a vNode's directory, opened. The chain has its weight, its leaves and its place in the tree on
/// record.
struct Opening {
    Serial serial;
    /// Where the entry's range begins.
    uint40 start;
    /// The segment's root.
    bytes32 root;
}

/// @notice A cluster's rules.
struct ClusterParams {
    /// A vNode is due in an epoch with probability 1 / odds.
    uint16 odds;
    /// Seconds from the source point of the randomness in which a proof counts.
    uint32 window;
    /// Misses in a row that cost nothing but the epoch's rate.
    uint8 grace;
    /// Misses in a row after which the node is removed.
    uint8 maxMisses;
    /// What a miss beyond grace costs, in epochs' rate.
    uint16 slashMultiple;
    /// What the last miss costs on top, in epochs' rate.
    uint16 faultMultiple;
    /// Audits that a node which takes over data may leave unanswered until its first proof.
    uint8 syncEpochs;
    /// What a node locks of its bond, in epochs' rate.
    uint16 bondEpochs;
    /// Basis points of every payment.
    uint16 managerFee;
    uint16 auditFee;
    /// Basis points of a slash that go to the account that settles the miss, or that made the challenge.
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

function otherCluster(ClusterId a, ClusterId b) pure returns (bool) {
    return ClusterId.unwrap(a) != ClusterId.unwrap(b);
}

function sameVNode(VNodeId a, VNodeId b) pure returns (bool) {
    return VNodeId.unwrap(a) == VNodeId.unwrap(b);
}

function otherVNode(VNodeId a, VNodeId b) pure returns (bool) {
    return VNodeId.unwrap(a) != VNodeId.unwrap(b);
}

function sameBucket(BucketId a, BucketId b) pure returns (bool) {
    return BucketId.unwrap(a) == BucketId.unwrap(b);
}

function otherBucket(BucketId a, BucketId b) pure returns (bool) {
    return BucketId.unwrap(a) != BucketId.unwrap(b);
}

function sameChallenge(ChallengeId a, ChallengeId b) pure returns (bool) {
    return ChallengeId.unwrap(a) == ChallengeId.unwrap(b);
}

function otherChallenge(ChallengeId a, ChallengeId b) pure returns (bool) {
    return ChallengeId.unwrap(a) != ChallengeId.unwrap(b);
}

function sameSerial(Serial a, Serial b) pure returns (bool) {
    return Serial.unwrap(a) == Serial.unwrap(b);
}

function otherSerial(Serial a, Serial b) pure returns (bool) {
    return Serial.unwrap(a) != Serial.unwrap(b);
}

function earlierSerial(Serial a, Serial b) pure returns (bool) {
    return Serial.unwrap(a) < Serial.unwrap(b);
}

function notEarlierSerial(Serial a, Serial b) pure returns (bool) {
    return Serial.unwrap(a) >= Serial.unwrap(b);
}

function following(Serial serial) pure returns (Serial) {
    return Serial.wrap(Serial.unwrap(serial) + 1);
}
