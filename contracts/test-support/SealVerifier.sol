// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IVerifier} from "../interfaces/IVerifier.sol";

/// @title SealVerifier
/// @notice Stands in for the verifier in the simulation. A proof holds if it has the seal of exactly this statement.
/// evidence/simulation/oracle.ts gives the seal only to strategies that hold every sampled leaf.
contract SealVerifier is IVerifier {
    uint256 private immutable SECRET;

    constructor(uint256 secret) {
        SECRET = secret;
    }

    function verify(uint256[8] calldata proof, uint256[4] calldata inputs) external view returns (bool) {
        return _holds(proof, inputs);
    }

    function verifyBatch(
        uint256[8][] calldata proofs,
        uint256[4][] calldata inputs
    ) external view returns (bool) {
        require(proofs.length != 0 && proofs.length == inputs.length, BadBatch(proofs.length, inputs.length));
        for (uint256 i = 0; i < proofs.length; ++i) {
            if (!_holds(proofs[i], inputs[i])) return false;
        }
        return true;
    }

    function _holds(uint256[8] calldata proof, uint256[4] calldata inputs) private view returns (bool) {
        return proof[0] == uint256(keccak256(abi.encode(SECRET, inputs)));
    }
}
