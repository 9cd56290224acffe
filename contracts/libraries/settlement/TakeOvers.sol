// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IProofs} from "../../interfaces/audits/IProofs.sol";
import {IAudits} from "../../interfaces/IAudits.sol";
import {IVerifier} from "../../interfaces/IVerifier.sol";
import {NO_NODE, VNodeId} from "../../interfaces/Types.sol";
import {Asks} from "./Asks.sol";
import {Epochs} from "./Epochs.sol";
import {AuditsState, Context, Run} from "./State.sol";
import {Terms} from "./Terms.sol";
import {VNodeWord} from "./VNodeWord.sol";

/// @title TakeOvers
/// @notice How a successor proves, under its own seed, that it has the data. See IProofs.
library TakeOvers {
    using Asks for AuditsState;
    using Epochs for AuditsState;

    /// @param source the source point of the epoch's randomness, in seconds.
    function takeOver(
        AuditsState storage self,
        Context memory context,
        VNodeId id,
        uint32 epoch,
        uint256 source,
        uint256[8] calldata proof
    ) internal {
        _require(epoch != 0 && epoch == context.current, id, epoch, IProofs.Refusal.NotCurrentEpoch);
        Run memory r = self.openSettled(context, id);
        self.close(r);
        Terms t = self.termsAt(r.v.cluster, epoch);
        _require(block.timestamp < source + t.window(), id, epoch, IProofs.Refusal.WindowClosed);
        bytes32 random = IAudits(address(this)).randomness(t.beacon(), epoch);
        _require(random != 0, id, epoch, IProofs.Refusal.NoRandomness);
        Asks.Ask memory a = self.preview(id, r.v, epoch);
        require(a.successor != NO_NODE && !self.stakes[id].nextReady, IAudits.NoSuccessor(id));
        _require(a.rate != 0, id, epoch, IProofs.Refusal.NotDue);
        bool consents = context.registry.isOf(a.successor, context.caller);
        _require(consents, id, epoch, IProofs.Refusal.NotConsented);

        (bytes32 root, uint40 total, , ) = context.registry.statement(id, epoch, a.successor);
        uint256 seed = Asks.seedOf(id, a.successor, epoch, random);
        IVerifier verifier = IAudits(address(this)).profiles(t.profile()).verifier;
        bool holds = verifier.verify(proof, [uint256(root), seed, 0, total]);
        require(holds, IProofs.ProofInvalid(id, epoch));

        self.stakes[id].nextReady = true;
        r.v.nextSince = epoch + 1;
        // The old node is still asked in this epoch, and must not take the short way of a plain epoch.
        Epochs.expectChange(r, epoch);
        self.words[id] = VNodeWord.pack(r.v);

        emit IAudits.TakeOverProven(id, a.successor, epoch + 1);
    }

    function _require(bool condition, VNodeId id, uint32 epoch, IProofs.Refusal refusal) private pure {
        require(condition, IProofs.ProofRefused(id, epoch, refusal));
    }
}
