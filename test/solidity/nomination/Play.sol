// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {NodeId} from "../../../contracts/interfaces/Types.sol";
import {TestToken} from "../../../contracts/local/TestToken.sol";
import {Elections} from "../../../contracts/managers/nomination/Elections.sol";
import {NominatedStaking} from "../../../contracts/managers/nomination/NominatedStaking.sol";
import {Stakers} from "../../../contracts/managers/nomination/Stakers.sol";
import {Stakes} from "../../../contracts/managers/nomination/Stakes.sol";
import {StakingTerms} from "../../../contracts/managers/nomination/Terms.sol";
import {Deploying} from "../Deploying.sol";
import {VM} from "../Vm.sol";

/// @title Surroundings
/// @notice What nominated staking asks of a deployment: the time, the token, the treasury, and whose a node is.
contract Surroundings {
    TestToken public immutable token = new TestToken();
    address public immutable treasury = address(0xbeef);
    uint32 public currentEpoch = 1;
    uint32 public immutable quarterEpochs = 45;
    mapping(NodeId node => address) public providerOf;

    function ledger() external view returns (address) {
        return address(this);
    }

    function registry() external view returns (address) {
        return address(this);
    }

    function pass(uint32 epochs) external {
        currentEpoch += epochs;
    }

    function give(NodeId node, address provider) external {
        providerOf[node] = provider;
    }
}

