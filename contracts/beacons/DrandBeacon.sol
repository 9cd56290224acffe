// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Bn254} from "../libraries/Bn254.sol";
import {HashToG1} from "../libraries/HashToG1.sol";
import {EpochBeacon} from "./EpochBeacon.sol";

/// @title DrandBeacon
/// @notice The randomness of an epoch is the sha256 of a signature of drand, which is verified here. It is of the first
/// round at or after the epoch's source point, in the scheme bls-bn254-unchained-on-g1.
/// @dev Warning: a round is public from its own time on, by drand's clock. If the timestamps of a chain's blocks lag behind
/// it by more than the margin, the snapshot of an epoch can still be changed when its randomness is known.
contract DrandBeacon is EpochBeacon {
    /// @dev The negated generator of G2.
    uint256 private constant NEG_G2_XI = 0x198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2;
    uint256 private constant NEG_G2_XR = 0x1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed;
    uint256 private constant NEG_G2_YI = 0x275dc4a288d1afb3cbb1ac09187524c7db36395df7be3b99e673b13a075a65ec;
    uint256 private constant NEG_G2_YR = 0x1d9befcd05a5323e6da4d435f3b617cdb3af83285c2df711ef39c01571827f9d;

    uint256 private constant SIGNATURE_BYTES = 64;
    uint256 private constant MAX_BYTES = SIGNATURE_BYTES + 4 * 32;

    /// @dev drand's group key, as drand writes it: imaginary parts first.
    uint256 private immutable KEY_XI;
    uint256 private immutable KEY_XR;
    uint256 private immutable KEY_YI;
    uint256 private immutable KEY_YR;

    /// @notice The time of drand's round 1, and the time from one round to the next, in seconds.
    uint64 public immutable drandGenesis;
    uint64 public immutable drandPeriod;

    /// @notice Thrown when the group key is the point at infinity.
    error NoKey();

    /// @notice Thrown when two epochs could have the same round, or an epoch's round could come after its end. So it is if
    /// drand's period is 0 or longer than the part of an epoch after its source point, or if drand begins after epoch 0.
    error RoundsNotDistinct(uint64 drandGenesis, uint64 drandPeriod, Home home);

    /// @notice Thrown when the evidence is not a signature of 64 bytes, with up to four roots of 32 bytes after it.
    error EvidenceLength(uint256 length);

    /// @notice Thrown when a signature is no point on the curve in its only encoding, or is not the round's.
    error SignatureInvalid(uint256 round, bytes signature);

    /// @param publicKey_ drand's "public_key" as four words, in drand's order.
    constructor(
        uint256[4] memory publicKey_,
        uint64 drandGenesis_,
        uint64 drandPeriod_,
        Home memory home
    ) EpochBeacon(home) {
        require(
            drandPeriod_ != 0 &&
                drandPeriod_ <= home.epochSeconds - home.margin &&
                drandGenesis_ <= home.genesis,
            RoundsNotDistinct(drandGenesis_, drandPeriod_, home)
        );
        _checkKey(publicKey_);
        // Solidity checks how much comes back from every precompile but sha256.
        require(
            sha256("") == 0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855,
            Bn254.PrecompileFailed(2)
        );

        (KEY_XI, KEY_XR, KEY_YI, KEY_YR) = (publicKey_[0], publicKey_[1], publicKey_[2], publicKey_[3]);
        (drandGenesis, drandPeriod) = (drandGenesis_, drandPeriod_);
    }

    /// @notice drand's group key, as four words in drand's order.
    function publicKey() external view returns (uint256[4] memory) {
        return [KEY_XI, KEY_XR, KEY_YI, KEY_YR];
    }

    /// @dev The pairing precompile refuses a point outside G2 even when its partner is infinity.
    function _checkKey(uint256[4] memory key) private view {
        require(key[0] | key[1] | key[2] | key[3] != 0, NoKey());
        uint256[] memory pairs = Bn254.newPairs(1);
        Bn254.setPair(pairs, 0, 0, 0, key);
        assert(Bn254.pairingIsOne(pairs));
    }

    // ---------------------------------------------------------------------------------------------------- recording

    /// @inheritdoc EpochBeacon
    /// @dev The evidence is drand's signature of 64 bytes. All roots that its verification takes may follow (see HashToG1).
    /// They make it cheaper and change nothing else.
    function _draw(uint32 epoch, bytes calldata evidence) internal view override returns (bytes32) {
        uint256 length = evidence.length;
        require(length >= SIGNATURE_BYTES && length <= MAX_BYTES && length % 32 == 0, EvidenceLength(length));
        bytes calldata signature = evidence[:SIGNATURE_BYTES];
        _checkSignature(roundFor(epoch), signature, evidence[SIGNATURE_BYTES:]);
        return sha256(signature);
    }

    /// @dev Checks that e(signature, generator) = e(hash(round), key). Only one point in one encoding fulfils this. So the
    /// account that records it has no choice.
    function _checkSignature(uint256 round, bytes calldata signature, bytes calldata roots) private view {
        uint256 x = uint256(bytes32(signature));
        uint256 y = uint256(bytes32(signature[32:]));
        require(x < Bn254.Q && y < Bn254.Q && _isOnCurve(x, y), SignatureInvalid(round, signature));

        uint256[] memory pairs = Bn254.newPairs(2);
        Bn254.setPair(pairs, 0, x, y, [NEG_G2_XI, NEG_G2_XR, NEG_G2_YI, NEG_G2_YR]);
        (x, y) = HashToG1.hash(keccak256(abi.encodePacked(uint64(round))), roots);
        Bn254.setPair(pairs, 1, x, y, [KEY_XI, KEY_XR, KEY_YI, KEY_YR]);
        require(Bn254.pairingIsOne(pairs), SignatureInvalid(round, signature));
    }

    function _isOnCurve(uint256 x, uint256 y) private pure returns (bool) {
        uint256 cube = mulmod(mulmod(x, x, Bn254.Q), x, Bn254.Q);
        return mulmod(y, y, Bn254.Q) == addmod(cube, 3, Bn254.Q);
    }

    /// @notice drand's first round at or after the epoch's source point.
    function roundFor(uint32 epoch) public view returns (uint256) {
        // drand's first round is not after the start of epoch 0.
        unchecked {
            uint256 sinceFirst = sourcePoint(epoch) - drandGenesis;
            return (sinceFirst + drandPeriod - 1) / drandPeriod + 1;
        }
    }
}
