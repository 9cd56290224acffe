// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ClusterId, NodeId} from "./Types.sol";

/// @title ILedger
/// @notice All tokens of the deployment: accounts, bonds of nodes, escrow of what is stored, credits of owners, fees.
/// @dev Invariant: token balance >= accounts + bonds + escrow + credits + fees.
/// @dev Warning: a token whose balances shrink by themselves makes the ledger insolvent. Deploy with one that does not.
interface ILedger {
    /// @notice How the cost of epochs is divided: amount to an account, fee to a cluster's pot, refund to the owners'
    /// credits. The treasury's part of the fee is protocol.
    struct Payment {
        address to;
        ClusterId cluster;
        uint256 amount;
        uint256 fee;
        uint256 protocol;
        uint256 refund;
    }

    event Deposited(address indexed from, address indexed to, uint256 amount);
    event Withdrawn(address indexed from, address indexed to, uint256 amount);
    event Bonded(NodeId indexed node, address indexed from, uint256 amount);
    event UnbondRequested(NodeId indexed node, uint256 amount, uint256 releaseAt);
    event BondReleased(NodeId indexed node, address indexed to, uint256 amount);
    event BondLocked(NodeId indexed node, uint256 amount);
    event BondUnlocked(NodeId indexed node, uint256 amount);
    event Reserved(address indexed payer, uint256 amount);
    event Held(address indexed challenger, uint256 amount);
    event Released(address indexed to, uint256 amount);
    event FeesCollected(
        ClusterId indexed cluster,
        address indexed manager,
        uint256 managerAmount,
        uint256 protocolAmount,
        uint8 beacon,
        uint256 auditAmount
    );

    /// @notice Thrown when the deployment has no token, treasury or neighbours.
    error BadDeployment();

    /// @notice Thrown when an amount of 0 would have no effect.
    error ZeroAmount();

    /// @notice Thrown when tokens would be sent or credited to the zero address.
    error ZeroAddress();

    /// @notice Thrown when the ledger would have 2^128 token units or more.
    error TooMuchHeld(uint256 held, uint256 received);

    /// @notice Thrown when an account has less than is needed.
    error InsufficientBalance(address account, uint256 balance, uint256 needed);

    /// @notice Thrown when the free part of a node's bond is less than is needed. What is locked or unbonding is not free.
    error InsufficientBond(NodeId node, uint256 free, uint256 needed);

    /// @notice Thrown when a bond is released before its delay is over.
    error NotReleasable(NodeId node, uint256 releaseAt, uint256 timestamp);

    // ----------------------------------------------------------------------------------------------------- accounts

    function token() external view returns (IERC20);

    function registry() external view returns (address);

    function audits() external view returns (address);

    function challenges() external view returns (address);

    function treasury() external view returns (address);

    /// @notice Seconds from the request until a bond can be released.
    function unbondSeconds() external view returns (uint256);

    function balanceOf(address account) external view returns (uint256);

    /// @notice Takes amount from the caller, and credits an account with what arrives.
    function deposit(address to, uint256 amount) external;

    /// @notice As deposit, with the caller's signed approval. The permit may fail, for instance because somebody else has
    /// sent it already. An approval that is there then still counts.
    function depositWithPermit(
        address to,
        uint256 amount,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external;

    /// @notice Sends tokens of the caller's account to an address.
    function withdraw(address to, uint256 amount) external;

    // -------------------------------------------------------------------------------------------------------- bonds

    /// @notice Moves tokens from the caller's account to a node's bond.
    /// @dev Warning: what is bonded returns to the node's provider, whoever bonded it.
    function bond(NodeId node, uint256 amount) external;

    /// @notice Starts the delay after which the provider can release amount. A further request adds to the amount and
    /// starts the delay again.
    function requestUnbond(NodeId node, uint256 amount) external;

    /// @notice Moves what was requested, minus what was slashed since, to the provider's account.
    function releaseBond(NodeId node) external;

    /// @return total the whole bond, including its locked and unbonding parts.
    function bondOf(
        NodeId node
    ) external view returns (uint256 total, uint256 locked, uint256 unbonding, uint256 releaseAt);

    /// @notice The part of a bond that is neither locked nor unbonding.
    function freeBond(NodeId node) external view returns (uint256);

    // --------------------------------------------------------------------------------------------------------- fees

    /// @notice Divides a cluster's fees. The treasury's part goes to its account. The rest is split between the manager's
    /// account and the audit pool of the beacon, as the cluster's terms of the running epoch say.
    function collectFees(ClusterId cluster) external;

    /// @notice The fees of a cluster that nobody has collected yet, and the treasury's part of them.
    function feesOf(ClusterId cluster) external view returns (uint256 fees, uint256 protocol);

    /// @notice What the pool has for accounts that record a beacon.
    function auditPool(uint8 beacon) external view returns (uint256);

    // ---------------------------------------------------------------------------------------------------- solvency

    /// @notice The sums of all that the ledger owes. The audit pools count as accounts, uncollected fees as fees.
    function totals()
        external
        view
        returns (uint256 accounts, uint256 bonds, uint256 escrow, uint256 credits, uint256 fees);

    // ------------------------------------------------------------------------------------------------- the registry

    /// @notice Moves tokens from an account to escrow.
    function reserve(address payer, uint256 amount) external;

    /// @notice Moves tokens from escrow to an account.
    function release(address to, uint256 amount) external;

    /// @notice Moves tokens from credits to an account. The audits may call it, too.
    function payCredit(address to, uint256 amount) external;

    // --------------------------------------------------------------------------------------------------- the audits

    /// @notice Moves tokens from escrow to an account, a cluster's pot and credits.
    function pay(Payment calldata payment) external;

    /// @notice As pay for many payments, with fewer writes. A payment to the zero address is left out.
    function payMany(Payment[] calldata payments) external;

    /// @notice Moves tokens from escrow to credits.
    function refund(uint256 amount) external;

    function lock(NodeId node, uint256 amount) external;

    function unlock(NodeId node, uint256 amount) external;

    /// @notice Takes fromLock from the locked part of a bond, and the rest of amount, as far as it goes, from what is not
    /// locked. One share goes to the reporter's account, another to the treasury's, the rest to credits.
    /// @return taken what was slashed.
    /// @return reward the reporter's share of it.
    /// @return left what went to credits.
    function slash(
        NodeId node,
        uint256 amount,
        uint256 fromLock,
        address reporter,
        uint256 reporterShare,
        uint256 treasuryShare
    ) external returns (uint256 taken, uint256 reward, uint256 left);

    /// @notice Pays an account an eighth of the beacon's audit pool, times part / whole.
    function payAuditor(
        uint8 beacon,
        address to,
        uint256 part,
        uint256 whole
    ) external returns (uint256 reward);

    // ----------------------------------------------------------------------------------------------- the challenges

    /// @notice Moves a challenge's bond from an account to escrow. payOut moves it from there to accounts.
    function hold(address challenger, uint256 amount) external;

    function payOut(address to, uint256 amount) external;
}
