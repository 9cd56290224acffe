// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Serial} from "../../interfaces/Types.sol";

/// @dev How far a compaction has come. See IRegistry.CompactionView.
struct Progress {
    uint32 epoch;
    Serial nextSerial;
    /// Below 2^24.
    uint32 count;
    uint40 total;
    uint40 left;
    /// The sum of the leaves of the entries so far.
    uint40 held;
    /// The tree no longer has the segments that end by this epoch, retired or not. It is the lastEnd of the last compaction
    /// that was done. No segment ends by epoch 0.
    uint32 cleared;
}

/// @title CompactionWord
/// @notice A Progress in one word, lowest bits first in the order of its members.
library CompactionWord {
    function unpack(uint256 word) internal pure returns (Progress memory c) {
        (c.epoch, c.nextSerial) = (uint32(word), Serial.wrap(uint32(word >> 32)));
        c.count = uint24(word >> 64);
        (c.total, c.left, c.held) = (uint40(word >> 88), uint40(word >> 128), uint40(word >> 168));
        c.cleared = clearedOf(word);
    }

    function pack(Progress memory c) internal pure returns (uint256) {
        return
            uint256(c.epoch) |
            (uint256(Serial.unwrap(c.nextSerial)) << 32) |
            (uint256(c.count) << 64) |
            (uint256(c.total) << 88) |
            (uint256(c.left) << 128) |
            (uint256(c.held) << 168) |
            (uint256(c.cleared) << 208);
    }

    /// @notice A compaction that begins in an epoch leaves out the segments that end by the next one. The fresh tree is the
    /// directory from that epoch on at the earliest. A node that compacts in time never has entries that nobody pays for.
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
