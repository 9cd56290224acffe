// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {ClusterId, NodeId, VNodeId} from "../interfaces/Types.sol";
import {Rules} from "./Rules.sol";

/// @title MoneyRules
/// @notice Every token is somebody's, to the unit.
abstract contract MoneyRules is Rules {
    function checkMoney() external view {
        (uint256 accounts, uint256 bonds, uint256 escrow, uint256 credits, uint256 fees) = ledger.totals();
        _checkSolvency(accounts + bonds + escrow + credits + fees);
        _checkSums(accounts, bonds, fees);
        _equal("escrow = epochs not settled + bonds of open challenges", escrow, _escrowOwed());
        _checkCredits(credits);
    }

    function _checkSolvency(uint256 held) private view {
        _equal("tokens = held + what came unasked", token.balanceOf(address(ledger)), held + _donated);
        _equal("deposits - withdrawals = held", _takenIn - _givenOut, held);
    }

    function _checkSums(uint256 accounts, uint256 bonds, uint256 fees) private view {
        uint256 sum = ledger.auditPool(0);
        for (uint256 i = 0; i < _people.length; ++i) sum += ledger.balanceOf(_people[i]);
        _equal("accounts = balances + audit pools", accounts, sum);

        sum = 0;
        for (uint32 i = 1; i <= NODES; ++i) {
            (uint256 total, , , ) = ledger.bondOf(NodeId.wrap(i));
            _equal("bond = bonded - released - slashed", total, _bonds[NodeId.wrap(i)]);
            sum += total;
        }
        _equal("bonds = sum of the nodes' bonds", bonds, sum);

        sum = 0;
        for (uint32 i = 1; i <= CLUSTERS; ++i) sum += ledger.feesOf(ClusterId.wrap(i));
        _equal("fees = sum of the clusters' pots", fees, sum);
    }

    function _escrowOwed() private view returns (uint256 owed) {
        uint32[] memory settled = _settledEpochs();
        for (uint256 i = 0; i < _stored.length; ++i) {
            Stored storage s = _stored[i];
            uint32 next = settled[VNodeId.unwrap(s.vNode)] + 1;
            if (next < s.from) next = s.from;
            if (next < s.end) owed += uint256(s.perEpoch) * (s.end - next);
        }
        for (uint32 i = 1; i < settled.length; ++i) owed += _challengeBonds(VNodeId.wrap(i));
    }

    /// @dev By vNode.
    function _settledEpochs() private view returns (uint32[] memory settled) {
        settled = new uint32[](registry.vNodeCount() + 1);
        for (uint32 i = 1; i < settled.length; ++i) settled[i] = audits.state(VNodeId.wrap(i)).settled;
    }

    /// @dev What rounding leaves is a unit for each time that an amount was rounded.
    function _checkCredits(uint256 credits) private view {
        uint256 claimable;
        for (uint256 i = 0; i < _stored.length; ++i) {
            Stored storage s = _stored[i];
            uint32 from = registry.segment(s.vNode, s.serial).from;
            (, uint256 credit) = audits.creditBetween(s.vNode, from, s.end);
            claimable += (s.perEpoch * credit) / 1e18;
        }
        for (uint32 i = 1; i <= registry.vNodeCount(); ++i) claimable += audits.owedOf(VNodeId.wrap(i));
        _atMost("claims <= credits", claimable, credits);
        _atMost("credits <= claims + roundings", credits, claimable + _roundings + _stored.length);
    }
}
