// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "../interfaces/IAudits.sol";
import {IBeacon} from "../interfaces/IBeacon.sol";
import {IFactory} from "../interfaces/IFactory.sol";
import {Directory} from "./Directory.sol";

/// @title Choices
/// @notice What a deployment lets clusters choose from: profiles and beacons that its factory has made.
/// @dev Linked, not inlined: Audits would be too large to deploy.
library Choices {
    /// @notice A profile in one word, lowest bits first: directoryDepth 8, dataDepth 8, samples 16, verifier 160.
    function packed(address factory, IAudits.Profile memory p) external view returns (uint256) {
        require(IFactory(factory).isVerifier(address(p.verifier)), IAudits.NotOurs(address(p.verifier)));
        require(
            p.samples != 0 &&
                // A segment's leaves are at most 2^28.
                p.dataDepth != 0 &&
                p.dataDepth < 8 &&
                p.directoryDepth != 0 &&
                p.directoryDepth <= Directory.MAX_DEPTH,
            IAudits.BadDeployment()
        );
        return
            (uint256(uint160(address(p.verifier))) << 32) |
            (uint256(p.samples) << 16) |
            (uint256(p.dataDepth) << 8) |
            p.directoryDepth;
    }

    /// @notice One with another clock would give randomness that is known too early, or for another epoch.
    function check(
        address factory,
        address candidate,
        uint256 genesis,
        uint256 epochSeconds,
        uint256 margin
    ) external view {
        IBeacon beacon = IBeacon(candidate);
        require(
            IFactory(factory).isBeacon(candidate) &&
                beacon.audits() == address(this) &&
                beacon.genesis() == genesis &&
                beacon.epochSeconds() == epochSeconds &&
                beacon.margin() == margin,
            IAudits.NotOurs(candidate)
        );
    }
}
