// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Parameters} from "../../libraries/Parameters.sol";

/// @notice The terms of nominated staking. They never change.
struct StakingTerms {
    /// Seats of the active set.
    uint8 seats;
    /// Epochs of an era, and how many of them, at its end, the election of the next one takes.
    uint16 eraEpochs;
    uint16 electionEpochs;
    /// Epochs from a request until stake can be released.
    uint16 unbondEpochs;
    /// The least own stake of a candidate, and the least stake of a nominator.
    uint96 leastOwn;
    uint96 leastNomination;
    /// What a submission puts down, and what the best one earns at most.
    uint96 deposit;
    uint96 solverReward;
    /// What paying out a page earns at most.
    uint64 pageReward;
}

/// @title Terms
/// @notice The bounds of the terms.
library Terms {
    uint256 internal constant MAX_SEATS = 16;
    /// @dev A motion of the members (Ballot) then spans few eras.
    uint256 internal constant MIN_ERA = 4;
    uint256 internal constant MAX_ERA = 1024;
    /// @dev What is wrong in an era's last epoch is known that much later: settling may take 4 epochs, a challenge 3, and the
    /// cranks have the rest. A challenge's clock stops while its node pauses.
    uint256 internal constant KNOWN_EPOCHS = 16;

    /// @notice Thrown when a term is outside its bounds.
    error BadTerm(string name, uint256 value);

    /// @param quarterEpochs the epochs of a quarter, a part of which a node may pause.
    function check(StakingTerms memory t, uint256 quarterEpochs) internal pure {
        require(t.seats >= 1 && t.seats <= MAX_SEATS, BadTerm("seats", t.seats));
        require(t.eraEpochs >= MIN_ERA && t.eraEpochs <= MAX_ERA, BadTerm("eraEpochs", t.eraEpochs));
        require(
            t.electionEpochs >= 1 && t.electionEpochs < t.eraEpochs,
            BadTerm("electionEpochs", t.electionEpochs)
        );
        // What is asked for during an election still counts in it, and so until the next era is over.
        uint256 least = 2 * uint256(t.eraEpochs) + KNOWN_EPOCHS + Parameters.pauseBudgetUp(quarterEpochs);
        require(
            t.unbondEpochs >= least && t.unbondEpochs <= least + 8 * MAX_ERA,
            BadTerm("unbondEpochs", t.unbondEpochs)
        );
        require(t.leastOwn != 0, BadTerm("leastOwn", 0));
        require(t.leastNomination != 0, BadTerm("leastNomination", 0));
        require(t.deposit != 0, BadTerm("deposit", 0));
        require(t.solverReward <= t.deposit, BadTerm("solverReward", t.solverReward));
        require(t.pageReward <= t.deposit, BadTerm("pageReward", t.pageReward));
    }
}
