// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

/// @dev How much a vNode's directory has in it.
struct Stock {
    /// Weights of all entries now, and before the first change in changedEpoch.
    uint40 total;
    uint40 prevTotal;
    uint32 changedEpoch;
    /// Which of the vNode's two roots is the one now; the other one goes with prevTotal.
    uint8 latest;
    /// Which of the vNode's two trees is the one now; the other one is for a compaction.
    uint8 tree;
    /// Whether a compaction began that is not done; it may be given up.
    bool compacting;
    /// The cluster's, which never change: a proof reads nothing of a vNode but this word and a root.
    uint8 quantumBits;
    /// Below 2^24.
    uint32 count;
    /// Entries that are not tombstones, below 2^24, and their leaves.
    uint32 live;
    uint40 held;
    uint32 nextSerial;
}

/// @title StockWord
/// @notice A Stock in one word: written at once, where the compiler would write each member for itself, and read in parts
/// where no more is needed.
library StockWord {
    uint256 private constant COMPACTING = 1 << 114;

    function unpack(uint256 word) internal pure returns (Stock memory s) {
        (s.total, s.prevTotal, s.changedEpoch) = (totalOf(word), uint40(word >> 40), uint32(word >> 80));
        (s.latest, s.tree, s.compacting) = (latestOf(word), treeOf(word), isCompacting(word));
        (s.quantumBits, s.count, s.live) = (quantumBitsOf(word), uint24(word >> 128), uint24(word >> 152));
        (s.nextSerial, s.held) = (uint32(word >> 176), heldOf(word));
    }

    function pack(Stock memory s) internal pure returns (uint256) {
        return
            uint256(s.total) |
            (uint256(s.prevTotal) << 40) |
            (uint256(s.changedEpoch) << 80) |
            (uint256(s.latest) << 112) |
            (uint256(s.tree) << 113) |
            (s.compacting ? COMPACTING : 0) |
            (uint256(s.quantumBits) << 120) |
            (uint256(s.count) << 128) |
            (uint256(s.live) << 152) |
            (uint256(s.nextSerial) << 176) |
            (uint256(s.held) << 216);
    }

    function totalOf(uint256 word) internal pure returns (uint40) {
        return uint40(word);
    }

    function latestOf(uint256 word) internal pure returns (uint8) {
        return uint8((word >> 112) & 1);
    }

    function treeOf(uint256 word) internal pure returns (uint8) {
        return uint8((word >> 113) & 1);
    }

    function isCompacting(uint256 word) internal pure returns (bool) {
        return word & COMPACTING != 0;
    }

    function quantumBitsOf(uint256 word) internal pure returns (uint8) {
        return uint8(word >> 120);
    }

    function heldOf(uint256 word) internal pure returns (uint40) {
        return uint40(word >> 216);
    }

    /// @notice Which root and total were the directory's when the epoch began.
    function asOf(uint256 word, uint32 epoch) internal pure returns (uint8 which, uint40 total) {
        bool changed = uint32(word >> 80) >= epoch;
        return changed ? (1 - latestOf(word), uint40(word >> 40)) : (latestOf(word), totalOf(word));
    }
}
