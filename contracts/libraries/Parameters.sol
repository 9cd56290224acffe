// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IAudits} from "../interfaces/IAudits.sol";
import {ClusterParams} from "../interfaces/Types.sol";

/// @title Parameters
/// @notice The bounds of what a manager may choose for a cluster.
library Parameters {
    /// @dev A node has at least a quarter of the epoch to answer.
    uint256 internal constant MIN_WINDOW_DIVISOR = 4;
    uint256 internal constant MAX_MISSES = 32;
    uint256 internal constant MAX_SLASH_MULTIPLE = 100;
    uint256 internal constant MAX_FAULT_MULTIPLE = 1000;
    /// @dev 2^14, so that a rate below 2^80 times this is below 2^96.
    uint256 internal constant MAX_BOND_EPOCHS = 16_383;
    uint256 internal constant MAX_MANAGER_FEE = 2000;
    uint256 internal constant MAX_AUDIT_FEE = 1000;
    /// @dev The least is what makes paying oneself dear (protocol.md, section 9.1).
    uint256 internal constant MIN_PROTOCOL_FEE = 200;
    uint256 internal constant MAX_PROTOCOL_FEE = 500;
    uint256 internal constant MAX_REPORTER_SHARE = 2000;

    /// @dev Coverage below this is paid in proportion: 3/4, as a part of what the directory's total stands for.
    uint256 internal constant FULL_NUMERATOR = 3;
    uint256 internal constant FULL_DENOMINATOR = 4;

    /// @dev Before such a part of the rate ends, it is asked for. Whoever would make it smaller, by what it pays itself, pays more in fees
    /// than it can save: 1 + 0.9 / MIN_PROTOCOL_FEE, and more (docs/incentives.md).
    uint256 internal constant ENDING_DIVISOR = 64;

    /// @dev Basis points of what a lost challenge costs, to the treasury: who challenges itself loses them.
    uint256 internal constant TREASURY_SHARE = 1000;

    /// @dev Epochs of a notice to leave, all of them due.
    uint32 internal constant LEAVE_NOTICE = 4;
    /// @dev Epochs that leaving takes at most, without the delay of the bond: the running one, the notice, and one more.
    uint32 internal constant EXIT_EPOCHS = LEAVE_NOTICE + 2;
    /// @dev From the declaration of a pause to its beginning: the epoch before it is due.
    uint32 internal constant PAUSE_NOTICE = 2;
    uint256 internal constant QUARTER_SECONDS = 90 days;
    /// @dev Of a quarter, a node may pause 2 days, and at least one epoch.
    uint256 internal constant PAUSE_DIVISOR = 45;

    function pauseBudget(uint256 quarterEpochs) internal pure returns (uint256) {
        return (quarterEpochs + PAUSE_DIVISOR - 1) / PAUSE_DIVISOR;
    }

    /// @notice Seconds of the shortest window.
    function minWindow(uint256 epochSeconds) internal pure returns (uint256) {
        return (epochSeconds + MIN_WINDOW_DIVISOR - 1) / MIN_WINDOW_DIVISOR;
    }

    function check(ClusterParams calldata p, uint256 epochSeconds, uint256 margin) internal pure {
        _bound("window", p.window, minWindow(epochSeconds), epochSeconds - margin);
        _bound("maxMisses", p.maxMisses, 1, MAX_MISSES);
        _bound("grace", p.grace, 0, p.maxMisses - 1);
        _bound("slashMultiple", p.slashMultiple, 0, MAX_SLASH_MULTIPLE);
        _bound("faultMultiple", p.faultMultiple, 0, MAX_FAULT_MULTIPLE);
        _bound("syncEpochs", p.syncEpochs, 1, type(uint8).max);
        // All that a node can be slashed from its last proof to its removal.
        uint256 atStake = uint256(p.maxMisses - p.grace) * p.slashMultiple + p.faultMultiple;
        _bound("bondEpochs", p.bondEpochs, atStake, MAX_BOND_EPOCHS);
        // Rarer audits cost more.
        _bound("odds", p.odds, 1, Math.min(atStake / 2, _mostOdds(p)));
        _bound("managerFee", p.managerFee, 0, MAX_MANAGER_FEE);
        _bound("auditFee", p.auditFee, 0, MAX_AUDIT_FEE);
        _bound("reporterShare", p.reporterShare, 0, MAX_REPORTER_SHARE);
    }

    /// @dev It pays best to fail about two proofs in five, of a directory that is full of what one pays oneself for, and to end
    /// a run of misses by a challenge of one's own, when j - 1 of them have been counted. Of all proofs, (2/5)^i · (1 - 2/5) /
    /// (1 - (2/5)^j) are the i-th miss in a row then; whatever j is, what they are slashed by is half of the rate that a
    /// proof stands for, or more (docs/incentives.md).
    function _mostOdds(ClusterParams calldata p) private pure returns (uint256 most) {
        most = type(uint256).max;
        uint256 end = Math.max(p.faultMultiple, p.slashMultiple);
        for (uint256 j = p.grace + 1; j <= p.maxMisses; ++j) {
            uint256 beyond = j - 1 - p.grace;
            // Times 3 · 5^j: the sum over i from grace + 1 to j - 1.
            uint256 slashes = 5 * p.slashMultiple * ((5 ** beyond - 2 ** beyond) << (p.grace + 1));
            most = Math.min(most, (2 * slashes + 6 * (end << j)) / (5 * (5 ** j - 2 ** j)));
        }
    }

    function _bound(string memory name, uint256 value, uint256 min, uint256 max) private pure {
        require(min <= value && value <= max, IAudits.BadParameter(name, value));
    }
}
