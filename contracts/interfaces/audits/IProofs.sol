// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {NodeId, VNodeId} from "../Types.sol";

/// @title IProofs
/// @notice The proofs of the running epoch, and why they are refused.
interface IProofs {
    /// @notice Why a proof is refused without a look at it.
    enum Refusal {
        None,
        /// There is no such vNode.
        NoSuchVNode,
        /// The epoch is over or has not begun.
        NotCurrentEpoch,
        /// More than 64 epochs are not settled, or more than what the proofs before it in the batch leave of them.
        SettleFirst,
        /// The epoch is settled.
        AlreadyProven,
        /// The beacon was not recorded.
        NoRandomness,
        /// Nobody is responsible, nothing is paid, or the draw says no.
        NotDue,
        /// The time for the answer is over.
        WindowClosed,
        /// Not of the first accepted item's profile.
        OtherVerifier,
        /// The first proof of a node that takes over, delivered by somebody else: it would be bound before it has the data.
        NotConsented
    }

    /// @param since the first epoch that is decided: those from here were deferred.
    /// @param amount what the provider got for all of them, fee what the others got, refunded what the owners got back.
    event Proven(
        VNodeId indexed vNode,
        NodeId indexed node,
        uint32 epoch,
        uint32 since,
        uint256 amount,
        uint256 fee,
        uint256 refunded
    );

    /// @notice Thrown when a proof is refused without a look at it.
    error ProofRefused(VNodeId vNode, uint32 epoch, Refusal reason);

    /// @notice Thrown when a proof does not hold.
    error ProofInvalid(VNodeId vNode, uint32 epoch);

    /// @notice Thrown when a batch has no or more than 32 proofs.
    error BadBatch(uint256 vNodes, uint256 proofs);

    /// @notice Settles the vNode up to the running epoch and proves that one: its rate is paid to the provider on record,
    /// with what was deferred, whoever delivers the proof. Where coverage - the rate by what the directory's total stands
    /// for - is below 3/4, that is only coverage by 3/4 of it, and the owners get the rest back.
    /// @param proof as IVerifier takes it.
    function prove(VNodeId vNode, uint32 epoch, uint256[8] calldata proof) external;

    /// @notice Proves for a node that waits to take over, under its own seed: it is responsible from the next epoch on, and
    /// paid from then on. By its operator or provider: it says itself when it has the data.
    function takeOver(VNodeId vNode, uint32 epoch, uint256[8] calldata proof) external;

    /// @notice As prove for many vNodes of one profile. One that cannot count (too late, not due, proven, a proof that does
    /// not hold) is left out.
    /// @param proofs one for each vNode, in the same order.
    /// @dev Warning: a proof that is no proof (coordinates out of range, points off their curve) makes all of it revert.
    function proveBatch(
        VNodeId[] calldata vNodes,
        uint32 epoch,
        uint256[8][] calldata proofs
    ) external returns (bool[] memory accepted);
}
