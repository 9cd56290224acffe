// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {BlockHeader} from "@openzeppelin/contracts/utils/BlockHeader.sol";
import {Memory} from "@openzeppelin/contracts/utils/Memory.sol";
import {PrevrandaoProbe} from "../beacons/PrevrandaoProbe.sol";
import {Headers} from "../libraries/Headers.sol";

/// @title ChainTest
/// @notice Whether a chain's blocks have randomness, the same for contracts as in their headers.
library ChainTest {
    /// @dev Blocks in a row whose values must differ. Rollups that repeat their layer 1's value change it every few blocks.
    uint256 private constant BLOCKS = 8;

    /// @notice Thrown when the probe is none, or saw another randomness than the first header has.
    error ProbeDisagrees(PrevrandaoProbe probe);

    /// @param probe deployed in the block of the first header.
    /// @param headers of 8 blocks in a row, the probe's first, as RLP.
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
