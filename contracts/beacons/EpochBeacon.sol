// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IBeacon} from "../interfaces/IBeacon.sol";

/// @title EpochBeacon
/// @notice What all beacons have in common: each epoch's randomness is recorded once, while the epoch runs. What a source
/// publishes late counts until the epoch ends; an epoch that ends without is void for good.
abstract contract EpochBeacon is IBeacon {
    /// @notice When epoch 0 starts, in seconds, and the seconds of an epoch.
    uint64 public immutable genesis;
    uint64 public immutable epochSeconds;

    /// @inheritdoc IBeacon
    mapping(uint32 epoch => bytes32) public randomness;

    /// @inheritdoc IBeacon
    mapping(uint32 epoch => uint256) public recordedAfter;

    /// @dev What is recorded in the first eighth of an epoch is in time for everybody (Parameters: the shortest window is a
    /// quarter), and saves the note.
    uint256 private constant PROMPT_DIVISOR = 8;

    constructor(uint64 genesis_, uint64 epochSeconds_) {
        (genesis, epochSeconds) = (genesis_, epochSeconds_);
    }

    /// @inheritdoc IBeacon
    function record(uint32 epoch, bytes calldata evidence) external returns (bytes32 value) {
        value = randomness[epoch];
        if (value != 0) return value;
        uint256 start = epochStart(epoch);
        uint256 end = start + epochSeconds;
        require(
            start <= block.timestamp && block.timestamp < end,
            NotDuringEpoch(epoch, start, end, block.timestamp)
        );
        value = _draw(epoch, evidence);

        randomness[epoch] = value;
        uint256 delay = block.timestamp - start;
        if (delay > epochSeconds / PROMPT_DIVISOR) recordedAfter[epoch] = delay;

        emit RandomnessRecorded(epoch, value);
    }

    /// @dev The only value that the epoch can have, never 0. Reverts unless the evidence proves it.
    function _draw(uint32 epoch, bytes calldata evidence) internal view virtual returns (bytes32);

    /// @notice When an epoch starts, in seconds.
    function epochStart(uint32 epoch) public view returns (uint256) {
        // Below 2^97.
        unchecked {
            return uint256(genesis) + uint256(epoch) * epochSeconds;
        }
    }
}
