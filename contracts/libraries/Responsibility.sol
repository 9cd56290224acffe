// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "../interfaces/IAudits.sol";
import {NO_NODE, NodeId, VNodeId} from "../interfaces/Types.sol";
import {Absences} from "./settlement/Absences.sol";
import {Asks} from "./settlement/Asks.sol";
import {Convictions} from "./settlement/Convictions.sol";
import {Epochs} from "./settlement/Epochs.sol";
import {Naming} from "./settlement/Naming.sol";
import {Schedule} from "./settlement/Schedule.sol";
import {Stakes} from "./settlement/Stakes.sol";
import {AuditsState, Context, Run, Stake} from "./settlement/State.sol";
import {Terms} from "./settlement/Terms.sol";

/// @title Responsibility
/// @notice Which node is responsible for a vNode: named, leaving, pausing, challenged, convicted. See IAudits.
/// @dev Linked, not inlined, since Audits would be too large to deploy.
library Responsibility {
    using Asks for AuditsState;
    using Epochs for AuditsState;
    using Schedule for Schedule.Changes;

    // --------------------------------------------------------------------------------------------- coming and going

    /// @notice See IAudits.
    function assign(
        AuditsState storage self,
        Context calldata context,
        VNodeId id,
        NodeId node
    ) external returns (NodeId previous, uint32 since) {
        return Naming.assign(self, context, id, node);
    }

    /// @notice See IAudits.
    function announceLeave(AuditsState storage self, Context calldata context, VNodeId id) external {
        Absences.announceLeave(self, context, id);
    }

    /// @notice See IAudits.
    function pause(
        AuditsState storage self,
        Context calldata context,
        VNodeId id,
        uint32 epochs,
        uint32 quarterEpochs
    ) external returns (uint32 from, uint32 end) {
        return Absences.pause(self, context, id, epochs, quarterEpochs);
    }

    // --------------------------------------------------------------------------------------------------------- bond

    /// @notice See IAudits.
    function topUp(AuditsState storage self, Context calldata context, VNodeId id) external {
        Run memory r = self.openSettled(context, id);
        Stake storage s = self.stakes[id];
        (uint256 needed, uint256 locked) = (Stakes.required(s), s.lock);
        if (r.v.node != NO_NODE && locked < needed) {
            (s.lock, r.v.short) = (uint96(needed), false);
            context.ledger.lock(r.v.node, needed - locked);

            emit IAudits.ToppedUp(id, r.v.node, needed - locked);
        }
        self.close(r);
    }

    /// @notice See IAudits.
    function unlockKept(
        AuditsState storage self,
        Context calldata context,
        VNodeId id,
        NodeId node
    ) external {
        Stakes.unlockKept(self, context, id, node);
    }

    // --------------------------------------------------------------------------------------------------- challenges

    /// @notice See IAudits.
    function summon(
        AuditsState storage self,
        Context calldata context,
        VNodeId id
    ) external returns (IAudits.Subject memory s) {
        Run memory r = self.openSettled(context, id);
        self.close(r);

        Asks.Ask memory a = self.preview(id, r.v, context.current);
        (s.node, s.rate, s.syncing) = (a.node, uint80(a.rate), a.syncing);
        Terms t = self.termsAt(r.v.cluster, context.current);
        (s.faultMultiple, s.reporterShare) = (t.faultMultiple(), t.reporterShare());
        (s.profile, s.beacon) = (t.profile(), r.terms.beacon());
    }

    /// @notice See IAudits.
    function convict(
        AuditsState storage self,
        Context calldata context,
        VNodeId id,
        IAudits.Verdict calldata verdict
    ) external returns (uint256 taken, uint256 reward) {
        return Convictions.convict(self, context, id, verdict);
    }

    // ------------------------------------------------------------------------------------------------------- stored

    /// @notice See IAudits.
    function nextRate(
        AuditsState storage self,
        Context calldata context,
        VNodeId id
    ) external returns (uint256 rate) {
        Run memory r = self.openSettled(context, id);
        self.close(r);
        rate = self.stakes[id].committed;
        for (uint32 epoch = r.v.settled + 1; epoch <= context.current + 1; ++epoch) {
            (, uint256 lower) = self.changes[id].changeAt(epoch);
            rate -= lower;
        }
    }
}
