// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title HostileToken
/// @notice A token that misbehaves as it is told: takes a fee, returns false, calls back, blocks accounts, or changes their
/// balances.
contract HostileToken is ERC20 {
    enum Manner {
        Fee,
        Refuse,
        /// Calls back, and fails if the call fails.
        CallBack,
        Honest,
        /// Calls back, and goes on if the call fails.
        TryBack
    }

    /// @notice Thrown when an account that sends or receives tokens is blocked.
    error Blocked(address account);

    event CalledBack(bool ok, bytes result);

    Manner public manner;
    address private _target;
    bytes private _call;
    uint8 private _decimals = 18;
    mapping(address account => bool) private _blocked;

    constructor() ERC20("Hostile", "HOS") {
        _mint(msg.sender, type(uint256).max / 2);
    }

    function behave(Manner manner_, address target, bytes calldata call_) external {
        (manner, _target, _call) = (manner_, target, call_);
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function setDecimals(uint8 decimals_) external {
        _decimals = decimals_;
    }

    function decimals() public view override returns (uint8) {
        return _decimals;
    }

    function setBlocked(address account, bool blocked) external {
        _blocked[account] = blocked;
    }

    /// @notice Changes a balance as a token does that rebases.
    function rebase(address account, uint256 percent) external {
        uint256 balance = balanceOf(account);
        _burn(account, balance);
        _mint(account, (balance * percent) / 100);
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        return _move(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        _spendAllowance(from, msg.sender, amount);
        return _move(from, to, amount);
    }

    function _move(address from, address to, uint256 amount) private returns (bool) {
        if (manner == Manner.Refuse) return false;
        require(!_blocked[from], Blocked(from));
        require(!_blocked[to], Blocked(to));
        if (manner == Manner.CallBack || manner == Manner.TryBack) {
            // solhint-disable-next-line avoid-low-level-calls
            (bool ok, bytes memory result) = _target.call(_call);
            emit CalledBack(ok, result);
            if (!ok && manner == Manner.CallBack) {
                assembly ("memory-safe") {
                    revert(add(result, 32), mload(result))
                }
            }
        }
        _transfer(from, to, amount);
        // The fee is 1 %, and burnt.
        if (manner == Manner.Fee) _burn(to, amount / 100);
        return true;
    }
}
