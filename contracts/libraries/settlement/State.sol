// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IChallenges} from "../../interfaces/IChallenges.sol";
import {ILedger} from "../../interfaces/ILedger.sol";
import {IRegistry} from "../../interfaces/IRegistry.sol";
import {ClusterId, NodeId, VNodeId} from "../../interfaces/Types.sol";
import {Schedule} from "./Schedule.sol";
import {Terms} from "./Terms.sol";
import {VNode} from "./VNodeWord.sol";
import {CreditIndex} from "./CreditIndex.sol";
import {Pauses} from "./Pauses.sol";

/// @dev Bond behind a vNode, and who is named as its next node. lock = committed · bondEpochs, less what was slashed; as
/// agreed when the node was named.
struct Stake {
    uint80 committed;
    uint16 bondEpochs;
    uint96 lock;
    NodeId nextNode;
    /// Epochs that it has for its first proof.
    uint8 nextSyncEpochs;
    /// Whether the next node takes over data that it has not accepted itself.
    bool nextSyncs;
    /// Whether it has proven that it has it, or there is none any more.
    bool nextReady;
    uint96 nextLock;
    uint16 nextBondEpochs;
    /// The last epoch at whose start somebody waited, or had proven, who was named no more when it ended: it stays due.
    uint32 waitedIn;
}

/// @dev Epochs that nothing was decided about yet, from since on: what they cost, fees included, and what of the rate has
/// ended after the first of them. That is looked at only where something ends, and counts if it is of this since.
struct Deferred {
    uint32 since;
    uint112 amount;
    uint112 fees;
    uint32 goneSince;
    uint96 gone;
}

/// @dev The node need not be asked from the epoch on.
struct Leave {
    NodeId node;
    uint32 epoch;
}

/// @dev Bond that is locked for challenges; if until is not 0, the node left in the epoch since, and until then at most
/// for whoever takes over.
struct Kept {
    uint192 amount;
    uint32 since;
    uint32 until;
}

/// @dev Taken for challenges, for the owners of the next epoch to be decided: up to so many epochs' rate each.
struct Owed {
    uint192 amount;
    uint16 multiple;
}

/// @dev What Audits keeps.
struct AuditsState {
    /// The newest, and by version the ones before.
    mapping(ClusterId cluster => Terms) terms;
    mapping(ClusterId cluster => mapping(uint32 version => Terms)) pastTerms;
    /// VNodeWord.
    mapping(VNodeId vNode => uint256) words;
    mapping(VNodeId vNode => Stake) stakes;
    mapping(VNodeId vNode => Schedule.Changes) changes;
    mapping(VNodeId vNode => CreditIndex.Index) credits;
    mapping(VNodeId vNode => Deferred) deferred;
    mapping(VNodeId vNode => mapping(NodeId node => Pauses)) pauses;
    mapping(VNodeId vNode => Leave) leaves;
    mapping(VNodeId vNode => mapping(NodeId node => Kept)) kept;
    /// The epoch in which a node proved last that it has what it took over.
    mapping(VNodeId vNode => uint32) takenOver;
    mapping(VNodeId vNode => Owed) owed;
}

/// @dev What a library cannot know by itself.
struct Context {
    ILedger ledger;
    IRegistry registry;
    IChallenges challenges;
    uint256 protocolFee;
    uint32 current;
    /// Whoever asks, and is rewarded for the misses that come to light.
    address caller;
}

/// @dev One vNode at work: v is what its word says, and goes back there at the end, refunded to the ledger.
struct Run {
    Context context;
    VNodeId id;
    VNode v;
    /// Of the epoch that was entered last.
    Terms terms;
    uint256 refunded;
}
