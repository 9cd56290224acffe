// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {BASIS_POINTS} from "../../interfaces/Types.sol";

/// @title Posted
/// @notice The posted price: a curve of utilization, which the price follows in bounded steps.
library Posted {
    /// @dev Prices in token units per 1e18 leaves and epoch. The curve goes in straight lines from the least price, at
    /// utilization 0, through the kink to the highest price, at utilization 1.
    struct Curve {
        uint96 least;
        uint96 kink;
        uint96 most;
        /// The kink's utilization, and the most that the price moves at a time, in basis points.
        uint16 kinkAt;
        uint16 step;
    }

    uint256 private constant MAX_STEP = 2000;

    function isSound(Curve memory c) internal pure returns (bool) {
        bool rises = c.least != 0 && c.least <= c.kink && c.kink <= c.most;
        return rises && c.kinkAt != 0 && c.kinkAt < BASIS_POINTS && c.step != 0 && c.step <= MAX_STEP;
    }

    /// @param used of `offered` leaves. Nothing offered is all used.
    function priceAt(Curve memory c, uint256 used, uint256 offered) internal pure returns (uint256) {
        uint256 u = used >= offered ? BASIS_POINTS : (used * BASIS_POINTS) / offered;
        if (u <= c.kinkAt) return c.least + (uint256(c.kink - c.least) * u) / c.kinkAt;
        return c.kink + (uint256(c.most - c.kink) * (u - c.kinkAt)) / (BASIS_POINTS - c.kinkAt);
    }

    /// @notice The price after one step from `price` towards `target`.
    function follow(Curve memory c, uint256 price, uint256 target) internal pure returns (uint256) {
        uint256 step = Math.max(1, (price * c.step) / BASIS_POINTS);
        if (target > price) return Math.min(target, price + step);
        return price - Math.min(price - target, step);
    }
}
