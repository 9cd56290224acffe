// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IRegistry} from "../../interfaces/IRegistry.sol";
import {BucketId} from "../../interfaces/Types.sol";

/// @title SegmentWord
/// @notice A segment's record in one word, lowest bits first in the order of its members. The compiler would write each
/// member of a struct by itself. The word has the index of the segment's entry in each of the vNode's two trees.
library SegmentWord {
    uint256 private constant INDEX_BITS = 16;
    uint256 private constant INDICES_SHIFT = 224;

    /// @dev The index stays 0, since it depends on the tree.
    function unpack(uint256 word) internal pure returns (IRegistry.SegmentRecord memory s) {
        s.bucket = BucketId.wrap(uint40(word));
        s.leaves = uint32(leavesOf(word));
        s.from = uint32(word >> 72);
        s.end = endOf(word);
        s.perEpoch = uint80(word >> 136);
        s.payers = uint8(word >> 216);
    }

    /// @dev The indices stay 0.
    function pack(IRegistry.SegmentRecord memory s) internal pure returns (uint256) {
        return
            uint256(BucketId.unwrap(s.bucket)) |
            (uint256(s.leaves) << 40) |
            (uint256(s.from) << 72) |
            (uint256(s.end) << 104) |
            (uint256(s.perEpoch) << 136) |
            (uint256(s.payers) << 216);
    }

    /// @notice The word with another record, and the same indices.
    function update(uint256 word, IRegistry.SegmentRecord memory s) internal pure returns (uint256) {
        return pack(s) | ((word >> INDICES_SHIFT) << INDICES_SHIFT);
    }

    function leavesOf(uint256 word) internal pure returns (uint256) {
        return uint32(word >> 40);
    }

    function endOf(uint256 word) internal pure returns (uint32) {
        return uint32(word >> 104);
    }

    /// @notice What the segment pays per epoch, in quanta.
    function weightOf(uint256 word, uint256 quantumBits) internal pure returns (uint256) {
        return uint80(word >> 136) >> quantumBits;
    }

    function indexIn(uint256 word, uint256 tree) internal pure returns (uint16) {
        return uint16(word >> _shiftOf(tree));
    }

    function withIndex(uint256 word, uint256 tree, uint256 index) internal pure returns (uint256) {
        return (word & ~(uint256(type(uint16).max) << _shiftOf(tree))) | (index << _shiftOf(tree));
    }

    function _shiftOf(uint256 tree) private pure returns (uint256) {
        return INDICES_SHIFT + INDEX_BITS * tree;
    }
}
