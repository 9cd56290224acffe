// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ILedger} from "../interfaces/ILedger.sol";
import {Unauthorized} from "../interfaces/Types.sol";

/// @title Accounts
/// @notice The Ledger's token, the accounts that it flows into and out of, and the contracts that may ask for more.
abstract contract Accounts is ILedger {
    using SafeERC20 for IERC20;

    IERC20 public immutable token;
    address public immutable registry;
    address public immutable audits;
    address public immutable challenges;
    address public immutable treasury;
    uint256 public immutable unbondSeconds;

    /// @dev Every total below is part of _tokens, which is below 2^128. So none of them can overflow. Escrow and fees share a
    /// word, since every payment changes both.
    uint128 internal _escrow;
    uint128 internal _fees;
    uint128 internal _bondTotal;
    uint128 internal _credits;
    uint128 private _tokens;

    mapping(address account => uint256) public balanceOf;

    /// @dev 1 while the token is being called. OpenZeppelin's guard does the same with assembly that the compiler warns of.
    uint256 private transient _entered;

    /// @notice Thrown when the token calls back while it is called.
    error ReentrancyGuardReentrantCall();

    modifier nonReentrant() {
        require(_entered == 0, ReentrancyGuardReentrantCall());
        _entered = 1;
        _;
        _entered = 0;
    }

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
        try IERC20Permit(address(token)).permit(msg.sender, address(this), amount, deadline, v, r, s) {
            _deposit(to, amount);
        } catch {
            // An approval that is there already still counts.
            _deposit(to, amount);
        }
    }

    function _deposit(address to, uint256 amount) private {
        require(to != address(0), ZeroAddress());

        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = token.balanceOf(address(this)) - before;

        require(received != 0, ZeroAmount());
        uint256 held = _tokens + received;
        require(held <= type(uint128).max, TooMuchHeld(_tokens, received));
        _tokens = uint128(held);
        balanceOf[to] += received;

        emit Deposited(msg.sender, to, received);
    }

    /// @inheritdoc ILedger
    function withdraw(address to, uint256 amount) external nonReentrant {
        require(to != address(0), ZeroAddress());
        require(amount != 0, ZeroAmount());

        _debit(msg.sender, amount);
        _tokens -= uint128(amount);

        emit Withdrawn(msg.sender, to, amount);

        token.safeTransfer(to, amount);
    }

    /// @dev amount <= balance < 2^128 afterwards.
    function _debit(address account, uint256 amount) internal {
        uint256 balance = balanceOf[account];
        require(amount <= balance, InsufficientBalance(account, balance, amount));
        unchecked {
            balanceOf[account] = balance - amount;
        }
    }

    /// @inheritdoc ILedger
    function totals()
        external
        view
        returns (uint256 accounts, uint256 bonds, uint256 escrow, uint256 credits, uint256 fees)
    {
        (bonds, escrow, credits, fees) = (_bondTotal, _escrow, _credits, _fees);
        accounts = _tokens - bonds - escrow - credits - fees;
    }
}
