// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {BlockHeader} from "@openzeppelin/contracts/utils/BlockHeader.sol";
import {Memory} from "@openzeppelin/contracts/utils/Memory.sol";

/// @title Headers
/// @notice Reads headers of consecutive blocks of this chain, and their randomness.
library Headers {
    /// @dev The constants of chains without randomness: 0 (Scroll), 1 (Arbitrum Orbit), 2 (Linea), and ZKsync's.
    uint256 private constant MAX_SMALL_CONSTANT = 2;
    uint256 private constant ZKSYNC_CONSTANT = 2_500_000_000_000_000;

    /// @notice Thrown when the number of headers is wrong.
    error WrongHeaderCount(uint256 headers);

    /// @notice Thrown when the last header is not of this chain, or is of a block that the chain no longer remembers.
    error NotOnThisChain(uint256 blockNumber);

    /// @notice Thrown when a header is not the parent of the next one.
    error NotInARow(uint256 blockNumber);

    /// @notice Thrown when a block has no randomness of its own: its value is a known constant, or an earlier block's.
    error NotRandom(uint256 prevrandao);

    /// @notice The fields of `count` headers, which are given as RLP. Each must be the parent of the next one, and the last one
    /// a header of this chain.
    function parse(
        bytes[] memory headers,
        uint256 count
    ) internal view returns (Memory.Slice[][] memory blocks) {
        require(headers.length == count, WrongHeaderCount(headers.length));
        blocks = new Memory.Slice[][](count);
        bytes32 parent;
        for (uint256 i = 0; i < count; ++i) {
            blocks[i] = BlockHeader.parseHeader(headers[i]);
            require(
                i == 0 || BlockHeader.getParentHash(blocks[i]) == parent,
                NotInARow(BlockHeader.getNumber(blocks[i]) - 1)
            );
            parent = keccak256(headers[i]);
        }
        require(
            BlockHeader.verifyBlockHeader(blocks[count - 1], parent),
            NotOnThisChain(BlockHeader.getNumber(blocks[count - 1]))
        );
    }

    /// @notice The randomness of a block, if it is none of the known constants.
    function randomnessOf(Memory.Slice[] memory header) internal pure returns (uint256 value) {
        value = uint256(BlockHeader.getPrevRandao(header));
        require(value > MAX_SMALL_CONSTANT && value != ZKSYNC_CONSTANT, NotRandom(value));
    }
}
