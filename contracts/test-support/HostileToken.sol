// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title HostileToken
/// @notice A token as bad as it is set to be: takes a fee, answers no, says nothing, or calls back.
contract HostileToken is ERC20 {
    enum Manner {
        Fee,
        Refuse,
        CallBack
    }

    Manner public manner;
    address private _target;
    bytes private _call;

    constructor() ERC20("Hostile", "HOS") {
        _mint(msg.sender, type(uint256).max / 2);
    }

    function behave(Manner manner_, address target, bytes calldata call_) external {
        (manner, _target, _call) = (manner_, target, call_);
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
        if (manner == Manner.CallBack) {
            (bool ok, bytes memory result) = _target.call(_call);
            if (!ok) {
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
