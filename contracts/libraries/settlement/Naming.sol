// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "../../interfaces/IAudits.sol";
import {NO_NODE, NodeId, VNodeId} from "../../interfaces/Types.sol";
import {Epochs} from "./Epochs.sol";
import {AuditsState, Context, Run, Stake} from "./State.sol";
import {Succession} from "./Succession.sol";

/// @title Naming
/// @notice How a manager names a vNode's next node, or takes that back. See IAudits.
library Naming {
    using Epochs for AuditsState;

    /// @dev The old node keeps its room until the next one takes over.
    function assign(
        AuditsState storage self,
        Context memory context,
        VNodeId id,
        NodeId node
    ) internal returns (NodeId previous, uint32 since) {
        Run memory r = self.openSettled(context, id);
        Stake storage s = self.stakes[id];
        bool named = r.v.nextSince != 0;
        NodeId next = named ? s.nextNode : r.v.node;
        require(node != next, IAudits.AlreadyAssigned(id, node));
        if (named) {
            previous = next;
            // A successor that waited when the epoch began, or has proven since, has made the epoch due. It stays due.
            if (r.v.nextSince <= context.current || s.nextReady) {
                s.waitedIn = context.current;
                Epochs.expectChange(r, context.current);
            }
            Succession.revokeNext(r, s);
        } else {
            require(node != NO_NODE || s.committed == 0, IAudits.HasData(id, next));
        }
        bool takenBack = named && (node == NO_NODE || node == r.v.node);
        if (!takenBack) Succession.nameNext(r, s, node, uint256(s.committed) * r.terms.bondEpochs());
        since = r.v.nextSince;
        self.close(r);
    }
}
