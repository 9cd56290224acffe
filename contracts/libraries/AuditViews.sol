// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "../interfaces/IAudits.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {ClusterId, ClusterParams, NO_NODE, NodeId, VNodeId} from "../interfaces/Types.sol";
import {Parameters} from "./Parameters.sol";
import {Asks} from "./settlement/Asks.sol";
import {CreditIndex} from "./settlement/CreditIndex.sol";
import {Pauses} from "./settlement/Pauses.sol";
import {AuditsState, Deferred, Stake} from "./settlement/State.sol";
import {Terms, TermsWord} from "./settlement/Terms.sol";
import {VNode, VNodeWord} from "./settlement/VNodeWord.sol";

/// @title AuditViews
/// @notice The views of Audits. See IAudits.
/// @dev Linked, not inlined, since Audits would be too large to deploy.
library AuditViews {
    using Asks for AuditsState;
    using CreditIndex for CreditIndex.Index;

    /// @notice See IAudits.
    function params(
        AuditsState storage self,
        ClusterId id,
        uint32 epoch
    ) external view returns (ClusterParams memory, uint8 profile, uint8 beacon) {
        Terms t = self.termsAt(id, epoch);
        return (TermsWord.unpack(t), t.profile(), t.beacon());
    }

    /// @notice See IAudits.
    function announced(
        AuditsState storage self,
        ClusterId id
    ) external view returns (uint32 since, ClusterParams memory, uint8 profile, uint8 beacon) {
        Terms t = self.terms[id];
        return (t.since(), TermsWord.unpack(t), t.profile(), t.beacon());
    }

    /// @notice See IAudits.
    function state(AuditsState storage self, VNodeId id) external view returns (IAudits.VNodeState memory) {
        VNode memory v = self.existing(id);
        Stake storage s = self.stakes[id];
        Deferred storage d = self.deferred[id];
        return
            IAudits.VNodeState({
                node: v.node,
                settled: v.settled,
                misses: v.misses,
                syncLeft: v.syncLeft,
                rate: v.rate,
                nextNode: s.nextNode,
                nextSince: v.nextSince,
                nextUntil: v.nextSince == 0 ? 0 : v.nextSince + s.nextSyncEpochs,
                committed: s.committed,
                locked: s.lock,
                nextLocked: s.nextLock,
                short: v.short,
                deferredSince: v.deferring ? d.since : 0,
                deferred: v.deferring ? d.amount : 0,
                servesSince: v.node == NO_NODE ? 0 : s.servesSince,
                servedMisses: v.node == NO_NODE ? 0 : s.servedMisses
            });
    }

    /// @notice See IAudits.
    /// @param source the source point of the epoch's randomness, in seconds.
    function duty(
        AuditsState storage self,
        IRegistry registry,
        VNodeId id,
        uint32 epoch,
        uint256 source
    ) external view returns (IAudits.Duty memory d) {
        VNode memory v = self.existing(id);
        Terms t = self.termsAt(v.cluster, epoch);
        Asks.Ask memory a = self.preview(id, v, epoch);
        d.deadline = source + t.window();
        d.randomness = IAudits(address(this)).randomness(t.beacon(), epoch);
        (d.node, d.rate) = (a.node, a.rate);
        (d.root, d.total, d.asked, ) = registry.statement(id, epoch, a.node);
        // The running epoch is settled if it was proven, or if it has nothing to prove.
        d.proven = v.settled >= epoch && a.rate != 0;
        if (d.randomness == 0 || a.rate == 0) return d;
        d.seed = Asks.seedOf(id, a.node, epoch, d.randomness);
        bool asked = a.node != NO_NODE && !a.paused && (a.must || Asks.isDrawn(t, d.seed));
        d.due = d.proven || asked;
        if (a.successor != NO_NODE && !self.stakes[id].nextReady) {
            d.successor = a.successor;
            d.successorSeed = Asks.seedOf(id, a.successor, epoch, d.randomness);
        }
    }

    /// @notice See IAudits.
    function creditBetween(
        AuditsState storage self,
        VNodeId id,
        uint32 from,
        uint32 end
    ) external view returns (uint32 to, uint256 credit) {
        uint256 word = self.words[id];
        to = VNodeWord.isDeferring(word) ? self.deferred[id].since : VNodeWord.settledOf(word) + 1;
        if (to > end) to = end;
        if (to <= from) return (from, 0);
        credit = self.credits[id].upTo(to - 1) - self.credits[id].upTo(from - 1);
    }

    /// @notice See IAudits.
    function lastAnswer(
        AuditsState storage self,
        VNodeId id,
        NodeId node,
        uint32 epoch
    ) external view returns (uint32) {
        return self.pauses[id][node].lastAnswer(epoch, Parameters.RESPONSE_EPOCHS);
    }

    /// @notice See IAudits.
    function pauseOf(
        AuditsState storage self,
        VNodeId id,
        NodeId node,
        uint32 quarterEpochs
    ) external view returns (uint32 from, uint32 end, uint32 used) {
        Pauses p = self.pauses[id][node];
        (from, end) = p.latest();
        used = uint32(p.usedSince(end < quarterEpochs ? 0 : end - quarterEpochs));
    }
}
