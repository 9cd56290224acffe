// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

/// @title IFactory
/// @notice Makes the verifiers and beacons of one deployment. What their code is, is fixed with the factory: a key or
/// parameters are all that can be chosen, by anybody.
interface IFactory {
    /// @notice Whether a verifier, or a beacon with the deployment's clock, was made here.
    function isVerifier(address candidate) external view returns (bool);

    function isBeacon(address candidate) external view returns (bool);
}
