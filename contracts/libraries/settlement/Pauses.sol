// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

/// @dev The last five pauses of a node on a vNode, the latest one in the lowest bits: first epoch 32, number of epochs 19.
type Pauses is uint256;

using {
    PausesWord.latest,
    PausesWord.pushed,
    PausesWord.prolonged,
    PausesWord.usedSince,
    PausesWord.isFullSince,
    PausesWord.covers,
    PausesWord.touches,
    PausesWord.quietUntil,
    PausesWord.lastAnswer
} for Pauses global;

/// @title PausesWord
/// @notice Reads and writes Pauses. They are in order, with at least one epoch between two of them.
library PausesWord {
    uint256 private constant BITS = 51;
    uint256 private constant COUNT = 5;
    uint256 private constant MASK = (1 << BITS) - 1;

    /// @dev The epochs of pause number i: from <= epoch < end.
    function _at(Pauses p, uint256 i) private pure returns (uint256 from, uint256 end) {
        uint256 one = (Pauses.unwrap(p) >> (BITS * i)) & MASK;
        from = uint32(one);
        end = from + (one >> 32);
    }

    function latest(Pauses p) internal pure returns (uint32 from, uint32 end) {
        (uint256 f, uint256 e) = _at(p, 0);
        return (uint32(f), uint32(e));
    }

    /// @notice Adds a pause, and forgets the oldest one.
    /// @dev Warning: the caller ensures that no pause has 2^19 epochs or more, even when it is prolonged.
    function pushed(Pauses p, uint32 from, uint32 epochs) internal pure returns (Pauses) {
        uint256 older = (Pauses.unwrap(p) << BITS) & ((1 << (COUNT * BITS)) - 1);
        return Pauses.wrap(older | (uint256(epochs) << 32) | from);
    }

    function prolonged(Pauses p, uint32 epochs) internal pure returns (Pauses) {
        return Pauses.wrap(Pauses.unwrap(p) + (uint256(epochs) << 32));
    }

    /// @notice The number of paused epochs from an epoch on.
    function usedSince(Pauses p, uint256 epoch) internal pure returns (uint256 used) {
        for (uint256 i = 0; i < COUNT; ++i) {
            (uint256 from, uint256 end) = _at(p, i);
            if (from < epoch) from = epoch;
            if (from < end) used += end - from;
        }
    }

    /// @notice Whether there are five pauses, and all of them end after an epoch.
    function isFullSince(Pauses p, uint256 epoch) internal pure returns (bool) {
        (, uint256 end) = _at(p, COUNT - 1);
        return end > epoch;
    }

    function covers(Pauses p, uint32 epoch) internal pure returns (bool) {
        for (uint256 i = 0; i < COUNT; ++i) {
            (uint256 from, uint256 end) = _at(p, i);
            if (from <= epoch && epoch < end) return true;
        }
        return false;
    }

    /// @notice Whether a pause begins right after the epoch, or ended right before it.
    function touches(Pauses p, uint32 epoch) internal pure returns (bool) {
        for (uint256 i = 0; i < COUNT; ++i) {
            (uint256 from, uint256 end) = _at(p, i);
            if (from != end && (from == uint256(epoch) + 1 || end == epoch)) return true;
        }
        return false;
    }

    /// @notice The first later epoch that a pause covers or touches, or `quiet` if that is earlier.
    function quietUntil(Pauses p, uint32 epoch, uint32 quiet) internal pure returns (uint32) {
        for (uint256 i = 0; i < COUNT; ++i) {
            (uint256 from, uint256 end) = _at(p, i);
            if (from == end || epoch >= end) continue;
            uint256 next = from > uint256(epoch) + 1 ? from - 1 : uint256(epoch) + 1;
            if (next < quiet) quiet = uint32(next);
        }
        return quiet;
    }

    /// @notice The last of the next `epochs` epochs that are not paused.
    function lastAnswer(Pauses p, uint32 epoch, uint32 epochs) internal pure returns (uint32) {
        uint256 last = uint256(epoch) + epochs;
        for (uint256 i = COUNT; i != 0; --i) {
            (uint256 from, uint256 end) = _at(p, i - 1);
            if (from <= epoch) from = uint256(epoch) + 1;
            if (from < end && from <= last) last += end - from;
        }
        return uint32(last);
    }
}
