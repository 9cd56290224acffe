// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IProofs} from "./audits/IProofs.sol";
import {ISources} from "./audits/ISources.sol";
import {IChallenges} from "./IChallenges.sol";
import {IFactory} from "./IFactory.sol";
import {ILedger} from "./ILedger.sol";
import {IRegistry} from "./IRegistry.sol";
import {ClusterId, ClusterParams, NodeId, VNodeId} from "./Types.sol";

/// @title IAudits
/// @notice Time, randomness, proofs, payments and penalties. This file has settling, penalties and responsibility.
/// ISources and IProofs have the rest.
///
/// The epochs of a vNode are settled one by one, in order. Pay always follows a proof. An epoch that asked for nothing is
/// deferred, and the next epoch that asks decides it:
///
///     vacant, or paused -------------> refunded to the owners, and what was deferred
///     no data ended the rate --------> what was deferred is refunded
///     void, or not due, syncing -----> refunded
///     void, or not due --------------> deferred
///     due and proven ----------------> paid, and what was deferred; misses = 0; a syncing node is in sync
///     due, not proven, syncing ------> refunded; the last one drops the node
///     due, not proven ---------------> refunded, and what was deferred; slashed beyond grace; the last one is a fault
///
/// An epoch is void if its randomness is missing, or was not on record for half of the window, or if the beacon fails.
///
/// An epoch is due whatever the odds:
/// - while a node syncs, and while a successor waits to take over;
/// - in a notice to leave, and right before and after a pause;
/// - right before a part of the rate ends, if that part is large: together with what has ended since the first epoch that
///   is not decided, it is at least a 64th of what these epochs cost on average.
///
/// What makes an epoch due does not change once the epoch has begun.
interface IAudits is ISources, IProofs {
    struct VNodeState {
        NodeId node;
        /// The last epoch that is settled.
        uint32 settled;
        /// Misses in a row.
        uint8 misses;
        /// Audits that a node which took over from nobody may leave unanswered before it is dropped. 0: it is in sync.
        uint8 syncLeft;
        /// Token units per epoch of all segments that were active in the last settled epoch.
        uint80 rate;
        /// The node that is named as the next one, if nextSince is not 0. It takes over in that epoch. If data is stored
        /// and another node has it, it takes over with its first proof from then on.
        NodeId nextNode;
        uint32 nextSince;
        /// The epoch in which a successor that has not proven is dropped.
        uint32 nextUntil;
        /// Token units per epoch of all segments that have not ended, including those that have not begun.
        uint80 committed;
        /// The parts of the two nodes' bonds that are locked for this vNode.
        uint96 locked;
        uint96 nextLocked;
        /// Whether so much of the lock was slashed that the node is paid nothing until somebody tops it up.
        bool short;
        /// The first epoch that is not decided, or 0. The amount is for all epochs from there until settled, in token units,
        /// fees included.
        uint32 deferredSince;
        uint112 deferred;
        /// The epoch from which the node is responsible, and all its misses since, in a row or not.
        uint32 servesSince;
        uint32 servedMisses;
    }

    /// @notice What is needed to prove the running epoch.
    struct Duty {
        bool due;
        bool proven;
        NodeId node;
        /// 0 while the beacon has recorded nothing.
        bytes32 randomness;
        uint256 seed;
        bytes32 root;
        uint40 total;
        uint256 deadline;
        /// The node that may take over with a proof under its own seed in this epoch; 0 if there is none.
        NodeId successor;
        uint256 successorSeed;
        /// Token units per epoch: what is paid, and what the directory's total stands for. Coverage is rate / asked.
        uint256 rate;
        uint256 asked;
    }

    /// @notice Whom a challenge asks that is made in the running epoch, and under which terms.
    struct Subject {
        NodeId node;
        uint80 rate;
        bool syncing;
        uint16 faultMultiple;
        uint16 reporterShare;
        uint8 profile;
        /// The beacon of the next epoch, which draws the samples.
        uint8 beacon;
    }

