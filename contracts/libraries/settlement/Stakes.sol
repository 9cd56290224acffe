// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IAudits} from "../../interfaces/IAudits.sol";
import {ILedger} from "../../interfaces/ILedger.sol";
import {NO_NODE, NodeId, VNodeId} from "../../interfaces/Types.sol";
import {Asks} from "./Asks.sol";
import {AuditsState, Context, Kept, Run, Stake} from "./State.sol";
import {VNodeWord} from "./VNodeWord.sol";

/// @title Stakes
/// @notice The bond that is locked for a vNode: how it is locked, kept, freed and slashed.
library Stakes {
    using Asks for AuditsState;

    /// @notice Frees the part of the lock that ended segments needed.
    function shrink(AuditsState storage self, Run memory r, uint256 lower) internal {
        Stake storage s = self.stakes[r.id];
        s.committed = uint80(s.committed - lower);
        // Nothing is left to be proven. So a node that has announced to leave may go, and nobody syncs.
        if (s.committed == 0) (r.v.syncLeft, r.v.misses, s.nextReady) = (0, 0, true);
        if (r.v.node != NO_NODE) trim(self, r, s);
    }

    /// @notice Frees what is locked beyond what the data requires.
    function trim(AuditsState storage self, Run memory r, Stake storage s) internal {
        uint256 needed = required(s);
        uint256 locked = s.lock;
        if (locked > needed) {
            s.lock = uint96(needed);
            unlockOrKeep(self, r, r.v.node, locked - needed);
        }
        r.v.short = 2 * uint256(s.lock) < needed;
    }

    /// @notice The lock that the data requires.
    function required(Stake storage s) internal view returns (uint256) {
        return uint256(s.committed) * s.bondEpochs;
    }

    /// @notice Unlocks a part of a node's bond, or keeps it locked if the node has challenges to answer.
    function unlockOrKeep(AuditsState storage self, Run memory r, NodeId node, uint256 amount) internal {
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

    /// @notice Keeps the lock of a node that leaves, until somebody has taken over or has had the time to.
    function keepStake(AuditsState storage self, Run memory r, uint32 epoch) internal {
        Stake storage s = self.stakes[r.id];
        uint256 amount = s.lock;
        if (amount == 0) return;
        s.lock = 0;
        _keep(self, r.id, r.v.node, amount, epoch, epoch + r.terms.syncEpochs());
    }

    /// @notice Frees what was kept of a node's bond, unless a take-over is waited for or a challenge is open.
    function unlockKept(AuditsState storage self, Context memory context, VNodeId id, NodeId node) internal {
        Kept memory k = self.kept[id][node];
        bool waiting = k.until > context.current && self.takenOver[id] < k.since;
        if (k.amount == 0 || waiting || context.challenges.openAgainst(id, node) != 0) return;
        delete self.kept[id][node];
        context.ledger.unlock(node, k.amount);
    }

    /// @notice Locks what is missing of the lock for all that is committed, including what was slashed. It is locked for the
    /// node that is responsible, or for the next one if there is none.
    function lockMissing(
        AuditsState storage self,
        ILedger ledger,
        Stake storage s,
        VNodeId id,
        uint256 word
    ) internal returns (uint256 missing) {
        bool next = VNodeWord.nodeOf(word) == NO_NODE;
        uint256 needed = uint256(s.committed) * (next ? s.nextBondEpochs : s.bondEpochs);
        uint256 locked = next ? s.nextLock : s.lock;
        if (needed <= locked) return 0;
        missing = needed - locked;
        if (next) s.nextLock = uint96(needed);
        else s.lock = uint96(needed);
        if (VNodeWord.isShort(word)) self.words[id] = VNodeWord.topped(word);
        ledger.lock(next ? s.nextNode : VNodeWord.nodeOf(word), missing);
    }

    /// @notice Slashes the node: first what is locked for this vNode, then what is not locked at all. It never takes what is
    /// locked for another vNode.
    /// @return left the owners' part.
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

    /// @notice Unlocks what the node has locked, or keeps it for challenges.
    function unlockStake(AuditsState storage self, Run memory r) internal {
        Stake storage s = self.stakes[r.id];
        uint256 amount = s.lock;
        s.lock = 0;
        unlockOrKeep(self, r, r.v.node, amount);
    }
}
