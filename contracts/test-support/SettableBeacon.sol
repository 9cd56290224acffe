// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IBeacon} from "../interfaces/IBeacon.sol";

/// @title SettableBeacon
/// @notice Stands in for a beacon. The evidence is the randomness, anybody may record, and tests set how late it came and how
/// the beacon fails.
contract SettableBeacon is IBeacon {
    /// @dev How record, randomness and recordedAfter behave: they answer, revert, return 31 bytes, return 100,000 bytes, return
    /// a delay that no epoch has, or burn all gas.
    enum Mood {
        Sound,
        Reverts,
        AnswersShort,
        AnswersLong,
        AnswersNonsense,
        BurnsGas
    }

    address public immutable audits;
    uint64 public immutable genesis;
    uint64 public immutable epochSeconds;
    uint64 public immutable margin;

    Mood public mood;

    /// @notice Thrown when the mood is to revert.
    error OutOfOrder();

    mapping(uint32 epoch => bytes32) private _randomness;
    mapping(uint32 epoch => uint256) private _recordedAfter;

    constructor(address audits_, uint64 genesis_, uint64 epochSeconds_, uint64 margin_) {
        (audits, genesis, epochSeconds, margin) = (audits_, genesis_, epochSeconds_, margin_);
    }

    function setMood(Mood mood_) external {
        mood = mood_;
    }

    function setRecordedAfter(uint32 epoch, uint256 delay) external {
        _recordedAfter[epoch] = delay;
    }

    function record(uint32 epoch, bytes calldata evidence) external returns (bytes32) {
        _behave();
        if (_randomness[epoch] == 0) {
            _randomness[epoch] = bytes32(evidence);

            emit RandomnessRecorded(epoch, _randomness[epoch]);
        }
        return _randomness[epoch];
    }

    function randomness(uint32 epoch) external view returns (bytes32) {
        _behave();
        return _randomness[epoch];
    }

    function recordedAfter(uint32 epoch) external view returns (uint256) {
        _behave();
        return mood == Mood.AnswersNonsense ? type(uint256).max : _recordedAfter[epoch];
    }

    function _behave() private view {
        Mood now_ = mood;
        require(now_ != Mood.Reverts, OutOfOrder());
        (bool short, bool long, bool burns) = (
            now_ == Mood.AnswersShort,
            now_ == Mood.AnswersLong,
            now_ == Mood.BurnsGas
        );
        assembly ("memory-safe") {
            if short {
                return(0, 31)
            }
            if long {
                return(0, 100000)
            }
            if burns {
                invalid()
            }
        }
    }
}
