// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {ILedger} from "../interfaces/ILedger.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {INodes} from "../interfaces/registry/INodes.sol";
import {BASIS_POINTS, NodeId, Unauthorized} from "../interfaces/Types.sol";
import {Rounding} from "../libraries/Rounding.sol";
import {Accounts} from "./Accounts.sol";

/// @title Bonds
/// @notice The Ledger's bonds: what nodes have put up, what of it is locked, and what is slashed.
abstract contract Bonds is Accounts {
    using SafeCast for uint256;

    struct Bond {
        /// What is neither locked nor unbonding.
        uint128 free;
        /// The sum of all locks of the node.
        uint128 locked;
        uint128 unbonding;
        uint64 releaseAt;
    }

    mapping(NodeId node => Bond) private _bonds;

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
        reward = Rounding.mulDivDown(taken, reporterShare, BASIS_POINTS);
        uint256 cut = Rounding.mulDivDown(taken, treasuryShare, BASIS_POINTS);
        left = taken - reward - cut;

        b.locked -= fromLock.toUint128();
        b.free -= uint128(fromFree);
        b.unbonding -= uint128(fromUnbonding);
        _bondTotal -= uint128(taken);
        _credits += uint128(left);
        balanceOf[reporter] += reward;
        if (cut != 0) balanceOf[treasury] += cut;
    }
}
