// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

/// @title IBeacon
/// @notice Public randomness for each epoch. It comes from a source point that lies a margin after the epoch's start.
/// Nobody knows it while what the epoch asks about can still be changed.
interface IBeacon {
    /// @notice Emitted once per epoch, when its randomness is recorded.
    event RandomnessRecorded(uint32 indexed epoch, bytes32 randomness);

    /// @notice Thrown when the randomness of an epoch is recorded before its source point or after the epoch's end.
    error NotDuringEpoch(uint32 epoch, uint256 sourcePoint, uint256 end, uint256 timestamp);

    /// @notice Thrown when the margin is 0, or longer than a quarter of the epoch, or too short. The least margin is 30
    /// seconds, or a quarter of an epoch that is shorter than two minutes.
    error BadMargin(uint256 margin, uint256 epochSeconds);

    /// @notice The only contract that may record. It pays the account that brings the evidence.
    function audits() external view returns (address);

    /// @notice When epoch 0 begins, and how long an epoch is, in seconds.
    function genesis() external view returns (uint64);

    function epochSeconds() external view returns (uint64);

    /// @notice Seconds from an epoch's start to the source point of its randomness.
    function margin() external view returns (uint64);

    /// @notice Fixes the randomness of the running epoch, for Audits. Nobody can choose the value.
    /// @param evidence what the source published, for instance a signature.
    /// @return randomness the value on record. If there was one already, the evidence is ignored and nothing changes.
    function record(uint32 epoch, bytes calldata evidence) external returns (bytes32 randomness);

    /// @notice The randomness of an epoch, or 0 if none is recorded. An epoch that ends without one is void.
    function randomness(uint32 epoch) external view returns (bytes32);

    /// @notice Seconds from an epoch's source point until its randomness was recorded. 0 stands for less than an eighth of
    /// the epoch.
    function recordedAfter(uint32 epoch) external view returns (uint256);
}
