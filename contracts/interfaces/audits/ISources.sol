// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IBeacon} from "../IBeacon.sol";
import {IVerifier} from "../IVerifier.sol";

/// @title ISources
/// @notice When epochs begin, the profiles and beacons that clusters choose from, and the randomness that beacons give.
interface ISources {
    struct Profile {
        IVerifier verifier;
        uint16 samples;
        uint8 dataDepth;
        uint8 directoryDepth;
    }

    event BeaconRecorded(
        uint8 indexed beacon,
        uint32 indexed epoch,
        bytes32 randomness,
        address by,
        uint256 reward
    );
    event ProfileAdded(
        uint256 index,
        IVerifier verifier,
        uint16 samples,
        uint8 dataDepth,
        uint8 directoryDepth
    );
    event BeaconAdded(uint256 index, IBeacon beacon);

    /// @notice Thrown when there is no profile or beacon with that index.
    error NoSuchProfile(uint256 index);
    error NoSuchBeacon(uint256 index);

    /// @notice Thrown when the deployment's factory has not made the profile's verifier, or the beacon.
    error NotOurs(address made);

    /// @notice Thrown when so little gas is left that a beacon's failure would say nothing.
    error NotEnoughGas();

    // ----------------------------------------------------------------------------------------- profiles and beacons

    function profileCount() external view returns (uint256);

    function profiles(uint256 index) external view returns (Profile memory);

    function beaconCount() external view returns (uint256);

    function beacons(uint256 index) external view returns (IBeacon);

    /// @notice Adds a profile or a beacon that the factory has made. Only the treasury may. Clusters that do not choose it
    /// are not affected.
    function addProfile(Profile calldata profile) external returns (uint256 index);

    function addBeacon(IBeacon beacon) external returns (uint256 index);

    // --------------------------------------------------------------------------------------------------------- time

    /// @notice The start of epoch 0, and the seconds of an epoch.
    function genesis() external view returns (uint256);

    function epochSeconds() external view returns (uint256);

    /// @notice Seconds from an epoch's start to the source point of its randomness.
    function margin() external view returns (uint256);

    function currentEpoch() external view returns (uint32);

    function epochStart(uint32 epoch) external view returns (uint256);

    // --------------------------------------------------------------------------------------------------- randomness

    /// @notice Fixes the running epoch's randomness, if none is on record. The caller is paid an eighth of the beacon's audit
    /// pool at the source point, and linearly less until the shortest window is over, which is a quarter of the epoch.
    function recordBeacon(uint8 beacon, uint32 epoch, bytes calldata evidence) external;

    /// @notice 0 if none was recorded, or the beacon fails.
    function randomness(uint8 beacon, uint32 epoch) external view returns (bytes32);

    /// @notice As IBeacon.recordedAfter; the highest number if the beacon fails.
    function recordedAfter(uint8 beacon, uint32 epoch) external view returns (uint256);
}