/// @title Play
/// @notice Does whatever people do with nominated staking, in any order, and is its manager. It computes results of elections
/// that are feasible, though not the best, and others that are not.
contract Play {
    uint256 internal constant PEOPLE = 6;
    uint256 internal constant FUNDS = 1e12;
    uint256 internal constant SEATS = 3;

    Surroundings internal _around = new Surroundings();
    NominatedStaking internal _staking;
    TestToken internal _token;

    /// @dev The one page of each result, empty if it has none.
    mapping(uint32 election => mapping(address submitter => bytes)) internal _pages;
    /// @dev What each nominator and each seat's provider has lost in an era.
    mapping(uint32 era => mapping(uint32 nominator => uint256)) internal _lost;
    mapping(uint32 era => mapping(uint256 seat => uint256)) internal _lostOwn;

    constructor() {
        StakingTerms memory terms = StakingTerms(uint8(SEATS), 6, 2, 29, 10, 5, 20, 10, 4);
        _staking = NominatedStaking(
            Deploying.create(
                "contracts/managers/nomination/NominatedStaking.sol:NominatedStaking",
                abi.encode(_around, address(this), terms)
            )
        );
        _token = _around.token();
        for (uint256 i = 0; i < PEOPLE; ++i) {
            _token.mint(_person(i), FUNDS);
            VM.prank(_person(i));
            _token.approve(address(_staking), type(uint256).max);
            for (uint256 k = 0; k < 2; ++k) _around.give(NodeId.wrap(uint32(2 * i + k + 1)), _person(i));
        }
    }

    function _person(uint256 i) internal pure returns (address) {
        return address(uint160(0x1000 + (i % PEOPLE)));
    }

    // ------------------------------------------------------------------------------------------------------- stakes

    function pass(uint8 epochs) external {
        _around.pass(epochs % 5);
    }

    function offer(uint8 who, uint8 node, uint32 amount, uint16 commission) external {
        VM.prank(_person(who));
        _staking.offer(NodeId.wrap(uint32(node % (2 * PEOPLE)) + 1), commission % 10_001, amount % 1000, 0);
    }

    function raise(uint8 id, uint32 amount) external {
        uint16 candidate = _candidate(id);
        VM.prank(_staking.candidate(candidate).own.owner);
        _staking.raise(candidate, amount % 1000);
    }

    function leaveAsCandidate(uint8 id, uint32 amount) external {
        uint16 candidate = _candidate(id);
        Stakes.Stake memory own = _staking.candidate(candidate).own;
        VM.prank(own.owner);
        _staking.leaveAsCandidate(candidate, amount % 3 == 0 ? own.staked : uint96(amount % 100));
    }

    function releaseCandidate(uint8 id) external {
        _staking.releaseCandidate(_candidate(id));
    }

    function chill(uint8 id, bool chilled) external {
        uint16 candidate = _candidate(id);
        VM.prank(_staking.candidate(candidate).own.owner);
        _staking.chill(candidate, chilled);
    }

    function nominate(uint8 who, uint16 mask, uint32 amount) external {
        uint16 n = _staking.field().candidates;
        uint16[] memory targets = new uint16[](16);
        uint256 count = 0;
        for (uint16 id = 1; id <= n && count < 16; ++id) {
            if ((mask >> (id % 16)) & 1 == 1) targets[count++] = id;
        }
        uint16[] memory some = new uint16[](count);
        for (uint256 i = 0; i < count; ++i) some[i] = targets[i];
        VM.prank(_person(who));
        _staking.nominate(some, amount % 2000, 0);
    }

    function leaveAsNominator(uint8 who, uint32 amount) external {
        Stakes.Stake memory s = _staking.nominator(_staking.nominatorOf(_person(who))).stake;
        VM.prank(_person(who));
        _staking.leaveAsNominator(amount % 3 == 0 ? s.staked : uint96(amount % 100));
    }

    function releaseNominator(uint8 who) external {
        _staking.releaseNominator(_staking.nominatorOf(_person(who)));
    }

    function pay(uint8 who) external {
        _staking.pay(who == 0 ? _around.treasury() : _person(who));
    }

    function _candidate(uint8 id) internal view returns (uint16) {
        return (id % _staking.field().candidates) + 1;
    }

    // ---------------------------------------------------------------------------------------------------- elections

    /// @dev Submits and checks a result. Every eighth backs with a unit that is not there.
    function elect(uint8 who, uint8 first, uint8 choice) public {
        uint32 election = _staking.era() + 1;
        uint16[] memory winners = _winners(election, first);
        uint96[] memory backings = new uint96[](winners.length);
        for (uint256 i = 0; i < winners.length; ++i) backings[i] = _ownAt(winners[i], election);
        bytes memory page = _page(election, winners, backings, choice);
        bytes32[] memory hashes = new bytes32[](page.length == 0 ? 0 : 1);
        if (page.length != 0) hashes[0] = keccak256(abi.encodePacked(_person(who), page));
        VM.prank(_person(who));
        _staking.submit(winners, backings, hashes);
        _pages[election][_person(who)] = page;
        // Some are never checked.
        if (page.length != 0 && choice % 5 != 0) _staking.check(_person(who), page);
    }

    function forfeit(uint8 who, uint32 election) external {
        _staking.forfeit(election % (_staking.era() + 1), _person(who));
    }

    function _winners(uint32 election, uint8 first) private view returns (uint16[] memory winners) {
        uint16 n = _staking.field().candidates;
        uint16[] memory all = new uint16[](n);
        uint256 count = 0;
        for (uint16 id = 1; id <= n; ++id) if (_ownAt(id, election) != 0) all[count++] = id;
        uint256 seats = count < SEATS ? count : SEATS;
        uint256 skipped = count == seats ? 0 : first % (count - seats + 1);
        winners = new uint16[](seats);
        for (uint256 i = 0; i < seats; ++i) winners[i] = all[skipped + i];
    }

    function _page(
        uint32 election,
        uint16[] memory winners,
        uint96[] memory backings,
        uint8 choice
    ) private view returns (bytes memory page) {
        uint32 n = _staking.field().nominators;
        for (uint32 id = 1; id <= n; ++id) {
            (uint96 budget, uint256 targets) = _nominationAt(id, election);
            if (budget == 0) continue;
            bytes memory edges;
            uint8 count = 0;
            for (uint8 seat = 0; seat < winners.length && budget != 0; ++seat) {
                if (!_isIn(targets, winners[seat])) continue;
                uint96 part = choice % 2 == 0 ? budget : (budget + 1) / 2;
                budget -= part;
                if (choice % 8 == 7) ++part;
                backings[seat] += part;
                edges = abi.encodePacked(edges, seat, part);
                ++count;
            }
            if (count != 0) page = abi.encodePacked(page, id, count, edges);
        }
    }

    function _isIn(uint256 targets, uint16 id) private pure returns (bool) {
        for (; targets != 0; targets >>= 16) if (uint16(targets) == id) return true;
        return false;
    }

    function _ownAt(uint16 id, uint32 election) internal view returns (uint96) {
        Stakers.Candidate memory c = _staking.candidate(id);
        if (c.own.election == election) return c.own.frozen;
        return c.chilled || c.own.staked < 10 ? 0 : c.own.staked;
    }

    function _nominationAt(uint32 id, uint32 election) private view returns (uint96, uint256) {
        Stakers.Nominator memory n = _staking.nominator(id);
        if (n.stake.election == election) return (n.stake.frozen, n.frozenTargets);
        return (n.stake.staked, n.targets);
    }

    // --------------------------------------------------------------------------------------------------------- eras

    function reward(uint32 amount) external {
        _token.mint(address(_staking), amount);
    }

    function turn() external {
        _staking.turn();
    }

    /// @notice The rest of an era, with its election. Most orders of the other actions never get that far.
    function wholeEra(uint8 who, uint8 first, uint8 choice) external {
        uint32 ends = _staking.endsAt();
        uint32 current = _around.currentEpoch();
        if (current < ends - 1) _around.pass(ends - 1 - current);
        elect(who, first, choice);
        _around.pass(1);
        _staking.turn();
    }

    function punish(uint32 era, uint8 seat, uint16 share) external {
        uint32 which = era % (_staking.era() + 1);
        uint256 n = _staking.members(which).length;
        Elections.Seat memory s = _resultOf(which).seats[seat % n];
        uint256 before = _heldBy(_staking.candidate(s.candidate).own);
        _staking.punish(which, seat % n, share % 9_000);
        _lostOwn[which][seat % n] += before - _heldBy(_staking.candidate(s.candidate).own);
    }

    function distribute(uint32 era, uint8 by) external {
        uint32 which = era % (_staking.era() + 1);
        NominatedStaking.Era memory e = _staking.eraOf(which);
        uint32 n = _staking.field().nominators;
        uint256[] memory before = new uint256[](n + 1);
        for (uint32 id = 1; id <= n; ++id) before[id] = _heldBy(_staking.nominator(id).stake);
        VM.prank(_person(by));
        _staking.distribute(which, 0, _pages[e.election][e.submitter]);
        for (uint32 id = 1; id <= n; ++id) {
            _lost[which][id] += before[id] - _heldBy(_staking.nominator(id).stake);
        }
    }

    function _resultOf(uint32 era) internal view returns (Elections.Submission memory) {
        NominatedStaking.Era memory e = _staking.eraOf(era);
        return _staking.submission(e.election, e.submitter);
    }

    function _heldBy(Stakes.Stake memory s) internal pure returns (uint256) {
        return uint256(s.staked) + s.leaving;
    }
}
