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
/// @notice Time, randomness, proofs, payments and penalties. Here are settling, penalties and
/// responsibility; ISources and IProofs are the rest of it.
///
/// A vNode is settled epoch by epoch, in order. Nothing is paid that
/// no proof follows: an epoch that asked for nothing is deferred, and decided by the next one that did.
///
///     vacant, or paused -------------> refunded to the owners, and what was deferred
///     no data ended the rate --------> what was deferred is refunded
///     void, or not due, syncing -----> refunded
///     void, or not due --------------> deferred
///     due and proven ----------------> paid, and what was deferred; misses = 0; a syncing node is in sync
///     due, not proven, syncing ------> refunded; the last one drops the node
///     due, not proven ---------------> refunded, and what was deferred; slashed beyond grace; the last one is a fault
///
/// Void: no randomness, or not on record for half of the window, or the beacon fails. Due whatever the odds: while a node
/// syncs, while one waits to take over, in a notice to leave, before and after a pause, and before something ends if that, with
/// what has ended since the first epoch that is not decided, is a 64th of what an epoch of those costs. What makes an epoch
/// due does not change once it has begun.
interface IAudits is ISources, IProofs {
    struct VNodeState {
        NodeId node;
        /// Last epoch that is settled.
        uint32 settled;
        /// In a row.
        uint8 misses;
        /// Audits that a node that took over from nobody may still leave unanswered before it is dropped; 0: it is in sync.
        uint8 syncLeft;
        /// Token units per epoch, of all segments that were active in the last settled epoch.
        uint80 rate;
        /// Named as the next one, if nextSince is not 0: takes over in that epoch, or with its first proof from then on
        /// if there is data and somebody has it.
        NodeId nextNode;
        uint32 nextSince;
        /// If it waits for somebody else to be replaced, the epoch in which it is dropped if it has not proven until then.
        uint32 nextUntil;
        /// Token units per epoch of all segments that have not ended, those that have not begun included.
        uint80 committed;
        /// Parts of the nodes' bonds that are locked for this vNode.
        uint96 locked;
        uint96 nextLocked;
        /// Whether so much of it was slashed that the node is paid nothing until it is topped up.
        bool short;
        /// The epochs from deferredSince until settled, if that is not 0, are not decided: token units, fees included.
        uint32 deferredSince;
        uint112 deferred;
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
        /// Who may take over with a proof under its own seed in this epoch; nobody: 0.
        NodeId successor;
        uint256 successorSeed;
        /// Token units per epoch, and those that the directory's total stands for: coverage is the one by the other.
        uint256 rate;
        uint256 asked;
    }

    /// @notice Whom a challenge of the running epoch asks, under which terms.
    struct Subject {
        NodeId node;
        uint80 rate;
        bool syncing;
        uint16 faultMultiple;
        uint16 reporterShare;
        uint8 profile;
        /// Of the next epoch.
        uint8 beacon;
    }

    /// @notice What an unanswered challenge costs a node.
    struct Verdict {
        NodeId node;
        /// The vNode's when it was challenged, and how many epochs of it the answer was worth.
        uint256 rate;
        uint256 multiple;
        address challenger;
        /// Basis points of what is taken that go to the challenger.
        uint256 share;
        /// In which it was challenged.
        uint32 epoch;
    }

    /// @notice Emitted when an epoch that asked for nothing waits for the next one that does.
    event EpochDeferred(VNodeId indexed vNode, NodeId indexed node, uint32 epoch, uint256 rate);
    /// @notice Emitted when the epochs from since until epoch go back to the owners.
    event EpochsRefunded(VNodeId indexed vNode, uint32 since, uint32 epoch, uint256 amount);
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
    /// @notice Emitted when a part of a node's bond would be free, but for the challenges that the node has not answered, or
    /// because it has left and nobody has taken over: then until that epoch at most.
    event BondKept(VNodeId indexed vNode, NodeId indexed node, uint256 amount, uint32 until);
    /// @notice Emitted when what a node lacked of the bond for a vNode is locked.
    event ToppedUp(VNodeId indexed vNode, NodeId indexed node, uint256 amount);
    /// @notice Emitted when the owners of all that is paid for in an epoch share what was taken for a challenge: the
    /// treasury, if there are none.
    /// @param amount what they share; the rest went to the treasury.
    event OwnersCompensated(VNodeId indexed vNode, uint32 epoch, uint256 amount);
    event SyncDropped(VNodeId indexed vNode, NodeId indexed node, uint32 epoch);
    /// @notice Emitted when a named node proves that it has the data, or need not: it is responsible from that epoch on.
    event TakeOverProven(VNodeId indexed vNode, NodeId indexed node, uint32 epoch);
    event NodeSwitched(VNodeId indexed vNode, NodeId indexed node, uint32 fromEpoch);
    /// @notice Emitted when a provider says that it will leave, and when it has: it is asked for nothing from that epoch on.
    event LeaveAnnounced(VNodeId indexed vNode, NodeId indexed node, uint32 epoch);
    event Left(VNodeId indexed vNode, NodeId indexed node, uint32 epoch);
    /// @notice Emitted when a provider declares maintenance: the epochs from `from` until `end` ask for nothing and pay nothing.
    event Paused(VNodeId indexed vNode, NodeId indexed node, uint32 from, uint32 end);
    event TookOver(VNodeId indexed vNode, NodeId indexed node, uint32 fromEpoch);

