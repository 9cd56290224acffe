// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";
import {IAudits} from "../../interfaces/IAudits.sol";

/// @title ClusterTimelock
/// @notice A cluster's manager that does what its governor has decided, after a delay in which every provider can leave.
/// Nobody can make the delay shorter than that, nor give out its roles but the governor. Anyone may execute what is due.
contract ClusterTimelock is TimelockController {
    IAudits public immutable audits;

    /// @notice Thrown when the delay is not longer than what leaving takes, both in seconds.
    error DelayTooShort(uint256 delay, uint256 leaving);

    constructor(
        IAudits audits_,
        uint256 delay,
        address governor
    ) TimelockController(delay, _only(governor), _only(address(0)), address(0)) {
        _checkDelay(audits_, delay);
        audits = audits_;
    }

    /// @inheritdoc TimelockController
    function updateDelay(uint256 newDelay) public override {
        _checkDelay(audits, newDelay);
        super.updateDelay(newDelay);
    }

    function _checkDelay(IAudits audits_, uint256 delay) private view {
        uint256 leaving = uint256(audits_.changeDelay()) * audits_.epochSeconds();
        require(delay > leaving, DelayTooShort(delay, leaving));
    }

    function _only(address account) private pure returns (address[] memory accounts) {
        accounts = new address[](1);
        accounts[0] = account;
    }
}
