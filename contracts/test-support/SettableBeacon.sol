// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IBeacon} from "../interfaces/IBeacon.sol";

/// @title SettableBeacon
/// @notice Stands in for a beacon: the evidence is the randomness, and how late it came is what one says.
contract SettableBeacon is IBeacon {
    mapping(uint32 epoch => bytes32) public randomness;
    mapping(uint32 epoch => uint256) public recordedAfter;

    function record(uint32 epoch, bytes calldata evidence) external returns (bytes32) {
        if (randomness[epoch] == 0) {
            randomness[epoch] = bytes32(evidence);

            emit RandomnessRecorded(epoch, randomness[epoch]);
        }
        return randomness[epoch];
    }

    function setRecordedAfter(uint32 epoch, uint256 delay) external {
        recordedAfter[epoch] = delay;
    }
}
