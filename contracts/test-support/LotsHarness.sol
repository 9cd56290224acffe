// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {NodeId} from "../interfaces/Types.sol";
import {Lots} from "../managers/proof/Lots.sol";
import {Posted} from "../managers/proof/Posted.sol";

/// @title LotsHarness
/// @notice Calls Lots and Posted for tests.
contract LotsHarness {
    function costUp(bytes32 draw, NodeId node) external pure returns (uint256) {
        return Lots.costUp(draw, node);
    }

    function log2Down(uint256 u) external pure returns (uint256) {
        return Lots.log2Down(u);
    }

    function priceAt(Posted.Curve memory c, uint256 used, uint256 offered) external pure returns (uint256) {
        return Posted.priceAt(c, used, offered);
    }

    function follow(Posted.Curve memory c, uint256 price, uint256 target) external pure returns (uint256) {
        return Posted.follow(c, price, target);
    }
}
