// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "../../interfaces/IAudits.sol";
import {IStakingSource} from "../../interfaces/managers/IStakingSource.sol";
import {BASIS_POINTS, Unauthorized} from "../../interfaces/Types.sol";
import {Elections} from "./Elections.sol";
import {Pages} from "./Pages.sol";
import {Stakers} from "./Stakers.sol";
import {StakingTerms} from "./Terms.sol";

/// @title NominatedStaking
/// @notice The eras: who is elected in each, what they earn and what they lose. See IStakingSource. Stakers and Elections
/// have the rest.
///
/// The seats of an era share its reward equally, but those that lost stake in it get nothing. A seat's provider keeps its
/// commission. The rest is shared among all stake behind the seat. An era for which nobody submits a result keeps the one
/// before.
contract NominatedStaking is Elections, IStakingSource {
    struct Era {
        uint32 began;
        /// Whose result of which election it has. Nobody's: it has no seats.
        uint32 election;
        address submitter;
        /// Once it is over: how many pages are not paid out, and what paying out one earns.
        uint16 pages;
        uint64 pageReward;
        /// The reward of each seat, and what pages have not paid out.
        uint96 perSeat;
        uint96 left;
    }

    /// @dev Of the reward at most this part goes to the solver, and to those who pay pages out.
    uint256 private constant HELPERS_DIVISOR = 10;
    /// @dev What 16 seats share is below 2^96.
    uint256 private constant MAX_PER_SEAT = type(uint96).max / 16;

    address public immutable manager;
    uint32 public era;

    mapping(uint32 era => Era) private _eras;
    /// @dev Basis points of each seat's stake that were to be taken, 16 bits each; and which seats had lost when it ended.
    mapping(uint32 era => uint256 shares) private _shares;
    mapping(uint32 era => uint256 seats) private _blemished;
    /// @dev What of these shares was taken from a page's nominators; and which pages have been paid out.
    mapping(uint32 era => mapping(uint256 page => uint256 shares)) private _taken;
    mapping(uint32 era => uint256 pages) private _paidPages;

    event EraBegan(uint32 indexed era, uint32 epoch, uint32 election, address submitter);
    event EraEnded(
        uint32 indexed era,
        uint256 perSeat,
        uint256 blemished,
        address solver,
        uint256 solverReward
    );
    event Punished(uint32 indexed era, uint256 seat, uint16 indexed candidate, uint256 share, uint256 taken);
    event PageDone(uint32 indexed era, uint256 indexed page, uint256 rewards, uint256 taken, address by);

    /// @notice Thrown when an era is not over, or has not begun.
    error EraRuns(uint32 era, uint32 endsAt, uint32 currentEpoch);
    error NoSuchEra(uint32 era);
    error NoSuchSeat(uint32 era, uint256 seat);
    error NoSuchPage(uint32 era, uint256 page);
    /// @notice Thrown when a page has nothing to pay out and nothing to lose.
    error NothingToDo(uint32 era, uint256 page);

    /// @param manager_ its constructor refuses a source that names another manager.
    constructor(IAudits audits_, address manager_, StakingTerms memory terms_) Stakers(audits_, terms_) {
        manager = manager_;
        _eras[0].began = audits_.currentEpoch();
    }

    // --------------------------------------------------------------------------------------------------------- eras

    /// @inheritdoc IStakingSource
    function began(uint32 era_) external view returns (uint32) {
        return era_ > era ? type(uint32).max : _eras[era_].began;
    }

    /// @inheritdoc IStakingSource
    function endsAt() public view returns (uint32) {
        return _eras[era].began + _terms.eraEpochs;
    }

    function _election() internal view override returns (uint32) {
        return audits.currentEpoch() + _terms.electionEpochs >= endsAt() ? era + 1 : 0;
    }

    function _takingPages() internal view override returns (uint32) {
        return audits.currentEpoch() < endsAt() ? _election() : 0;
    }

    function _resultOf(uint32 era_) private view returns (Submission storage) {
        return _submissions[_eras[era_].election][_eras[era_].submitter];
    }

    /// @inheritdoc IStakingSource
    function members(uint32 era_) external view returns (Member[] memory list) {
        Seat[] storage seats = _resultOf(era_).seats;
        list = new Member[](seats.length);
        for (uint256 i = 0; i < seats.length; ++i) {
            Seat memory s = seats[i];
            Candidate storage c = _candidates[s.candidate];
            bool willing = _isEligible(c) && _isHis(s.candidate, c.node);
            list[i] = Member(c.node, c.own.owner, s.support, willing);
        }
    }

    /// @inheritdoc IStakingSource
    function turn() external {
        require(msg.sender == manager, Unauthorized(msg.sender));
        uint32 current = audits.currentEpoch();
        require(current >= endsAt(), EraRuns(era, endsAt(), current));
        uint32 next = era + 1;
        address solver = bestOf[next];

        _reward(solver);
        Era storage e = _eras[next];
        (e.began, e.election, e.submitter) =
            solver == address(0)
                ? (current, _eras[era].election, _eras[era].submitter)
                : (current, next, solver);
        era = next;

        emit EraBegan(next, current, e.election, e.submitter);
    }

    // ------------------------------------------------------------------------------------------------------ rewards

    function _reward(address solver) private {
        uint256 pot = surplus();
        Submission storage result = _resultOf(era);
        uint256 solverReward = solver == address(0) ? 0 : _atMost(_terms.solverReward, pot / HELPERS_DIVISOR);
        owed += solverReward;
        _credit(solver, solverReward, "solver");
        uint256 n = result.seats.length;
        (uint256 perSeat, uint256 blemished) = n == 0 ? (0, 0) : _rewardSeats(pot - solverReward, result);

        emit EraEnded(era, perSeat, blemished, solver, solverReward);
    }

    function _rewardSeats(
        uint256 pot,
        Submission storage result
    ) private returns (uint256 perSeat, uint256 blemished) {
        uint256 pages = result.pages.length;
        uint256 pageReward = pages == 0 ? 0 : _atMost(_terms.pageReward, pot / HELPERS_DIVISOR / pages);
        pot -= pageReward * pages;
        uint256 sharing;
        (blemished, sharing) = _blemishes(result.seats.length);
        if (sharing != 0) perSeat = _atMost(pot / sharing, MAX_PER_SEAT);
        owed += pageReward * pages + perSeat * sharing;

        Era storage e = _eras[era];
        _blemished[era] = blemished;
        (e.perSeat, e.pageReward, e.pages) = (uint96(perSeat), uint64(pageReward), uint16(pages));
        uint256 left = 0;
        for (uint256 i = 0; i < result.seats.length; ++i) {
            if ((blemished >> i) & 1 == 0) left += _rewardProvider(result.seats[i], perSeat);
        }
        // Without pages the providers have all the stake, and left is what rounding leaves.
        if (pages != 0) e.left = uint96(left);
        else owed -= left;
    }

    function _blemishes(uint256 seats) private view returns (uint256 blemished, uint256 sharing) {
        uint256 shares = _shares[era];
        for (uint256 i = 0; i < seats; ++i) {
            if (_lane(shares, i) == 0) ++sharing;
            else blemished |= 1 << i;
        }
    }

    /// @return what the seat's nominators share.
    function _rewardProvider(Seat memory s, uint256 perSeat) private returns (uint256) {
        uint256 shared = _sharedOf(s, perSeat);
        uint256 toOwn = (shared * s.rest) / s.support;
        _credit(_candidates[s.candidate].own.owner, perSeat - shared + toOwn, "reward");
        return shared - toOwn;
    }

    function _sharedOf(Seat memory s, uint256 perSeat) private pure returns (uint256) {
        return perSeat - (perSeat * s.commission) / BASIS_POINTS;
    }

    // ----------------------------------------------------------------------------------------------------- offences

    /// @inheritdoc IStakingSource
    function punish(uint32 era_, uint256 seat, uint256 share) external {
        require(msg.sender == manager, Unauthorized(msg.sender));
        require(era_ <= era, NoSuchEra(era_));
        Submission storage result = _resultOf(era_);
        require(seat < result.seats.length, NoSuchSeat(era_, seat));
        Seat memory s = result.seats[seat];
        uint256 shares = _shares[era_];
        uint256 before = _lane(shares, seat);
        uint256 now_ = _atMost(before + share, BASIS_POINTS);
        _shares[era_] = shares + ((now_ - before) << (16 * seat));

        uint256 taken = _takeOwn(s.candidate, _partOf(s.rest, before, now_));
        _chill(s.candidate, true);

        emit Punished(era_, seat, s.candidate, now_, taken);
        _credit(treasury, taken, "slashed");
    }

    /// @notice The shares of each seat's stake that are to be taken for what happened in an era, in basis points.
    function shareOf(uint32 era_, uint256 seat) external view returns (uint256) {
        return _lane(_shares[era_], seat);
    }

    // -------------------------------------------------------------------------------------------------------- pages

    /// @notice Pays a page's nominators their rewards of an era that is over, and takes what its seats have lost. Anyone may
    /// call it, as often as there is something to do.
    /// @param page as it was checked.
    function distribute(uint32 era_, uint256 index, bytes calldata page) external {
        require(era_ <= era, NoSuchEra(era_));
        Submission storage result = _resultOf(era_);
        require(index < result.pages.length, NoSuchPage(era_, index));
        _checkHash(result.pages[index], _eras[era_].submitter, page);
        bool pays = era_ < era && (_paidPages[era_] >> index) & 1 == 0;
        uint256 shares = _shares[era_];
        require(pays || _taken[era_][index] != shares, NothingToDo(era_, index));

        uint256[2][] memory rates = _ratesOf(result, era_, pays);
        (uint256 rewards, uint256 taken) = _settle(page, rates, _taken[era_][index], shares);
        _taken[era_][index] = shares;
        uint256 fee = _atMost(taken / HELPERS_DIVISOR, _terms.pageReward);
        _credit(treasury, taken - fee, "slashed");
        if (pays) fee += _closePage(era_, index, rewards);
        _credit(msg.sender, fee, "page");

        emit PageDone(era_, index, rewards, taken, msg.sender);
    }

    /// @return rates what each seat's nominators share, and the support that it is shared by, own stake included.
    function _ratesOf(
        Submission storage result,
        uint32 era_,
        bool pays
    ) private view returns (uint256[2][] memory rates) {
        uint256 n = result.seats.length;
        rates = new uint256[2][](n);
        for (uint256 i = 0; i < n; ++i) {
            Seat memory s = result.seats[i];
            bool earns = pays && (_blemished[era_] >> i) & 1 == 0;
            rates[i] = [earns ? _sharedOf(s, _eras[era_].perSeat) : 0, s.support];
        }
    }

    function _settle(
        bytes calldata page,
        uint256[2][] memory rates,
        uint256 before,
        uint256 shares
    ) private returns (uint256 rewards, uint256 taken) {
        for (uint256 offset = 0; offset < page.length;) {
            (uint32 id, uint256 edges, uint256 end) = Pages.nominatorAt(page, offset);
            (uint256 reward, uint256 loss) = (0, 0);
            for (uint256 i = 0; i < edges; ++i) {
                (uint256 seat, uint256 stake) = Pages.edgeAt(page, offset, i);
                uint256[2] memory rate = rates[seat];
                reward += (rate[0] * stake) / rate[1];
                loss += _partOf(stake, _lane(before, seat), _lane(shares, seat));
            }
            if (reward != 0) _credit(_nominators[id].stake.owner, reward, "reward");
            if (loss != 0) taken += _takeFromNominator(id, loss);
            rewards += reward;
            offset = end;
        }
    }

    /// @dev What rounding leaves of an era belongs to the next one.
    function _closePage(uint32 era_, uint256 index, uint256 rewards) private returns (uint256 fee) {
        Era storage e = _eras[era_];
        _paidPages[era_] |= 1 << index;
        (e.left, e.pages) = (e.left - uint96(rewards), e.pages - 1);
        if (e.pages == 0) (owed, e.left) = (owed - e.left, 0);
        return e.pageReward;
    }

    function eraOf(uint32 era_) external view returns (Era memory) {
        return _eras[era_];
    }

    // ------------------------------------------------------------------------------------------------------- shares

    function _lane(uint256 word, uint256 seat) private pure returns (uint256) {
        return (word >> (16 * seat)) & 0xffff;
    }

    /// @dev What is to be taken of a stake when its share rises. All parts together are at most the stake.
    function _partOf(uint256 stake, uint256 before, uint256 now_) private pure returns (uint256) {
        return (stake * now_) / BASIS_POINTS - (stake * before) / BASIS_POINTS;
    }

    function _atMost(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? a : b;
    }
}
