// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {BlockHeader} from "@openzeppelin/contracts/utils/BlockHeader.sol";
import {Memory} from "@openzeppelin/contracts/utils/Memory.sol";
import {EpochBeacon} from "./EpochBeacon.sol";
import {PrevrandaoProbe} from "./PrevrandaoProbe.sol";

/// @title PrevrandaoBeacon
/// @notice Randomness of an epoch = prevrandao of the epoch's second block, the one after the first block at or after the
/// epoch's start. The headers of both and of the block before prove it, so that whoever records it has no choice, and may
/// be late by as many blocks as the chain remembers (256, or 8,191 with EIP-2935).
/// @dev Why the second: a block's prevrandao holds the reveals of the blocks before it and is known with the last of them
/// (EIP-4399). The first block's would be known before the epoch starts, and with it every sample, while what is to be
/// sampled can still be changed.
/// @dev Warning: the proposer of the first block can leave it out, which costs the block's reward, and gets another draw:
/// one bit of influence, and one more for each slot before it in a row that is the same proposer's. An audit of 20 samples
/// sees a loss of 1 % with 18 % probability, and with 3.3 % if the audited may choose between two draws. Use it where no
/// provider proposes many blocks, and DrandBeacon otherwise.
/// @dev Warning: whoever orders the transactions of a chain with one sequencer chooses everything here.
contract PrevrandaoBeacon is EpochBeacon {
    /// @dev Blocks in a row whose values must differ when the beacon is deployed. Rollups that repeat their layer 1's value
    /// change it every few blocks.
    uint256 private constant TEST_BLOCKS = 8;
    /// @dev What chains without randomness answer: 0 (Scroll), 1 (Arbitrum Orbit), 2 (Linea), and ZKsync's.
    uint256 private constant MAX_SMALL_CONSTANT = 2;
    uint256 private constant ZKSYNC_CONSTANT = 2_500_000_000_000_000;

    /// @notice Thrown when an epoch has no seconds.
    error NoEpochs();

    /// @notice Thrown when the self-test is not given the headers of 8 blocks.
    error WrongHeaderCount(uint256 headers);

    /// @notice Thrown when the probe is none, or saw another randomness than the first header has.
    error ProbeDisagrees(PrevrandaoProbe probe);

    /// @notice Thrown when a block's randomness is none: it is a known constant, or an earlier block's.
    error NotRandom(uint256 prevrandao);

    /// @notice Thrown when a header is not of a block of this chain that the chain still remembers.
    error NotOnThisChain(uint256 blockNumber);

    /// @notice Thrown when a header is not of the block before the next one's.
    error NotInARow(uint256 blockNumber);

    /// @notice Thrown when a block is not the first at or after the epoch's start.
    error NotFirstBlock(uint256 timestampBefore, uint256 timestamp, uint256 start);

    /// @param probe deployed in the block of the first header.
    /// @param headers of 8 blocks in a row, the probe's first, as RLP.
    constructor(
        uint64 genesis_,
        uint64 epochSeconds_,
        PrevrandaoProbe probe,
        bytes[] memory headers
    ) EpochBeacon(genesis_, epochSeconds_) {
        require(epochSeconds_ != 0, NoEpochs());
        require(headers.length == TEST_BLOCKS, WrongHeaderCount(headers.length));

        Memory.Slice[][] memory blocks = _blocks(headers);
        uint256[] memory values = new uint256[](TEST_BLOCKS);
        for (uint256 i = 0; i < TEST_BLOCKS; ++i) {
            values[i] = uint256(BlockHeader.getPrevRandao(blocks[i]));
            _checkRandom(values[i]);
            for (uint256 j = 0; j < i; ++j) require(values[j] != values[i], NotRandom(values[i]));
        }
        require(
            address(probe).codehash == keccak256(type(PrevrandaoProbe).runtimeCode) &&
                probe.blockNumber() == BlockHeader.getNumber(blocks[0]) &&
                probe.prevrandao() == values[0],
            ProbeDisagrees(probe)
        );
    }

    // ---------------------------------------------------------------------------------------------------- recording

    /// @inheritdoc EpochBeacon
    /// @dev evidence: the ABI-encoded array of three headers.
    function _draw(uint32 epoch, bytes calldata evidence) internal view override returns (bytes32) {
        bytes[] memory headers = abi.decode(evidence, (bytes[]));
        require(headers.length == 3, WrongHeaderCount(headers.length));
        Memory.Slice[][] memory blocks = _blocks(headers);
        uint256 timestampBefore = BlockHeader.getTimestamp(blocks[0]);
        uint256 timestamp = BlockHeader.getTimestamp(blocks[1]);
        uint256 start = epochStart(epoch);
        require(
            timestampBefore < start && start <= timestamp,
            NotFirstBlock(timestampBefore, timestamp, start)
        );

        bytes32 value = BlockHeader.getPrevRandao(blocks[2]);
        _checkRandom(uint256(value));
        // The chain may have changed since the self-test.
        require(value != BlockHeader.getPrevRandao(blocks[1]), NotRandom(uint256(value)));
        return value;
    }

    function _checkRandom(uint256 value) private pure {
        require(value > MAX_SMALL_CONSTANT && value != ZKSYNC_CONSTANT, NotRandom(value));
    }

    /// @dev The headers' fields. The last one is of a block of this chain, and each other one of the block before the next.
    function _blocks(bytes[] memory headers) private view returns (Memory.Slice[][] memory blocks) {
        uint256 count = headers.length;
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
}
