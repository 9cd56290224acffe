// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ClusterManager} from "../ClusterManager.sol";

/// @title Rewards
/// @notice What callers get for the decisions that they bring about, from what the manager has earned.
abstract contract Rewards is ClusterManager {
    using SafeERC20 for IERC20;

    /// @dev The most decisions that are rewarded in an epoch, so that nobody lives on decisions that are brought about and
    /// taken back.
    uint32 public constant REWARDS_PER_EPOCH = 8;

    uint32 private _rewardedIn;
    uint32 private _rewarded;

    /// @notice Emitted when tokens were sent to the account that brought about a decision.
    event Rewarded(address indexed account, uint256 amount);
    event PassedOn(address indexed manager, uint256 amount);

    /// @notice Thrown when the contract does not manage the cluster, or still does.
    error NotTheManager();
    error StillTheManager();

    /// @notice Sends what the contract has earned to the account of the cluster's next manager. Anyone may call it.
    function passOn() external returns (uint256 amount) {
        require(!manages(), StillTheManager());
        address next = registry.managerOf(cluster);
        amount = ledger.balanceOf(address(this));

        emit PassedOn(next, amount);

        IERC20 token = ledger.token();
        ledger.withdraw(address(this), amount);
        amount = token.balanceOf(address(this));
        token.forceApprove(address(ledger), amount);
        ledger.deposit(next, amount);
    }

    /// @dev A reward that cannot be paid holds up nothing.
    function _reward(uint256 amount) internal {
        uint32 current = _current();
        if (_rewardedIn != current) (_rewardedIn, _rewarded) = (current, 0);
        if (amount == 0 || _rewarded == REWARDS_PER_EPOCH) return;
        ++_rewarded;
        // solhint-disable no-empty-blocks
        if (ledger.balanceOf(address(this)) < amount) try ledger.collectFees(cluster) {} catch {}
        // solhint-enable no-empty-blocks
        try ledger.withdraw(msg.sender, amount) {
            emit Rewarded(msg.sender, amount);
        } catch {
            return;
        }
    }
}
