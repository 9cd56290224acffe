// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

/// @dev A vNode's live entries on their way into its other tree. See IRegistry.CompactionView.
struct Progress {
    uint32 epoch;
    uint32 nextSerial;
    /// Below 2^24.
    uint32 count;
    uint40 total;
    uint40 left;
    /// Leaves of the entries so far.
    uint40 held;
    /// Segments that end by this epoch are not in the tree any more, retired or not: lastEnd of the last compaction that was
    /// done. None ends by epoch 0.
    uint32 cleared;
}

/// @title CompactionWord
/// @notice A Progress in one word, lowest bits first in the order of its members.
library CompactionWord {
    function unpack(uint256 word) internal pure returns (Progress memory c) {
        (c.epoch, c.nextSerial, c.count) = (uint32(word), uint32(word >> 32), uint24(word >> 64));
        (c.total, c.left, c.held) = (uint40(word >> 88), uint40(word >> 128), uint40(word >> 168));
        c.cleared = clearedOf(word);
    }

    function pack(Progress memory c) internal pure returns (uint256) {
        return
            uint256(c.epoch) |
            (uint256(c.nextSerial) << 32) |
            (uint256(c.count) << 64) |
            (uint256(c.total) << 88) |
            (uint256(c.left) << 128) |
            (uint256(c.held) << 168) |
            (uint256(c.cleared) << 208);
    }

    /// @notice What ends by this epoch is left out by a compaction that began in the one before: the fresh tree is the
    /// directory from here on at the earliest, and a node that compacts in time never has in it what is not paid for.
    function lastEnd(uint32 epoch) internal pure returns (uint32) {
        return epoch + 1;
    }

    function epochOf(uint256 word) internal pure returns (uint32) {
        return uint32(word);
    }

    function clearedOf(uint256 word) internal pure returns (uint32) {
        return uint32(word >> 208);
    }
}
