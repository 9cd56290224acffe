// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IVerifier} from "../interfaces/IVerifier.sol";
import {Bn254} from "../libraries/Bn254.sol";

/// @title Groth16Verifier
/// @notice Verifies proofs under one key, which is part of the deployed code:
/// e(A, B) = e(alpha, beta) · e(IC0 + sum of input_j · IC_j, gamma) · e(C, delta).
/// @dev alpha, gamma and delta are kept negated, so that a proof goes into the pairing as it comes.
contract Groth16Verifier is IVerifier {
    /// @dev G2 points imaginary parts first, as in a proof.
    struct VerifyingKey {
        uint256[2] alpha;
        uint256[4] beta;
        uint256[4] gamma;
        uint256[4] delta;
        uint256[2][5] ic;
    }

    /// @dev A proof that holds under the key.
    struct KnownAnswer {
        uint256[8] proof;
        uint256[4] inputs;
    }

    /// @dev Answers that the constructor tries on itself. Forged is (alpha, beta, -(IC0 + ...)). It holds under a key with
    /// gamma = delta, such as one without a second phase. Empty is (IC0 + ..., gamma, infinity). It holds under a key with
    /// alpha or beta at infinity.
    enum Trial {
        Good,
        Tampered,
        Forged,
        Zero,
        Empty
    }

    /// @notice Thrown when the new verifier gives a wrong answer.
    error KnownAnswerFailed(Trial trial);

    /// @notice keccak256 of the ABI-encoded key.
    bytes32 public immutable keyHash;

    uint256 private immutable ALPHA_X;
    uint256 private immutable NEG_ALPHA_Y;
    uint256 private immutable BETA_XI;
    uint256 private immutable BETA_XR;
    uint256 private immutable BETA_YI;
    uint256 private immutable BETA_YR;
    uint256 private immutable GAMMA_XI;
    uint256 private immutable GAMMA_XR;
    uint256 private immutable NEG_GAMMA_YI;
    uint256 private immutable NEG_GAMMA_YR;
    uint256 private immutable DELTA_XI;
    uint256 private immutable DELTA_XR;
    uint256 private immutable NEG_DELTA_YI;
    uint256 private immutable NEG_DELTA_YR;
    uint256 private immutable IC0_X;
    uint256 private immutable IC0_Y;
    uint256 private immutable IC1_X;
    uint256 private immutable IC1_Y;
    uint256 private immutable IC2_X;
    uint256 private immutable IC2_Y;
    uint256 private immutable IC3_X;
    uint256 private immutable IC3_Y;
    uint256 private immutable IC4_X;
    uint256 private immutable IC4_Y;

    /// @dev Keeps the hashes for a batch's coefficients apart from all other uses of keccak256.
    bytes32 private constant BATCH_TAG = "holdfast groth16 batch";

    // ------------------------------------------------------------------------------------------------- construction

    constructor(VerifyingKey memory key, KnownAnswer memory known) {
        keyHash = keccak256(abi.encode(key));
        (ALPHA_X, NEG_ALPHA_Y) = (key.alpha[0], Bn254.negate(key.alpha[1]));
        (BETA_XI, BETA_XR, BETA_YI, BETA_YR) = (key.beta[0], key.beta[1], key.beta[2], key.beta[3]);
        (GAMMA_XI, GAMMA_XR) = (key.gamma[0], key.gamma[1]);
        (NEG_GAMMA_YI, NEG_GAMMA_YR) = (Bn254.negate(key.gamma[2]), Bn254.negate(key.gamma[3]));
        (DELTA_XI, DELTA_XR) = (key.delta[0], key.delta[1]);
        (NEG_DELTA_YI, NEG_DELTA_YR) = (Bn254.negate(key.delta[2]), Bn254.negate(key.delta[3]));
        (IC0_X, IC0_Y) = (key.ic[0][0], key.ic[0][1]);
        (IC1_X, IC1_Y) = (key.ic[1][0], key.ic[1][1]);
        (IC2_X, IC2_Y) = (key.ic[2][0], key.ic[2][1]);
        (IC3_X, IC3_Y) = (key.ic[3][0], key.ic[3][1]);
        (IC4_X, IC4_Y) = (key.ic[4][0], key.ic[4][1]);
        _tryKnownAnswers(key, known);
    }

    function _tryKnownAnswers(VerifyingKey memory key, KnownAnswer memory known) private view {
        uint256[4] memory inputs = known.inputs;
        require(_verify(known.proof, inputs), KnownAnswerFailed(Trial.Good));
        for (uint256 i = 0; i < 4; ++i) {
            uint256 input = inputs[i];
            inputs[i] = addmod(input, 1, Bn254.R);
            require(!_verify(known.proof, inputs), KnownAnswerFailed(Trial.Tampered));
            inputs[i] = input;
        }

        uint256[8] memory proof;
        require(!_verify(proof, inputs), KnownAnswerFailed(Trial.Zero));
        (uint256 x, uint256 y) = _combine(1, inputs);
        _setPoints(proof, [x, y], key.gamma, [uint256(0), 0]);
        require(!_verify(proof, inputs), KnownAnswerFailed(Trial.Empty));
        _setPoints(proof, key.alpha, key.beta, [x, Bn254.negate(y)]);
        require(!_verify(proof, inputs), KnownAnswerFailed(Trial.Forged));
    }

    function _setPoints(
        uint256[8] memory proof,
        uint256[2] memory a,
        uint256[4] memory b,
        uint256[2] memory c
    ) private pure {
        (proof[0], proof[1]) = (a[0], a[1]);
        (proof[2], proof[3], proof[4], proof[5]) = (b[0], b[1], b[2], b[3]);
        (proof[6], proof[7]) = (c[0], c[1]);
    }

    // ---------------------------------------------------------------------------------------------------- one proof

    /// @inheritdoc IVerifier
    function verify(
        uint256[8] calldata proof,
        uint256[4] calldata inputs
    ) external view returns (bool valid) {
        return _verify(proof, inputs);
    }

    function _verify(uint256[8] memory proof, uint256[4] memory inputs) private view returns (bool) {
        _checkProof(proof);
        _checkInputs(inputs);

        uint256[] memory pairs = Bn254.newPairs(4);
        Bn254.setPair(pairs, 0, proof[0], proof[1], [proof[2], proof[3], proof[4], proof[5]]);
        Bn254.setPair(pairs, 1, ALPHA_X, NEG_ALPHA_Y, [BETA_XI, BETA_XR, BETA_YI, BETA_YR]);
        (uint256 x, uint256 y) = _combine(1, inputs);
        Bn254.setPair(pairs, 2, x, y, [GAMMA_XI, GAMMA_XR, NEG_GAMMA_YI, NEG_GAMMA_YR]);
        Bn254.setPair(pairs, 3, proof[6], proof[7], [DELTA_XI, DELTA_XR, NEG_DELTA_YI, NEG_DELTA_YR]);
        return Bn254.pairingIsOne(pairs);
    }

    // ------------------------------------------------------------------------------------------------- many proofs

    /// @inheritdoc IVerifier
    /// @dev Multiplies proof i's equation by a coefficient r_i that nobody knows before all proofs and inputs are fixed:
    /// product of e(r_i · A_i, B_i) = e(sum of r_i · alpha, beta) · e(sum of r_i · (IC0 + ...), gamma) ·
    /// e(sum of r_i · C_i, delta).
    function verifyBatch(
        uint256[8][] calldata proofs,
        uint256[4][] calldata inputs
    ) external view returns (bool valid) {
        uint256 count = proofs.length;
        require(count != 0 && count == inputs.length, BadBatch(count, inputs.length));

        (uint256[8] memory proof, bytes32 proofsHash) = _load(proofs);
        (uint256[4] memory input, bytes32 inputsHash) = _load(inputs);
        bytes32 transcript = keccak256(abi.encode(BATCH_TAG, keyHash, block.chainid, proofsHash, inputsHash));
        uint256[] memory pairs = Bn254.newPairs(count + 3);
        uint256 sum;
        uint256[4] memory inputSums;
        uint256 x;
        uint256 y;
        for (uint256 i = 0; i < count; ++i) {
            uint256 coefficient = _coefficient(transcript, i);
            sum += coefficient;
            _addInputs(inputSums, input, coefficient);
            (x, y) = _addProof(pairs, i, proof, coefficient, x, y);
            // The next proof lies behind it.
            assembly ("memory-safe") {
                proof := add(proof, 256)
                input := add(input, 128)
            }
        }

        Bn254.setPair(pairs, count, x, y, [DELTA_XI, DELTA_XR, NEG_DELTA_YI, NEG_DELTA_YR]);
        (x, y) = _combine(sum, inputSums);
        Bn254.setPair(pairs, count + 1, x, y, [GAMMA_XI, GAMMA_XR, NEG_GAMMA_YI, NEG_GAMMA_YR]);
        (x, y) = Bn254.mul(ALPHA_X, NEG_ALPHA_Y, sum);
        Bn254.setPair(pairs, count + 2, x, y, [BETA_XI, BETA_XR, BETA_YI, BETA_YR]);
        return Bn254.pairingIsOne(pairs);
    }

    /// @dev Copies all proofs at once, since they lie one after the other in calldata. Returns the first one and their hash.
    function _load(
        uint256[8][] calldata proofs
    ) private pure returns (uint256[8] memory first, bytes32 hash) {
        assembly ("memory-safe") {
            first := mload(0x40)
            let size := mul(proofs.length, 256)
            mstore(0x40, add(first, size))
            calldatacopy(first, proofs.offset, size)
            hash := keccak256(first, size)
        }
    }

    function _load(
        uint256[4][] calldata inputs
    ) private pure returns (uint256[4] memory first, bytes32 hash) {
        assembly ("memory-safe") {
            first := mload(0x40)
            let size := mul(inputs.length, 128)
            mstore(0x40, add(first, size))
            calldatacopy(first, inputs.offset, size)
            hash := keccak256(first, size)
        }
    }

    /// @dev 128 bits of the hash above a bit that is always set, so that it is never zero.
    function _coefficient(bytes32 transcript, uint256 index) private pure returns (uint256) {
        return (1 << 128) | (uint256(keccak256(abi.encode(transcript, index))) >> 128);
    }

    function _addInputs(uint256[4] memory sums, uint256[4] memory inputs, uint256 coefficient) private pure {
        _checkInputs(inputs);
        sums[0] = addmod(sums[0], mulmod(coefficient, inputs[0], Bn254.R), Bn254.R);
        sums[1] = addmod(sums[1], mulmod(coefficient, inputs[1], Bn254.R), Bn254.R);
        sums[2] = addmod(sums[2], mulmod(coefficient, inputs[2], Bn254.R), Bn254.R);
        sums[3] = addmod(sums[3], mulmod(coefficient, inputs[3], Bn254.R), Bn254.R);
    }

    /// @dev Writes the pair (coefficient · A, B) and returns (x, y) + coefficient · C.
    function _addProof(
        uint256[] memory pairs,
        uint256 index,
        uint256[8] memory proof,
        uint256 coefficient,
        uint256 x,
        uint256 y
    ) private view returns (uint256, uint256) {
        _checkProof(proof);
        (uint256 ax, uint256 ay) = Bn254.mul(proof[0], proof[1], coefficient);
        Bn254.setPair(pairs, index, ax, ay, [proof[2], proof[3], proof[4], proof[5]]);
        (uint256 cx, uint256 cy) = Bn254.mul(proof[6], proof[7], coefficient);
        return Bn254.add(x, y, cx, cy);
    }

    // ------------------------------------------------------------------------------------------------------- shared

    function _checkProof(uint256[8] memory proof) private pure {
        _checkCoordinate(proof[0]);
        _checkCoordinate(proof[1]);
        _checkCoordinate(proof[2]);
        _checkCoordinate(proof[3]);
        _checkCoordinate(proof[4]);
        _checkCoordinate(proof[5]);
        _checkCoordinate(proof[6]);
        _checkCoordinate(proof[7]);
    }

    function _checkCoordinate(uint256 coordinate) private pure {
        require(coordinate < Bn254.Q, Bn254.CoordinateOutOfRange(coordinate));
    }

    function _checkInputs(uint256[4] memory inputs) private pure {
        _checkInput(inputs[0]);
        _checkInput(inputs[1]);
        _checkInput(inputs[2]);
        _checkInput(inputs[3]);
    }

    function _checkInput(uint256 input) private pure {
        require(input < Bn254.R, InputOutOfRange(input));
    }

    /// @dev first · IC0 + inputs[0] · IC1 + ... + inputs[3] · IC4.
    function _combine(uint256 first, uint256[4] memory inputs) private view returns (uint256 x, uint256 y) {
        (x, y) = (IC0_X, IC0_Y);
        if (first != 1) (x, y) = Bn254.mul(x, y, first);
        (x, y) = _addMultiple(x, y, IC1_X, IC1_Y, inputs[0]);
        (x, y) = _addMultiple(x, y, IC2_X, IC2_Y, inputs[1]);
        (x, y) = _addMultiple(x, y, IC3_X, IC3_Y, inputs[2]);
        (x, y) = _addMultiple(x, y, IC4_X, IC4_Y, inputs[3]);
    }

    /// @dev (x, y) + scalar · (px, py). A zero scalar (`start`, when a whole vNode is audited) costs nothing.
    function _addMultiple(
        uint256 x,
        uint256 y,
        uint256 px,
        uint256 py,
        uint256 scalar
    ) private view returns (uint256, uint256) {
        if (scalar == 0) return (x, y);
        (px, py) = Bn254.mul(px, py, scalar);
        return Bn254.add(x, y, px, py);
    }
}