    /// @notice Thrown when the deployment's neighbours do not know each other, it has no or too many profiles or beacons,
    /// time has not begun, or a limit is exceeded.
    error BadDeployment();

    /// @notice Thrown when there is no such vNode.
    error NoSuchVNode(VNodeId vNode);

    /// @notice Thrown when an epoch is not the one that runs.
    error NotCurrentEpoch(uint32 epoch, uint32 currentEpoch);

    /// @notice Thrown when a vNode has more epochs to settle than the transaction may: call settle before.
    error SettleFirst(VNodeId vNode, uint32 settled, uint32 needed);

    /// @notice Thrown when the node is responsible for the vNode, or named, already.
    error AlreadyAssigned(VNodeId vNode, NodeId node);

    /// @notice Thrown when a node would be removed that has data, without another one that takes over.
    error HasData(VNodeId vNode, NodeId node);

    /// @notice Thrown when nobody waits to take the vNode over, in the running epoch.
    error NoSuccessor(VNodeId vNode);

    /// @notice Thrown when a node has announced to leave already.
    error LeaveAnnouncedAlready(VNodeId vNode, NodeId node);

    /// @notice Thrown when a notice to leave and a pause would overlap, or a pause would follow another one without an epoch
    /// between them.
    error PauseOverlaps(VNodeId vNode, uint32 from, uint32 end);

    /// @notice Thrown when a pause is for no epoch.
    error NoEpochs();

    /// @notice Thrown when a node would have paused for more than a quarter's budget, or for the sixth time in one.
    error PauseBudgetSpent(VNodeId vNode, NodeId node, uint256 used, uint256 budget);
    error TooManyPauses(VNodeId vNode, NodeId node);

    /// @notice Thrown when a cluster would change to a profile whose trees have other depths.
    error OtherDepths(uint8 profile);

    /// @notice Thrown when a cluster's parameter is out of the bounds that Parameters sets.
    error BadParameter(string name, uint256 value);

    /// @notice Thrown when a vNode's segments would cost 2^80 token units or more per epoch.
    error RateTooHigh(VNodeId vNode, uint256 committed);

    // --------------------------------------------------------------------------------------------------- deployment

    function ledger() external view returns (ILedger);

    function registry() external view returns (IRegistry);

    function challenges() external view returns (IChallenges);

    function token() external view returns (IERC20);

    /// @notice Makes the verifiers and beacons that can be chosen.
    function factory() external view returns (IFactory);

    /// @notice Basis points of every payment.
    function protocolFee() external view returns (uint256);

    /// @notice Epochs from the announcement of a cluster's new terms until they hold: longer than it takes to leave.
    function changeDelay() external view returns (uint32);

    // ----------------------------------------------------------------------------------------------------- settling

    /// @notice Settles up to maxEpochs of the epochs that are over. Rewards the caller for the misses that it finds.
    /// @return settled the last epoch that is settled.
    /// @dev A due epoch without a proof is a miss if its randomness was on record for at least half of the window; if not, it is
    /// void, as without randomness.
    /// @dev Warning: a provider can be the first to report its own misses; reporterShare is what that saves it.
    function settle(VNodeId vNode, uint256 maxEpochs) external returns (uint32 settled);

    function state(VNodeId vNode) external view returns (VNodeState memory);

    /// @notice What the running epoch asks of a vNode.
    /// @dev Warning: takes for granted that no node was removed, and nothing was missed, in epochs that are not settled yet.
    function duty(VNodeId vNode, uint32 epoch) external view returns (Duty memory);

    /// @notice Credit of one unit of rate, times 1e18, from the epoch from until the epoch to, which is end or the first
    /// that is not decided.
    function creditBetween(
        VNodeId vNode,
        uint32 from,
        uint32 end
    ) external view returns (uint32 to, uint256 credit);

    // ----------------------------------------------------------------------------------------------- responsibility

