// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "../../interfaces/IAudits.sol";
import {ClusterId, NO_CLUSTER, NO_NODE, NodeId, VNodeId} from "../../interfaces/Types.sol";
import {Parameters} from "../Parameters.sol";
import {Schedule} from "./Schedule.sol";
import {AuditsState, Deferred, Leave, Stake} from "./State.sol";
import {Terms} from "./Terms.sol";
import {VNode, VNodeWord} from "./VNodeWord.sol";

/// @title Asks
/// @notice What an epoch asks of a vNode, and of whom.
library Asks {
    using Schedule for Schedule.Changes;

    /// @dev What an epoch asks of a vNode once it is entered.
    struct Ask {
        NodeId node;
        uint256 rate;
        bool syncing;
        bool paused;
        /// Whether the epoch is due whatever the draw says.
        bool must;
        /// The node that waits to take over, or that has proven and takes over after the epoch.
        NodeId successor;
        Wait wait;
    }

    /// @dev The epochs that a proof of this one would decide: their number, their cost, and the part of the rate that has ended
    /// after the first of them.
    struct Wait {
        uint256 epochs;
        uint256 cost;
        /// Without what Deferred has of it, if deferred is true.
        uint256 ended;
        bool deferred;
    }

    bytes32 private constant TAG_DUE = "due";

    // -------------------------------------------------------------------------------------------------------- terms

    /// @notice The terms of an epoch. Earlier ones than the newest are found by bisection.
    function termsAt(
        AuditsState storage self,
        ClusterId cluster,
        uint32 epoch
    ) internal view returns (Terms t) {
        t = self.terms[cluster];
        if (t.since() <= epoch) return t;
        (uint32 low, uint32 high) = (0, t.version());
        // Version low begins by the epoch, version high after it. Most calls want the version before the newest.
        for (uint32 middle = high - 1; ; middle = (low + high) / 2) {
            t = self.pastTerms[cluster][middle];
            if (t.since() <= epoch) low = middle;
            else high = middle;
            if (high - low == 1) break;
        }
        return self.pastTerms[cluster][low];
    }

    /// @dev As auditSeed in protocol/statement.ts.
    function seedOf(VNodeId id, NodeId node, uint32 epoch, bytes32 random) internal view returns (uint256) {
        return uint256(keccak256(abi.encode(block.chainid, address(this), id, node, epoch, random))) >> 8;
    }

    /// @dev As isDue in protocol/statement.ts.
    function isDrawn(Terms t, uint256 seed) internal pure returns (bool) {
        if (t.odds() == 1) return true;
        return uint256(keccak256(abi.encode(seed, TAG_DUE))) % t.odds() == 0;
    }

    // --------------------------------------------------------------------------------------------------- what is asked

    /// @notice What an epoch would ask of a vNode if every epoch until then were entered.
    /// @dev It does what Epochs.enter does. It does not know of removals and misses in epochs that are not settled yet.
    function preview(
        AuditsState storage self,
        VNodeId id,
        VNode memory v,
        uint32 epoch
    ) internal view returns (Ask memory a) {
        Stake storage s = self.stakes[id];
        uint256 committed = s.committed;
        (a.node, a.rate, a.syncing) = (v.node, v.rate, v.syncLeft != 0);
        a.wait = waiting(self, id, v, v.settled + 1);
        // What a proof of the next node would decide.
        Wait memory next;
        for (uint32 e = v.settled + 1; e <= epoch; ++e) {
            (uint256 raise, uint256 lower) = self.changes[id].changeAt(e);
            (a.rate, committed) = (a.rate + raise - lower, committed - lower);
            _add(self, id, a.wait, v.node, e, a.rate, lower);
            if (v.nextSince != 0 && e >= v.nextSince) _add(self, id, next, s.nextNode, e, a.rate, lower);
        }
        if (committed == 0) a.syncing = false;
        bool named = v.nextSince != 0 && v.nextSince <= epoch;
        bool ready = !s.nextSyncs || s.nextReady || committed == 0;
        if (named && !ready && a.node != NO_NODE) named = epoch < v.nextSince + s.nextSyncEpochs;
        // Whether the node has missed the last epoch of its notice is known once that epoch is settled.
        if (v.settled + 1 >= self.leaves[id].epoch && leavesIn(self, id, v, epoch)) a.node = NO_NODE;
        if (named) {
            if (a.node == NO_NODE || ready) {
                (a.node, a.syncing) = (s.nextNode, !ready);
                // What waited for a proof of the old node will be refunded.
                a.wait = next;
            } else {
                a.successor = s.nextNode;
            }
        } else if (isFollowed(s, v, epoch)) {
            a.successor = s.nextNode;
        }
        a.paused = self.pauses[id][a.node].covers(epoch);
        a.must = mustProve(self, id, a, epoch);
    }

    /// @dev Adds an epoch. A paused epoch, or one without data, decides what was before it.
    function _add(
        AuditsState storage self,
        VNodeId id,
        Wait memory w,
        NodeId node,
        uint32 epoch,
        uint256 rate,
        uint256 lower
    ) private view {
        if (rate == 0 || self.pauses[id][node].covers(epoch)) {
            (w.epochs, w.cost, w.ended, w.deferred) = (0, 0, 0, false);
            return;
        }
        if (w.epochs != 0) w.ended += lower;
        (w.epochs, w.cost) = (w.epochs + 1, w.cost + rate);
    }

    /// @notice The epochs that wait for a decision right before an epoch.
    function waiting(
        AuditsState storage self,
        VNodeId id,
        VNode memory v,
        uint32 epoch
    ) internal view returns (Wait memory) {
        if (!v.deferring) return Wait(0, 0, 0, false);
        Deferred storage d = self.deferred[id];
        return Wait(epoch - d.since, d.amount, 0, true);
    }

    /// @notice The part of the rate that has ended since the first epoch that is not decided.
    function endedIn(Deferred storage d) internal view returns (uint256) {
        return d.endedSince == d.since ? d.ended : 0;
    }

    /// @notice Whether the responsible node has announced to leave, and need not be asked from the epoch on.
    function leavesIn(
        AuditsState storage self,
        VNodeId id,
        VNode memory v,
        uint32 epoch
    ) internal view returns (bool) {
        if (v.node == NO_NODE || v.misses != 0) return false;
        Leave storage leaving = self.leaves[id];
        return leaving.node == v.node && epoch >= leaving.epoch;
    }

    /// @notice Whether a successor has proven that it has the data, and takes over after the epoch. The old node is still
    /// asked and paid until then.
    function isFollowed(Stake storage s, VNode memory v, uint32 epoch) internal view returns (bool) {
        return v.nextSince == epoch + 1 && s.nextReady;
    }

    /// @notice Whether an epoch is due whatever the odds.
    function mustProve(
        AuditsState storage self,
        VNodeId id,
        Ask memory a,
        uint32 epoch
    ) internal view returns (bool) {
        if (a.syncing || a.successor != NO_NODE || self.stakes[id].waitedIn == epoch) return true;
        Leave storage leaving = self.leaves[id];
        if (leaving.node == a.node && epoch + Parameters.LEAVE_NOTICE >= leaving.epoch) return true;
        if (self.pauses[id][a.node].touches(epoch)) return true;
        // The last epoch before a large part of the rate ends: no later proof would ask for that part. What has ended since
        // the first epoch that waits counts with it. New segments do not make up for it, as nodes can store for themselves.
        (, uint256 lower) = self.changes[id].changeAt(epoch + 1);
        if (lower == 0) return false;
        Wait memory w = a.wait;
        lower += w.ended + (w.deferred ? endedIn(self.deferred[id]) : 0);
        return Parameters.ENDING_DIVISOR * lower * w.epochs >= w.cost;
    }

    function existing(AuditsState storage self, VNodeId id) internal view returns (VNode memory) {
        uint256 word = self.words[id];
        require(VNodeWord.clusterOf(word) != NO_CLUSTER, IAudits.NoSuchVNode(id));
        return VNodeWord.unpack(word);
    }
}
