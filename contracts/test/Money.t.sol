// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "../interfaces/IAudits.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {ChallengeId, ClusterId, NodeId, VNodeId} from "../interfaces/Types.sol";
import {Handler} from "./Handler.sol";

/// @title MoneyTest
/// @notice What holds after any sequence of what people do.
contract MoneyTest {
    Handler private _handler;

    function setUp() public {
        _handler = new Handler();
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    /// @dev Tokens come in by deposits and leave by withdrawals; nothing is made or lost between.
    function invariant_EveryTokenIsSomebodys() public view {
        (uint256 accounts, uint256 bonds, uint256 escrow, uint256 credits, uint256 fees) = _handler
            .ledger()
            .totals();
        uint256 sum;
        for (uint256 i = 0; i < _handler.peopleCount(); ++i) {
            sum += _handler.ledger().balanceOf(_handler.people(i));
        }
        assert(sum + _handler.ledger().auditPool(0) == accounts);
        uint256 held = accounts + bonds + escrow + credits + fees;
        assert(_handler.token().balanceOf(address(_handler.ledger())) == held);
        assert(_handler.ledger().feesOf(ClusterId.wrap(1)) == fees);
    }

    /// @dev locked + unbonding <= total; locked is what the node's vNodes have locked, and used what they hold.
    function invariant_NodesOweWhatTheirVNodesSay() public view {
        uint256 bonds;
        for (uint32 n = 1; n <= _handler.NODES(); ++n) {
            (uint256 total, uint256 locked, uint256 unbonding, ) = _handler.ledger().bondOf(NodeId.wrap(n));
            assert(locked + unbonding <= total);
            bonds += total;
            uint256 expected;
            uint256 held;
            for (uint32 i = 1; i <= _handler.VNODES(); ++i) {
                IAudits.VNodeState memory v = _handler.audits().state(VNodeId.wrap(i));
                if (NodeId.unwrap(v.node) == n) expected += v.locked;
                if (NodeId.unwrap(v.nextNode) == n) expected += v.nextLocked;
                expected += _handler.audits().keptOf(VNodeId.wrap(i), NodeId.wrap(n));
                IRegistry.VNodeView memory r = _handler.registry().vNode(VNodeId.wrap(i));
                if (NodeId.unwrap(r.node) == n) held += r.held;
                if (NodeId.unwrap(v.node) == 0) assert(v.locked == 0);
                assert(v.locked <= uint256(v.committed) * _handler.BOND_EPOCHS());
                if (v.nextSince == 0) assert(v.nextLocked == 0);
            }
            assert(locked == expected);
            assert(_handler.registry().node(NodeId.wrap(n)).used == held);
        }
        (, uint256 totalBonds, , , ) = _handler.ledger().totals();
        assert(bonds == totalBonds);
    }

    /// @dev Escrow is what the unsettled epochs of every segment cost, and what open challenges do; rates are sums of their segments'.
    function invariant_EscrowCoversWhatIsNotSettled() public view {
        uint256 owed;
        uint256[3] memory committed;
        uint256[3] memory rates;
        for (uint256 i = 0; i < _handler.storedCount(); ++i) {
            (VNodeId id, , uint32 from, uint32 end, uint80 perEpoch) = _handler.stored(i);
            uint32 settled = _handler.audits().state(id).settled;
            if (end <= settled) continue;
            uint32 next = from > settled ? from : settled + 1;
            owed += uint256(perEpoch) * (end - next);
            committed[VNodeId.unwrap(id)] += perEpoch;
            if (from <= settled) rates[VNodeId.unwrap(id)] += perEpoch;
        }
        (, , uint256 escrow, , ) = _handler.ledger().totals();
        assert(escrow == owed + _challengeBonds());
        for (uint32 i = 1; i <= 2; ++i) {
            IAudits.VNodeState memory v = _handler.audits().state(VNodeId.wrap(i));
            assert(v.rate == rates[i]);
            assert(v.committed == committed[i]);
        }
    }

    function _challengeBonds() private view returns (uint256 bonds) {
        for (uint32 i = 1; i <= _handler.VNODES(); ++i) {
            ChallengeId[] memory open = _handler.challenges().openOf(VNodeId.wrap(i));
            for (uint256 j = 0; j < open.length; ++j) {
                bonds += _handler.challenges().challengeOf(open[j]).bond;
            }
        }
    }

    /// @dev Bond is kept only for challenges.
    function invariant_NothingIsKeptWithoutAChallenge() public view {
        for (uint32 n = 1; n <= _handler.NODES(); ++n) {
            for (uint32 i = 1; i <= _handler.VNODES(); ++i) {
                (VNodeId vNode, NodeId node) = (VNodeId.wrap(i), NodeId.wrap(n));
                if (_handler.challenges().openAgainst(vNode, node) != 0) continue;
                assert(_handler.audits().keptOf(vNode, node) == 0);
            }
        }
    }

    /// @dev Credits cover every claim, and what rounding leaves of them is a few units per segment and epoch.
    function invariant_CreditsCoverClaims() public view {
        (, , , uint256 credits, ) = _handler.ledger().totals();
        uint256 claimable;
        for (uint256 i = 0; i < _handler.storedCount(); ++i) {
            (VNodeId id, uint32 serial, , , uint80 perEpoch) = _handler.stored(i);
            IRegistry.SegmentRecord memory s = _handler.registry().segment(id, serial);
            (, uint256 credit) = _handler.audits().creditBetween(id, s.from, s.end);
            claimable += (perEpoch * credit) / 1e18;
        }
        for (uint32 i = 1; i <= _handler.VNODES(); ++i)
            claimable += _handler.audits().owedOf(VNodeId.wrap(i));
        assert(claimable <= credits);
        assert(credits - claimable <= 1000 * (1 + _handler.storedCount()));
    }
}
