// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Segment} from "../interfaces/Types.sol";
import {Directory} from "../libraries/Directory.sol";
import {Poseidon2T4} from "../libraries/Poseidon2T4.sol";

/// @title DirectoryHarness
/// @notice One directory that tests append to and bury in.
contract DirectoryHarness {
    uint256 public immutable depth;
    uint256 public root;
    uint256 public count;
    uint256 public total;

    Directory.Frontier private _frontier;

    constructor(uint256 depth_) {
        depth = depth_;
        root = Directory.emptyRoot(depth_);
    }

    function append(Segment[] calldata segments) external {
        root = Directory.extend(_frontier, Poseidon2T4.load(), depth, count, total, segments);
        count += segments.length;
        for (uint256 i = 0; i < segments.length; ++i) total += segments[i].leaves;
    }

    function bury(
        uint256 index,
        uint256 segmentRoot,
        uint256 start,
        uint256 leaves,
        bytes32[3][] calldata path
    ) external {
        Directory.Place memory place = Directory.Place(count, index, segmentRoot, start, leaves);
        root = Directory.bury(_frontier, Poseidon2T4.load(), place, root, path);
    }
}
