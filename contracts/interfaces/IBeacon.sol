// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

/// @title IBeacon
/// @notice Public randomness for each epoch, from a source point that lies a margin after the epoch's start: nobody knows
/// it while what is asked about can still be changed.
interface IBeacon {
    /// @notice Emitted once per epoch, when its randomness becomes known to the chain.
    event RandomnessRecorded(uint32 indexed epoch, bytes32 randomness);

    /// @notice Thrown when the randomness of an epoch is recorded before its source point or after the epoch's end.
    error NotDuringEpoch(uint32 epoch, uint256 sourcePoint, uint256 end, uint256 timestamp);

    /// @notice Thrown when the margin is 0, shorter than 30 seconds (or than a quarter of an epoch that is shorter than two
    /// minutes), or longer than a quarter of the epoch.
    error BadMargin(uint256 margin, uint256 epochSeconds);

    /// @notice The only contract that may record: it pays whoever brings the evidence.
    function audits() external view returns (address);

    /// @notice When epoch 0 starts, and how long epochs are, in seconds.
    function genesis() external view returns (uint64);

    function epochSeconds() external view returns (uint64);

    /// @notice Seconds from an epoch's start to its randomness's source point.
    function margin() external view returns (uint64);

    /// @notice Fixes the randomness of the epoch that is running, by Audits. Nobody can choose the value.
    /// @param evidence what the source published, for instance a signature.
    /// @return randomness the value on record; if there is one already, evidence is ignored and nothing changes.
    function record(uint32 epoch, bytes calldata evidence) external returns (bytes32 randomness);

    /// @notice The randomness of an epoch, or 0 if it was not recorded (then the epoch is void, once it is over).
    function randomness(uint32 epoch) external view returns (bytes32);

    /// @notice Seconds from an epoch's source point until its randomness was recorded; 0 if that was less than an eighth of
    /// the epoch.
    function recordedAfter(uint32 epoch) external view returns (uint256);
}
