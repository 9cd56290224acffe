// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {BlockHeader} from "@openzeppelin/contracts/utils/BlockHeader.sol";
import {Memory} from "@openzeppelin/contracts/utils/Memory.sol";
import {Headers} from "../libraries/Headers.sol";
import {EpochBeacon} from "./EpochBeacon.sol";

/// @title PrevrandaoBeacon
/// @notice The randomness of an epoch is the prevrandao of the first block at or after the epoch's source point. The headers
/// of this block and of the one before it prove that. So the account that records it has no choice. It may come as late as
/// the chain remembers blocks: 256 blocks, or 8,191 with EIP-2935.
/// @dev The prevrandao of a block is made of the reveals in the blocks before it, and known with the last of them (EIP-4399).
/// That is the last block before the source point. What is sampled is fixed at the epoch's start, which is earlier unless
/// the margin has no block at all. With slots of 12 seconds, a margin of 30 seconds has 2 or 3 blocks. To leave out the first
/// block after the source point changes nothing.
/// @dev Warning: this is what a proposer can do with slots in a row that are its own, or that others leave out. 20 samples
/// see that the share f is lost with probability d = 1 - (1 - f)^20, and with d^n if the node may choose among n draws:
///
///     slots                                 draws     f = 1 %   f = 5 %   f = 10 %   as often as
///     none                                  1          18.2 %    64.2 %     87.8 %
///     the last before the source point      2           3.3 %    41.2 %     77.2 %   p
///     the last two                          4           0.1 %    16.9 %     59.5 %   p^2
///     all of the margin and one before it   8 or 16     see below                    p^3 or p^4
///
/// Each draw but one costs the proposer the rewards of the blocks that it leaves out. In the last line it knows all draws
/// while it can still store something, and so change the directory's total and what is sampled. Then nothing is seen for
/// certain. p is the share of slots that it proposes, and the powers are for a margin of 30 seconds. With epochs of an hour
/// and p = 1 %, the lines happen every fourth day, once in 14 months and once in a century. With p = 10 %, the last line
/// happens up to 9 times a year. Every 12 seconds more of margin make the last line rarer by a factor of p, and change nothing
/// in the others. Use this beacon where no provider proposes many blocks, with the longest margin that leaves time for
/// proofs. Use DrandBeacon otherwise.
/// @dev Warning: on a chain with one sequencer, the sequencer chooses the randomness.
contract PrevrandaoBeacon is EpochBeacon {
    /// @dev The block before the source point, and the first one from then on.
    uint256 private constant EVIDENCE_BLOCKS = 2;

    /// @notice Thrown when a block is not the first at or after the epoch's source point.
    error NotFirstBlock(uint256 timestampBefore, uint256 timestamp, uint256 sourcePoint);

    constructor(Home memory home) EpochBeacon(home) {}

    /// @inheritdoc EpochBeacon
    /// @dev The evidence is the ABI-encoded array of the two headers as RLP.
    function _draw(uint32 epoch, bytes calldata evidence) internal view override returns (bytes32) {
        Memory.Slice[][] memory blocks = Headers.parse(abi.decode(evidence, (bytes[])), EVIDENCE_BLOCKS);
        uint256 timestampBefore = BlockHeader.getTimestamp(blocks[0]);
        uint256 timestamp = BlockHeader.getTimestamp(blocks[1]);
        uint256 source = sourcePoint(epoch);
        require(
            timestampBefore < source && source <= timestamp,
            NotFirstBlock(timestampBefore, timestamp, source)
        );

        uint256 value = Headers.randomnessOf(blocks[1]);
        // The chain may have changed since the factory tested it.
        require(bytes32(value) != BlockHeader.getPrevRandao(blocks[0]), Headers.NotRandom(value));
        return bytes32(value);
    }
}
