// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ClusterId, NodeId} from "./Types.sol";

/// @title ILedger
/// @notice All tokens of the deployment: accounts, bonds of nodes, escrow of what is stored, credits of owners, fees.
/// @dev Invariant, always: token balance >= held = accounts + bonds + escrow + credits + fees.
/// @dev Warning: a token whose balances shrink by themselves makes the ledger insolvent; deploy with one that does not.
interface ILedger {
    /// @notice Of what epochs cost: amount to an account, fee to a cluster's pot (protocol of it is the treasury's), refund to
    /// the owners' credits.
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

    /// @notice Thrown when the deployment has no token, treasury, or neighbours, or too short a delay.
    error BadDeployment();

    /// @notice Thrown when an amount is zero where that would mean nothing.
    error ZeroAmount();

    /// @notice Thrown when tokens would go, or be credited, to the zero address.
    error ZeroAddress();

    /// @notice Thrown when the ledger would hold 2^128 token units or more.
    error TooMuchHeld(uint256 held, uint256 received);

    /// @notice Thrown when an account holds less than is needed.
    error InsufficientBalance(address account, uint256 balance, uint256 needed);

    /// @notice Thrown when a node has less bond that is neither locked nor on its way out than is needed.
    error InsufficientBond(NodeId node, uint256 free, uint256 needed);

    /// @notice Thrown when a bond is released before its delay is over.
    error NotReleasable(NodeId node, uint256 releaseAt, uint256 timestamp);

    // ----------------------------------------------------------------------------------------------------- accounts

    function token() external view returns (IERC20);

    function registry() external view returns (address);

    function audits() external view returns (address);

    function challenges() external view returns (address);

    function treasury() external view returns (address);

    /// @notice Seconds from the request to the release of a bond.
    function unbondSeconds() external view returns (uint256);

    function balanceOf(address account) external view returns (uint256);

    /// @notice Credits an account with what arrives of amount from the caller.
    function deposit(address to, uint256 amount) external;

    /// @notice As deposit, with the caller's signed approval. If the permit fails, for instance because somebody else
    /// has sent it already, an approval that is there still counts.
    function depositWithPermit(
        address to,
        uint256 amount,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external;

    /// @notice Sends tokens of the caller's account.
    function withdraw(address to, uint256 amount) external;

    // -------------------------------------------------------------------------------------------------------- bonds

    /// @notice Moves tokens of the caller's account to a node's bond.
    /// @dev Warning: what is bonded returns to the node's provider, whoever bonded it.
    function bond(NodeId node, uint256 amount) external;

    /// @notice Starts the delay after which amount can be released, by the provider. A further request adds to it and
    /// starts the delay again.
    function requestUnbond(NodeId node, uint256 amount) external;

    /// @notice Moves what was requested, less what was slashed since, to the provider's account.
    function releaseBond(NodeId node) external;

    /// @return total the bond, with its locked and unbonding parts.
    function bondOf(
        NodeId node
    ) external view returns (uint256 total, uint256 locked, uint256 unbonding, uint256 releaseAt);

    /// @notice What of the bond is neither locked nor unbonding.
    function freeBond(NodeId node) external view returns (uint256);

    // --------------------------------------------------------------------------------------------------------- fees

    /// @notice Takes the treasury's part of a cluster's fees to its account, and splits the rest as the cluster's terms of the
    /// running epoch say: to its manager's account, and the audit pool of its beacon.
    function collectFees(ClusterId cluster) external;

    /// @notice Fees of a cluster that were not collected yet, and what of them is the treasury's.
    function feesOf(ClusterId cluster) external view returns (uint256 fees, uint256 protocol);

    /// @notice What there is for those who record a beacon.
    function auditPool(uint8 beacon) external view returns (uint256);

    // ---------------------------------------------------------------------------------------------------- solvency

    /// @notice Sums: accounts with the audit pools, fees that were not collected yet.
    function totals()
        external
        view
        returns (uint256 accounts, uint256 bonds, uint256 escrow, uint256 credits, uint256 fees);

    // ------------------------------------------------------------------------------------------------- the registry

    /// @notice From an account to escrow.
    function reserve(address payer, uint256 amount) external;

    /// @notice From escrow to an account.
    function release(address to, uint256 amount) external;

    /// @notice From credits to an account; for the audits too.
    function payCredit(address to, uint256 amount) external;

    // --------------------------------------------------------------------------------------------------- the audits

    /// @notice From escrow to an account, a cluster's pot, and credits.
    function pay(Payment calldata payment) external;

    /// @notice As pay for many, with fewer writes. A payment to nobody is left out.
    function payMany(Payment[] calldata payments) external;

    /// @notice From escrow to credits.
    function refund(uint256 amount) external;

    function lock(NodeId node, uint256 amount) external;

    function unlock(NodeId node, uint256 amount) external;

    /// @notice Takes fromLock of the locked bond and the rest of amount, as far as it goes, of what is not locked: a
    /// share for the reporter's account, another for the treasury's, the rest to credits.
    /// @return taken what was slashed, with reward for the reporter and what is left to credits of it.
    function slash(
        NodeId node,
        uint256 amount,
        uint256 fromLock,
        address reporter,
        uint256 reporterShare,
        uint256 treasuryShare
    ) external returns (uint256 taken, uint256 reward, uint256 left);

    /// @notice An eighth of the beacon's audit pool, times part by whole, to an account.
    function payAuditor(
        uint8 beacon,
        address to,
        uint256 part,
        uint256 whole
    ) external returns (uint256 reward);

    // ----------------------------------------------------------------------------------------------- the challenges

    /// @notice A challenge's bond: from an account to escrow, and from there to accounts.
    function hold(address challenger, uint256 amount) external;

    function payOut(address to, uint256 amount) external;
}