    /// @notice As far as the vNode is settled: who is responsible for it in the next epoch; who waits to take over, or
    /// nobody; whether the first proof of either of them is still to come, so that nothing is stored; and the epoch that
    /// runs.
    function outlook(
        VNodeId vNode
    ) external view returns (NodeId node, NodeId successor, bool handingOver, uint32 epoch);

    /// @notice Says that the caller's node will leave the vNode. All of the next 4 epochs are due; from the one after them on
    /// it is asked for nothing, if it has proven the last of them that asked, and otherwise once it has proven one. A
    /// standby node takes over, or whoever was named, or nobody.
    function announceLeave(VNodeId vNode) external;

    /// @notice Declares maintenance of the caller's node, two epochs from now, or longer than declared before: nothing is
    /// asked and nothing paid. At most a 45th of any 90 days, in at most 5 pauses.
    function pause(VNodeId vNode, uint32 epochs) external returns (uint32 from, uint32 end);

    /// @notice Locks what the responsible node lacks of the bond that its data requires, of what it has free; anyone may.
    function topUp(VNodeId vNode) external;

    /// @notice Frees what was kept of a node's bond, if nothing is left that it is kept for; anyone may.
    function unlockKept(VNodeId vNode, NodeId node) external;

    /// @notice Epochs in 90 days.
    function quarterEpochs() external view returns (uint32);

    /// @notice The pause declared last, and how many epochs of the 90 days before its end were paused.
    function pauseOf(VNodeId vNode, NodeId node) external view returns (uint32 from, uint32 end, uint32 used);

    /// @notice Who will leave, and from which epoch on it need not be asked.
    function leaveOf(VNodeId vNode) external view returns (NodeId node, uint32 epoch);

    /// @notice What of a node's bond stays locked although it is no longer needed for the vNode, and until which epoch at
    /// most if the node has left and nobody has taken over; longer while it has challenges to answer.
    function keptOf(VNodeId vNode, NodeId node) external view returns (uint256 amount, uint32 until);

    /// @notice What the owners of the first epoch that is not settled share, once it is.
    function owedOf(VNodeId vNode) external view returns (uint256);

    // -------------------------------------------------------------------------------------------------------- terms

    /// @notice A cluster's terms in the running epoch.
    function params(
        ClusterId cluster
    ) external view returns (ClusterParams memory, uint8 profile, uint8 beacon);

    /// @notice A cluster's newest terms, which hold from the epoch since on.
    function announced(
        ClusterId cluster
    ) external view returns (uint32 since, ClusterParams memory, uint8 profile, uint8 beacon);

    // ----------------------------------------------------------------------------------------------- the challenges

    /// @notice Settles the vNode, and says whom a challenge asks. Rewards the challenger for the misses that it finds.
    function summon(VNodeId vNode, address challenger) external returns (Subject memory);

    /// @notice Slashes a node that did not answer, and removes it if it is still responsible.
    function convict(
        VNodeId vNode,
        Verdict calldata verdict
    ) external returns (uint256 taken, uint256 reward);

    /// @notice The last epoch in which a node may answer a challenge of the epoch: the second one after it that the node does not pause.
    function lastAnswer(VNodeId vNode, NodeId node, uint32 epoch) external view returns (uint32);

    // ------------------------------------------------------------------------------------------------- the registry

    function openCluster(
        ClusterId cluster,
        uint8 profile,
        uint8 beacon,
        ClusterParams calldata params
    ) external;

    /// @return since the epoch from which the new terms hold: changeDelay from now.
    function changeCluster(
        ClusterId cluster,
        uint8 profile,
        uint8 beacon,
        ClusterParams calldata
    ) external returns (uint32 since);

    function openVNode(VNodeId vNode, ClusterId cluster) external;

    /// @return previous who was named before, and is no more; since the epoch from which the node is, 0: only that was taken back.
    function assign(
        VNodeId vNode,
        NodeId node,
        address reporter
    ) external returns (NodeId previous, uint32 since);

    /// @notice Settles the vNode, and says what all segments that are paid for in the next epoch or begin then pay per epoch. For the registry.
    function nextRate(VNodeId vNode) external returns (uint256);

    /// @notice Raises the vNode's rate from one epoch until another, and locks the bond for it.
    /// @return locked token units of the node's bond.
    function commit(
        VNodeId vNode,
        uint256 perEpoch,
        uint32 from,
        uint32 end
    ) external returns (uint256 locked);

    /// @notice Lowers the rate at another epoch than was said. Locks the bond as commit does if that is a later one.
    function reschedule(
        VNodeId vNode,
        uint256 perEpoch,
        uint32 end,
        uint32 newEnd
    ) external returns (uint256 locked);
}
