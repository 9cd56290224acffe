// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Schedule
/// @notice When a vNode's rate rises and falls. A bit per epoch helps to find the next change.
library Schedule {
    /// @dev Token units per epoch.
    struct Change {
        uint128 raise;
        uint128 lower;
    }

    struct Changes {
        /// The last two rises. Most of them are entered before a third one comes. To write this word again costs less than a
        /// new word for each rise. Lowest bits first: epoch 32 and amount 80 of the later rise, then of the earlier one.
        uint256 rises;
        /// Every fall, and older rises that are not entered yet.
        mapping(uint32 epoch => Change) byEpoch;
        /// A bit for each epoch that byEpoch has a change of.
        mapping(uint256 word => uint256) marks;
    }

    uint256 private constant RISE_BITS = 112;

    /// @notice Raises the rate in one epoch, and lowers it in a later one.
    /// @param settled the last settled epoch. Nobody asks for it, or for earlier ones, again.
    /// @dev Warning: the caller ensures that `from` never falls from call to call, and that all rises together are below 2^80.
    function add(Changes storage changes, uint32 settled, uint32 from, uint32 end, uint80 amount) internal {
        uint256 rises = changes.rises;
        if (from != uint32(rises)) {
            _moveOut(changes, settled, rises >> RISE_BITS);
            rises = (uint256(uint112(rises)) << RISE_BITS) | from;
        }
        changes.rises = rises + (uint256(amount) << 32);
        changes.byEpoch[end].lower += amount;
        _mark(changes, end);
    }

    /// @dev Moves a rise out of the word, unless it is settled.
    function _moveOut(Changes storage changes, uint32 settled, uint256 rise) private {
        uint32 epoch = uint32(rise);
        if (epoch <= settled) return;
        changes.byEpoch[epoch].raise = uint128(rise >> 32);
        _mark(changes, epoch);
    }

    /// @notice Moves a fall of the rate to another epoch.
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

    /// @notice A later epoch before which nothing changes. It is the next change if that is in the same 256 epochs.
    function quietUntil(Changes storage changes, uint32 epoch) internal view returns (uint32 quiet) {
        // Two shifts keep the bits after this epoch, also if this epoch is the last one of the word.
        uint256 later = (changes.marks[epoch >> 8] >> (epoch & 255)) >> 1;
        quiet = later == 0 ? (epoch | 255) + 1 : epoch + 1 + uint32(Math.log2(later & (~later + 1)));
        uint256 rises = changes.rises;
        uint32 rise = uint32(rises >> RISE_BITS);
        if (rise <= epoch) rise = uint32(rises);
        if (rise > epoch && rise < quiet) quiet = rise;
    }
}
