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
        /// The last two rises, as most are entered before the next but one comes: this word is written again and again,
        /// where those by epoch are new each time. Lowest bits first, the later rise's epoch 32 and amount 80, then the
        /// earlier one's.
        uint256 rises;
        /// Every fall, and the rises that have waited for longer.
        mapping(uint32 epoch => Change) byEpoch;
        /// Of byEpoch.
        mapping(uint256 word => uint256) marks;
    }

    uint256 private constant RISE_BITS = 112;

    /// @notice Raises the rate from one epoch until another.
    /// @param settled no epoch until this one is asked for any more.
    /// @dev Warning: the caller ensures that no earlier call had a later from, and that all rises together are below 2^80.
    function add(Changes storage changes, uint32 settled, uint32 from, uint32 end, uint80 amount) internal {
        uint256 rises = changes.rises;
        if (from != uint32(rises)) {
            _keep(changes, settled, rises >> RISE_BITS);
            rises = (uint256(uint112(rises)) << RISE_BITS) | from;
        }
        changes.rises = rises + (uint256(amount) << 32);
        changes.byEpoch[end].lower += amount;
        _mark(changes, end);
    }

    /// @dev Makes room for another rise.
    function _keep(Changes storage changes, uint32 settled, uint256 rise) private {
        uint32 epoch = uint32(rise);
        if (epoch <= settled) return;
        changes.byEpoch[epoch].raise = uint128(rise >> 32);
        _mark(changes, epoch);
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
        uint256 rises = changes.rises;
        if (uint32(rises) != epoch) rises >>= RISE_BITS;
        if (uint32(rises) == epoch) raise = uint80(rises >> 32);
        if ((changes.marks[epoch >> 8] >> (epoch & 255)) & 1 == 0) return (raise, 0);
        Change storage change = changes.byEpoch[epoch];
        return (raise + change.raise, change.lower);
    }

    /// @notice An epoch after this one before which nothing changes: the next change, if it is among the same 256 epochs.
    function quietUntil(Changes storage changes, uint32 epoch) internal view returns (uint32 quiet) {
        // In two steps, because a shift by 256 leaves nothing.
        uint256 later = (changes.marks[epoch >> 8] >> (epoch & 255)) >> 1;
        quiet = later == 0 ? (epoch | 255) + 1 : epoch + 1 + uint32(Math.log2(later & (~later + 1)));
        uint256 rises = changes.rises;
        uint32 rise = uint32(rises >> RISE_BITS);
        if (rise <= epoch) rise = uint32(rises);
        if (rise > epoch && rise < quiet) quiet = rise;
    }
}
