// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "../../interfaces/IAudits.sol";
import {NodeId, Unauthorized, VNodeId} from "../../interfaces/Types.sol";
import {Parameters} from "../Parameters.sol";
import {Epochs} from "./Epochs.sol";
import {Pauses} from "./Pauses.sol";
import {AuditsState, Context, Leave, Run} from "./State.sol";

/// @title Absences
/// @notice How a provider lets a node leave a vNode, or pause. See IAudits.
library Absences {
    using Epochs for AuditsState;

    function announceLeave(AuditsState storage self, Context memory context, VNodeId id) internal {
        Run memory r = self.openSettled(context, id);
        NodeId node = r.v.node;
        _checkProvider(r);
        require(self.leaves[id].node != node, IAudits.LeaveAnnouncedAlready(id, node));
        (uint32 from, uint32 end) = self.pauses[id][node].latest();
        require(end <= context.current, IAudits.PauseOverlaps(id, from, end));

        uint32 epoch = context.current + 1 + Parameters.LEAVE_NOTICE;
        self.leaves[id] = Leave(node, epoch);
        Epochs.expectChange(r, context.current + 1);
        self.close(r);

        emit IAudits.LeaveAnnounced(id, node, epoch);
    }

    function pause(
        AuditsState storage self,
        Context memory context,
        VNodeId id,
        uint32 epochs,
        uint32 quarterEpochs
    ) internal returns (uint32 from, uint32 end) {
        Run memory r = self.openSettled(context, id);
        NodeId node = r.v.node;
        _checkProvider(r);
        uint256 budget = Parameters.pauseBudgetUp(quarterEpochs);
        require(epochs != 0, IAudits.NoEpochs());
        require(epochs <= budget, IAudits.PauseBudgetSpent(id, node, epochs, budget));
        require(self.leaves[id].node != node, IAudits.LeaveAnnouncedAlready(id, node));

        Pauses p = _declare(self.pauses[id][node], context.current, epochs, quarterEpochs);
        require(Pauses.unwrap(p) != 0, IAudits.TooManyPauses(id, node));
        (from, end) = p.latest();
        uint256 used = p.usedSince(end < quarterEpochs ? 0 : end - quarterEpochs);
        require(used <= budget, IAudits.PauseBudgetSpent(id, node, used, budget));
        self.pauses[id][node] = p;
        Epochs.expectChange(r, context.current + 1);
        self.close(r);

        emit IAudits.Paused(id, node, from, end);
    }

    /// @dev A pause that has not ended goes on for longer. Otherwise a new one is added. The result is 0 if that would be
    /// the sixth in a quarter, for which the first one would be forgotten.
    function _declare(
        Pauses p,
        uint32 current,
        uint32 epochs,
        uint32 quarterEpochs
    ) private pure returns (Pauses) {
        (, uint32 end) = p.latest();
        if (end > current) return p.prolonged(epochs);
        uint32 from = current + Parameters.PAUSE_NOTICE;
        uint32 before = from + epochs < quarterEpochs ? 0 : from + epochs - quarterEpochs;
        return p.isFullSince(before) ? Pauses.wrap(0) : p.pushed(from, epochs);
    }

    function _checkProvider(Run memory r) private view {
        address provider = r.context.registry.providerOf(r.v.node);
        require(r.context.caller == provider, Unauthorized(r.context.caller));
    }
}
