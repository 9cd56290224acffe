// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Serial} from "../../interfaces/Types.sol";

/// @dev What a vNode's directory holds.
struct Stock {
    /// The sum of the weights of all entries: now, and before the first change in changedEpoch.
    uint40 total;
    uint40 prevTotal;
    uint32 changedEpoch;
    /// The index of the present root, of two. The other root belongs to prevTotal.
    uint8 latest;
    /// The index of the present tree, of two. A compaction writes the other one.
    uint8 tree;
    /// Whether a compaction has begun and is not done. It may be given up.
    bool compacting;
    /// The cluster's quantum, which never changes. It is here so that a proof reads nothing but this word and a root.
    uint8 quantumBits;
    /// Below 2^24.
    uint32 count;
    /// Entries that are not tombstones, below 2^24, and their leaves.
    uint32 live;
    uint40 held;
    Serial nextSerial;
}

/// @title StockWord
/// @notice A Stock in one word. The compiler would write each member of a struct by itself. Parts of the word can be read
/// alone.
library StockWord {
    uint256 private constant COMPACTING = 1 << 114;

    function unpack(uint256 word) internal pure returns (Stock memory s) {
        (s.total, s.prevTotal, s.changedEpoch) = (totalOf(word), uint40(word >> 40), uint32(word >> 80));
        (s.latest, s.tree, s.compacting) = (latestOf(word), treeOf(word), isCompacting(word));
        (s.quantumBits, s.count, s.live) = (quantumBitsOf(word), uint24(word >> 128), uint24(word >> 152));
        (s.nextSerial, s.held) = (Serial.wrap(uint32(word >> 176)), heldOf(word));
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
            (uint256(Serial.unwrap(s.nextSerial)) << 176) |
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

    /// @notice The index of the directory's root, and its total, as they were when the epoch began.
    function asOf(uint256 word, uint32 epoch) internal pure returns (uint8 which, uint40 total) {
        bool changed = uint32(word >> 80) >= epoch;
        return changed ? (1 - latestOf(word), uint40(word >> 40)) : (latestOf(word), totalOf(word));
    }
}
