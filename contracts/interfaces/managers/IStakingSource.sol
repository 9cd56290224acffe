// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {NodeId} from "../Types.sol";

/// @title IStakingSource
/// @notice Nominated staking, as NominationManager uses it: who is elected in each era, with how much stake behind whom.
/// NominatedStaking is one. An adapter to the staking of the chain itself can be another: it says whom the chain has
/// elected, and passes rewards and offences on.
interface IStakingSource {
    struct Member {
        NodeId node;
        address provider;
        /// Token units behind the provider in the era.
        uint256 support;
        /// Whether it may get further vNodes: it has its own stake, and was not chilled.
        bool willing;
    }

    /// @notice The only account that may call turn and punish.
    function manager() external view returns (address);

    /// @notice The era that runs. Eras count from 0, and nobody is elected in the first one.
    function era() external view returns (uint32);

    /// @notice The epoch in which an era began. 2^32 - 1 for an era that has not begun.
    function began(uint32 era) external view returns (uint32 epoch);

    /// @notice The epoch from which on the running era can end.
    function endsAt() external view returns (uint32 epoch);

    /// @notice Who is elected in an era, at most 16. A member's place in the list is its seat.
    function members(uint32 era) external view returns (Member[] memory);

    /// @notice Ends the running era and begins the next one. Tokens that the source has received since the last time are the
    /// reward of the era that ends.
    function turn() external;

    /// @notice Takes a share of all stake that is behind a seat in an era.
    /// @param share basis points. All shares of a seat and era together take no more than everything.
    function punish(uint32 era, uint256 seat, uint256 share) external;
}