    /// @notice What an unanswered challenge costs a node.
    struct Verdict {
        NodeId node;
        /// The vNode's rate when it was challenged, and how many epochs' rate the answer was worth.
        uint256 rate;
        uint256 multiple;
        address challenger;
        /// Basis points of the slash that go to the challenger.
        uint256 share;
        /// The epoch of the challenge.
        uint32 epoch;
    }

    /// @notice Emitted when an epoch that asked for nothing is left to the next epoch that asks.
    event EpochDeferred(VNodeId indexed vNode, NodeId indexed node, uint32 epoch, uint256 rate);
    /// @notice Emitted when the owners get back what the epochs from since until epoch cost.
    event EpochsRefunded(VNodeId indexed vNode, uint32 since, uint32 epoch, uint256 amount);
    event Missed(VNodeId indexed vNode, NodeId indexed node, uint32 epoch, uint8 misses);
    /// @param amount what was taken, including the reward.
    event Slashed(
        VNodeId indexed vNode,
        NodeId indexed node,
        uint32 epoch,
        uint256 amount,
        address reporter,
        uint256 reward
    );
    event Faulted(VNodeId indexed vNode, NodeId indexed node, uint32 epoch);
    /// @notice Emitted when a part of a node's bond stays locked although the vNode no longer needs it: because the node has
    /// challenges to answer, or because it has left and nobody has taken over. In the second case it is locked until that
    /// epoch at most.
    event BondKept(VNodeId indexed vNode, NodeId indexed node, uint256 amount, uint32 until);
    /// @notice Emitted when the missing part of a node's lock is locked.
    event ToppedUp(VNodeId indexed vNode, NodeId indexed node, uint256 amount);
    /// @notice Emitted when the owners of all that is paid for in an epoch share what a challenge took from a node.
    /// @param amount what the owners share. The rest went to the treasury; all of it, if there are no owners.
    event OwnersCompensated(VNodeId indexed vNode, uint32 epoch, uint256 amount);
    event SyncDropped(VNodeId indexed vNode, NodeId indexed node, uint32 epoch);
    /// @notice Emitted when a named node has proven that it has the data, or need not. It is responsible from that epoch on.
    event TakeOverProven(VNodeId indexed vNode, NodeId indexed node, uint32 epoch);
    event NodeSwitched(VNodeId indexed vNode, NodeId indexed node, uint32 fromEpoch);
    /// @notice Emitted when a provider says that it will leave, and when it has left. The node is asked for nothing from that
    /// epoch on.
    event LeaveAnnounced(VNodeId indexed vNode, NodeId indexed node, uint32 epoch);
    event Left(VNodeId indexed vNode, NodeId indexed node, uint32 epoch);
    /// @notice Emitted when a provider declares maintenance. The epochs from `from` until before `end` ask and pay nothing.
    event Paused(VNodeId indexed vNode, NodeId indexed node, uint32 from, uint32 end);
    /// @notice Emitted when a node is no longer responsible, from the epoch `until` on.
    /// @param rate the vNode's rate then, in token units per epoch.
    /// @param misses all its misses since the epoch `since`.
    event Served(
        VNodeId indexed vNode,
        NodeId indexed node,
        uint32 since,
        uint32 until,
        uint256 rate,
        uint256 misses
    );
    event TookOver(VNodeId indexed vNode, NodeId indexed node, uint32 fromEpoch);

    /// @notice Thrown when the deployment's neighbours do not know each other, when there are no or too many profiles or
    /// beacons, when time has not begun, or when a limit is exceeded.
    error BadDeployment();

    /// @notice Thrown when there is no vNode with that id.
    error NoSuchVNode(VNodeId vNode);

    /// @notice Thrown when an epoch is not the one that runs.
    error NotCurrentEpoch(uint32 epoch, uint32 currentEpoch);

    /// @notice Thrown when a vNode has more epochs to settle than one transaction may. Call settle first.
    error SettleFirst(VNodeId vNode, uint32 settled, uint32 needed);

    /// @notice Thrown when the node is already responsible for the vNode, or already named.
    error AlreadyAssigned(VNodeId vNode, NodeId node);

