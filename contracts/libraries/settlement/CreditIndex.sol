// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Rounding} from "../Rounding.sol";

/// @title CreditIndex
/// @notice What one unit of a vNode's rate was credited with until the end of any epoch, times CREDIT_UNIT. An owner gets its
/// rate times the difference between two epochs. The index rises evenly along ramps, and stays level between them.
library CreditIndex {
    struct Index {
        /// Ramps in the order of their epochs, lowest bits first: first epoch 32, last epoch 32, the index after it 192.
        uint256[] ramps;
    }

    uint256 internal constant CREDIT_UNIT = 1e18;

    /// @notice Adds a credit for each epoch from `since` until `epoch`.
    /// @dev Warning: all epochs must be later than those that were credited before. Only the last credited epoch may be
    /// credited again, alone. An index of 2^192 or more, which is 2^132 epochs' rate, is cut.
    function add(Index storage index, uint32 since, uint32 epoch, uint256 credit) internal {
        uint256 count = index.ramps.length;
        uint256 last = count == 0 ? 0 : index.ramps[count - 1];
        uint256 value = (last >> 64) + credit * (epoch - since + 1);
        if (value > type(uint192).max) value = type(uint192).max;
        uint256 ramp = since | (uint256(epoch) << 32) | (value << 64);
        if (count != 0 && uint32(last) == since) index.ramps[count - 1] = ramp;
        else index.ramps.push(ramp);
    }

    /// @notice The index at the end of an epoch, rounded down within a ramp.
    function upTo(Index storage index, uint32 epoch) internal view returns (uint256) {
        (uint256 low, uint256 high) = (0, index.ramps.length);
        // The ramps before low begin by the epoch.
        while (low < high) {
            uint256 middle = (low + high) / 2;
            if (uint32(index.ramps[middle]) <= epoch) low = middle + 1;
            else high = middle;
        }
        if (low == 0) return 0;
        uint256 ramp = index.ramps[low - 1];
        (uint256 first, uint256 last, uint256 value) = (uint32(ramp), uint32(ramp >> 32), ramp >> 64);
        if (epoch >= last) return value;
        uint256 before = low == 1 ? 0 : index.ramps[low - 2] >> 64;
        return before + Rounding.mulDivDown(value - before, epoch - first + 1, last - first + 1);
    }
}
