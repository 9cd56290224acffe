// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Fading} from "./Fading.sol";

/// @dev The rules of a ReputationManager, which never change. Scores are in token units of paid service.
struct ReputationRules {
    /// A vNode is sampled in one epoch of so many, at random.
    uint16 period;
    /// In each epoch a score loses one part of so many.
    uint32 memoryEpochs;
    /// The most that a payer counts for in an epoch of a vNode, in token units.
    uint80 payerCap;
    /// A candidate becomes a member from this score on, and a member gets notice below that one.
    uint112 admitScore;
    uint112 evictScore;
    /// Epochs that a candidate serves at least, and epochs of a notice.
    uint16 probation;
    uint16 notice;
    /// Leaves that a candidate's vNode may hold.
    uint40 probationLeaves;
    /// Token units of a node's bond, locked or not.
    uint96 bond;
    /// The most members, the first members that evictScore is enough for, and the most vNodes of a member.
    uint8 members;
    uint8 founders;
    uint8 seats;
    /// The most vNodes that are added for candidates.
    uint16 vNodes;
    /// Token units for a decision that a caller brings about.
    uint96 reward;
}

/// @title RuleBounds
/// @notice The bounds of the rules.
library RuleBounds {
    uint256 internal constant MAX_PERIOD = 256;
    uint256 internal constant MIN_MEMORY = 64;
    uint256 internal constant MAX_MEMORY = 1 << 20;
    /// @dev Counting the votes of so many members fits a transaction.
    uint256 internal constant MAX_MEMBERS = 32;
    uint256 internal constant MAX_FOUNDERS = 8;
    uint256 internal constant MAX_SEATS = 64;
    uint256 internal constant MAX_EPOCHS = 4096;
    uint256 internal constant MAX_VNODES = 4096;

    /// @notice Thrown when a rule is outside its bounds.
    error BadRule(string name, uint256 value);

    /// @param leastNotice the epochs that leaving takes.
    function check(ReputationRules memory r, uint256 leastNotice) internal pure {
        _bound("period", r.period, 1, MAX_PERIOD);
        _bound("memoryEpochs", r.memoryEpochs, MIN_MEMORY, MAX_MEMORY);
        _bound("payerCap", r.payerCap, 1, type(uint80).max);
        _bound("admitScore", r.admitScore, 2, type(uint112).max);
        _bound("evictScore", r.evictScore, 1, r.admitScore - 1);
        // So that nobody is too slow who is only not drawn.
        _bound("probation", r.probation, (uint256(r.period) + 1) / 2, MAX_EPOCHS);
        _bound("notice", r.notice, leastNotice, MAX_EPOCHS);
        _bound("probationLeaves", r.probationLeaves, 1, type(uint40).max);
        _bound("bond", r.bond, 1, type(uint96).max);
        _bound("members", r.members, 1, MAX_MEMBERS);
        _bound("founders", r.founders, 1, r.members < MAX_FOUNDERS ? r.members : MAX_FOUNDERS);
        _bound("seats", r.seats, 1, MAX_SEATS);
        _bound("vNodes", r.vNodes, 0, MAX_VNODES);
    }

    /// @notice What of a score is left after an epoch.
    function keepDown(ReputationRules memory r) internal pure returns (uint256) {
        return Fading.ONE - Fading.ONE / r.memoryEpochs;
    }

    function _bound(string memory name, uint256 value, uint256 min, uint256 max) private pure {
        require(min <= value && value <= max, BadRule(name, value));
    }
}
