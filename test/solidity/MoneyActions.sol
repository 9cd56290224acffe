// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {NodeId} from "../../contracts/interfaces/Types.sol";
import {VM} from "./Vm.sol";
import {Chronicle} from "./Chronicle.sol";

/// @title MoneyActions
/// @notice Tokens come in, are bonded, come out of bonds and leave.
abstract contract MoneyActions is Chronicle {
    function deposit(uint256 who, uint256 to, uint256 amount) external acts {
        uint256 before = token.balanceOf(address(ledger));
        VM.prank(_anyone(who));
        ledger.deposit(_anyone(to), _share(MEANS, amount));
        _takenIn += token.balanceOf(address(ledger)) - before;
    }

    function withdraw(uint256 who, uint256 to, uint256 amount) external acts {
        address from = _anyone(who);
        amount = _share(ledger.balanceOf(from), amount);
        uint256 before = token.balanceOf(address(ledger));
        _spends(from);
        ledger.withdraw(_anyone(to), amount);
        _givenOut += before - token.balanceOf(address(ledger));
    }

    /// @dev Tokens that nobody is credited for.
    function donate(uint256 amount) external acts {
        uint256 before = token.balanceOf(address(ledger));
        token.mint(address(ledger), amount % MEANS);
        _donated += token.balanceOf(address(ledger)) - before;
    }

    function bond(uint256 who, uint256 to, uint256 amount) external acts {
        address from = _anyone(who);
        amount = _share(ledger.balanceOf(from), amount);
        _spends(from);
        ledger.bond(_node(to), amount);
    }

    function requestUnbond(uint256 which, uint256 amount) external acts {
        NodeId node = _node(which);
        amount = _share(ledger.freeBond(node), amount);
        VM.prank(_providerOf(node));
        ledger.requestUnbond(node, amount);
    }

    function releaseBond(uint256 which) external acts {
        for (uint256 i = which % NODES; i < NODES + (which % NODES); ++i) {
            (, , uint256 unbonding, uint256 releaseAt) = ledger.bondOf(_node(i));
            if (unbonding == 0) continue;
            if (block.timestamp < releaseAt) VM.warp(releaseAt);
            VM.prank(_providerOf(_node(i)));
            return ledger.releaseBond(_node(i));
        }
        revert Nothing();
    }

    function collectFees(uint256 which) external acts {
        (uint256 fees, ) = ledger.feesOf(_cluster(which));
        ledger.collectFees(_cluster(fees == 0 ? which + 1 : which));
    }

    /// @dev All of it in one of eight cases, up to a quarter otherwise.
    function _share(uint256 whole, uint256 seed) internal pure returns (uint256) {
        require(whole != 0, Nothing());
        return seed % 8 == 0 ? whole : 1 + (seed % whole) / 4;
    }
}
