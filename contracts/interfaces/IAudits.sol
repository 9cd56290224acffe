// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IBeacon} from "./IBeacon.sol";
import {ILedger} from "./ILedger.sol";
import {IRegistry} from "./IRegistry.sol";
import {IVerifier} from "./IVerifier.sol";
import {ClusterId, ClusterParams, NodeId, VNodeId} from "./Types.sol";

/// @title IAudits
/// @notice Time, randomness, proofs, payments and penalties. A vNode is settled epoch by epoch, in order:
///
///     vacant ----------------------------------------------> rate refunded to the owners
///     void (no randomness)  --- syncing? ------------------> rate refunded, else paid
///     not due --------------------------------------------> paid
///     due and proven -------------------------------------> paid; misses = 0; a syncing node is in sync
///     due, not proven, syncing ---------------------------> refunded; the last one drops the node
///     due, not proven ------------------------------------> refunded, slashed beyond grace; the last one is a fault
interface IAudits {
    struct Profile {
        IVerifier verifier;
        uint16 samples;
        uint8 dataDepth;
        uint8 directoryDepth;
    }

    struct VNodeState {
        NodeId node;
        /// Last epoch that is settled.
        uint32 settled;
        /// In a row.
        uint8 misses;
        /// Audits that a node that took over may still leave unanswered before it is dropped; 0: it is in sync.
        uint8 syncLeft;
        /// Token units per epoch, of all segments that were active in the last settled epoch.
        uint80 rate;
        /// Responsible from nextSince on, if that is not 0.
        NodeId nextNode;
        uint32 nextSince;
        /// Token units per epoch of all segments that have not ended, those that have not begun included.
        uint80 committed;
        /// Parts of the nodes' bonds that are locked for this vNode.
        uint96 locked;
        uint96 nextLocked;
    }

    /// @notice All that is needed to prove the running epoch.
    struct Duty {
        bool due;
        bool proven;
        NodeId node;
        /// 0 while the beacon is not recorded.
        bytes32 randomness;
        uint256 seed;
        bytes32 root;
        uint40 total;
        uint256 deadline;
    }

    struct ProofItem {
        VNodeId vNode;
        uint32 epoch;
        uint256[8] proof;
    }

    /// @notice Why a proof is refused without a look at it.
    enum Refusal {
        None,
        /// There is no such vNode.
        NoSuchVNode,
        /// The epoch is over or has not begun.
        NotCurrentEpoch,
        /// More than 64 epochs are not settled.
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
        OtherVerifier
    }

    event BeaconRecorded(
        uint8 indexed beacon,
        uint32 indexed epoch,
        bytes32 randomness,
        address by,
        uint256 reward
    );
    event Proven(VNodeId indexed vNode, NodeId indexed node, uint32 epoch, address by);
    /// @param amount what the provider got.
    event EpochPaid(VNodeId indexed vNode, NodeId indexed node, uint32 epoch, uint256 amount, uint256 fee);
    event EpochRefunded(VNodeId indexed vNode, uint32 epoch, uint256 amount);
    event Missed(VNodeId indexed vNode, NodeId indexed node, uint32 epoch, uint8 misses);
    /// @param amount what was taken, reward included.
    event Slashed(
        VNodeId indexed vNode,
        NodeId indexed node,
        uint32 epoch,
        uint256 amount,
        address reporter,
        uint256 reward
    );
    event Faulted(VNodeId indexed vNode, NodeId indexed node, uint32 epoch);
    event SyncDropped(VNodeId indexed vNode, NodeId indexed node, uint32 epoch);
    event TookOver(VNodeId indexed vNode, NodeId indexed node, uint32 fromEpoch);

    /// @notice Thrown when the deployment's neighbours do not know each other, it has no or too many profiles or beacons,
    /// time has not begun, or a limit is exceeded.
    error BadDeployment();

    /// @notice Thrown when there is no profile or beacon with that index.
    error NoSuchProfile(uint256 index);
    error NoSuchBeacon(uint256 index);

    /// @notice Thrown when there is no such vNode.
    error NoSuchVNode(VNodeId vNode);

    /// @notice Thrown when an epoch is not the one that runs.
    error NotCurrentEpoch(uint32 epoch, uint32 currentEpoch);

    /// @notice Thrown when a vNode has more epochs to settle than the transaction may: call settle before.
    error SettleFirst(VNodeId vNode, uint32 settled, uint32 needed);

