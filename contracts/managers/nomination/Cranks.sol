// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {ClusterManager} from "../ClusterManager.sol";

/// @title Cranks
/// @notice What those earn who call the functions that move things on. It comes from the manager's fee, and is bounded by a
/// tenth of it.
abstract contract Cranks is ClusterManager {
    uint256 private constant CRANK_DIVISOR = 10;
    /// @dev The pot is not filled beyond that many rewards.
    uint256 private constant MAX_REWARDS = 64;

    /// @notice What a call earns, as long as the pot has it.
    uint96 public immutable crankReward;
    uint256 public crankPot;
    /// @notice What callers have earned and not withdrawn, and the sum of it.
    mapping(address account => uint256) public earnedBy;
    uint256 public earned;

    event CrankPaid(address indexed account, uint256 amount);
    event Withdrawn(address indexed account, address indexed to, uint256 amount);

    /// @notice Thrown when an account has earned nothing.
    error NothingEarned(address account);

    constructor(uint96 crankReward_) {
        crankReward = crankReward_;
    }

    /// @notice Sends what the caller has earned.
    function withdraw(address to) external {
        uint256 amount = earnedBy[msg.sender];
        require(amount != 0, NothingEarned(msg.sender));
        earnedBy[msg.sender] = 0;
        earned -= amount;

        emit Withdrawn(msg.sender, to, amount);

        ledger.withdraw(to, amount);
    }

    function _payCrank() internal {
        uint256 amount = crankPot < crankReward ? crankPot : crankReward;
        if (amount == 0) return;
        crankPot -= amount;
        earned += amount;
        earnedBy[msg.sender] += amount;

        emit CrankPaid(msg.sender, amount);
    }

    /// @dev Sends on what the manager's account has and nobody has earned.
    function _collect(address to) internal returns (uint256 passed) {
        (uint256 fees, ) = ledger.feesOf(cluster);
        if (fees != 0) ledger.collectFees(cluster);
        uint256 free = ledger.balanceOf(address(this)) - earned - crankPot;
        uint256 room = MAX_REWARDS * crankReward;
        uint256 part = free / CRANK_DIVISOR;
        if (part + crankPot > room) part = crankPot < room ? room - crankPot : 0;
        crankPot += part;
        passed = free - part;
        if (passed != 0) ledger.withdraw(to, passed);
    }
}
