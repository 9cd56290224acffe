// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IAudits} from "../../interfaces/IAudits.sol";
import {NO_NODE, NodeId, VNodeId} from "../../interfaces/Types.sol";
import {VNode} from "./VNodeWord.sol";
import {Asks} from "./Asks.sol";
import {AuditsState, Kept, Run, Stake} from "./State.sol";

/// @title Stakes
/// @notice Who is responsible for a vNode, and the bond that is locked for it.
library Stakes {
    using Asks for AuditsState;

    // ------------------------------------------------------------------------------------------------ what is locked

    /// @notice Some segments ended: their part of the bond is free.
    function shrink(AuditsState storage self, Run memory r, uint256 lower) internal {
        Stake storage s = self.stakes[r.id];
        s.committed = uint80(s.committed - lower);
        // Nothing is left that would have to be proven, or could be: who has announced to leave may go.
        if (s.committed == 0) (r.v.syncLeft, r.v.misses, s.nextReady) = (0, 0, true);
        if (r.v.node != NO_NODE) trim(self, r, s);
    }

    function trim(AuditsState storage self, Run memory r, Stake storage s) internal {
        uint256 needed = required(s);
        uint256 locked = s.lock;
        if (locked > needed) {
            s.lock = uint96(needed);
            free(self, r, r.v.node, locked - needed);
        }
        r.v.short = 2 * uint256(s.lock) < needed;
    }

    /// @dev What the data requires.
    function required(Stake storage s) internal view returns (uint256) {
        return uint256(s.committed) * s.bondEpochs;
    }

    /// @notice What a node is no longer responsible for stays locked while it has challenges to answer.
    function free(AuditsState storage self, Run memory r, NodeId node, uint256 amount) internal {
        if (amount == 0) return;
        if (r.context.challenges.openAgainst(r.id, node) == 0) return r.context.ledger.unlock(node, amount);
        _keep(self, r.id, node, amount, 0, 0);
    }

    function _keep(
        AuditsState storage self,
        VNodeId id,
        NodeId node,
        uint256 amount,
        uint32 since,
        uint32 until
    ) private {
        Kept storage k = self.kept[id][node];
        k.amount += uint192(amount);
        if (until != 0) (k.since, k.until) = (since, uint32(Math.max(k.until, until)));

        emit IAudits.BondKept(id, node, amount, until);
    }

    /// @notice What a node that leaves has locked stays locked until somebody has taken over, or had the time to.
    function keepStake(AuditsState storage self, Run memory r, uint32 epoch) internal {
        Stake storage s = self.stakes[r.id];
        uint256 amount = s.lock;
        if (amount == 0) return;
        s.lock = 0;
        _keep(self, r.id, r.v.node, amount, epoch, epoch + r.terms.syncEpochs());
    }

    /// @notice What is locked for this vNode, then what the node has not locked at all, and never what is locked for
    /// another.
    /// @return left for the owners.
    function slash(
        AuditsState storage self,
        Run memory r,
        uint32 epoch,
        uint256 amount
    ) internal returns (uint256 left) {
        Stake storage s = self.stakes[r.id];
        uint256 fromLock = Math.min(amount, s.lock);
        s.lock -= uint96(fromLock);
        r.v.short = 2 * uint256(s.lock) < required(s);
        address reporter = r.context.caller;
        uint256 share = reporter == address(0) ? 0 : r.terms.reporterShare();
        uint256 taken;
        uint256 reward;
        (taken, reward, left) = r.context.ledger.slash(r.v.node, amount, fromLock, reporter, share, 0);

        emit IAudits.Slashed(r.id, r.v.node, epoch, taken, reporter, reward);
    }

    // ---------------------------------------------------------------------------------------------- responsibility

    /// @notice A node that failed goes at once, and answers no more challenges.
    function remove(AuditsState storage self, Run memory r) internal {
        r.context.challenges.dismiss(r.id, r.v.node);
        release(self, r);
        vacate(self, r);
    }

    /// @notice Frees what the node has locked.
    function release(AuditsState storage self, Run memory r) internal {
        Stake storage s = self.stakes[r.id];
        uint256 amount = s.lock;
        s.lock = 0;
        free(self, r, r.v.node, amount);
    }

    /// @notice Lets the node go. Unless the next one is named already, a standby node takes over in the next epoch.
    function vacate(AuditsState storage self, Run memory r) internal {
        VNode memory v = r.v;
        NodeId old = v.node;
        (v.node, v.misses, v.short, v.syncLeft) = (NO_NODE, 0, false, 0);
        delete self.leaves[r.id];
        r.context.registry.freeRoom(r.id, old);
        if (v.nextSince != 0) return;

        r.terms = self.termsAt(v.cluster, r.context.current + 1);
        Stake storage s = self.stakes[r.id];
        uint256 needed = uint256(s.committed) * r.terms.bondEpochs();
        NodeId next = r.context.registry.takeStandby(r.id, old, needed);
        if (next == NO_NODE) return;
        appoint(r, s, next, needed);

        emit IAudits.TookOver(r.id, next, v.nextSince);
    }

    /// @notice Names the next node, with its bond locked.
    function appoint(Run memory r, Stake storage s, NodeId node, uint256 needed) internal {
        (s.nextNode, r.v.nextSince) = (node, r.context.current + 1);
        (s.nextBondEpochs, s.nextSyncEpochs) = (r.terms.bondEpochs(), r.terms.syncEpochs());
        (s.nextSyncs, s.nextReady) = (s.committed != 0, false);
        if (node == NO_NODE || needed == 0) return;
        s.nextLock = uint96(needed);
        r.context.ledger.lock(node, needed);
    }

    /// @notice Takes back who is named.
    function dismissNext(Run memory r, Stake storage s) internal {
        (NodeId next, uint256 amount) = (s.nextNode, s.nextLock);
        (s.nextNode, s.nextLock, r.v.nextSince) = (NO_NODE, 0, 0);
        if (amount != 0) r.context.ledger.unlock(next, amount);
    }

    /// @notice The next node becomes the node.
    function switchNode(AuditsState storage self, Run memory r, uint32 epoch) internal {
        VNode memory v = r.v;
        Stake storage s = self.stakes[r.id];
        NodeId old = v.node;
        release(self, r);
        if (old != NO_NODE) r.context.registry.freeRoom(r.id, old);
        bool inSync = !s.nextSyncs || s.nextReady;
        // Misses go on: two nodes of one owner would have two tries in each epoch.
        (v.node, v.nextSince, v.nextChange) = (s.nextNode, 0, 0);
        v.syncLeft = inSync ? 0 : s.nextSyncEpochs;
        if (inSync) self.takenOver[r.id] = epoch;
        (s.lock, s.bondEpochs, s.nextLock, s.nextNode) = (s.nextLock, s.nextBondEpochs, 0, NO_NODE);
        // Whoever announced to leave has gone.
        delete self.leaves[r.id];

        emit IAudits.NodeSwitched(r.id, v.node, epoch);

        // What has ended since it was named.
        trim(self, r, s);
    }

    /// @notice Whether the time is over in which a node that waits could take over from another one.
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

    /// @notice A node that waited in vain is named no more, and the old one keeps the vNode.
    function dropNext(AuditsState storage self, Run memory r, uint32 epoch) internal {
        Stake storage s = self.stakes[r.id];
        NodeId next = s.nextNode;

        emit IAudits.SyncDropped(r.id, next, epoch);

        r.context.registry.freeRoom(r.id, next);
        dismissNext(r, s);
    }
}
