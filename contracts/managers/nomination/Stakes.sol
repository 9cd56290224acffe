// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

/// @title Stakes
/// @notice What a candidate or a nominator has staked, what of it is leaving, and what counted when an election began.
library Stakes {
    struct Stake {
        uint96 staked;
        /// What counts in the election, if anything has changed since it began.
        uint96 frozen;
        uint32 election;
        /// The epoch from which on `leaving` can be released.
        uint32 releasable;
        address owner;
        uint96 leaving;
    }

    /// @notice Thrown when a stake would be below the least one, but not 0.
    error StakeTooSmall(uint256 amount, uint256 least);
    /// @notice Thrown when more would leave than is staked.
    error StakeExceeded(uint256 amount, uint256 staked);
    /// @notice Thrown when nothing is leaving, or the delay is not over.
    error NotReleasable(uint32 releasable, uint32 currentEpoch);

    /// @dev To be called before any change while an election runs.
    function freeze(Stake storage s, uint32 election, uint256 value) internal {
        if (s.election != election) (s.election, s.frozen) = (election, uint96(value));
    }

    function unbond(Stake storage s, uint96 amount, uint96 least, uint32 releasable) internal {
        uint96 staked = s.staked;
        require(amount != 0 && amount <= staked, StakeExceeded(amount, staked));
        uint96 left = staked - amount;
        require(left == 0 || left >= least, StakeTooSmall(left, least));
        (s.staked, s.leaving, s.releasable) = (left, s.leaving + amount, releasable);
    }

    function release(Stake storage s, uint32 current) internal returns (uint96 amount) {
        amount = s.leaving;
        require(amount != 0 && current >= s.releasable, NotReleasable(s.releasable, current));
        s.leaving = 0;
    }

    /// @dev What is staked goes first, then what is leaving.
    function take(Stake storage s, uint256 amount) internal returns (uint256 taken) {
        uint256 fromStaked = amount < s.staked ? amount : s.staked;
        uint256 rest = amount - fromStaked;
        uint256 fromLeaving = rest < s.leaving ? rest : s.leaving;
        s.staked -= uint96(fromStaked);
        if (fromLeaving != 0) s.leaving -= uint96(fromLeaving);
        return fromStaked + fromLeaving;
    }
}
