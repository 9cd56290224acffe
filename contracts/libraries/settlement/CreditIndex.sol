// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

/// @title CreditIndex
/// @notice What one unit of a vNode's rate was credited with from its first epoch until any other, times CREDIT_UNIT: what
/// owners get back is their rate times a difference of it. It rises on ramps, evenly within one, and is level between them.
library CreditIndex {
    struct Index {
        /// In order; lowest bits first, first epoch 32, last epoch 32, the index after it 192.
        uint256[] ramps;
    }

    uint256 internal constant CREDIT_UNIT = 1e18;

    /// @notice Credits each epoch from since until epoch.
    /// @dev Warning: since is after every epoch that was credited before; or it is epoch, and that is the last one that was.
    /// What would make it 2^192 or more, 2^132 epochs' rate, is lost.
    function add(Index storage index, uint32 since, uint32 epoch, uint256 credit) internal {
        uint256 count = index.ramps.length;
        uint256 last = count == 0 ? 0 : index.ramps[count - 1];
        uint256 value = (last >> 64) + credit * (epoch - since + 1);
        if (value > type(uint192).max) value = type(uint192).max;
        uint256 ramp = since | (uint256(epoch) << 32) | (value << 64);
        if (count != 0 && uint32(last) == since) index.ramps[count - 1] = ramp;
        else index.ramps.push(ramp);
    }

    /// @notice Until the end of an epoch.
    function upTo(Index storage index, uint32 epoch) internal view returns (uint256) {
        (uint256 low, uint256 high) = (0, index.ramps.length);
        // Ramps below low begin at the epoch or before.
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
        return before + ((value - before) * (epoch - first + 1)) / (last - first + 1);
    }
}
