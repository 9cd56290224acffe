// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Poseidon2T4} from "../libraries/Poseidon2T4.sol";

/// @title Poseidon2T4Harness
/// @notice Lets tests call the directory's hash and measure it.
contract Poseidon2T4Harness {
    function permute(uint256[4] memory state) external pure returns (uint256[4] memory) {
        return Poseidon2T4.permute(state);
    }

    function compress(uint256 a, uint256 b, uint256 c, uint256 d) external pure returns (uint256) {
        return Poseidon2T4.compress(a, b, c, d);
    }

    /// @notice Gas of one compression, without the call around it.
    function compressGas(
        uint256 a,
        uint256 b,
        uint256 c,
        uint256 d
    ) external view returns (uint256 used, uint256 hash) {
        used = gasleft();
        hash = Poseidon2T4.compress(a, b, c, d);
        used -= gasleft();
    }

    /// @notice Gas of two compressions in a row: the first pays for new memory.
    function twoCompressionsGas(
        uint256 a,
        uint256 b,
        uint256 c,
        uint256 d
    ) external view returns (uint256 first, uint256 second) {
        uint256 start = gasleft();
        uint256 hash = Poseidon2T4.compress(a, b, c, d);
        uint256 middle = gasleft();
        Poseidon2T4.compress(hash, b, c, d);
        return (start - middle, middle - gasleft());
    }
}
