// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "../../interfaces/IAudits.sol";
import {ClusterId, NO_CLUSTER, NO_NODE, NodeId, VNodeId} from "../../interfaces/Types.sol";
import {Parameters} from "../Parameters.sol";
import {Schedule} from "./Schedule.sol";
import {Terms} from "./Terms.sol";
import {VNode, VNodeWord} from "./VNodeWord.sol";
import {AuditsState, Deferred, Leave, Stake} from "./State.sol";

/// @title Asks
/// @notice What an epoch asks of a vNode, and of whom.
library Asks {
    using Schedule for Schedule.Changes;

    /// @dev What entering an epoch makes of a vNode.
    struct Ask {
        NodeId node;
        uint256 rate;
        bool syncing;
        bool paused;
        /// Whether it is due whatever the draw says.
        bool must;
        /// Who waits to take over, or has proven and takes over after the epoch; or nobody.
        NodeId successor;
        Wait wait;
    }

    /// @dev How many epochs a proof of this one would decide, what they cost, and what of the rate has ended after the first,
    /// besides what Deferred says if some of them are of there.
    struct Wait {
        uint256 epochs;
        uint256 cost;
        uint256 gone;
        bool deferred;
    }

    bytes32 private constant TAG_DUE = "due";

    // -------------------------------------------------------------------------------------------------------- terms

    /// @dev The newest ones first; those before by halving.
    function termsAt(
        AuditsState storage self,
        ClusterId cluster,
        uint32 epoch
    ) internal view returns (Terms t) {
        t = self.terms[cluster];
        if (t.since() <= epoch) return t;
        (uint32 low, uint32 high) = (0, t.version());
        // Version low holds at the epoch or before, version high later. The one before the newest is the likely one.
        for (uint32 middle = high - 1; ; middle = (low + high) / 2) {
            t = self.pastTerms[cluster][middle];
            if (t.since() <= epoch) low = middle;
            else high = middle;
            if (high - low == 1) break;
        }
        return self.pastTerms[cluster][low];
    }

    /// @dev protocol/statement.ts, auditSeed.
    function seedOf(VNodeId id, NodeId node, uint32 epoch, bytes32 random) internal view returns (uint256) {
        return uint256(keccak256(abi.encode(block.chainid, address(this), id, node, epoch, random))) >> 8;
    }

    /// @dev protocol/statement.ts, isDue.
    function isDrawn(Terms t, uint256 seed) internal pure returns (bool) {
        if (t.odds() == 1) return true;
        return uint256(keccak256(abi.encode(seed, TAG_DUE))) % t.odds() == 0;
    }

    // --------------------------------------------------------------------------------------------------- what is asked

    /// @notice What entering each epoch from the next one to this one would make of a vNode.
    /// @dev As Epochs.enter does it, but for nodes that are removed, and epochs that are missed, and not settled yet.
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
        // What a proof of whoever is named would decide.
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
        // Whether it has missed the last epoch of its notice is known once that is settled.
        if (v.settled + 1 >= self.leaves[id].epoch && leavesIn(self, id, v, epoch)) a.node = NO_NODE;
        if (named) {
            if (a.node == NO_NODE || ready) {
                (a.node, a.syncing) = (s.nextNode, !ready);
                // What waited for the old node's proof is refunded.
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

    /// @dev A node's next epoch: a pause, and the end of all, decide what was before.
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
            (w.epochs, w.cost, w.gone, w.deferred) = (0, 0, 0, false);
            return;
        }
        if (w.epochs != 0) w.gone += lower;
        (w.epochs, w.cost) = (w.epochs + 1, w.cost + rate);
    }

    /// @notice What waits right before an epoch.
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

    /// @notice What of the rate has ended since the first epoch that is not decided.
    function gone(Deferred storage d) internal view returns (uint256) {
        return d.goneSince == d.since ? d.gone : 0;
    }

    /// @notice Whether the node that has announced to leave is asked no more from the epoch on.
    function leavesIn(
        AuditsState storage self,
        VNodeId id,
        VNode memory v,
        uint32 epoch
    ) internal view returns (bool) {
        if (v.node == NO_NODE || v.misses != 0) return false;
        Leave storage l = self.leaves[id];
        return l.node == v.node && epoch >= l.epoch;
    }

    /// @notice Whether somebody has proven that it has the data, and takes over after the epoch: whoever is there is asked to
    /// the end, as it was when the epoch began, and paid.
    function isFollowed(Stake storage s, VNode memory v, uint32 epoch) internal view returns (bool) {
        return v.nextSince == epoch + 1 && s.nextReady;
    }

    /// @notice Whether an epoch, entered as the ask says, is due whatever the odds.
    function mustProve(
        AuditsState storage self,
        VNodeId id,
        Ask memory a,
        uint32 epoch
    ) internal view returns (bool) {
        if (a.syncing || a.successor != NO_NODE || self.stakes[id].waitedIn == epoch) return true;
        Leave storage l = self.leaves[id];
        if (l.node == a.node && epoch + Parameters.LEAVE_NOTICE >= l.epoch) return true;
        if (self.pauses[id][a.node].touches(epoch)) return true;
        // Before a part of the rate ends that is not small, with what has ended since the first epoch that waits: no later proof
        // would ask for it. What comes does not make up for it: one could store for oneself.
        (, uint256 lower) = self.changes[id].changeAt(epoch + 1);
        if (lower == 0) return false;
        Wait memory w = a.wait;
        lower += w.gone + (w.deferred ? gone(self.deferred[id]) : 0);
        return Parameters.ENDING_DIVISOR * lower * w.epochs >= w.cost;
    }

    function existing(AuditsState storage self, VNodeId id) internal view returns (VNode memory) {
        uint256 word = self.words[id];
        require(VNodeWord.clusterOf(word) != NO_CLUSTER, IAudits.NoSuchVNode(id));
        return VNodeWord.unpack(word);
    }
}
