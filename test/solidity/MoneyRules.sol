// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {ClusterId, NodeId, VNodeId} from "../../contracts/interfaces/Types.sol";
import {Rules} from "./Rules.sol";

/// @title MoneyRules
/// @notice Every token is somebody's, to the unit.
abstract contract MoneyRules is Rules {
    function checkMoney() external view {
        (uint256 accounts, uint256 bonds, uint256 escrow, uint256 credits, uint256 fees) = ledger.totals();
        _checkSolvency(accounts + bonds + escrow + credits + fees);
        _checkSums(accounts, bonds, fees);
        _equal("escrow = epochs not decided + bonds of open challenges", escrow, _escrowOwed());
        _checkCredits(credits);
    }

    function _checkSolvency(uint256 held) private view {
        _equal("tokens = held + what came unasked", token.balanceOf(address(ledger)), held + _donated);
        _equal("deposits - withdrawals = held", _takenIn - _givenOut, held);
    }

    function _checkSums(uint256 accounts, uint256 bonds, uint256 fees) private view {
        uint256 sum = ledger.auditPool(0);
        _equal("the pool has what the events say", sum, _pool);
        for (uint256 i = 0; i < _people.length; ++i) {
            uint256 balance = ledger.balanceOf(_people[i]);
            _equal("an account has what the events say", balance, _balance[_people[i]]);
            sum += balance;
        }
        _equal("accounts = balances + audit pools", accounts, sum);

        sum = 0;
        for (uint32 i = 1; i <= NODES; ++i) {
            (uint256 total, , , ) = ledger.bondOf(NodeId.wrap(i));
            _equal("bond = bonded - released - slashed", total, _bonds[NodeId.wrap(i)]);
            sum += total;
        }
        _equal("bonds = sum of the nodes' bonds", bonds, sum);

        sum = 0;
        for (uint32 i = 1; i <= CLUSTERS; ++i) {
            (uint256 pot, uint256 protocol) = ledger.feesOf(ClusterId.wrap(i));
            _equal("the treasury's part of fees is exact", protocol, _protocol[ClusterId.wrap(i)]);
            sum += pot;
        }
        _equal("fees = sum of the clusters' pots", fees, sum);
    }

    function _escrowOwed() private view returns (uint256 owed) {
        uint32[] memory next = _undecided();
        for (uint256 i = 0; i < _stored.length; ++i) {
            Stored storage s = _stored[i];
            uint32 from = next[VNodeId.unwrap(s.vNode)];
            if (from < s.from) from = s.from;
            if (from < s.end) owed += uint256(s.perEpoch) * (s.end - from);
        }
        for (uint32 i = 1; i < next.length; ++i) owed += _challengeBonds(VNodeId.wrap(i));
    }

    /// @dev The first epoch that is not decided, by vNode.
    function _undecided() private view returns (uint32[] memory next) {
        next = new uint32[](registry.vNodeCount() + 1);
        for (uint32 i = 1; i < next.length; ++i) {
            uint32 deferred = _pages[VNodeId.wrap(i)].deferredSince;
            next[i] = deferred != 0 ? deferred : audits.state(VNodeId.wrap(i)).settled + 1;
        }
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
        for (uint32 i = 1; i <= registry.vNodeCount(); ++i) {
            uint256 owed = audits.owedOf(VNodeId.wrap(i));
            _equal("what owners are owed was taken for them", owed, _owed[VNodeId.wrap(i)]);
            claimable += owed;
        }
        _atMost("claims <= credits", claimable, credits);
        _atMost("credits <= claims + roundings", credits, claimable + _roundings + _stored.length);
    }
}
