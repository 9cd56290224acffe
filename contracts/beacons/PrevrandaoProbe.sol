// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

/// @title PrevrandaoProbe
/// @notice Remembers what contracts saw as the randomness of one block: the first step of ChainTest.
contract PrevrandaoProbe {
    uint256 public blockNumber;
    uint256 public prevrandao;

    constructor() {
        (blockNumber, prevrandao) = (block.number, block.prevrandao);
    }
}
