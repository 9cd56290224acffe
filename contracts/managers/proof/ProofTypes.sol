// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "../../interfaces/IAudits.sol";
import {IChallenges} from "../../interfaces/IChallenges.sol";
import {ILedger} from "../../interfaces/ILedger.sol";
import {IRegistry} from "../../interfaces/IRegistry.sol";
import {ClusterId, NodeId, Serial, VNodeId} from "../../interfaces/Types.sol";
import {Posted} from "./Posted.sol";
import {Ring} from "./Ring.sol";

/// @notice Fixed when the manager is made.
struct Rules {
    /// What each seat counts of a member's capacity, in leaves.
    uint40 seatLeaves;
    /// Epochs that a candidate must be paid for, times the cluster's odds: the number of proofs to expect.
    uint16 probation;
    /// The probation segment has 2^-shareBits of the size class.
    uint8 shareBits;
    /// Places on the standby list.
    uint8 standby;
    /// More misses than this in a period evict.
    uint16 maxMisses;
    uint32 period;
    /// Epochs from the end of a membership until the node may join again.
    uint32 reentry;
    /// Epochs in which nodes that served before this manager came are left in place.
    uint32 patience;
    /// What a crank is paid, in token units.
    uint96 reward;
    Posted.Curve curve;
}

enum Standing {
    None,
    Candidate,
    Member
}

/// @notice Why a membership ends, or a lot does not count.
enum Reason {
    None,
    /// The provider ended it.
    Left,
    /// The node belongs to another provider than when it joined.
    OtherProvider,
    Untrusted,
    /// Removed for its misses, or a challenge lost, anywhere.
    Faulted,
    LostChallenge,
    /// The bond or capacity behind what it offers is gone.
    Unbacked,
    TooManyMisses,
    /// A candidate that missed, or that did not finish.
    FailedProbation,
    /// Gave way to a larger newcomer.
    Displaced,
    // The next ones only pass a node over.
    RentTooHigh,
    NoRoom,
    NoBond,
    /// Responsible or named already, or leaving.
    Incumbent,
    /// Its provider has a seat next to the vNode.
    Neighbour
}

/// @notice Why a vNode is vacant.
enum Why {
    Served,
    Nobody,
    NotAMember,
    NextToItself,
    Leaving
}

struct Member {
    address provider;
    /// Leaves.
    uint40 offered;
    Standing standing;
    /// In the list of members.
    uint8 index;
    /// Seats that it drew and could not take next to its own. It gets others for them.
    uint8 owed;
    /// The epoch of admission.
    uint32 since;
    uint32 joined;
    /// The records of the node as of joining.
    uint32 faults;
    uint32 lost;
    /// The epoch from which the node may join again.
    uint32 barredUntil;
    /// Seats that it can take, and has.
    uint16 quota;
    uint16 seats;
    /// The most that it had in freedIn, the epoch in which it last lost one.
    uint16 seatsBefore;
    uint32 freedIn;
    uint16 missed;
    /// The probation vNode, and the first serial that may be on it.
    VNodeId vNode;
    Serial serial;
    /// The period in which `missed` was counted.
    uint32 missedIn;
    uint8 beacon;
    /// Token units of bond per 1e18 leaves: the price times bondEpochs, when it joined.
    uint128 bondRate;
}

/// @notice What waits for a draw. NO_VNODE stands for a place on the standby list.
struct Vacancy {
    VNodeId vNode;
    /// The draw is that of a later epoch.
    uint32 since;
    uint8 beacon;
}

/// @dev The contracts of the deployment, and the manager's two clusters.
struct Core {
    IAudits audits;
    IRegistry registry;
    ILedger ledger;
    IChallenges challenges;
    ClusterId cluster;
    /// Of the manager's own, with the terms of the other one, for probation. There nobody stores by accident, and no standby
    /// node is asked to take over what only a candidate has.
    ClusterId probation;
}

/// @dev What the manager keeps.
struct ProofState {
    Core core;
    Rules rules;
    Ring.Ordered ring;
    mapping(NodeId node => Member) members;
    NodeId[] list;
    /// Leaves and seats that all members offer.
    uint64 offered;
    uint32 quota;
    /// The price, and the pass over the ring that moves it next.
    uint96 price;
    uint32 pricedIn;
    uint16 measured;
    uint64 used;
    /// Probation vNodes that nobody uses.
    VNodeId[] free;
    uint32 tokens;
    mapping(uint64 number => Vacancy) queue;
    /// The numbers of the first and the last vacancy that wait. head is 0 if none does.
    uint64 head;
    uint64 tail;
    bool standbyQueued;
    uint32 grownIn;
}
