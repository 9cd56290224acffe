// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Poseidon2T4} from "../libraries/Poseidon2T4.sol";

/// @title Poseidon2T4Harness
/// @notice Lets tests call the directory's hash and measure it.
contract Poseidon2T4Harness {
    function permute(uint256[4] calldata state) external pure returns (uint256[4] memory) {
        return Poseidon2T4.permute(Poseidon2T4.load(), state);
    }

    function compress(uint256 a, uint256 b, uint256 c, uint256 d) external pure returns (uint256) {
        return Poseidon2T4.compress(Poseidon2T4.load(), [a, b, c, d]);
    }

    function permuteAll(uint256[4][] calldata states) external pure returns (uint256[4][] memory permuted) {
        permuted = new uint256[4][](states.length);
        for (uint256 i = 0; i < states.length; ++i)
            permuted[i] = Poseidon2T4.permute(Poseidon2T4.load(), states[i]);
    }

    function compressAll(uint256[4][] calldata inputs) external pure returns (uint256[] memory hashes) {
        hashes = new uint256[](inputs.length);
        for (uint256 i = 0; i < inputs.length; ++i)
            hashes[i] = Poseidon2T4.compress(Poseidon2T4.load(), inputs[i]);
    }

    /// @notice The gas of loading the constants, and of one compression after it, without the call around them.
    function gasOf(
        uint256 a,
        uint256 b,
        uint256 c,
        uint256 d
    ) external view returns (uint256 loading, uint256 compressing, uint256 hash) {
        uint256 start = gasleft();
        bytes memory constants = Poseidon2T4.load();
        uint256 middle = gasleft();
        hash = Poseidon2T4.compress(constants, [a, b, c, d]);
        return (start - middle, middle - gasleft(), hash);
    }
}
