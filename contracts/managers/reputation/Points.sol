// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {NodeId} from "../../interfaces/Types.sol";
import {Fading} from "./Fading.sol";
import {Point, ReputationState} from "./State.sol";

/// @title Points
/// @notice The scores of nodes, and what they were before.
library Points {
    function scoreOf(
        ReputationState storage self,
        NodeId node,
        uint32 current
    ) internal view returns (uint256) {
        return scoreSince(self, node, type(uint32).max, current);
    }

    /// @notice See IReputation.
    function scoreSince(
        ReputationState storage self,
        NodeId node,
        uint32 epoch,
        uint32 current
    ) internal view returns (uint256 score) {
        Point[] storage points = self.points[node];
        score = type(uint256).max;
        for (uint256 i = points.length; i != 0; --i) {
            Point memory p = points[i - 1];
            uint256 left = Fading.timesDown(p.score, Fading.powDown(self.keep, current - p.epoch));
            score = Math.min(score, left);
            if (p.epoch < epoch) return score;
        }
        return 0;
    }

    function setScore(ReputationState storage self, NodeId node, uint256 score, uint32 current) internal {
        Point[] storage points = self.points[node];
        if (points.length == 0 || points[points.length - 1].epoch != current) points.push();
        points[points.length - 1] = Point(current, uint224(score));
    }
}