    /// @notice Thrown when a manager would remove a node that has data without naming another one.
    error HasData(VNodeId vNode, NodeId node);

    /// @notice Thrown when no successor waits to take the vNode over in the running epoch.
    error NoSuccessor(VNodeId vNode);

    /// @notice Thrown when a node has already announced that it leaves.
    error LeaveAnnouncedAlready(VNodeId vNode, NodeId node);

    /// @notice Thrown when a notice to leave and a pause would overlap, or when two pauses would have no epoch between them.
    error PauseOverlaps(VNodeId vNode, uint32 from, uint32 end);

    /// @notice Thrown when a pause has no epochs.
    error NoEpochs();

    /// @notice Thrown when a node would pause for longer than the budget of 90 days, or for the sixth time in 90 days.
    error PauseBudgetSpent(VNodeId vNode, NodeId node, uint256 used, uint256 budget);
    error TooManyPauses(VNodeId vNode, NodeId node);

    /// @notice Thrown when the trees of a cluster's new profile have other depths.
    error OtherDepths(uint8 profile);

    /// @notice Thrown when a parameter of a cluster is outside the bounds in Parameters.
    error BadParameter(string name, uint256 value);

    /// @notice Thrown when the segments of a vNode would cost 2^80 token units or more per epoch.
    error RateTooHigh(VNodeId vNode, uint256 committed);

    // --------------------------------------------------------------------------------------------------- deployment

    function ledger() external view returns (ILedger);

    function registry() external view returns (IRegistry);

    function challenges() external view returns (IChallenges);

    function token() external view returns (IERC20);

    /// @notice The contract that makes the verifiers and beacons of this deployment.
    function factory() external view returns (IFactory);

    /// @notice The treasury's part of every payment, in basis points.
    function protocolFee() external view returns (uint256);

    /// @notice Epochs from the announcement of a cluster's new terms until they hold. Leaving takes less.
    function changeDelay() external view returns (uint32);

    // ----------------------------------------------------------------------------------------------------- settling

    /// @notice Settles up to maxEpochs of the epochs that are over. The caller is rewarded for the misses that it finds.
    /// @return settled the last epoch that is settled.
    /// @dev A due epoch without a proof is a miss if its randomness was on record for at least half of the window. If not,
    /// the epoch is void, as without randomness.
    /// @dev Warning: a provider can be the first to report its own misses. It saves reporterShare by that.
    function settle(VNodeId vNode, uint256 maxEpochs) external returns (uint32 settled);

    function state(VNodeId vNode) external view returns (VNodeState memory);

    /// @notice What the running epoch asks of a vNode.
    /// @dev Warning: this assumes that no node was removed, and nothing was missed, in epochs that are not settled yet.
    function duty(VNodeId vNode, uint32 epoch) external view returns (Duty memory);

    /// @notice The credit of one unit of rate, times 1e18, for the epochs from `from` until before `to`. `to` is end, or the
    /// first epoch that is not decided.
    function creditBetween(
        VNodeId vNode,
        uint32 from,
        uint32 end
    ) external view returns (uint32 to, uint256 credit);

    // ----------------------------------------------------------------------------------------------- responsibility

    /// @notice Who will be responsible for the vNode, as far as it is settled.
    /// @return node the node that is responsible in the next epoch.
    /// @return successor the node that waits to take over.
    /// @return handingOver whether the first proof of either of them is still to come. Nothing can be stored until then.
    /// @return epoch the running epoch.
    function outlook(
        VNodeId vNode
    ) external view returns (NodeId node, NodeId successor, bool handingOver, uint32 epoch);

    /// @notice Says that the caller's node will leave the vNode. The next 4 epochs are all due. If the node has proven the
    /// last of them that asked, it is asked for nothing afterwards. Otherwise it must prove once more. The node that was
    /// named takes over, or a standby node, or nobody.
    function announceLeave(VNodeId vNode) external;

