// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {BLS} from "@kevincharm/bls-bn254/contracts/BLS.sol";
import {HashToG1} from "../libraries/HashToG1.sol";

/// @title HashToG1Harness
/// @notice Lets tests call the hash to G1, and compare it with an independent one.
contract HashToG1Harness {
    bytes private constant DST = "BLS_SIG_BN254G1_XMD:KECCAK-256_SVDW_RO_NUL_";

    function hashToG1(
        bytes32 message,
        bytes calldata roots
    ) external view returns (uint256 x, uint256 y, uint256 used) {
        used = gasleft();
        (x, y) = HashToG1.hash(message, roots);
        used -= gasleft();
    }

    function independentHashToG1(bytes32 message) external view returns (uint256 x, uint256 y, uint256 used) {
        used = gasleft();
        uint256[2] memory point = BLS.hashToPoint(DST, abi.encodePacked(message));
        used -= gasleft();
        (x, y) = (point[0], point[1]);
    }
}
