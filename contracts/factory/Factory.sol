// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Create2} from "@openzeppelin/contracts/utils/Create2.sol";
import {DrandBeacon} from "../beacons/DrandBeacon.sol";
import {EpochBeacon} from "../beacons/EpochBeacon.sol";
import {PrevrandaoBeacon} from "../beacons/PrevrandaoBeacon.sol";
import {PrevrandaoProbe} from "../beacons/PrevrandaoProbe.sol";
import {IFactory} from "../interfaces/IFactory.sol";
import {Groth16Verifier} from "../verifier/Groth16Verifier.sol";
import {ChainTest} from "./ChainTest.sol";

/// @title Factory
/// @notice Makes the verifiers and beacons of one deployment, whose Audits and times are fixed here. Their code is too long
/// for this contract. The caller brings it, and it is compared with the hash of what this contract was compiled with.
/// @dev The address of what is made follows from its code and parameters (CREATE2, salt 0). So it can be named before it
/// exists, nothing else can take its place, and to make it twice changes nothing. None of it can destroy itself, delegate a
/// call, or be replaced.
/// @dev Warning: the factory does not check the address of Audits, which does not exist yet when the first beacons are made.
/// The beacons of a factory that names another contract are useless to Audits, which compares their `audits`.
contract Factory is IFactory {
    /// @notice The only contract that may record at the beacons, and the deployment's times: see IBeacon.
    address public immutable audits;
    uint64 public immutable genesis;
    uint64 public immutable epochSeconds;
    uint64 public immutable margin;

    /// @notice keccak256 of the creation code of Groth16Verifier, DrandBeacon and PrevrandaoBeacon.
    bytes32 public immutable verifierCode;
    bytes32 public immutable drandCode;
    bytes32 public immutable prevrandaoCode;

    /// @inheritdoc IFactory
    mapping(address candidate => bool) public isVerifier;
    /// @inheritdoc IFactory
    mapping(address candidate => bool) public isBeacon;

    event VerifierMade(address verifier, bytes32 indexed keyHash);
    event DrandBeaconMade(address beacon, uint256[4] publicKey, uint64 drandGenesis, uint64 drandPeriod);
    event PrevrandaoBeaconMade(address beacon);

    /// @notice Thrown when the code is not that of this deployment.
    error WrongCode(bytes32 codeHash, bytes32 expected);

    constructor(EpochBeacon.Home memory home) {
        (audits, genesis, epochSeconds, margin) = (home.audits, home.genesis, home.epochSeconds, home.margin);
        verifierCode = keccak256(type(Groth16Verifier).creationCode);
        drandCode = keccak256(type(DrandBeacon).creationCode);
        prevrandaoCode = keccak256(type(PrevrandaoBeacon).creationCode);
    }

    // ---------------------------------------------------------------------------------------------------- verifiers

    /// @notice Makes the verifier of a key, or returns the one that was made before.
    /// @param code the creation code of Groth16Verifier.
    /// @param known a proof that holds under the key.
    function makeVerifier(
        bytes calldata code,
        Groth16Verifier.VerifyingKey calldata key,
        Groth16Verifier.KnownAnswer calldata known
    ) external returns (address made) {
        bytes memory whole = _whole(code, verifierCode, abi.encode(key, known));
        made = _placeOf(whole);
        if (isVerifier[made]) return made;

        isVerifier[made] = true;

        emit VerifierMade(made, keccak256(abi.encode(key)));

        _make(whole);
    }

    // ------------------------------------------------------------------------------------------------------ beacons

    /// @notice Makes the beacon of a drand network, or returns the one that was made before.
    /// @param code the creation code of DrandBeacon.
    /// @param publicKey drand's "public_key" as four words, in drand's order.
    function makeDrandBeacon(
        bytes calldata code,
        uint256[4] calldata publicKey,
        uint64 drandGenesis,
        uint64 drandPeriod
    ) external returns (address made) {
        bytes memory whole = _whole(
            code,
            drandCode,
            abi.encode(publicKey, drandGenesis, drandPeriod, _home())
        );
        made = _placeOf(whole);
        if (isBeacon[made]) return made;

        isBeacon[made] = true;

        emit DrandBeaconMade(made, publicKey, drandGenesis, drandPeriod);

        _make(whole);
    }

    /// @notice Makes the beacon of block headers, or returns the one that was made before. The blocks of the chain must have
    /// randomness.
    /// @param code the creation code of PrevrandaoBeacon.
    /// @param probe it was deployed in the block of the first header.
    /// @param headers of 8 blocks in a row as RLP, beginning with the probe's.
    function makePrevrandaoBeacon(
        bytes calldata code,
        PrevrandaoProbe probe,
        bytes[] calldata headers
    ) external returns (address made) {
        bytes memory whole = _whole(code, prevrandaoCode, abi.encode(_home()));
        made = _placeOf(whole);
        if (isBeacon[made]) return made;
        ChainTest.check(probe, headers);

        isBeacon[made] = true;

        emit PrevrandaoBeaconMade(made);

        _make(whole);
    }

    function _home() private view returns (EpochBeacon.Home memory) {
        return EpochBeacon.Home(audits, genesis, epochSeconds, margin);
    }

    // ------------------------------------------------------------------------------------------------------- making

    function _whole(
        bytes calldata code,
        bytes32 expected,
        bytes memory arguments
    ) private pure returns (bytes memory) {
        bytes32 codeHash = keccak256(code);
        require(codeHash == expected, WrongCode(codeHash, expected));
        return bytes.concat(code, arguments);
    }

    function _placeOf(bytes memory whole) private view returns (address) {
        return Create2.computeAddress(0, keccak256(whole));
    }

    /// @dev Reverts with the constructor's error.
    function _make(bytes memory whole) private {
        Create2.deploy(0, 0, whole);
    }
}