    /// @notice Declares maintenance of the caller's node: it begins two epochs from now, or goes on for longer than declared
    /// before. Paused epochs ask and pay nothing. A node may pause for a 45th of any 90 days, in at most 5 pauses.
    function pause(VNodeId vNode, uint32 epochs) external returns (uint32 from, uint32 end);

    /// @notice Locks what is missing of the responsible node's lock, from the free part of its bond. Anyone may call it.
    function topUp(VNodeId vNode) external;

    /// @notice Frees what was kept of a node's bond, once there is no reason left to keep it. Anyone may call it.
    function unlockKept(VNodeId vNode, NodeId node) external;

    /// @notice The number of epochs in 90 days.
    function quarterEpochs() external view returns (uint32);

    /// @notice The last pause that was declared, and how many of the 90 days' epochs before its end are paused.
    function pauseOf(VNodeId vNode, NodeId node) external view returns (uint32 from, uint32 end, uint32 used);

    /// @notice The node that will leave, and the epoch from which it need not be asked.
    function leaveOf(VNodeId vNode) external view returns (NodeId node, uint32 epoch);

    /// @notice The part of a node's bond that stays locked although the vNode no longer needs it. If the node has left and
    /// nobody has taken over, it is kept until that epoch at most, or for longer while the node has challenges to answer.
    function keptOf(VNodeId vNode, NodeId node) external view returns (uint256 amount, uint32 until);

    /// @notice What the owners of the first epoch that is not settled will share, once it is settled.
    function owedOf(VNodeId vNode) external view returns (uint256);

    // -------------------------------------------------------------------------------------------------------- terms

    /// @notice A cluster's terms in the running epoch.
    function params(
        ClusterId cluster
    ) external view returns (ClusterParams memory, uint8 profile, uint8 beacon);

    /// @notice A cluster's newest terms. They hold from the epoch `since` on.
    function announced(
        ClusterId cluster
    ) external view returns (uint32 since, ClusterParams memory, uint8 profile, uint8 beacon);

    // ----------------------------------------------------------------------------------------------- the challenges

    /// @notice Settles the vNode, and says whom a challenge asks. The challenger is rewarded for the misses that this finds.
    function summon(VNodeId vNode, address challenger) external returns (Subject memory);

    /// @notice Slashes a node that did not answer a challenge, and removes it if it is still responsible.
    function convict(
        VNodeId vNode,
        Verdict calldata verdict
    ) external returns (uint256 taken, uint256 reward);

    /// @notice The last epoch in which a node may answer a challenge of that epoch: the second one after it, pauses not
    /// counted.
    function lastAnswer(VNodeId vNode, NodeId node, uint32 epoch) external view returns (uint32);

    // ------------------------------------------------------------------------------------------------- the registry

    function openCluster(
        ClusterId cluster,
        uint8 profile,
        uint8 beacon,
        ClusterParams calldata params
    ) external;

    /// @return since the epoch from which the new terms hold: changeDelay epochs from now.
    function changeCluster(
        ClusterId cluster,
        uint8 profile,
        uint8 beacon,
        ClusterParams calldata
    ) external returns (uint32 since);

    function openVNode(VNodeId vNode, ClusterId cluster) external;

    /// @return previous the node that was named before and is named no more.
    /// @return since the epoch from which the new node is named; 0 if the previous one was only taken back.
    function assign(
        VNodeId vNode,
        NodeId node,
        address reporter
    ) external returns (NodeId previous, uint32 since);

    /// @notice Settles the vNode, and says what its segments pay together in the next epoch, for the registry.
    function nextRate(VNodeId vNode) external returns (uint256);

    /// @notice Raises the vNode's rate for the epochs from `from` until before `end`, and locks the bond for it.
    /// @return locked token units of the node's bond.
    function commit(
        VNodeId vNode,
        uint256 perEpoch,
        uint32 from,
        uint32 end
    ) external returns (uint256 locked);

    /// @notice Moves a fall of the vNode's rate to another epoch. If it is a later one, locks the bond as commit does.
    function reschedule(
        VNodeId vNode,
        uint256 perEpoch,
        uint32 end,
        uint32 newEnd
    ) external returns (uint256 locked);
}
