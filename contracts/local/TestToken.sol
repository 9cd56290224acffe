// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// @title TestToken
/// @notice Tokens for tests and local networks: anyone makes as many as they like.
contract TestToken is ERC20Permit {
    constructor() ERC20("Holdfast Test", "HFT") ERC20Permit("Holdfast Test") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}
