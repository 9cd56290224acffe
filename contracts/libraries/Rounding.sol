// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

/// @title Rounding
/// @notice Divisions whose names say which way they round. A product of 2^256 or more reverts.
library Rounding {
    /// @notice a · b / divisor, rounded down.
    function mulDivDown(uint256 a, uint256 b, uint256 divisor) internal pure returns (uint256) {
        return (a * b) / divisor;
    }

    /// @notice a / divisor, rounded up.
    function divUp(uint256 a, uint256 divisor) internal pure returns (uint256) {
        return (a + divisor - 1) / divisor;
    }
}
