// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Schedule
/// @notice When a vNode's rate rises and falls, with a bit per epoch to find the next time.
library Schedule {
    /// @dev Token units per epoch.
    struct Change {
        uint128 raise;
        uint128 lower;
    }

    struct Changes {
        mapping(uint32 epoch => Change) byEpoch;
        mapping(uint256 word => uint256) marks;
    }

    /// @notice Raises the rate from one epoch until another.
    function add(Changes storage changes, uint32 from, uint32 end, uint128 amount) internal {
        changes.byEpoch[from].raise += amount;
        changes.byEpoch[end].lower += amount;
        _mark(changes, from);
        _mark(changes, end);
    }

    /// @notice Lets what lowers the rate at one epoch lower it at another.
    function move(Changes storage changes, uint32 end, uint32 newEnd, uint128 amount) internal {
        changes.byEpoch[end].lower -= amount;
        changes.byEpoch[newEnd].lower += amount;
        _mark(changes, newEnd);
    }

    function _mark(Changes storage changes, uint32 epoch) private {
        changes.marks[epoch >> 8] |= 1 << (epoch & 255);
    }

    function changeAt(
        Changes storage changes,
        uint32 epoch
    ) internal view returns (uint256 raise, uint256 lower) {
        if ((changes.marks[epoch >> 8] >> (epoch & 255)) & 1 == 0) return (0, 0);
        Change storage change = changes.byEpoch[epoch];
        return (change.raise, change.lower);
    }

    /// @notice An epoch after this one before which nothing changes: the next change, if it is among the same 256 epochs.
    function quietUntil(Changes storage changes, uint32 epoch) internal view returns (uint32) {
        // In two steps, because a shift by 256 leaves nothing.
        uint256 later = (changes.marks[epoch >> 8] >> (epoch & 255)) >> 1;
        if (later == 0) return (epoch | 255) + 1;
        return epoch + 1 + uint32(Math.log2(later & (~later + 1)));
    }
}
