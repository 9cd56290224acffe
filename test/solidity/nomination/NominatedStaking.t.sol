// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IStakingSource} from "../../../contracts/interfaces/managers/IStakingSource.sol";
import {Elections} from "../../../contracts/managers/nomination/Elections.sol";
import {NominatedStaking} from "../../../contracts/managers/nomination/NominatedStaking.sol";
import {Stakers} from "../../../contracts/managers/nomination/Stakers.sol";
import {Deploying} from "../Deploying.sol";
import {Play} from "./Play.sol";

/// @title StakingRules
/// @notice What holds of nominated staking after any sequence of what people do.
contract StakingRules is Play {
    error Differs(string rule, uint256 found, uint256 expected);
    error Exceeds(string rule, uint256 found, uint256 limit);

    /// @notice What is owed stands in somebody's name, to the unit, and is there.
    function checkMoney() external view {
        Stakers.Field memory field = _staking.field();
        uint256 sum = _staking.creditOf(_around.treasury()) + _staking.creditOf(address(this));
        for (uint256 i = 0; i < PEOPLE; ++i) sum += _staking.creditOf(_person(i));
        for (uint16 id = 1; id <= field.candidates; ++id) sum += _heldBy(_staking.candidate(id).own);
        for (uint32 id = 1; id <= field.nominators; ++id) sum += _heldBy(_staking.nominator(id).stake);
        uint32 era = _staking.era();
        for (uint32 e = 0; e <= era; ++e) {
            NominatedStaking.Era memory one = _staking.eraOf(e);
            sum += one.left + uint256(one.pages) * one.pageReward;
            for (uint256 i = 0; i < PEOPLE; ++i) {
                Elections.Status status = _staking.submission(e + 1, _person(i)).status;
                if (status == Elections.Status.Open) sum += 20;
            }
        }
        if (_staking.owed() != sum) revert Differs("owed", _staking.owed(), sum);
        uint256 held = _token.balanceOf(address(_staking));
        if (held < sum) revert Exceeds("owed", sum, held);
    }

    /// @notice There are never more members than seats, and each had the least own stake.
    function checkSeats() external view {
        for (uint32 e = 0; e <= _staking.era(); ++e) {
            IStakingSource.Member[] memory members = _staking.members(e);
            if (members.length > SEATS) revert Exceeds("seats", members.length, SEATS);
            Elections.Submission memory result = _resultOf(e);
            if (members.length != 0 && result.status != Elections.Status.Best) {
                revert Differs("status", uint256(result.status), uint256(Elections.Status.Best));
            }
            uint256 total = 0;
            for (uint256 i = 0; i < members.length; ++i) {
                if (result.seats[i].rest < 10) revert Exceeds("own", 10, result.seats[i].rest);
                if (members[i].willing && _held(result.seats[i].candidate) < 10) {
                    revert Exceeds("willing", 10, _held(result.seats[i].candidate));
                }
                total += members[i].support;
            }
            if (total != result.total) revert Differs("total", total, result.total);
        }
    }

    /// @notice Nobody loses more in an era than the shares say of what it had behind members, and they say all of it at most.
    function checkLosses() external view {
        uint32 n = _staking.field().nominators;
        for (uint32 e = 0; e <= _staking.era(); ++e) {
            Elections.Submission memory result = _resultOf(e);
            for (uint256 seat = 0; seat < result.seats.length; ++seat) {
                uint256 share = _staking.shareOf(e, seat);
                if (share > 10_000) revert Exceeds("share", share, 10_000);
                uint256 own = (result.seats[seat].rest * share) / 10_000;
                if (_lostOwn[e][seat] > own) revert Exceeds("own loss", _lostOwn[e][seat], own);
            }
            for (uint32 id = 1; id <= n; ++id) {
                uint256 behind = _atRisk(e, id);
                if (_lost[e][id] > behind) revert Exceeds("loss", _lost[e][id], behind);
            }
        }
    }

    /// @notice The counts are right of who is there and who can be elected.
    function checkCounts() external view {
        Stakers.Field memory field = _staking.field();
        (uint256 live, uint256 eligible, uint256 nominators) = (0, 0, 0);
        for (uint16 id = 1; id <= field.candidates; ++id) {
            Stakers.Candidate memory c = _staking.candidate(id);
            if (c.own.staked != 0) ++live;
            if (!c.chilled && c.own.staked >= 10) ++eligible;
        }
        for (uint32 id = 1; id <= field.nominators; ++id) {
            if (_staking.nominator(id).stake.staked != 0) ++nominators;
        }
        if (field.live != live) revert Differs("live", field.live, live);
        if (field.eligible != eligible) revert Differs("eligible", field.eligible, eligible);
        if (field.liveNominators != nominators)
            revert Differs("nominators", field.liveNominators, nominators);
    }

    function _held(uint16 id) private view returns (uint256) {
        return _heldBy(_staking.candidate(id).own);
    }

    function _atRisk(uint32 era, uint32 id) private view returns (uint256 sum) {
        NominatedStaking.Era memory e = _staking.eraOf(era);
        bytes memory page = _pages[e.election][e.submitter];
        for (uint256 offset = 0; offset < page.length;) {
            uint256 edges = uint8(page[offset + 4]);
            bool isIt = uint32(_number(page, offset, 4)) == id;
            for (uint256 i = 0; i < edges && isIt; ++i) {
                uint256 share = _staking.shareOf(era, uint8(page[offset + 5 + 13 * i]));
                sum += (_number(page, offset + 6 + 13 * i, 12) * share) / 10_000;
            }
            offset += 5 + 13 * edges;
        }
    }

    function _number(bytes memory page, uint256 offset, uint256 bytes_) private pure returns (uint256 n) {
        for (uint256 i = 0; i < bytes_; ++i) n = (n << 8) | uint8(page[offset + i]);
    }
}

