// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Exit} from "./Exit.sol";
import {Handler} from "./Handler.sol";
import {MoneyRules} from "./MoneyRules.sol";
import {StakeRules} from "./StakeRules.sol";
import {StockRules} from "./StockRules.sol";
import {IVm} from "./Vm.sol";
import {World} from "./World.sol";

/// @title System
/// @notice A world, what its people do, and the rules that hold meanwhile.
contract System is Handler, MoneyRules, StakeRules, StockRules, Exit {
    /// @dev Thrown when what was told breaks no rule.
    error Credible();

    constructor(Setting memory setting) World(setting) {}

    /// @notice Believes what it is told happened, says whether that can be, and forgets it.
    function hear(IVm.Log[] calldata logs, bool accepts) external {
        _accepts = accepts;
        _read(logs);
        this.checkSteps();
        revert Credible();
    }
}
