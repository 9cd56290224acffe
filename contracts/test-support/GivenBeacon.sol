// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {EpochBeacon} from "../beacons/EpochBeacon.sol";

/// @title GivenBeacon
/// @notice Stands in for a beacon in the simulation. The evidence is the randomness. EpochBeacon decides who may record, when,
/// and what is noted.
contract GivenBeacon is EpochBeacon {
    constructor(Home memory home) EpochBeacon(home) {}

    function _draw(uint32, bytes calldata evidence) internal pure override returns (bytes32) {
        return bytes32(evidence);
    }
}
