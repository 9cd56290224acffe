// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IFactory} from "../interfaces/IFactory.sol";

/// @title AnyFactory
/// @notice Stands in for the factory in tests with verifiers and beacons of their own. It claims to have made everything.
contract AnyFactory is IFactory {
    function isVerifier(address) external pure returns (bool) {
        return true;
    }

    function isBeacon(address) external pure returns (bool) {
        return true;
    }
}
