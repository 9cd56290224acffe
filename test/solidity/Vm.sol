// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

/// @title IVm
/// @notice The cheat codes of the test runners that these tests use, the same in Hardhat and in forge.
interface IVm {
    struct Log {
        bytes32[] topics;
        bytes data;
        address emitter;
    }

    function warp(uint256 timestamp) external;
    /// @dev Warning: for the next call of the test, a view in an argument included.
    function prank(address sender) external;
    function assume(bool condition) external pure;
    function addr(uint256 key) external pure returns (address);
    function sign(uint256 key, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);
    /// @dev From now on, and nothing of before.
    function recordLogs() external;
    function getRecordedLogs() external returns (Log[] memory);
    /// @dev Whatever call begins with these bytes gets this answer.
    function mockCall(address target, bytes calldata call, bytes calldata answer) external;
    function clearMockedCalls() external;
    /// @dev The creation code of a contract that was built, libraries linked.
    function getCode(string calldata name) external view returns (bytes memory);
}

IVm constant VM = IVm(address(uint160(uint256(keccak256("hevm cheat code")))));
