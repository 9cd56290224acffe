// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IFactory} from "../interfaces/IFactory.sol";

/// @title AnyFactory
/// @notice Stands in for the factory where a test has verifiers and beacons of its own: it has made everything.
contract AnyFactory is IFactory {
    function isVerifier(address) external pure returns (bool) {
        return true;
    }

    function isBeacon(address) external pure returns (bool) {
        return true;
    }
}
