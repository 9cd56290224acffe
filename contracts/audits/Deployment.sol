// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IAudits} from "../interfaces/IAudits.sol";
import {IChallenges} from "../interfaces/IChallenges.sol";
import {IFactory} from "../interfaces/IFactory.sol";
import {ILedger} from "../interfaces/ILedger.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {Unauthorized} from "../interfaces/Types.sol";
import {Parameters} from "../libraries/Parameters.sol";

/// @title Deployment
/// @notice What is fixed when Audits is deployed: its neighbours, the times of epochs, and the treasury's fee.
abstract contract Deployment is IAudits {
    ILedger public immutable ledger;
    IRegistry public immutable registry;
    IChallenges public immutable challenges;
    IERC20 public immutable token;
    IFactory public immutable factory;
    uint256 public immutable genesis;
    uint256 public immutable epochSeconds;
    uint256 public immutable margin;
    uint256 public immutable protocolFee;
    uint32 public immutable changeDelay;

    modifier onlyRegistry() {
        require(msg.sender == address(registry), Unauthorized(msg.sender));
        _;
    }

    modifier onlyChallenges() {
        require(msg.sender == address(challenges), Unauthorized(msg.sender));
        _;
    }

    modifier onlyTreasury() {
        require(msg.sender == ledger.treasury(), Unauthorized(msg.sender));
        _;
    }

    constructor(
        ILedger ledger_,
        IRegistry registry_,
        IFactory factory_,
        uint256 genesis_,
        uint256 epochSeconds_,
        uint256 margin_,
        uint256 protocolFee_
    ) {
        require(
            ledger_.registry() == address(registry_) &&
                ledger_.audits() == address(this) &&
                address(registry_.ledger()) == address(ledger_) &&
                address(registry_.audits()) == address(this),
            BadDeployment()
        );
        require(
            genesis_ <= block.timestamp &&
                epochSeconds_ != 0 &&
                epochSeconds_ <= type(uint32).max &&
                2 * epochSeconds_ <= ledger_.unbondSeconds() &&
                margin_ <= epochSeconds_ / 4 &&
                protocolFee_ >= Parameters.MIN_PROTOCOL_FEE &&
                protocolFee_ <= Parameters.MAX_PROTOCOL_FEE,
            BadDeployment()
        );
        (ledger, registry, token, factory) = (ledger_, registry_, ledger_.token(), factory_);
        challenges = IChallenges(ledger_.challenges());
        (genesis, epochSeconds, margin, protocolFee) = (genesis_, epochSeconds_, margin_, protocolFee_);
        changeDelay = uint32(Math.ceilDiv(ledger_.unbondSeconds(), epochSeconds_)) + Parameters.EXIT_EPOCHS;
    }
}
