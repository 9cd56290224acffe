// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IChallenges} from "../../interfaces/IChallenges.sol";
import {ILedger} from "../../interfaces/ILedger.sol";
import {IRegistry} from "../../interfaces/IRegistry.sol";
import {ClusterId, NodeId, VNodeId} from "../../interfaces/Types.sol";
import {CreditIndex} from "./CreditIndex.sol";
import {Pauses} from "./Pauses.sol";
import {Schedule} from "./Schedule.sol";
import {Terms} from "./Terms.sol";
import {VNode} from "./VNodeWord.sol";

/// @dev The bond behind a vNode, and its next node. lock = committed · bondEpochs, minus what was slashed. bondEpochs is as it
/// was when the node was named.
struct Stake {
    uint80 committed;
    uint16 bondEpochs;
    uint96 lock;
    NodeId nextNode;
    /// The epochs that the next node has for its first proof.
    uint8 nextSyncEpochs;
    /// Whether the next node takes over data that it has not accepted itself.
    bool nextSyncs;
    /// Whether the next node has proven that it has the data, or there is no data any more.
    bool nextReady;
    uint96 nextLock;
    uint16 nextBondEpochs;
    /// The last epoch in which a successor was taken back that had made the epoch due. The epoch stays due.
    uint32 waitedIn;
    /// The epoch from which the node is responsible, and all its misses since.
    uint32 servesSince;
    uint32 servedMisses;
}

/// @dev The epochs from since on that are not decided, and what they cost, fees included.
struct Deferred {
    uint32 since;
    uint112 amount;
    uint112 fees;
    /// The part of the rate that has ended after the epoch endedSince. It counts only while endedSince = since, and is written
    /// only when something ends.
    uint32 endedSince;
    uint96 ended;
}

/// @dev The node that leaves, and the epoch from which it need not be asked.
struct Leave {
    NodeId node;
    uint32 epoch;
}

/// @dev Bond that stays locked while challenges are open. If until is not 0, the node left in the epoch since, and the bond
/// also stays locked until somebody has taken over, or until that epoch.
struct Kept {
    uint192 amount;
    uint32 since;
    uint32 until;
}

/// @dev What challenges took from nodes for the owners. The owners of the next undecided epoch share it, and each of them gets
/// at most `multiple` times its own rate.
struct Owed {
    uint192 amount;
    uint16 multiple;
}

/// @dev What Audits keeps.
struct AuditsState {
    /// A cluster's newest terms, and its earlier ones by version.
    mapping(ClusterId cluster => Terms) terms;
    mapping(ClusterId cluster => mapping(uint32 version => Terms)) pastTerms;
    /// VNodeWords.
    mapping(VNodeId vNode => uint256) words;
    mapping(VNodeId vNode => Stake) stakes;
    mapping(VNodeId vNode => Schedule.Changes) changes;
    mapping(VNodeId vNode => CreditIndex.Index) credits;
    mapping(VNodeId vNode => Deferred) deferred;
    mapping(VNodeId vNode => mapping(NodeId node => Pauses)) pauses;
    mapping(VNodeId vNode => Leave) leaves;
    mapping(VNodeId vNode => mapping(NodeId node => Kept)) kept;
    /// The last epoch in which a node proved that it has what it took over.
    mapping(VNodeId vNode => uint32) takenOver;
    mapping(VNodeId vNode => Owed) owed;
}

/// @dev What a library cannot look up by itself.
struct Context {
    ILedger ledger;
    IRegistry registry;
    IChallenges challenges;
    uint256 protocolFee;
    uint32 current;
    /// The account that is rewarded for the misses that come to light, or zero.
    address caller;
}

/// @dev A vNode that is being settled. At the end, v is written back to its word, and refunded is moved in the ledger.
struct Run {
    Context context;
    VNodeId id;
    VNode v;
    /// The terms of the epoch that was entered last.
    Terms terms;
    uint256 refunded;
}
