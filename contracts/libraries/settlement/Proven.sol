// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IProofs} from "../../interfaces/audits/IProofs.sol";
import {IAudits} from "../../interfaces/IAudits.sol";
import {ILedger} from "../../interfaces/ILedger.sol";
import {NodeId, VNodeId} from "../../interfaces/Types.sol";
import {CreditIndex} from "./CreditIndex.sol";
import {Decisions} from "./Decisions.sol";
import {Epochs} from "./Epochs.sol";
import {Pay} from "./Pay.sol";
import {AuditsState, Context, Deferred, Run} from "./State.sol";
import {VNode} from "./VNodeWord.sol";

/// @title Proven
/// @notice How an epoch is settled that was proven, with what was deferred before it.
library Proven {
    using Decisions for AuditsState;
    using Epochs for AuditsState;

    /// @param asked token units per epoch that the audited directory's total stands for.
    /// @return p the payment, without its account.
    function enterProven(
        AuditsState storage self,
        Context memory context,
        VNodeId id,
        NodeId node,
        uint32 epoch,
        uint256 asked
    ) internal returns (ILedger.Payment memory p) {
        Run memory r = self.open(context, id);
        self.enter(r, epoch);
        VNode memory v = r.v;
        // Asks.preview said before that this node would be responsible.
        assert(v.node == node);
        v.settled = epoch;
        uint32 since = _reckon(self, r, epoch, asked, p);

        emit IProofs.Proven(id, v.node, epoch, since, p.amount, p.fee, p.refund);

        if (v.syncLeft != 0) {
            self.takenOver[id] = epoch;

            emit IAudits.TakeOverProven(id, v.node, epoch);
        }
        (v.misses, v.syncLeft, v.deferring) = (0, 0, false);
        self.close(r);
    }

    /// @return since the first epoch that is decided.
    function _reckon(
        AuditsState storage self,
        Run memory r,
        uint32 epoch,
        uint256 asked,
        ILedger.Payment memory p
    ) private returns (uint32 since) {
        VNode memory v = r.v;
        uint256 protocolFee = r.context.protocolFee;
        (since, p.amount, p.fee) = (epoch, v.rate, Pay.feesDown(v.rate, r.terms, protocolFee));
        if (v.deferring) {
            Deferred storage d = self.deferred[r.id];
            (since, p.amount, p.fee) = (d.since, p.amount + d.amount, p.fee + d.fees);
        }
        uint256 part = v.short ? 0 : Pay.paidPartDown(v.rate, asked);
        self.credit(r, since, epoch, CreditIndex.CREDIT_UNIT - part);
        Pay.splitDown(p, part, protocolFee);
        p.cluster = v.cluster;
    }
}
