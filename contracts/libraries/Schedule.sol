// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

/// @title Schedule
/// @notice When a vNode's rate rises and falls, with a bit per epoch, so that an epoch without a change costs the look at
/// one word that 256 epochs share.
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

    function _mark(Changes storage changes, uint32 epoch) private {
        changes.marks[epoch >> 8] |= 1 << (epoch & 255);
    }

    function changeAt(Changes storage changes, uint32 epoch) internal view returns (Change memory change) {
        if ((changes.marks[epoch >> 8] >> (epoch & 255)) & 1 != 0) change = changes.byEpoch[epoch];
    }
}
