// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {ISources} from "../interfaces/audits/ISources.sol";
import {IBeacon} from "../interfaces/IBeacon.sol";
import {IVerifier} from "../interfaces/IVerifier.sol";
import {Choices} from "../libraries/Choices.sol";
import {Deployment} from "./Deployment.sol";

/// @title Sources
/// @notice When epochs begin, the profiles and beacons that clusters choose from, and the randomness that beacons give.
abstract contract Sources is Deployment {
    /// @dev The gas that a beacon may use to answer. The beacons of this repository need a tenth of it.
    uint256 private constant BEACON_GAS = 50_000;
    /// @dev The most profiles and the most beacons, at deployment and in total.
    uint256 private constant MAX_FIRST = 4;
    uint256 private constant MAX_CHOICES = 256;

    /// @dev The first profiles and beacons are part of the code, since every proof reads them. Later ones are in storage.
    uint256 private immutable FIRST_PROFILES;
    uint256 private immutable PROFILE_0;
    uint256 private immutable PROFILE_1;
    uint256 private immutable PROFILE_2;
    uint256 private immutable PROFILE_3;

    uint256 private immutable FIRST_BEACONS;
    IBeacon private immutable BEACON_0;
    IBeacon private immutable BEACON_1;
    IBeacon private immutable BEACON_2;
    IBeacon private immutable BEACON_3;

    uint256 public profileCount;
    uint256 public beaconCount;
    mapping(uint256 index => uint256) private _laterProfiles;
    mapping(uint256 index => IBeacon) private _laterBeacons;

    constructor(Profile[] memory profiles_, IBeacon[] memory beacons_) {
        (profileCount, FIRST_PROFILES) = (profiles_.length, profiles_.length);
        require(profiles_.length != 0 && profiles_.length <= MAX_FIRST, BadDeployment());
        PROFILE_0 = _pack(profiles_, 0);
        PROFILE_1 = _pack(profiles_, 1);
        PROFILE_2 = _pack(profiles_, 2);
        PROFILE_3 = _pack(profiles_, 3);

        uint256 count = beacons_.length;
        (beaconCount, FIRST_BEACONS) = (count, count);
        require(count != 0 && count <= MAX_FIRST, BadDeployment());
        for (uint256 i = 0; i < count; ++i) _check(beacons_[i]);
        BEACON_0 = beacons_[0];
        // Places from count on are never read.
        BEACON_1 = beacons_[count > 1 ? 1 : 0];
        BEACON_2 = beacons_[count > 2 ? 2 : 0];
        BEACON_3 = beacons_[count > 3 ? 3 : 0];
    }

    // ----------------------------------------------------------------------------------------- profiles and beacons

    /// @inheritdoc ISources
    function profiles(uint256 index) external view returns (Profile memory) {
        uint256 p = _profile(index);
        return Profile(IVerifier(address(uint160(p >> 32))), uint16(p >> 16), uint8(p >> 8), uint8(p));
    }

    function _profile(uint256 index) internal view returns (uint256) {
        if (index >= FIRST_PROFILES) {
            uint256 later = _laterProfiles[index];
            require(later != 0, NoSuchProfile(index));
            return later;
        }
        if (index == 0) return PROFILE_0;
        if (index == 1) return PROFILE_1;
        return index == 2 ? PROFILE_2 : PROFILE_3;
    }

    /// @inheritdoc ISources
    function beacons(uint256 index) public view returns (IBeacon) {
        if (index >= FIRST_BEACONS) {
            IBeacon later = _laterBeacons[index];
            require(address(later) != address(0), NoSuchBeacon(index));
            return later;
        }
        if (index == 0) return BEACON_0;
        if (index == 1) return BEACON_1;
        return index == 2 ? BEACON_2 : BEACON_3;
    }

    /// @inheritdoc ISources
    function addProfile(Profile calldata profile) external onlyTreasury returns (uint256 index) {
        index = profileCount;
        require(index < MAX_CHOICES, BadDeployment());

        _laterProfiles[index] = _packOne(profile);
        profileCount = index + 1;

        emit ProfileAdded(
            index,
            profile.verifier,
            profile.samples,
            profile.dataDepth,
            profile.directoryDepth
        );
    }

    function _pack(Profile[] memory list, uint256 index) private view returns (uint256) {
        return index < list.length ? _packOne(list[index]) : 0;
    }

    function _packOne(Profile memory p) private view returns (uint256) {
        return
            Choices.packed(address(factory), address(p.verifier), p.samples, p.dataDepth, p.directoryDepth);
    }

    /// @inheritdoc ISources
    function addBeacon(IBeacon beacon) external onlyTreasury returns (uint256 index) {
        index = beaconCount;
        require(index < MAX_CHOICES, BadDeployment());
        _check(beacon);

        _laterBeacons[index] = beacon;
        beaconCount = index + 1;

        emit BeaconAdded(index, beacon);
    }

    function _check(IBeacon beacon) private view {
        Choices.check(address(factory), address(beacon), genesis, epochSeconds, margin);
    }

    // --------------------------------------------------------------------------------------------- time, randomness

    /// @inheritdoc ISources
    function currentEpoch() public view returns (uint32) {
        return uint32((block.timestamp - genesis) / epochSeconds);
    }

    /// @inheritdoc ISources
    function epochStart(uint32 epoch) public view returns (uint256) {
        return genesis + uint256(epoch) * epochSeconds;
    }

    /// @inheritdoc ISources
    function recordBeacon(uint8 beacon, uint32 epoch, bytes calldata evidence) external {
        address ledger_ = address(ledger);
        uint256 source = epochStart(epoch) + margin;
        Choices.record(ledger_, address(beacons(beacon)), beacon, epoch, source, epochSeconds, evidence);
    }

    /// @inheritdoc ISources
    function randomness(uint8 beacon, uint32 epoch) public view returns (bytes32 value) {
        (bool answered, uint256 word) = _askBeacon(
            beacons(beacon),
            abi.encodeCall(IBeacon.randomness, (epoch))
        );
        if (answered) value = bytes32(word);
    }

    /// @inheritdoc ISources
    function recordedAfter(uint8 beacon, uint32 epoch) external view returns (uint256) {
        (bool answered, uint256 word) = _askBeacon(
            beacons(beacon),
            abi.encodeCall(IBeacon.recordedAfter, (epoch))
        );
        return answered ? word : type(uint256).max;
    }

    /// @dev A beacon that reverts, or uses up its gas, has no randomness and stops nothing. The caller must give enough gas
    /// for that. Otherwise a caller could make any beacon fail.
    function _askBeacon(
        IBeacon beacon,
        bytes memory question
    ) private view returns (bool answered, uint256 word) {
        // A 64th of the gas stays here.
        require(gasleft() > BEACON_GAS + BEACON_GAS / 32, NotEnoughGas());
        assembly ("memory-safe") {
            answered := staticcall(BEACON_GAS, beacon, add(question, 32), mload(question), 0, 32)
            answered := and(answered, gt(returndatasize(), 31))
            if answered {
                word := mload(0)
            }
        }
    }
}
