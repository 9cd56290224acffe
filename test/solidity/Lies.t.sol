// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {ChallengeId, ClusterId, FIRST_SERIAL, NodeId, VNodeId} from "../../contracts/interfaces/Types.sol";
import {Rules} from "./Rules.sol";
import {Settings} from "./Settings.sol";
import {System} from "./System.sol";
import {VM} from "./Vm.sol";

/// @title LiesTest
/// @notice A rule that never finds anything rules nothing: contracts whose answers are off by a little break each. See
/// Rumours.t.sol for the rules about what happens.
contract LiesTest {
    System private _system;
    VNodeId private constant V = VNodeId.wrap(1);
    NodeId private constant N = NodeId.wrap(1);
    ClusterId private constant C = ClusterId.wrap(1);

    /// @dev Thrown when a rule holds, or another one does not, although the contracts lie.
    error Unnoticed(string rule, string found);

    function setUp() public {
        _system = Settings.build(Settings.usual());
        _system.neglect(1, 1);
        _system.live(1, 1);
    }

    // -------------------------------------------------------------------------------------------------------- lying

    /// @dev Adds to a word of what the contract answers.
    function _lie(address target, bytes memory call, uint256 word, int256 more) private {
        // solhint-disable-next-line avoid-low-level-calls
        (bool ok, bytes memory answer) = target.staticcall(call);
        require(ok && answer.length > 32 * word, Unnoticed("no such answer", ""));
        assembly ("memory-safe") {
            let at_ := add(answer, mul(32, add(word, 1)))
            mstore(at_, add(mload(at_), more))
        }
        VM.mockCall(target, call, answer);
    }

    /// @dev Ends all lies.
    function _noticed(string memory rule, bytes4 check) private {
        // solhint-disable-next-line avoid-low-level-calls
        (bool ok, bytes memory why) = address(_system).staticcall(abi.encodePacked(check));
        VM.clearMockedCalls();
        require(!ok && bytes4(why) == Rules.Broken.selector, Unnoticed(rule, ""));
        // Without the selector.
        assembly ("memory-safe") {
            mstore(add(why, 4), sub(mload(why), 4))
            why := add(why, 4)
        }
        (string memory found, , ) = abi.decode(why, (string, uint256, uint256));
        require(keccak256(bytes(found)) == keccak256(bytes(rule)), Unnoticed(rule, found));
    }

    // ------------------------------------------------------------------------------------------------------- ledger

    function test_MoneyThatIsNotThereIsNoticed() external {
        bytes4 check = _system.checkMoney.selector;
        address ledger = address(_system.ledger());
        address token = address(_system.token());
        bytes memory totals = abi.encodeCall(_system.ledger().totals, ());
        bytes memory held = abi.encodeCall(_system.token().balanceOf, (ledger));

        _lie(token, held, 0, -1);
        _noticed("tokens = held + what came unasked", check);
        _lie(token, held, 0, 1);
        _lie(ledger, totals, 0, 1);
        _noticed("deposits - withdrawals = held", check);
        _lie(ledger, totals, 0, 1);
        _lie(ledger, totals, 1, -1);
        _noticed("accounts = balances + audit pools", check);
        _lie(ledger, abi.encodeCall(_system.ledger().balanceOf, (address(_system))), 0, 1);
        _noticed("an account has what the events say", check);
        _lie(ledger, abi.encodeCall(_system.ledger().auditPool, (0)), 0, 1);
        _noticed("the pool has what the events say", check);
        _lie(ledger, abi.encodeCall(_system.ledger().feesOf, (C)), 1, 1);
        _noticed("the treasury's part of fees is exact", check);
        _lie(ledger, abi.encodeCall(_system.ledger().bondOf, (N)), 0, 1);
        _noticed("bond = bonded - released - slashed", check);
        _lie(ledger, totals, 1, 1);
        _lie(ledger, totals, 4, -1);
        _noticed("bonds = sum of the nodes' bonds", check);
        _lie(ledger, abi.encodeCall(_system.ledger().feesOf, (C)), 0, -1);
        _noticed("fees = sum of the clusters' pots", check);
        _lie(ledger, totals, 2, 1);
        _lie(ledger, totals, 3, -1);
        _noticed("escrow = epochs not decided + bonds of open challenges", check);
    }

    function test_CreditThatIsNotThereIsNoticed() external {
        bytes4 check = _system.checkMoney.selector;
        address audits = address(_system.audits());
        // Of whatever segment of the vNode.
        bytes memory credit = abi.encodePacked(_system.audits().creditBetween.selector, abi.encode(V));
        _lieOfCredit(audits, credit, 1e30);
        _noticed("claims <= credits", check);
        _lieOfCredit(audits, credit, 0);
        _noticed("credits <= claims + roundings", check);
        _lie(audits, abi.encodeCall(_system.audits().owedOf, (V)), 0, 1);
        _noticed("what owners are owed was taken for them", check);
    }

    function _lieOfCredit(address audits, bytes memory call, uint256 credit) private {
        VM.mockCall(audits, call, abi.encode(uint32(1), credit));
    }

    // ------------------------------------------------------------------------------------------------------- stakes

    function test_StakesThatAreNotThereAreNoticed() external {
        bytes4 check = _system.checkStakes.selector;
        address ledger = address(_system.ledger());
        address audits = address(_system.audits());
        bytes memory bond = abi.encodeCall(_system.ledger().bondOf, (N));
        bytes memory state = abi.encodeCall(_system.audits().state, (V));

        _lie(ledger, bond, 2, 1e30);
        _noticed("locked + unbonding <= bond", check);
        _lie(ledger, bond, 1, 1);
        _noticed("locked = sum of what the vNodes lock and keep", check);
        _lie(audits, state, 9, 1e28);
        _noticed("lock <= committed * bondEpochs", check);
        _lie(audits, state, 9, -1);
        _noticed("lock = committed * bondEpochs, less what was slashed", check);
        _lie(audits, state, 11, 1);
        _noticed("short = less than half is locked", check);
        _lie(audits, state, 10, 1);
        _noticed("nothing is locked for no successor", check);
        _lie(audits, abi.encodeCall(_system.audits().keptOf, (V, N)), 0, 1);
        _noticed("locked = sum of what the vNodes lock and keep", check);
    }

    function test_WhoIsNotThereIsNoticed() external {
        bytes4 check = _system.checkStakes.selector;
        address audits = address(_system.audits());
        bytes memory state = abi.encodeCall(_system.audits().state, (V));

        _lie(audits, state, 0, 1);
        _noticed("who is responsible is who took over", check);
        _lie(audits, state, 2, 1);
        _noticed("misses are those in a row", check);
        _lie(audits, state, 3, 1);
        _noticed("who takes over has its audits", check);
        _lie(audits, state, 5, 2);
        _noticed("who waits was named", check);
        _lie(audits, state, 6, 9);
        _noticed("who waits was named for an epoch", check);
        _lie(audits, state, 7, 9);
        _noticed("who waits has its time", check);
        _lie(audits, state, 12, 9);
        _noticed("what is deferred was in a row", check);
        _lie(audits, state, 13, 9);
        _noticed("what is deferred is what it cost", check);
        _lie(
            address(_system.registry()),
            abi.encodeCall(_system.registry().segment, (V, FIRST_SERIAL)),
            2,
            99
        );
        _noticed("claims reach decided epochs only", check);
    }

    function test_AFalseHistoryIsNoticed() external {
        bytes4 check = _system.checkStakes.selector;
        address audits = address(_system.audits());
        bytes memory state = abi.encodeCall(_system.audits().state, (V));
        _lie(audits, state, 14, -1);
        _noticed("who serves has come then", check);
        _lie(audits, state, 15, 1);
        _noticed("who serves has its misses", check);
        address challenges = address(_system.challenges());
        _lie(challenges, abi.encodeCall(_system.challenges().recordOf, (N)), 0, 1);
        _noticed("faults are on record", check);
    }

    function test_WhoDoesNotLeaveIsNoticed() external {
        bytes4 check = _system.checkStakes.selector;
        address audits = address(_system.audits());
        bytes memory state = abi.encodeCall(_system.audits().state, (V));
        for (uint256 i = 0; _system.audits().state(V).misses != 0; ++i) _system.live(0, i);
        _system.announceLeave(0);
        _lie(audits, state, 1, 99);
        _noticed("whoever leaves is gone", check);
        for (uint256 i = 0; i < 6; ++i) _system.live(0, i);
        _lie(audits, abi.encodeCall(_system.audits().keptOf, (V, N)), 0, -1);
        _noticed("what a leaver locked stays locked", check);
    }

    function test_ChallengesThatAreNotThereAreNoticed() external {
        bytes4 check = _system.checkStakes.selector;
        _system.challenge(0, 0, 0);
        address challenges = address(_system.challenges());
        bytes memory open = abi.encodeCall(_system.challenges().openOf, (V));
        ChallengeId id = _system.challenges().openOf(V)[0];
        bytes memory challenge = abi.encodeCall(_system.challenges().challengeOf, (id));

        VM.mockCall(challenges, open, abi.encode(new ChallengeId[](5)));
        _noticed("at most 4 challenges of a vNode are open", check);
        ChallengeId[] memory twice = new ChallengeId[](2);
        (twice[0], twice[1]) = (id, id);
        VM.mockCall(challenges, open, abi.encode(twice));
        _noticed("a challenge is listed once", check);
        _lie(challenges, challenge, 0, 1);
        _noticed("what is listed is the vNode's", check);
        _lie(challenges, challenge, 8, -int256(uint256(_system.challenges().challengeOf(id).bond)));
        _noticed("a challenge costs 8 epochs at least", check);
        _lie(challenges, challenge, 13, 1);
        _noticed("what is listed is open", check);
    }

    // -------------------------------------------------------------------------------------------------------- stock

    function test_SegmentsThatAreNotThereAreNoticed() external {
        bytes4 check = _system.checkSegments.selector;
        address audits = address(_system.audits());
        bytes memory state = abi.encodeCall(_system.audits().state, (V));

        _lie(audits, state, 1, 10_000);
        _noticed("no epoch is settled before it runs", check);
        _lie(audits, state, 2, 100);
        _noticed("a node misses at most maxMisses - 1", check);
        _lie(audits, state, 4, 1);
        _noticed("rate = sum of live segments", check);
        _lie(audits, state, 8, -1);
        _noticed("committed = sum of segments that have not ended", check);
        _lie(audits, state, 12, 1);
        _noticed("paid + refunded = decided epochs of all segments", check);
    }

    function test_RoomThatIsNotThereIsNoticed() external {
        bytes4 check = _system.checkDirectories.selector;
        address registry = address(_system.registry());
        bytes memory directory = abi.encodeCall(_system.registry().directory, (V));
        bytes memory node = abi.encodeCall(_system.registry().node, (N));

        bytes memory segment = abi.encodeCall(_system.registry().segment, (V, FIRST_SERIAL));
        bytes memory snapshot = abi.encodeCall(
            _system.registry().snapshot,
            (V, _system.audits().currentEpoch())
        );

        _lie(registry, directory, 1, 1);
        _noticed("a directory's total = sum of its weights", check);
        _lie(registry, directory, 2, 1);
        _noticed("a directory has the entries that it should", check);
        _lie(registry, directory, 3, 1);
        _noticed("a directory's live entries are not retired", check);
        _lie(registry, segment, 6, 1);
        _noticed("a record says where its entry is", check);
        _lie(registry, abi.encodeCall(_system.registry().vNode, (V)), 2, 1);
        _noticed("held = leaves that are not retired", check);
        // Word 0 is where the rest is.
        _lie(registry, node, 5, 1);
        _noticed("used = sum of what the node's vNodes hold", check);
        _lie(registry, node, 4, -int256(uint256(_system.registry().node(N).capacity)));
        _noticed("used <= capacity", check);
        _lie(registry, directory, 0, 1);
        _noticed("a directory's root is the tree's", _system.checkRoots.selector);
        _lie(registry, snapshot, 1, 1);
        _noticed("a snapshot is what the epoch began with", _system.checkRoots.selector);
    }

    function test_WhatClustersWereNotToldIsNoticed() external {
        bytes4 check = _system.checkClusters.selector;
        _system.addStandby(0, 0);
        _system.addStandby(0, 1);
        address registry = address(_system.registry());
        bytes memory standby = abi.encodeCall(_system.registry().standby, (C));

        VM.mockCall(registry, standby, abi.encode(new NodeId[](1)));
        _noticed("whoever was added waits", check);
        // Words 0 and 1 are where the list is and how long.
        _lie(registry, standby, 2, 1);
        _noticed("standby nodes wait in their order", check);
        _lie(address(_system.audits()), abi.encodeCall(_system.audits().params, (C)), 0, 1);
        _noticed("terms hold as announced", check);
        _lie(registry, abi.encodeCall(_system.registry().vNode, (VNodeId.wrap(2))), 1, -1);
        _noticed("no token is twice on a ring", check);
    }
}
