// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IBeacon} from "../interfaces/IBeacon.sol";
import {Unauthorized} from "../interfaces/Types.sol";

/// @title EpochBeacon
/// @notice What all beacons have in common. The randomness of an epoch is recorded once, from its source point until the
/// epoch ends. What a source publishes late counts until then. An epoch that ends without randomness is void for good.
abstract contract EpochBeacon is IBeacon {
    /// @notice The deployment that a beacon belongs to: the contract that records, and the times of epochs.
    struct Home {
        address audits;
        uint64 genesis;
        uint64 epochSeconds;
        uint64 margin;
    }

    /// @inheritdoc IBeacon
    address public immutable audits;
    /// @inheritdoc IBeacon
    uint64 public immutable genesis;
    /// @inheritdoc IBeacon
    uint64 public immutable epochSeconds;
    /// @inheritdoc IBeacon
    uint64 public immutable margin;

    /// @inheritdoc IBeacon
    mapping(uint32 epoch => bytes32) public randomness;

    /// @inheritdoc IBeacon
    mapping(uint32 epoch => uint256) public recordedAfter;

    /// @dev 30 seconds are two and a half of Ethereum's slots. The clocks of blocks and of drand differ by less.
    uint256 private constant MIN_MARGIN = 30;
    uint256 private constant MARGIN_DIVISOR = 4;
    /// @dev Randomness that is recorded in the first eighth of an epoch is in time for everybody, since the shortest window is
    /// a quarter (Parameters). Its delay is not noted, which saves gas.
    uint256 private constant PROMPT_DIVISOR = 8;

    constructor(Home memory home) {
        uint256 quarter = home.epochSeconds / MARGIN_DIVISOR;
        require(
            home.margin != 0 &&
                home.margin <= quarter &&
                (home.margin >= MIN_MARGIN || home.margin == quarter),
            BadMargin(home.margin, home.epochSeconds)
        );
        (audits, genesis, epochSeconds, margin) = (home.audits, home.genesis, home.epochSeconds, home.margin);
    }

    /// @inheritdoc IBeacon
    function record(uint32 epoch, bytes calldata evidence) external returns (bytes32 value) {
        require(msg.sender == audits, Unauthorized(msg.sender));
        value = randomness[epoch];
        if (value != 0) return value;
        uint256 source = sourcePoint(epoch);
        uint256 end = source - margin + epochSeconds;
        require(
            source <= block.timestamp && block.timestamp < end,
            NotDuringEpoch(epoch, source, end, block.timestamp)
        );
        value = _draw(epoch, evidence);

        randomness[epoch] = value;
        uint256 delay = block.timestamp - source;
        if (delay > epochSeconds / PROMPT_DIVISOR) recordedAfter[epoch] = delay;

        emit RandomnessRecorded(epoch, value);
    }

    /// @dev The only value that the epoch can have. It is never 0. It reverts unless the evidence proves the value.
    function _draw(uint32 epoch, bytes calldata evidence) internal view virtual returns (bytes32);

    /// @notice The source point of an epoch, in seconds: its randomness is the first that the source has from then on.
    function sourcePoint(uint32 epoch) public view returns (uint256) {
        // The sum is below 2^97.
        unchecked {
            return uint256(genesis) + uint256(epoch) * epochSeconds + margin;
        }
    }
}
