// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {NodeId, VNodeId} from "../Types.sol";

/// @title IProofs
/// @notice The proofs of the running epoch, and why they are refused.
interface IProofs {
    /// @notice Why a proof is refused before it is verified.
    enum Refusal {
        None,
        /// There is no vNode with that id.
        NoSuchVNode,
        /// The epoch is over or has not begun.
        NotCurrentEpoch,
        /// More than 64 epochs are not settled. In a batch, the proofs before this one use up some of the 64.
        SettleFirst,
        /// The epoch is settled already.
        AlreadyProven,
        /// No randomness is on record.
        NoRandomness,
        /// Nobody is responsible, nothing is paid, or the draw did not choose the vNode.
        NotDue,
        /// The window is over.
        WindowClosed,
        /// The first proof of a node that takes over comes from its operator or provider. Anybody else would bind it before
        /// it has the data.
        NotConsented
    }

    /// @param since the first epoch that is decided. The epochs from there until epoch - 1 were deferred.
    /// @param amount what the provider got for all of them.
    /// @param fee what the treasury, the manager and the auditors got.
    /// @param refunded what the owners got back.
    event Proven(
        VNodeId indexed vNode,
        NodeId indexed node,
        uint32 epoch,
        uint32 since,
        uint256 amount,
        uint256 fee,
        uint256 refunded
    );

    /// @notice Thrown when a proof is refused before it is verified.
    error ProofRefused(VNodeId vNode, uint32 epoch, Refusal reason);

    /// @notice Thrown when a proof does not hold.
    error ProofInvalid(VNodeId vNode, uint32 epoch);

    /// @notice Thrown when a batch has no proofs, more than 32, or not one for each vNode.
    error BadBatch(uint256 vNodes, uint256 proofs);

    /// @notice Settles the vNode up to the running epoch, and proves that one. Its rate is paid to the node's provider, with
    /// what was deferred. Anyone may deliver the proof. Coverage is the rate divided by what the directory's total stands
    /// for. If it is below 3/4, the pay is multiplied by coverage / (3/4), and the owners get the rest back.
    /// @param proof as IVerifier takes it.
    function prove(VNodeId vNode, uint32 epoch, uint256[8] calldata proof) external;

    /// @notice Proves for a node that waits to take over, under its own seed. It is responsible from the next epoch on, and
    /// paid from then on. The caller is its operator or provider, who knows when it has the data.
    function takeOver(VNodeId vNode, uint32 epoch, uint256[8] calldata proof) external;

    /// @notice As prove for many vNodes of one profile. A proof that cannot count is left out: too late, not due, proven
    /// already, or false.
    /// @param proofs one for each vNode, in the same order.
    /// @dev Warning: a malformed proof makes the whole batch revert: coordinates out of range, points off their curve.
    function proveBatch(
        VNodeId[] calldata vNodes,
        uint32 epoch,
        uint256[8][] calldata proofs
    ) external returns (bool[] memory accepted);
}
