// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IAudits} from "../interfaces/IAudits.sol";
import {ClusterParams} from "../interfaces/Types.sol";
import {Rounding} from "./Rounding.sol";

/// @title Parameters
/// @notice The bounds of the terms that a manager may choose, and the constants of the protocol.
library Parameters {
    /// @dev The shortest window is a quarter of the epoch.
    uint256 internal constant MIN_WINDOW_DIVISOR = 4;
    uint256 internal constant MAX_MISSES = 32;
    uint256 internal constant MAX_SLASH_MULTIPLE = 100;
    uint256 internal constant MAX_FAULT_MULTIPLE = 1000;
    /// @dev It is below 2^14. A rate below 2^80 times this is below 2^94, and fits the 96 bits of a lock.
    uint256 internal constant MAX_BOND_EPOCHS = 16_383;
    uint256 internal constant MAX_MANAGER_FEE = 2000;
    uint256 internal constant MAX_AUDIT_FEE = 1000;
    /// @dev The least fee makes it dear to pay oneself (protocol.md, section 9.1).
    uint256 internal constant MIN_PROTOCOL_FEE = 200;
    uint256 internal constant MAX_PROTOCOL_FEE = 500;
    uint256 internal constant MAX_REPORTER_SHARE = 2000;

    /// @dev If coverage is below 3/4, the pay falls in proportion.
    uint256 internal constant FULL_NUMERATOR = 3;
    uint256 internal constant FULL_DENOMINATOR = 4;

    /// @dev A part of the rate is asked for before it ends, if it is at least a 64th. A node could make the part smaller by
    /// storing for itself, but the fees would cost more than that saves: 1 + 0.9 / MIN_PROTOCOL_FEE or more
    /// (docs/incentives.md).
    uint256 internal constant ENDING_DIVISOR = 64;

    /// @dev The treasury's basis points of the slash of a failed challenge. A node that challenges itself loses them.
    uint256 internal constant TREASURY_SHARE = 1000;

    /// @dev The epochs of a notice to leave. All of them are due.
    uint32 internal constant LEAVE_NOTICE = 4;
    /// @dev The most epochs that leaving takes, without the delay of the bond: the running one, the notice, and one more.
    uint32 internal constant EXIT_EPOCHS = LEAVE_NOTICE + 2;
    /// @dev Epochs from the declaration of a pause until it begins. The epoch before a pause is due.
    uint32 internal constant PAUSE_NOTICE = 2;
    uint256 internal constant QUARTER_SECONDS = 90 days;
    /// @dev A node may pause for a 45th of a quarter, which is 2 days, and for at least one epoch.
    uint256 internal constant PAUSE_DIVISOR = 45;
    /// @dev A challenge is answered in this many epochs after its own.
    uint32 internal constant RESPONSE_EPOCHS = 2;

    /// @notice The epochs of a quarter that a node may pause.
    function pauseBudgetUp(uint256 quarterEpochs) internal pure returns (uint256) {
        return Rounding.divUp(quarterEpochs, PAUSE_DIVISOR);
    }

    /// @notice The shortest window, in seconds.
    function minWindowUp(uint256 epochSeconds) internal pure returns (uint256) {
        return Rounding.divUp(epochSeconds, MIN_WINDOW_DIVISOR);
    }

    function check(ClusterParams calldata p, uint256 epochSeconds, uint256 margin) internal pure {
        _bound("window", p.window, minWindowUp(epochSeconds), epochSeconds - margin);
        _bound("maxMisses", p.maxMisses, 1, MAX_MISSES);
        _bound("grace", p.grace, 0, p.maxMisses - 1);
        _bound("slashMultiple", p.slashMultiple, 0, MAX_SLASH_MULTIPLE);
        _bound("faultMultiple", p.faultMultiple, 0, MAX_FAULT_MULTIPLE);
        _bound("syncEpochs", p.syncEpochs, 1, type(uint8).max);
        // The most that a node can be slashed between its last proof and its removal.
        uint256 atStake = uint256(p.maxMisses - p.grace) * p.slashMultiple + p.faultMultiple;
        _bound("bondEpochs", p.bondEpochs, atStake, MAX_BOND_EPOCHS);
        // The rarer the audits, the higher the penalties must be.
        _bound("odds", p.odds, 1, Math.min(atStake / 2, _mostOddsDown(p)));
        _bound("managerFee", p.managerFee, 0, MAX_MANAGER_FEE);
        _bound("auditFee", p.auditFee, 0, MAX_AUDIT_FEE);
        _bound("reporterShare", p.reporterShare, 0, MAX_REPORTER_SHARE);
    }

    /// @dev The most profitable cheat fails about two proofs in five, in a directory full of segments that the node pays for
    /// itself. It ends each run of misses with a challenge of its own, after j - 1 counted misses. Then the part (2/5)^i ·
    /// (1 - 2/5) / (1 - (2/5)^j) of all proofs is the i-th miss in a row. With these odds, the slashes for them are at least
    /// half of the rate that a proof stands for, whatever j is (docs/incentives.md).
    function _mostOddsDown(ClusterParams calldata p) private pure returns (uint256 most) {
        most = type(uint256).max;
        uint256 end = Math.max(p.faultMultiple, p.slashMultiple);
        for (uint256 j = p.grace + 1; j <= p.maxMisses; ++j) {
            uint256 beyond = j - 1 - p.grace;
            // The sum over i from grace + 1 to j - 1, times 3 · 5^j.
            uint256 slashes = 5 * p.slashMultiple * ((5 ** beyond - 2 ** beyond) << (p.grace + 1));
            most = Math.min(most, (2 * slashes + 6 * (end << j)) / (5 * (5 ** j - 2 ** j)));
        }
    }

    function _bound(string memory name, uint256 value, uint256 min, uint256 max) private pure {
        require(min <= value && value <= max, IAudits.BadParameter(name, value));
    }
}
