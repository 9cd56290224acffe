// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "../interfaces/IAudits.sol";
import {ILedger} from "../interfaces/ILedger.sol";
import {ClusterId, ClusterParams, NodeId, VNodeId} from "../interfaces/Types.sol";
import {Parameters} from "./Parameters.sol";
import {Asks} from "./settlement/Asks.sol";
import {Epochs} from "./settlement/Epochs.sol";
import {Proven} from "./settlement/Proven.sol";
import {Schedule} from "./settlement/Schedule.sol";
import {Stakes} from "./settlement/Stakes.sol";
import {AuditsState, Context, Run} from "./settlement/State.sol";
import {TakeOvers} from "./settlement/TakeOvers.sol";
import {Terms, TermsWord} from "./settlement/Terms.sol";
import {VNodeWord} from "./settlement/VNodeWord.sol";

/// @title Settlement
/// @notice How the epochs of a vNode become payments, refunds and penalties, and the terms of clusters. See IAudits.
/// @dev Linked, not inlined, since Audits would be too large to deploy.
library Settlement {
    using Asks for AuditsState;
    using Epochs for AuditsState;
    using Proven for AuditsState;
    using Schedule for Schedule.Changes;
    using Stakes for AuditsState;
    using TakeOvers for AuditsState;

    // ----------------------------------------------------------------------------------------------------- settling

    /// @notice Settles up to `limit` epochs until `last`, which is over.
    function settle(
        AuditsState storage self,
        Context calldata context,
        VNodeId id,
        uint32 last,
        uint256 limit
    ) external returns (uint32 settled) {
        Run memory r = self.open(context, id);
        self.settle(r, last, limit);
        return self.close(r);
    }

    // ------------------------------------------------------------------------------------------------------- proofs

    /// @notice What the running epoch asks, if all epochs before it are settled.
    function ask(
        AuditsState storage self,
        VNodeId id,
        uint32 epoch
    ) external view returns (NodeId node, uint256 rate, bool paused, bool must, bool consented) {
        Asks.Ask memory a = self.preview(id, self.existing(id), epoch);
        // A node that takes over says itself when it has the data.
        consented = !a.syncing || IAudits(address(this)).registry().isOf(a.node, msg.sender);
        return (a.node, a.rate, a.paused, a.must, consented);
    }

    /// @notice Enters an epoch and settles it as proven, with what was deferred.
    /// @param asked token units per epoch that the audited directory's total stands for.
    /// @return p the payment, without its account.
    function enterProven(
        AuditsState storage self,
        Context calldata context,
        VNodeId id,
        NodeId node,
        uint32 epoch,
        uint256 asked
    ) external returns (ILedger.Payment memory p) {
        return Proven.enterProven(self, context, id, node, epoch, asked);
    }

    /// @notice See IProofs.
    /// @param source the source point of the epoch's randomness, in seconds.
    function takeOver(
        AuditsState storage self,
        Context calldata context,
        VNodeId id,
        uint32 epoch,
        uint256 source,
        uint256[8] calldata proof
    ) external {
        TakeOvers.takeOver(self, context, id, epoch, source, proof);
    }

    // ------------------------------------------------------------------------------------------------------- stored

    /// @notice See IAudits.
    /// @dev Neither of the two epochs has begun. Both will be entered when they begin.
    function reschedule(
        AuditsState storage self,
        ILedger ledger,
        VNodeId id,
        uint256 perEpoch,
        uint32 end,
        uint32 newEnd
    ) external returns (uint256 locked) {
        uint256 word = VNodeWord.changingAt(self.words[id], newEnd - 1);

        self.words[id] = word;
        self.changes[id].move(end, newEnd, uint128(perEpoch));
        if (newEnd > end) return self.lockMissing(ledger, self.stakes[id], id, word);
    }

    // -------------------------------------------------------------------------------------------------------- terms

    /// @notice A cluster's terms, if they are within the bounds.
    function checkedTerms(
        uint8 profile,
        uint8 beacon,
        ClusterParams calldata p,
        uint256 epochSeconds,
        uint256 margin
    ) external pure returns (Terms) {
        Parameters.check(p, epochSeconds, margin);
        return TermsWord.pack(p, profile, beacon);
    }

    /// @notice See IAudits.
    function changeTerms(
        AuditsState storage self,
        ClusterId cluster,
        Terms changed,
        uint32 current,
        uint32 delay
    ) external returns (uint32 since) {
        Terms t = self.terms[cluster];
        since = current + delay;
        uint32 version = t.version();
        // New terms replace those that were announced and do not hold yet.
        if (t.since() <= current) self.pastTerms[cluster][version++] = t;
        self.terms[cluster] = changed.dated(since, version);
    }
}
