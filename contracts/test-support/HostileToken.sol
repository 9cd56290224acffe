// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title HostileToken
/// @notice A token as bad as it is set to be: takes a fee, answers no, calls back; blocks accounts, and changes what they
/// have.
contract HostileToken is ERC20 {
    enum Manner {
        Fee,
        Refuse,
        /// Fails as the call does.
        CallBack,
        Honest,
        /// Goes on as if the call had not failed.
        TryBack
    }

    /// @notice Thrown when tokens would come from or go to an account that is blocked.
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

    /// @notice What a token that rebases does to each of its accounts.
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
            (bool ok, bytes memory result) = _target.call(_call);
            emit CalledBack(ok, result);
            if (!ok && manner == Manner.CallBack) {
                assembly ("memory-safe") {
                    revert(add(result, 32), mload(result))
                }
            }
        }
        _transfer(from, to, amount);
        // 1 %, burnt.
        if (manner == Manner.Fee) _burn(to, amount / 100);
        return true;
    }
}
