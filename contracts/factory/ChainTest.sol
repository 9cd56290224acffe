// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {BlockHeader} from "@openzeppelin/contracts/utils/BlockHeader.sol";
import {Memory} from "@openzeppelin/contracts/utils/Memory.sol";
import {PrevrandaoProbe} from "../beacons/PrevrandaoProbe.sol";
import {Headers} from "../libraries/Headers.sol";

/// @title ChainTest
/// @notice Checks that the blocks of a chain have randomness, and that contracts see the same as the headers say.
library ChainTest {
    /// @dev The number of blocks in a row whose values must differ. A rollup that repeats the value of its layer 1 changes it
    /// every few blocks.
    uint256 private constant BLOCKS = 8;

    /// @notice Thrown when the probe is another contract, or saw other randomness than the first header has.
    error ProbeDisagrees(PrevrandaoProbe probe);

    /// @param probe it was deployed in the block of the first header.
    /// @param headers of 8 blocks in a row as RLP, beginning with the probe's.
    function check(PrevrandaoProbe probe, bytes[] memory headers) internal view {
        Memory.Slice[][] memory blocks = Headers.parse(headers, BLOCKS);
        uint256[] memory values = new uint256[](BLOCKS);
        for (uint256 i = 0; i < BLOCKS; ++i) {
            values[i] = Headers.randomnessOf(blocks[i]);
            for (uint256 j = 0; j < i; ++j) require(values[j] != values[i], Headers.NotRandom(values[i]));
        }
        require(
            address(probe).codehash == keccak256(type(PrevrandaoProbe).runtimeCode) &&
                probe.blockNumber() == BlockHeader.getNumber(blocks[0]) &&
                probe.prevrandao() == values[0],
            ProbeDisagrees(probe)
        );
    }
}
