// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "../../interfaces/IAudits.sol";
import {NO_NODE, NodeId, VNodeId} from "../../interfaces/Types.sol";
import {Asks} from "./Asks.sol";
import {Stakes} from "./Stakes.sol";
import {AuditsState, Run, Stake} from "./State.sol";
import {VNode} from "./VNodeWord.sol";

/// @title Succession
/// @notice How nodes of a vNode are named, take over, and go.
library Succession {
    using Asks for AuditsState;
    using Stakes for AuditsState;

    /// @notice Removes a node that failed, and dismisses its challenges.
    /// @param forMisses otherwise for a challenge.
    function remove(AuditsState storage self, Run memory r, bool forMisses) internal {
        r.context.challenges.dismiss(r.id, r.v.node, forMisses);
        self.unlockStake(r);
        vacate(self, r);
    }

    /// @notice Makes the vNode vacant. If no next node is named, names a standby node.
    function vacate(AuditsState storage self, Run memory r) internal {
        VNode memory v = r.v;
        NodeId old = v.node;
        _endService(self, r);
        (v.node, v.misses, v.short, v.syncLeft) = (NO_NODE, 0, false, 0);
        delete self.leaves[r.id];
        r.context.registry.freeRoom(r.id, old);
        if (v.nextSince != 0) return;

        r.terms = self.termsAt(v.cluster, r.context.current + 1);
        Stake storage s = self.stakes[r.id];
        uint256 needed = uint256(s.committed) * r.terms.bondEpochs();
        NodeId next = r.context.registry.takeStandby(r.id, old, needed);
        if (next == NO_NODE) return;
        nameNext(r, s, next, needed);

        emit IAudits.TookOver(r.id, next, v.nextSince);
    }

    /// @notice Names the next node, and locks its bond.
    function nameNext(Run memory r, Stake storage s, NodeId node, uint256 needed) internal {
        (s.nextNode, r.v.nextSince) = (node, r.context.current + 1);
        (s.nextBondEpochs, s.nextSyncEpochs) = (r.terms.bondEpochs(), r.terms.syncEpochs());
        (s.nextSyncs, s.nextReady) = (s.committed != 0, false);
        if (node == NO_NODE || needed == 0) return;
        s.nextLock = uint96(needed);
        r.context.ledger.lock(node, needed);
    }

    /// @notice Takes back the node that is named.
    function revokeNext(Run memory r, Stake storage s) internal {
        (NodeId next, uint256 amount) = (s.nextNode, s.nextLock);
        (s.nextNode, s.nextLock, r.v.nextSince) = (NO_NODE, 0, 0);
        if (amount != 0) r.context.ledger.unlock(next, amount);
    }

    /// @notice Makes the next node the responsible one.
    function switchNode(AuditsState storage self, Run memory r, uint32 epoch) internal {
        VNode memory v = r.v;
        Stake storage s = self.stakes[r.id];
        NodeId old = v.node;
        self.unlockStake(r);
        if (old != NO_NODE) {
            r.context.registry.freeRoom(r.id, old);
            _endService(self, r);
        }
        bool inSync = !s.nextSyncs || s.nextReady;
        // The misses still count. Otherwise a provider with two nodes would have two tries in each epoch.
        (v.node, v.nextSince, v.nextChange) = (s.nextNode, 0, 0);
        v.syncLeft = inSync ? 0 : s.nextSyncEpochs;
        if (inSync) self.takenOver[r.id] = epoch;
        (s.lock, s.bondEpochs, s.nextLock, s.nextNode) = (s.nextLock, s.nextBondEpochs, 0, NO_NODE);
        (s.servesSince, s.servedMisses) = (epoch, 0);
        // The node that announced to leave is gone.
        delete self.leaves[r.id];

        emit IAudits.NodeSwitched(r.id, v.node, epoch);

        // Some segments may have ended since the node was named.
        self.trim(r, s);
    }

    function _endService(AuditsState storage self, Run memory r) private {
        VNode memory v = r.v;
        Stake storage s = self.stakes[r.id];

        emit IAudits.Served(r.id, v.node, s.servesSince, v.settled + 1, v.rate, s.servedMisses);
    }

    /// @notice Whether a successor has run out of time to take over from the responsible node.
    function isOverdue(
        AuditsState storage self,
        VNodeId id,
        VNode memory v,
        uint32 epoch
    ) internal view returns (bool) {
        if (v.node == NO_NODE || v.nextSince == 0) return false;
        Stake storage s = self.stakes[id];
        return s.nextSyncs && !s.nextReady && epoch >= v.nextSince + s.nextSyncEpochs;
    }

    /// @notice Drops a successor that has run out of time. The old node keeps the vNode.
    function dropNext(AuditsState storage self, Run memory r, uint32 epoch) internal {
        Stake storage s = self.stakes[r.id];
        NodeId next = s.nextNode;

        emit IAudits.SyncDropped(r.id, next, epoch);

        r.context.registry.freeRoom(r.id, next);
        revokeNext(r, s);
    }
}