/// @title NominatedStakingTest
/// @notice See StakingRules.
contract NominatedStakingTest {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    StakingRules private _rules;

    function setUp() public {
        _rules = StakingRules(
            Deploying.create("test/solidity/nomination/NominatedStaking.t.sol:StakingRules", "")
        );
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_rules);
    }

    function targetSelectors() public view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        bytes4[20] memory actions = [
            _rules.pass.selector,
            _rules.pass.selector,
            _rules.offer.selector,
            _rules.raise.selector,
            _rules.leaveAsCandidate.selector,
            _rules.releaseCandidate.selector,
            _rules.chill.selector,
            _rules.nominate.selector,
            _rules.leaveAsNominator.selector,
            _rules.releaseNominator.selector,
            _rules.pay.selector,
            _rules.elect.selector,
            _rules.elect.selector,
            _rules.forfeit.selector,
            _rules.reward.selector,
            _rules.turn.selector,
            _rules.wholeEra.selector,
            _rules.wholeEra.selector,
            _rules.punish.selector,
            _rules.distribute.selector
        ];
        bytes4[] memory list = new bytes4[](actions.length);
        for (uint256 i = 0; i < list.length; ++i) list[i] = actions[i];
        targets[0] = FuzzSelector(address(_rules), list);
    }

    function invariant_StakesHold() public view {
        _rules.checkMoney();
        _rules.checkSeats();
        _rules.checkLosses();
        _rules.checkCounts();
    }

    /// @dev Whatever the seed, eras with members do come about, with losses and rewards.
    function test_APlayReachesWhatMatters() public {
        for (uint8 i = 0; i < 4; ++i) _rules.offer(i, 2 * i, 100 + i, 500);
        for (uint8 i = 0; i < 6; ++i) _rules.nominate(i, type(uint16).max, 700 + i);
        for (uint8 i = 0; i < 4; ++i) _rules.pass(1);
        _rules.elect(0, 1, 1);
        for (uint8 i = 0; i < 2; ++i) _rules.pass(1);
        _rules.turn();
        _rules.punish(1, 1, 1_234);
        _rules.distribute(1, 5);
        for (uint8 i = 0; i < 2; ++i) _rules.pass(4);
        _rules.reward(10_001);
        _rules.turn();
        _rules.distribute(1, 5);
        _rules.punish(1, 0, 999);
        _rules.distribute(1, 4);
        for (uint8 i = 0; i < 2; ++i) _rules.punish(1, 0, 8_999);
        _rules.distribute(1, 4);
        _rules.pay(3);
        invariant_StakesHold();
    }
}
