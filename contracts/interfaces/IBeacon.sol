// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

/// @title IBeacon
/// @notice Public randomness for each epoch, from a source point that was determined before the epoch began.
interface IBeacon {
    /// @notice Emitted once per epoch, when its randomness becomes known to the chain.
    event RandomnessRecorded(uint32 indexed epoch, bytes32 randomness);

    /// @notice Thrown when the randomness of an epoch is recorded before it starts or after it ends.
    error NotDuringEpoch(uint32 epoch, uint256 start, uint256 end, uint256 timestamp);

    /// @notice Fixes the randomness of the epoch that is running. Anyone may, and nobody can choose the value.
    /// @param evidence what the source published, for instance a signature.
    /// @return randomness the value on record; if there is one already, evidence is ignored and nothing changes.
    function record(uint32 epoch, bytes calldata evidence) external returns (bytes32 randomness);

    /// @notice The randomness of an epoch, or 0 if it was not recorded (then the epoch is void, once it is over).
    function randomness(uint32 epoch) external view returns (bytes32);

    /// @notice Seconds from an epoch's start until its randomness was recorded; 0 if that was in its first eighth.
    function recordedAfter(uint32 epoch) external view returns (uint256);
}
