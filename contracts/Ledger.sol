// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IAudits} from "./interfaces/IAudits.sol";
import {ILedger} from "./interfaces/ILedger.sol";
import {IRegistry} from "./interfaces/IRegistry.sol";
import {ClusterId, ClusterParams, Unauthorized} from "./interfaces/Types.sol";
import {Accounts} from "./ledger/Accounts.sol";
import {Bonds} from "./ledger/Bonds.sol";
import {Rounding} from "./libraries/Rounding.sol";

/// @title Ledger
/// @notice See ILedger. This file has escrow, credits and fees. Accounts and Bonds have the rest. Nobody can move tokens of
/// others, and the deployer has no rights. Registry and Audits are fixed at deployment, and Audits checks that it is them.
contract Ledger is Bonds {
    using SafeCast for uint256;

    /// @dev A cluster's uncollected fees: the treasury's part, and the rest that the cluster's terms split.
    struct Pot {
        uint128 protocol;
        uint128 rest;
    }

    /// @dev The record of an epoch earns this part of its beacon's audit pool, if it comes at once.
    uint256 private constant AUDITOR_DIVISOR = 8;

    mapping(ClusterId cluster => Pot) private _pots;
    mapping(uint8 beacon => uint256) public auditPool;

    constructor(
        IERC20 token_,
        address registry_,
        address audits_,
        address challenges_,
        address treasury_,
        uint256 unbondSeconds_
    ) Accounts(token_, registry_, audits_, challenges_, treasury_, unbondSeconds_) {}

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
            if (p.cluster != cluster) {
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
        // Both fees may be 0 by now.
        if (sum == 0) sum = 1;
        uint256 managerAmount = Rounding.mulDivDown(pot.rest, params.managerFee, sum);
        // The auditors get what the rounding leaves.
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
        reward = Rounding.mulDivDown(pool, part, whole * AUDITOR_DIVISOR);

        // No account has more than all tokens of the ledger, which are below 2^128.
        unchecked {
            auditPool[beacon] = pool - reward;
            balanceOf[to] += reward;
        }
    }
}
