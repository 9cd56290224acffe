// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

/// @dev How much a vNode's directory has in it.
struct Stock {
    /// Leaves of all entries now, and before the first change in changedEpoch.
    uint40 total;
    uint40 prevTotal;
    uint32 changedEpoch;
    /// Which of the vNode's two roots is the one now; the other one goes with prevTotal.
    uint8 latest;
    uint32 count;
    /// Serial of entry 0.
    uint32 base;
    /// Entries that are not tombstones, and their leaves.
    uint32 live;
    uint40 held;
}

/// @title StockWord
/// @notice A Stock in one word, lowest bits first in the order of its members: written at once, where the compiler would
/// write each member for itself, and read in parts where no more is needed.
library StockWord {
    function unpack(uint256 word) internal pure returns (Stock memory s) {
        (s.total, s.prevTotal, s.changedEpoch) = (totalOf(word), uint40(word >> 40), uint32(word >> 80));
        (s.latest, s.count, s.base) = (latestOf(word), uint32(word >> 120), uint32(word >> 152));
        (s.live, s.held) = (uint32(word >> 184), heldOf(word));
    }

    function pack(Stock memory s) internal pure returns (uint256) {
        return
            uint256(s.total) |
            (uint256(s.prevTotal) << 40) |
            (uint256(s.changedEpoch) << 80) |
            (uint256(s.latest) << 112) |
            (uint256(s.count) << 120) |
            (uint256(s.base) << 152) |
            (uint256(s.live) << 184) |
            (uint256(s.held) << 216);
    }

    function totalOf(uint256 word) internal pure returns (uint40) {
        return uint40(word);
    }

    function latestOf(uint256 word) internal pure returns (uint8) {
        return uint8(word >> 112);
    }

    function heldOf(uint256 word) internal pure returns (uint40) {
        return uint40(word >> 216);
    }

    /// @notice Which root and total were the directory's when the epoch began.
    function at(uint256 word, uint32 epoch) internal pure returns (uint8 which, uint40 total) {
        bool changed = uint32(word >> 80) >= epoch;
        return changed ? (1 - latestOf(word), uint40(word >> 40)) : (latestOf(word), totalOf(word));
    }
}
