// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

/// @title Till
/// @notice The tokens of nominated staking, and to whom they belong.
/// @dev Invariant: token balance >= owed. What is above it, is the reward of the running era.
abstract contract Till {
    using SafeERC20 for IERC20;

    IERC20 public immutable token;
    /// @notice Gets what is taken from stakes and deposits.
    address public immutable treasury;

    /// @notice The sum of all stakes, deposits, credits and rewards that are not paid out.
    uint256 public owed;
    /// @notice What an account can be paid.
    mapping(address account => uint256) public creditOf;

    event Credited(address indexed account, uint256 amount, bytes32 indexed reason);
    event Paid(address indexed account, uint256 amount);

    /// @notice Thrown when an account has nothing to be paid.
    error NothingOwed(address account);
    /// @notice Thrown when less arrived than was to be paid in.
    error TooLittleArrived(uint256 expected, uint256 arrived);

    constructor(IERC20 token_, address treasury_) {
        (token, treasury) = (token_, treasury_);
    }

    /// @notice Sends an account what it is owed. Anyone may call it.
    function pay(address account) external {
        uint256 amount = creditOf[account];
        require(amount != 0, NothingOwed(account));
        creditOf[account] = 0;
        owed -= amount;

        emit Paid(account, amount);

        token.safeTransfer(account, amount);
    }

    /// @notice What nobody is owed yet.
    function surplus() public view returns (uint256) {
        return token.balanceOf(address(this)) - owed;
    }

    /// @dev To be called last: the token may call others.
    function _take(uint256 amount) internal {
        owed += amount;
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), amount);
        uint256 arrived = token.balanceOf(address(this)) - before;
        require(arrived >= amount, TooLittleArrived(amount, arrived));
    }

    /// @dev What is owed for another reason is owed to the account from now on.
    function _credit(address account, uint256 amount, bytes32 reason) internal {
        if (amount == 0) return;
        creditOf[account] += amount;

        emit Credited(account, amount, reason);
    }
}
