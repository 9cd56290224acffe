// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IVerifier} from "../interfaces/IVerifier.sol";

/// @title FlagVerifier
/// @notice Stands in for the verifier in tests about money. A proof holds if it repeats its inputs, followed by a flag of 1.
/// So a proof of one statement is no proof of another.
contract FlagVerifier is IVerifier {
    function verify(uint256[8] calldata proof, uint256[4] calldata inputs) external pure returns (bool) {
        return _holds(proof, inputs);
    }

    function verifyBatch(
        uint256[8][] calldata proofs,
        uint256[4][] calldata inputs
    ) external pure returns (bool) {
        require(proofs.length != 0 && proofs.length == inputs.length, BadBatch(proofs.length, inputs.length));
        for (uint256 i = 0; i < proofs.length; ++i) {
            if (!_holds(proofs[i], inputs[i])) return false;
        }
        return true;
    }

    function _holds(uint256[8] calldata proof, uint256[4] calldata inputs) private pure returns (bool) {
        for (uint256 i = 0; i < 4; ++i) {
            if (proof[i] != inputs[i]) return false;
        }
        return proof[4] == 1;
    }
}
