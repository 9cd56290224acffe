// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Chronicle} from "./Chronicle.sol";

/// @title Rules
/// @notice How a rule is found broken.
abstract contract Rules is Chronicle {
    /// @dev Thrown when left and right are not as the rule says.
    error Broken(string rule, uint256 left, uint256 right);

    function _equal(string memory rule, uint256 left, uint256 right) internal pure {
        require(left == right, Broken(rule, left, right));
    }

    function _atMost(string memory rule, uint256 left, uint256 right) internal pure {
        require(left <= right, Broken(rule, left, right));
    }

    /// @notice What was found broken when a step was over.
    function checkSteps() external view {
        require(bytes(_broken).length == 0, Broken(_broken, 0, 0));
    }
}
