// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

/// @title Fading
/// @notice Powers of factors below 1, with 64 binary places, for scores that fade and are cut.
library Fading {
    uint256 internal constant ONE = 1 << 64;

    /// @notice factor^times, rounded down after each of at most 64 multiplications.
    function powDown(uint256 factor, uint32 times) internal pure returns (uint256 power) {
        power = ONE;
        while (times != 0 && power != 0) {
            if (times & 1 != 0) power = (power * factor) >> 64;
            factor = (factor * factor) >> 64;
            times >>= 1;
        }
    }

    function timesDown(uint256 amount, uint256 factor) internal pure returns (uint256) {
        return (amount * factor) >> 64;
    }
}
