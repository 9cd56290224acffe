// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IGovernor} from "@openzeppelin/contracts/governance/IGovernor.sol";
import {ClusterVotes} from "../managers/dao/ClusterVotes.sol";

/// @title FlashVoter
/// @notice Borrows votes, uses them, and gives them back in one transaction.
contract FlashVoter {
    ClusterVotes private immutable _votes;

    constructor(ClusterVotes votes) {
        _votes = votes;
    }

    modifier borrowing(address lender, uint256 amount) {
        _votes.transferFrom(lender, address(this), amount);
        _votes.delegate(address(this));
        _;
        _votes.transfer(lender, amount);
    }

    // solhint-disable-next-line no-empty-blocks
    function touch(address lender, uint256 amount) external borrowing(lender, amount) {}

    function vote(
        address lender,
        uint256 amount,
        IGovernor governor,
        uint256 proposal
    ) external borrowing(lender, amount) {
        governor.castVote(proposal, 1);
    }

    function propose(
        address lender,
        uint256 amount,
        IGovernor governor,
        address target
    ) external borrowing(lender, amount) {
        address[] memory targets = new address[](1);
        targets[0] = target;
        governor.propose(targets, new uint256[](1), new bytes[](1), "mine");
    }
}
