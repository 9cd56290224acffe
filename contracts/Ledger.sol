// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IAudits} from "./interfaces/IAudits.sol";
import {ILedger} from "./interfaces/ILedger.sol";
import {IRegistry} from "./interfaces/IRegistry.sol";
import {INodes} from "./interfaces/registry/INodes.sol";
import {BASIS_POINTS, ClusterId, ClusterParams, NodeId, Unauthorized} from "./interfaces/Types.sol";

/// @title Ledger
/// @notice See ILedger. Nobody, the deployer included, can move what is not theirs: registry and audits are fixed when the
/// ledger is deployed, and Audits checks that they are what they should be.
contract Ledger is ILedger, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;
    using SafeCast for uint256;

    struct Bond {
        /// Neither locked nor unbonding.
        uint128 free;
        /// Sum of what is locked per vNode.
        uint128 locked;
        uint128 unbonding;
        uint64 releaseAt;
    }

    /// @dev What a cluster's payments left for others: the treasury's part, which is fixed, and what its terms split.
    struct Pot {
        uint128 protocol;
        uint128 rest;
    }

    /// @dev The part of an audit pool that recording one epoch at once earns.
    uint256 private constant AUDITOR_DIVISOR = 8;

    IERC20 public immutable token;
    address public immutable registry;
    address public immutable audits;
    address public immutable challenges;
    address public immutable treasury;
    uint256 public immutable unbondSeconds;

    /// @dev Every total below is part of held, and held < 2^128: none can overflow. Both of escrow and fees change with
    /// every payment.
    uint128 private _escrow;
    uint128 private _fees;
    uint128 private _bondTotal;
    uint128 private _credits;
    uint128 private _held;

    mapping(address account => uint256) public balanceOf;
    mapping(NodeId node => Bond) private _bonds;
    mapping(ClusterId cluster => Pot) private _pots;
    mapping(uint8 beacon => uint256) public auditPool;

    modifier onlyRegistry() {
        require(msg.sender == registry, Unauthorized(msg.sender));
        _;
    }

    modifier onlyAudits() {
        require(msg.sender == audits, Unauthorized(msg.sender));
        _;
    }

    modifier onlyChallenges() {
        require(msg.sender == challenges, Unauthorized(msg.sender));
        _;
    }

    constructor(
        IERC20 token_,
        address registry_,
        address audits_,
        address challenges_,
        address treasury_,
        uint256 unbondSeconds_
    ) {
        require(
            address(token_).code.length != 0 &&
                registry_ != address(0) &&
                audits_ != address(0) &&
                challenges_ != address(0) &&
                treasury_ != address(0),
            BadDeployment()
        );
        (token, registry, audits, challenges) = (token_, registry_, audits_, challenges_);
        (treasury, unbondSeconds) = (treasury_, unbondSeconds_);
    }

    // ----------------------------------------------------------------------------------------------------- accounts

    /// @inheritdoc ILedger
    function deposit(address to, uint256 amount) external nonReentrant {
        _deposit(to, amount);
    }

    /// @inheritdoc ILedger
    function depositWithPermit(
        address to,
        uint256 amount,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external nonReentrant {
        // solhint-disable-next-line no-empty-blocks
        try
            IERC20Permit(address(token)).permit(msg.sender, address(this), amount, deadline, v, r, s)
        {} catch {}
        _deposit(to, amount);
    }

    function _deposit(address to, uint256 amount) private {
        require(to != address(0), ZeroAddress());

        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = token.balanceOf(address(this)) - before;

        require(received != 0, ZeroAmount());
        uint256 held = _held + received;
        require(held <= type(uint128).max, TooMuchHeld(_held, received));
        _held = uint128(held);
        balanceOf[to] += received;

        emit Deposited(msg.sender, to, received);
    }

    /// @inheritdoc ILedger
    function withdraw(address to, uint256 amount) external nonReentrant {
        require(to != address(0), ZeroAddress());
        require(amount != 0, ZeroAmount());

        _debit(msg.sender, amount);
        _held -= uint128(amount);

        emit Withdrawn(msg.sender, to, amount);

        token.safeTransfer(to, amount);
    }

    /// @dev amount <= balance < 2^128 afterwards.
    function _debit(address account, uint256 amount) private {
        uint256 balance = balanceOf[account];
        require(amount <= balance, InsufficientBalance(account, balance, amount));
        unchecked {
            balanceOf[account] = balance - amount;
        }
    }

    // -------------------------------------------------------------------------------------------------------- bonds

    /// @inheritdoc ILedger
    function bond(NodeId node, uint256 amount) external {
        require(amount != 0, ZeroAmount());
        _providerOf(node);

        _debit(msg.sender, amount);
        _bonds[node].free += uint128(amount);
        _bondTotal += uint128(amount);

        emit Bonded(node, msg.sender, amount);
    }

    /// @inheritdoc ILedger
    function requestUnbond(NodeId node, uint256 amount) external {
        require(msg.sender == _providerOf(node), Unauthorized(msg.sender));
        require(amount != 0, ZeroAmount());
        Bond storage b = _bonds[node];
        _takeFree(b, node, amount);
        uint256 releaseAt = block.timestamp + unbondSeconds;
        b.unbonding += uint128(amount);
        b.releaseAt = releaseAt.toUint64();

        emit UnbondRequested(node, amount, releaseAt);
    }

    /// @inheritdoc ILedger
    function releaseBond(NodeId node) external {
        address provider = _providerOf(node);
        require(msg.sender == provider, Unauthorized(msg.sender));
        Bond storage b = _bonds[node];
        uint128 amount = b.unbonding;
        require(amount != 0, ZeroAmount());
        require(block.timestamp >= b.releaseAt, NotReleasable(node, b.releaseAt, block.timestamp));

        b.unbonding = 0;
        _bondTotal -= amount;
        balanceOf[provider] += amount;

        emit BondReleased(node, provider, amount);
    }

    function _providerOf(NodeId node) private view returns (address provider) {
        provider = IRegistry(registry).providerOf(node);
        require(provider != address(0), INodes.NoSuchNode(node));
    }

    /// @inheritdoc ILedger
    function bondOf(
        NodeId node
    ) external view returns (uint256 total, uint256 locked, uint256 unbonding, uint256 releaseAt) {
        Bond storage b = _bonds[node];
        total = uint256(b.free) + b.locked + b.unbonding;
        return (total, b.locked, b.unbonding, b.releaseAt);
    }

    /// @inheritdoc ILedger
    function freeBond(NodeId node) external view returns (uint256) {
        return _bonds[node].free;
    }

    function _takeFree(Bond storage b, NodeId node, uint256 amount) private {
        uint256 free = b.free;
        require(amount <= free, InsufficientBond(node, free, amount));
        unchecked {
            b.free = uint128(free - amount);
        }
    }

    /// @inheritdoc ILedger
    function lock(NodeId node, uint256 amount) external onlyAudits {
        Bond storage b = _bonds[node];
        _takeFree(b, node, amount);
        b.locked += uint128(amount);

        emit BondLocked(node, amount);
    }

    /// @inheritdoc ILedger
    function unlock(NodeId node, uint256 amount) external onlyAudits {
        Bond storage b = _bonds[node];
        b.locked -= amount.toUint128();
        b.free += uint128(amount);

        emit BondUnlocked(node, amount);
    }

    /// @inheritdoc ILedger
    function slash(
        NodeId node,
        uint256 amount,
        uint256 fromLock,
        address reporter,
        uint256 reporterShare,
        uint256 treasuryShare
    ) external onlyAudits returns (uint256 taken, uint256 reward, uint256 left) {
        Bond storage b = _bonds[node];
        uint256 fromFree = Math.min(amount - fromLock, b.free);
        uint256 fromUnbonding = Math.min(amount - fromLock - fromFree, b.unbonding);
        taken = fromLock + fromFree + fromUnbonding;
        reward = (taken * reporterShare) / BASIS_POINTS;
        uint256 cut = (taken * treasuryShare) / BASIS_POINTS;
        left = taken - reward - cut;

        b.locked -= fromLock.toUint128();
        b.free -= uint128(fromFree);
        b.unbonding -= uint128(fromUnbonding);
        _bondTotal -= uint128(taken);
        _credits += uint128(left);
        balanceOf[reporter] += reward;
        if (cut != 0) balanceOf[treasury] += cut;
    }

    // ------------------------------------------------------------------------------------------- escrow and credits

    /// @inheritdoc ILedger
    function reserve(address payer, uint256 amount) external onlyRegistry {
        _debit(payer, amount);
        _escrow += uint128(amount);

        emit Reserved(payer, amount);
    }

    /// @inheritdoc ILedger
    function release(address to, uint256 amount) external onlyRegistry {
        _escrow -= amount.toUint128();
        balanceOf[to] += amount;

        emit Released(to, amount);
    }

    /// @inheritdoc ILedger
    function pay(Payment calldata p) external onlyAudits {
        _escrow -= (p.amount + p.fee + p.refund).toUint128();
        balanceOf[p.to] += p.amount;
        if (p.refund != 0) _credits += uint128(p.refund);
        if (p.fee != 0) {
            _fees += uint128(p.fee);
            _fill(p.cluster, p.fee, p.protocol);
        }
    }

    /// @dev Invariant: protocol <= fee, and the pots add up to _fees.
    function _fill(ClusterId cluster, uint256 fee, uint256 protocol) private {
        Pot storage pot = _pots[cluster];
        (pot.protocol, pot.rest) = (
            pot.protocol + protocol.toUint128(),
            pot.rest + (fee - protocol).toUint128()
        );
    }

    /// @inheritdoc ILedger
    function payMany(Payment[] calldata payments) external onlyAudits {
        Payment memory sum;
        ClusterId cluster;
        uint256 fee;
        uint256 protocol;
        for (uint256 i = 0; i < payments.length; ++i) {
            Payment calldata p = payments[i];
            if (p.to == address(0)) continue;
            if (!(p.cluster == cluster)) {
                if (fee != 0) _fill(cluster, fee, protocol);
                (cluster, fee, protocol) = (p.cluster, 0, 0);
            }
            (fee, protocol) = (fee + p.fee, protocol + p.protocol);
            (sum.amount, sum.fee, sum.refund) = (
                sum.amount + p.amount,
                sum.fee + p.fee,
                sum.refund + p.refund
            );
            balanceOf[p.to] += p.amount;
        }
        if (fee != 0) _fill(cluster, fee, protocol);
        _escrow -= (sum.amount + sum.fee + sum.refund).toUint128();
        _fees += uint128(sum.fee);
        if (sum.refund != 0) _credits += uint128(sum.refund);
    }

    /// @inheritdoc ILedger
    function refund(uint256 amount) external onlyAudits {
        _escrow -= amount.toUint128();
        _credits += uint128(amount);
    }

    /// @inheritdoc ILedger
    function payCredit(address to, uint256 amount) external {
        require(msg.sender == registry || msg.sender == audits, Unauthorized(msg.sender));

        _credits -= amount.toUint128();
        balanceOf[to] += amount;
    }

    /// @inheritdoc ILedger
    function hold(address challenger, uint256 amount) external onlyChallenges {
        _debit(challenger, amount);
        _escrow += uint128(amount);

        emit Held(challenger, amount);
    }

    /// @inheritdoc ILedger
    function payOut(address to, uint256 amount) external onlyChallenges {
        _escrow -= amount.toUint128();
        balanceOf[to] += amount;
    }

    // --------------------------------------------------------------------------------------------------------- fees

    /// @inheritdoc ILedger
    function collectFees(ClusterId cluster) external {
        Pot memory pot = _pots[cluster];
        uint256 protocolAmount = pot.protocol;
        require(protocolAmount + pot.rest != 0, ZeroAmount());
        (ClusterParams memory params, , uint8 beacon) = IAudits(audits).params(cluster);
        uint256 sum = params.managerFee + params.auditFee;
        // Both of them may have become zero since.
        if (sum == 0) sum = 1;
        uint256 managerAmount = (pot.rest * params.managerFee) / sum;
        // The rounding stays with the auditors.
        uint256 auditAmount = pot.rest - managerAmount;
        address manager = IRegistry(registry).managerOf(cluster);

        delete _pots[cluster];
        _fees -= pot.protocol + pot.rest;
        balanceOf[manager] += managerAmount;
        balanceOf[treasury] += protocolAmount;
        auditPool[beacon] += auditAmount;

        emit FeesCollected(cluster, manager, managerAmount, protocolAmount, beacon, auditAmount);
    }

    /// @inheritdoc ILedger
    function feesOf(ClusterId cluster) external view returns (uint256 fees, uint256 protocol) {
        Pot storage pot = _pots[cluster];
        return (uint256(pot.protocol) + pot.rest, pot.protocol);
    }

    /// @inheritdoc ILedger
    function payAuditor(
        uint8 beacon,
        address to,
        uint256 part,
        uint256 whole
    ) external onlyAudits returns (uint256 reward) {
        uint256 pool = auditPool[beacon];
        reward = (pool * part) / (whole * AUDITOR_DIVISOR);

        // Nobody has more than what is held, which is below 2^128.
        unchecked {
            auditPool[beacon] = pool - reward;
            balanceOf[to] += reward;
        }
    }

    // ----------------------------------------------------------------------------------------------------- solvency

    /// @inheritdoc ILedger
    function totals()
        external
        view
        returns (uint256 accounts, uint256 bonds, uint256 escrow, uint256 credits, uint256 fees)
    {
        (bonds, escrow, credits, fees) = (_bondTotal, _escrow, _credits, _fees);
        accounts = _held - bonds - escrow - credits - fees;
    }
}
