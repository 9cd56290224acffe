// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

/// @title IFactory
/// @notice Makes the verifiers and beacons of one deployment. The factory fixes their code. Anybody may have one made, and
/// chooses a key or parameters, and nothing else.
interface IFactory {
    /// @notice Whether this factory made the verifier, or the beacon.
    function isVerifier(address candidate) external view returns (bool);

    function isBeacon(address candidate) external view returns (bool);
}
