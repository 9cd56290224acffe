// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IRegistry} from "../interfaces/IRegistry.sol";
import {BucketId} from "../interfaces/Types.sol";

/// @title SegmentWord
/// @notice A segment's record in one word, lowest bits first in the order of its members: written at once, where the
/// compiler would write each member for itself.
library SegmentWord {
    function unpack(uint256 word) internal pure returns (IRegistry.SegmentRecord memory s) {
        s.bucket = BucketId.wrap(uint40(word));
        s.start = uint40(word >> 40);
        s.leaves = uint32(word >> 80);
        s.from = uint32(word >> 112);
        s.end = uint32(word >> 144);
        s.perEpoch = uint80(word >> 176);
    }

    function pack(IRegistry.SegmentRecord memory s) internal pure returns (uint256) {
        return
            uint256(BucketId.unwrap(s.bucket)) |
            (uint256(s.start) << 40) |
            (uint256(s.leaves) << 80) |
            (uint256(s.from) << 112) |
            (uint256(s.end) << 144) |
            (uint256(s.perEpoch) << 176);
    }
}
