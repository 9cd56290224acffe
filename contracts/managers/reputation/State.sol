// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "../../interfaces/IAudits.sol";
import {IChallenges} from "../../interfaces/IChallenges.sol";
import {ILedger} from "../../interfaces/ILedger.sol";
import {IRegistry} from "../../interfaces/IRegistry.sol";
import {IReputation} from "../../interfaces/managers/IReputation.sol";
import {ClusterId, NodeId, Serial, VNodeId} from "../../interfaces/Types.sol";
import {ReputationRules} from "./ReputationRules.sol";

/// @dev A score, as of the epoch in which it was changed.
struct Point {
    uint32 epoch;
    uint224 score;
}

/// @dev What is known of a vNode's service.
struct Book {
    NodeId node;
    /// The epoch from which the node serves.
    uint32 since;
    /// The epoch in which the node was first seen in sync.
    uint32 opened;
    /// Misses of the service that were cut, and those until the last sample.
    uint32 cut;
    uint32 sampledMisses;
    /// The last epoch that was sampled. Segments from nextSerial on can still be named for it.
    uint32 sampled;
    Serial nextSerial;
    bool counts;
    /// Segments below `known` were there before the epoch knownIn, those below knownNext in it.
    uint32 knownIn;
    Serial known;
    Serial knownNext;
}

/// @dev What a payer counts for in an epoch of a vNode.
struct Counted {
    uint32 epoch;
    uint80 amount;
}

/// @dev Who waits right before and right after a candidate.
struct Waiting {
    NodeId before;
    NodeId next;
}

/// @dev What a ReputationManager keeps.
struct ReputationState {
    ReputationRules rules;
    /// What of a score is left after an epoch, with 64 binary places.
    uint256 keep;
    /// At most one for each epoch. The last one is what the score fades from.
    mapping(NodeId node => Point[]) points;
    /// The faults and lost challenges that were cut.
    mapping(NodeId node => IChallenges.Record) seen;
    mapping(VNodeId vNode => Book) books;
    mapping(VNodeId vNode => mapping(address payer => Counted)) counted;
    mapping(NodeId node => IReputation.Entry) entries;
    /// The members.
    NodeId[] list;
    /// Those who wait, from the first to the last. Who goes is out of it at once: it cannot be filled with who has gone.
    mapping(NodeId node => Waiting) queue;
    NodeId first;
    NodeId last;
    uint32 tickets;
    uint32 admitted;
    uint32 managesSince;
    uint32 linedUpIn;
    uint16 added;
    mapping(VNodeId vNode => NodeId) seats;
}

/// @dev What a library cannot look up by itself.
struct Context {
    IAudits audits;
    IRegistry registry;
    ILedger ledger;
    IChallenges challenges;
    ClusterId cluster;
    uint32 current;
}
