// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IChallenges} from "../../interfaces/IChallenges.sol";
import {IRegistry} from "../../interfaces/IRegistry.sol";
import {ClusterId, ClusterParams, NO_NODE, NodeId, VNodeId} from "../../interfaces/Types.sol";
import {IProofOfStorage} from "./IProofOfStorage.sol";
import {Member, ProofState, Reason} from "./ProofTypes.sol";
import {Ring} from "./Ring.sol";

/// @title Standings
/// @notice What Admission and SeatDraws share: whether a node is fit, whose a seat is, and what a crank is paid.
library Standings {
    using Ring for Ring.Ordered;

    uint256 private constant RENT_UNIT = 1e18;
    /// @dev A crank is paid at most this part of what the manager has, so that it never runs out.
    uint256 private constant REWARD_DIVISOR = 64;

    function current(ProofState storage self) internal view returns (uint32) {
        return self.core.audits.currentEpoch();
    }

    // -------------------------------------------------------------------------------------------------------- nodes

    /// @notice Why a node must not have what it offers any more; and the node as it is registered, and its free bond, which are
    /// undefined if there is an earlier reason.
    function examine(
        ProofState storage self,
        NodeId node,
        Member storage m
    ) internal view returns (Reason reason, IRegistry.Node memory n, uint256 free) {
        if (self.core.registry.providerOf(node) != m.provider) return (Reason.OtherProvider, n, 0);
        if (!self.core.registry.isTrusted(m.provider, address(this))) return (Reason.Untrusted, n, 0);
        IChallenges.Record memory r = self.core.challenges.recordOf(node);
        if (r.faults > m.faults) return (Reason.Faulted, n, 0);
        if (r.lost > m.lost) return (Reason.LostChallenge, n, 0);
        n = self.core.registry.node(node);
        free = self.core.ledger.freeBond(node);
        // Half, so that a penalty or the rounding of prices does not evict. Draws ask for all of it.
        bool backed = n.capacity >= m.offered && free * 2 >= backingUp(m, n.used);
        reason = backed ? Reason.None : Reason.Unbacked;
    }

    /// @notice Why a node gets nothing more. One that is fit is bonded in full, at no more than the price.
    /// @param leaves that it needs room for.
    /// @param bond that it must lock at once.
    function unfit(
        ProofState storage self,
        NodeId node,
        Member storage m,
        uint256 leaves,
        uint256 bond
    ) internal view returns (Reason reason) {
        IRegistry.Node memory n;
        uint256 free;
        (reason, n, free) = examine(self, node, m);
        if (reason != Reason.None) return reason;
        if (n.rent > self.price) return Reason.RentTooHigh;
        if (n.used + leaves > n.capacity) return Reason.NoRoom;
        if (free < bond || free < backingUp(m, n.used)) return Reason.NoBond;
    }

    /// @notice The free bond that a member needs for what it offers and has not in use.
    function backingUp(Member storage m, uint256 used) internal view returns (uint256) {
        uint256 free = m.offered > used ? m.offered - used : 0;
        return Math.ceilDiv(free * m.bondRate, RENT_UNIT);
    }

    function perEpochUp(uint256 leaves, uint256 rent) internal pure returns (uint256) {
        return Math.ceilDiv(leaves * rent, RENT_UNIT);
    }

    /// @notice The terms of the next epoch, as the audits see them.
    function bondEpochs(ProofState storage self) internal view returns (uint16) {
        (uint32 since, ClusterParams memory p, , ) = self.core.audits.announced(self.core.cluster);
        if (since > current(self) + 1) (p, , ) = self.core.audits.params(self.core.cluster);
        return p.bondEpochs;
    }

    function addMisses(ProofState storage self, Member storage m, uint256 misses) internal {
        uint32 period = current(self) / self.rules.period;
        if (m.missedIn != period) (m.missedIn, m.missed) = (period, 0);
        m.missed = uint16(Math.min(m.missed + misses, type(uint16).max));
    }

    function isStandby(ProofState storage self, NodeId node) internal view returns (bool) {
        NodeId[] memory list = self.core.registry.standby(self.core.cluster);
        for (uint256 i = 0; i < list.length; ++i) {
            if (list[i] == node) return true;
        }
        return false;
    }

    // --------------------------------------------------------------------------------------------------------- seats

    /// @notice Gives a seat to a member, or to nobody.
    function hold(ProofState storage self, VNodeId id, NodeId holder) internal {
        NodeId old = self.ring.seats[id].holder;
        if (old == holder) return;
        if (old != NO_NODE) _countFreed(self, self.members[old]);
        if (holder != NO_NODE) ++self.members[holder].seats;
        self.ring.hold(id, holder);
    }

    /// @dev What a member lost does not count in draws whose randomness may be known already.
    function _countFreed(ProofState storage self, Member storage m) private {
        uint32 now_ = current(self);
        if (m.freedIn != now_) {
            bool pending = _firstDraw(self) <= m.freedIn;
            m.seatsBefore = pending ? uint16(Math.max(m.seats, m.seatsBefore)) : m.seats;
            m.freedIn = now_;
        }
        --m.seats;
    }

    /// @dev The first epoch that may decide a draw that is still to come.
    function _firstDraw(ProofState storage self) private view returns (uint256) {
        return self.head == 0 ? type(uint256).max : uint256(self.queue[self.head].since) + 1;
    }

    // ------------------------------------------------------------------------------------------------------- rewards

    /// @dev The last step of a crank that changed something.
    function pay(ProofState storage self) internal {
        uint256 reward = self.rules.reward;
        if (self.core.ledger.balanceOf(address(this)) < reward * REWARD_DIVISOR) {
            _collect(self, self.core.cluster);
            _collect(self, self.core.probation);
        }
        uint256 amount = Math.min(reward, self.core.ledger.balanceOf(address(this)) / REWARD_DIVISOR);
        if (amount == 0) return;

        emit IProofOfStorage.Rewarded(msg.sender, amount);

        self.core.ledger.withdraw(msg.sender, amount);
    }

    function _collect(ProofState storage self, ClusterId id) private {
        (uint256 fees, ) = self.core.ledger.feesOf(id);
        if (fees != 0) self.core.ledger.collectFees(id);
    }
}
