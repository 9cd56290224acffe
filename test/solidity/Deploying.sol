// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ISources} from "../../contracts/interfaces/audits/ISources.sol";
import {IAudits} from "../../contracts/interfaces/IAudits.sol";
import {IBeacon} from "../../contracts/interfaces/IBeacon.sol";
import {IChallenges} from "../../contracts/interfaces/IChallenges.sol";
import {ILedger} from "../../contracts/interfaces/ILedger.sol";
import {IRegistry} from "../../contracts/interfaces/IRegistry.sol";
import {AnyFactory} from "../../contracts/test-support/AnyFactory.sol";
import {FlagVerifier} from "../../contracts/test-support/FlagVerifier.sol";
import {SettableBeacon} from "../../contracts/test-support/SettableBeacon.sol";
import {VM} from "./Vm.sol";

/// @title Deploying
/// @notice Makes contracts of the code that was built for deployment. A test that named their sources would have them compiled
/// once more, which takes minutes.
library Deploying {
    struct Plan {
        /// The first contract that the caller has made. It makes the others, and no further one meanwhile.
        IERC20 token;
        address treasury;
        uint256 unbondSeconds;
        uint256 epochSeconds;
        uint256 margin;
        uint256 protocolFee;
        uint80 minBond;
        uint8 directoryDepth;
    }

    struct Core {
        SettableBeacon beacon;
        ILedger ledger;
        IRegistry registry;
        IAudits audits;
        IChallenges challenges;
    }

    /// @notice A deployment whose verifier accepts what says that it is valid.
    function core(Plan memory p) internal returns (Core memory c) {
        IAudits.Profile[] memory profiles = new IAudits.Profile[](1);
        profiles[0] = ISources.Profile(new FlagVerifier(), 2, 2, p.directoryDepth);
        AnyFactory factory = new AnyFactory();
        (address registry, address audits, address challenges) = (_created(6), _created(7), _created(8));
        uint64 genesis = uint64(block.timestamp);
        c.beacon = new SettableBeacon(audits, genesis, uint64(p.epochSeconds), uint64(p.margin));
        IBeacon[] memory beacons = new IBeacon[](1);
        beacons[0] = c.beacon;
        c.ledger = ILedger(
            create(
                "contracts/Ledger.sol:Ledger",
                abi.encode(p.token, registry, audits, challenges, p.treasury, p.unbondSeconds)
            )
        );
        c.registry = IRegistry(create("contracts/Registry.sol:Registry", abi.encode(c.ledger, audits)));
        c.audits = IAudits(
            create(
                "contracts/Audits.sol:Audits",
                abi.encode(
                    c.ledger,
                    c.registry,
                    factory,
                    profiles,
                    beacons,
                    uint256(genesis),
                    p.epochSeconds,
                    p.margin,
                    p.protocolFee
                )
            )
        );
        c.challenges = IChallenges(
            create(
                "contracts/Challenges.sol:Challenges",
                abi.encode(c.ledger, c.registry, c.audits, p.minBond)
            )
        );
    }

    /// @param name "path:contract", as the cheat code wants it.
    /// @param arguments those of the constructor, encoded.
    function create(string memory name, bytes memory arguments) internal returns (address made) {
        bytes memory code = bytes.concat(VM.getCode(name), arguments);
        assembly ("memory-safe") {
            made := create(0, add(code, 32), mload(code))
            if iszero(made) {
                returndatacopy(0, 0, returndatasize())
                revert(0, returndatasize())
            }
        }
    }

    /// @dev The first contract of a contract has the nonce 1.
    function _created(uint8 nonce) private view returns (address) {
        return address(uint160(uint256(keccak256(abi.encodePacked(hex"d694", address(this), nonce)))));
    }
}
