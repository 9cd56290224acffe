// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {NodeId} from "../../interfaces/Types.sol";

/// @title Lots
/// @notice A weighted draw in which each node has a lot of its own: -log2(u) / weight, where u is uniform in (0, 1]. The least
/// lot wins, with a chance that is the node's part of all weights.
/// @dev A node that joins, goes or changes its weight changes no other lot. So nobody can move a draw from one node to another
/// once its randomness is known; a node can only decline.
library Lots {
    /// @dev Bits after the point of a logarithm.
    uint256 private constant PRECISION = 48;

    /// @return cost -log2(u), times 2^48, rounded up.
    function costUp(bytes32 draw, NodeId node) internal pure returns (uint256 cost) {
        uint256 u = uint256(uint128(uint256(keccak256(abi.encode(draw, node))))) + 1;
        return (128 << PRECISION) - log2Down(u);
    }

    /// @notice log2(u) times 2^48, for u from 1 to 2^128.
    function log2Down(uint256 u) internal pure returns (uint256 result) {
        uint256 whole = Math.log2(u);
        if (whole == 128) return 128 << PRECISION;
        // 1 <= x / 2^127 < 2. Its square has twice the logarithm: whether that is 1 or more is the next bit.
        uint256 x = u << (127 - whole);
        result = whole;
        unchecked {
            for (uint256 i = 0; i < PRECISION; ++i) {
                x = (x * x) >> 127;
                uint256 bit = x >> 128;
                x >>= bit;
                result = (result << 1) | bit;
            }
        }
    }

    /// @notice Whether the first lot is less than the second one.
    function isLess(
        uint256 cost,
        uint256 weight,
        uint256 cost2,
        uint256 weight2
    ) internal pure returns (bool) {
        return cost * weight2 < cost2 * weight;
    }
}
