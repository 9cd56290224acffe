// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {ISources} from "../interfaces/audits/ISources.sol";
import {IAudits} from "../interfaces/IAudits.sol";
import {IBeacon} from "../interfaces/IBeacon.sol";
import {IFactory} from "../interfaces/IFactory.sol";
import {ILedger} from "../interfaces/ILedger.sol";
import {Parameters} from "./Parameters.sol";
import {Directory} from "./segments/Directory.sol";

/// @title Choices
/// @notice Checks the profiles and beacons that clusters may choose. The deployment's factory must have made them.
/// @dev Linked, not inlined, since Audits would be too large to deploy.
library Choices {
    /// @notice A checked profile in one word, lowest bits first: directoryDepth 8, dataDepth 8, samples 16, verifier 160.
    function packed(
        address factory,
        address verifier,
        uint256 samples,
        uint256 dataDepth,
        uint256 directoryDepth
    ) external view returns (uint256) {
        require(IFactory(factory).isVerifier(verifier), ISources.NotOurs(verifier));
        // So a segment has at most 2^28 leaves.
        bool sound = samples != 0 && dataDepth != 0 && dataDepth < 8;
        sound = sound && directoryDepth != 0 && directoryDepth <= Directory.MAX_DEPTH;
        require(sound, IAudits.BadDeployment());
        return (uint256(uint160(verifier)) << 32) | (samples << 16) | (dataDepth << 8) | directoryDepth;
    }

    /// @notice Checks a beacon. One with another clock would give randomness too early, or for another epoch.
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
            ISources.NotOurs(candidate)
        );
    }

    /// @notice See ISources.recordBeacon.
    /// @param source the source point of the epoch's randomness, in seconds.
    function record(
        address ledger,
        address beacon,
        uint8 index,
        uint32 epoch,
        uint256 source,
        uint256 epochSeconds,
        bytes calldata evidence
    ) external {
        if (IBeacon(beacon).randomness(epoch) != 0) return;

        bytes32 value = IBeacon(beacon).record(epoch, evidence);
        (uint256 elapsed, uint256 whole) = (block.timestamp - source, Parameters.minWindowUp(epochSeconds));
        uint256 reward;
        if (elapsed < whole) {
            reward = ILedger(ledger).payAuditor(index, msg.sender, whole - elapsed, whole);
        }

        emit ISources.BeaconRecorded(index, epoch, value, msg.sender, reward);
    }
}
