// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Exit} from "./Exit.sol";
import {Handler} from "./Handler.sol";
import {MoneyRules} from "./MoneyRules.sol";
import {StakeRules} from "./StakeRules.sol";
import {StockRules} from "./StockRules.sol";
import {World} from "./World.sol";

/// @title System
/// @notice A world, what its people do, and the rules that hold meanwhile.
contract System is Handler, MoneyRules, StakeRules, StockRules, Exit {
    constructor(Setting memory setting) World(setting) {}
}
