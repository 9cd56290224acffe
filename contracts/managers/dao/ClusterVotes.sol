// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ERC20Votes} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Votes.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";

/// @title ClusterVotes
/// @notice The votes of a cluster's token holders. All of them are made once, for the founders, so that a quorum is a part of
/// a number that nobody can make smaller or larger. Its clock is the time in seconds, as that of the epochs.
contract ClusterVotes is ERC20Permit, ERC20Votes {
    /// @notice Thrown when there are no holders, or not as many amounts.
    error BadHolders(uint256 holders, uint256 amounts);

    /// @param holders the founders. Each votes with its own tokens. Who gets tokens later must delegate them, to itself or
    /// to another account, before they are votes.
    constructor(
        string memory name_,
        string memory symbol_,
        address[] memory holders,
        uint256[] memory amounts
    ) ERC20(name_, symbol_) ERC20Permit(name_) {
        require(
            holders.length != 0 && holders.length == amounts.length,
            BadHolders(holders.length, amounts.length)
        );
        for (uint256 i = 0; i < holders.length; ++i) {
            _delegate(holders[i], holders[i]);
            _mint(holders[i], amounts[i]);
        }
    }

    function clock() public view override returns (uint48) {
        return uint48(block.timestamp);
    }

    /// @dev The name that ERC-6372 gives it.
    function CLOCK_MODE() public pure override returns (string memory) {
        return "mode=timestamp";
    }

    function nonces(address owner) public view override(ERC20Permit, Nonces) returns (uint256) {
        return super.nonces(owner);
    }

    function _update(address from, address to, uint256 value) internal override(ERC20, ERC20Votes) {
        super._update(from, to, value);
    }
}
