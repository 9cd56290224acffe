// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

/// @title IVerifier
/// @notice Decides whether proofs of the storage statement hold.
/// @dev False means that a pairing was computed and is not one. Everything else that can go wrong reverts with an error of
/// Bn254, from a coordinate out of range to a call with too little gas. So nobody is penalized for it.
interface IVerifier {
    /// @notice Thrown when a public input is not below the order of the scalar field.
    error InputOutOfRange(uint256 input);

    /// @notice Thrown when a batch has no proofs, or a different number of inputs.
    error BadBatch(uint256 proofs, uint256 inputs);

    /// @notice Verifies one proof.
    /// @param proof a.x, a.y, b.x1, b.x0, b.y1, b.y0, c.x, c.y (imaginary parts first), as snarkjs exports calldata.
    /// @param inputs directoryRoot, seed, start, length.
    /// @dev Warning: the bytes of a proof identify nothing, since anyone can re-randomize a proof.
    function verify(uint256[8] calldata proof, uint256[4] calldata inputs) external view returns (bool valid);

    /// @notice Verifies proofs together. It is true if each of them holds; if one does not, it is false but for a chance of
    /// 2^-128.
    /// @dev Warning: false does not say which proof does not hold.
    function verifyBatch(
        uint256[8][] calldata proofs,
        uint256[4][] calldata inputs
    ) external view returns (bool valid);
}