    /// @notice Thrown when a proof is refused without a look at it.
    error ProofRefused(VNodeId vNode, uint32 epoch, Refusal reason);

    /// @notice Thrown when a proof does not hold.
    error ProofInvalid(VNodeId vNode, uint32 epoch);

    /// @notice Thrown when a batch has no or more than 64 proofs.
    error BadBatch(uint256 proofs);

    /// @notice Thrown when the node is responsible for the vNode already.
    error AlreadyAssigned(VNodeId vNode, NodeId node);

    /// @notice Thrown when a vNode's segments would cost 2^80 token units or more per epoch.
    error RateTooHigh(VNodeId vNode, uint256 committed);

    // -------------------------------------------------------------------------------------------- deployment, time

    function ledger() external view returns (ILedger);

    function registry() external view returns (IRegistry);

    function token() external view returns (IERC20);

    /// @notice Start of epoch 0, and seconds of an epoch.
    function genesis() external view returns (uint256);

    function epochSeconds() external view returns (uint256);

    /// @notice Basis points of every payment.
    function protocolFee() external view returns (uint256);

    function profileCount() external view returns (uint256);

    function profiles(uint256 index) external view returns (Profile memory);

    function beaconCount() external view returns (uint256);

    function beacons(uint256 index) external view returns (IBeacon);

    function currentEpoch() external view returns (uint32);

    function epochStart(uint32 epoch) external view returns (uint256);

    function params(
        ClusterId cluster
    ) external view returns (ClusterParams memory params_, uint8 profile, uint8 beacon);

    // --------------------------------------------------------------------------------------------------- randomness

    /// @notice Fixes the running epoch's randomness; whoever does gets an eighth of the beacon's audit pool. Does nothing if
    /// it is on record.
    function recordBeacon(uint8 beacon, uint32 epoch, bytes calldata evidence) external;

    /// @notice 0 if it was not recorded.
    function randomness(uint8 beacon, uint32 epoch) external view returns (bytes32);

    // ------------------------------------------------------------------------------------------------------- proofs

    /// @notice Settles the vNode up to the running epoch and proves that one: its rate is paid to the provider on record,
    /// whoever delivers the proof.
    /// @param proof as IVerifier takes it.
    function prove(VNodeId vNode, uint32 epoch, uint256[8] calldata proof) external;

    /// @notice As prove for many vNodes of one profile. An item that cannot count (too late, not due, proven, a proof that
    /// does not hold) is left out.
    /// @dev Warning: a proof that is no proof (coordinates out of range, points off their curve) makes all of it revert.
    function proveBatch(ProofItem[] calldata items) external returns (bool[] memory accepted);

    /// @notice Settles up to maxEpochs of the epochs that are over. Rewards the caller for the misses that it finds.
    /// @return settled the last epoch that is settled.
    /// @dev Warning: a provider can be the first to report its own misses; reporterShare is what that saves it.
    function settle(VNodeId vNode, uint256 maxEpochs) external returns (uint32 settled);

    function state(VNodeId vNode) external view returns (VNodeState memory);

    /// @notice What the running epoch asks of a vNode.
    /// @dev Warning: takes for granted that no node was removed in epochs that are not settled yet.
    function duty(VNodeId vNode, uint32 epoch) external view returns (Duty memory);

    // ----------------------------------------------------------------------------------------------------- for views

    /// @notice Who is responsible for the vNode in the next epoch.
    function responsible(VNodeId vNode) external view returns (NodeId);

    /// @notice Credit of one unit of rate, times 1e18, from the epoch from until the epoch to, which is end or the first
    /// that is not settled.
    function creditBetween(
        VNodeId vNode,
        uint32 from,
        uint32 end
    ) external view returns (uint32 to, uint256 credit);

    // ------------------------------------------------------------------------------------------------- the registry

    function openCluster(ClusterId cluster, uint8 profile, uint8 beacon, ClusterParams calldata) external;

    function openVNode(VNodeId vNode, ClusterId cluster) external;

    /// @return previous who was to be responsible in the next epoch until now.
    function assign(
        VNodeId vNode,
        NodeId node,
        address reporter
    ) external returns (NodeId previous, uint32 since);

    /// @notice Raises the vNode's rate from one epoch until another, and locks the bond for it.
    function commit(VNodeId vNode, uint256 perEpoch, uint32 from, uint32 end) external;
}
