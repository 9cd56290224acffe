// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {BASIS_POINTS} from "../../interfaces/Types.sol";
import {Pages} from "./Pages.sol";
import {Stakers} from "./Stakers.sol";

/// @title Elections
/// @notice Whom the stake elects for the next era. Anyone computes it, puts down a deposit and submits it; the contract
/// checks it page by page.
///
///     open -- a page backs nothing, or the sums differ -> infeasible: the deposit is lost, a part of it to who showed it
///     open -- not all pages by the deadline -----------> infeasible: the same
///     open -- all pages hold, but it is not the best --> beaten: the deposit goes back
///     open -- all pages hold, and it is the best ------> best: the deposit goes back
///     best -- a better one ----------------------------> beaten
///
/// One result is better than another if its least support is more, or if that is equal and the sum of the supports is more,
/// or if that is equal too and the sum of their squares is less. Of equal ones the one that was submitted first is better.
///
/// A submission promises hashes of its pages, which depend on the submitter. So nobody can submit another's pages before
/// they are shown, and whoever copies them later comes second.
abstract contract Elections is Stakers {
    enum Status {
        None,
        Open,
        Infeasible,
        Beaten,
        Best
    }

    /// @dev While pages are checked, `rest` is what they have still to show. Afterwards it is the candidate's own stake.
    struct Seat {
        uint16 candidate;
        uint16 commission;
        uint96 support;
        uint96 rest;
    }

    struct Submission {
        Status status;
        /// It counts all submissions.
        uint32 order;
        uint16 checked;
        /// The last nominator whose edges were checked.
        uint32 last;
        uint96 least;
        uint128 total;
        uint256 squares;
        Seat[] seats;
        bytes32[] pages;
    }

    /// @dev Nominators in a page: what they get is paid out for at most 10 million gas.
    uint256 private constant MAX_PAGE = 256;
    uint256 public constant MAX_PAGES = 64;
    /// @dev Basis points of a lost deposit, for who showed that the submission is infeasible.
    uint256 private constant FINDER_SHARE = 2_500;

    mapping(uint32 election => mapping(address submitter => Submission)) internal _submissions;
    /// @notice The submitter of the best result so far.
    mapping(uint32 election => address submitter) public bestOf;
    uint32 public submissions;

    event Submitted(
        uint32 indexed election,
        address indexed submitter,
        uint16[] winners,
        uint96[] backings,
        bytes32[] pages
    );
    /// @notice Emitted with a page that holds.
    event PageChecked(uint32 indexed election, address indexed submitter, uint256 index, bytes page);
    event Judged(uint32 indexed election, address indexed submitter, Status status, address by);

    /// @notice Thrown when no election runs, or the one that is meant is over.
    error NoElection(uint32 election);
    /// @notice Thrown when an account submits a second time.
    error OneEach(uint32 election, address submitter);
    /// @notice Thrown when there are not exactly as many winners as seats, or as candidates that count, if they are fewer.
    error WrongSeats(uint256 winners, uint256 needed);
    /// @notice Thrown when winners are not in ascending order, or one does not count, or its support is below its own stake.
    error BadWinner(uint16 candidate);
    error TooManyPages(uint256 pages);
    /// @notice Thrown when a submission without pages claims more than the winners' own stakes.
    error Unbacked();
    /// @notice Thrown when a result is not better than the best so far.
    error NotBetter(uint256 least, uint256 total, uint256 squares);
    /// @notice Thrown when a submission is not open.
    error NotOpen(uint32 election, address submitter, Status status);
    /// @notice Thrown when a page is not the one that was promised.
    error OtherPage(bytes32 promised, bytes32 found);
    /// @notice Thrown when a submission still has time.
    error StillRuns(uint32 election);

    /// @return the era that an election is for that still takes submissions and pages, or 0.
    function _takingPages() internal view virtual returns (uint32);

    // ------------------------------------------------------------------------------------------------- submissions

    /// @notice Submits a result, and puts down the deposit.
    /// @param winners candidates in ascending order. Their places in this list are their seats.
    /// @param backings what backs each of them, its own stake included.
    /// @param pages the hash of each page (Pages), preceded by the submitter's 20 bytes.
    function submit(
        uint16[] calldata winners,
        uint96[] calldata backings,
        bytes32[] calldata pages
    ) external {
        uint32 election = _open();
        Submission storage s = _submissions[election][msg.sender];
        require(s.status == Status.None, OneEach(election, msg.sender));
        _checkSeats(winners.length, backings.length, election);
        require(pages.length <= MAX_PAGES, TooManyPages(pages.length));

        (s.status, s.order, s.pages) = (Status.Open, ++submissions, pages);
        _seat(s, winners, backings, election);
        require(_isBetter(s, bestOf[election], election), NotBetter(s.least, s.total, s.squares));

        emit Submitted(election, msg.sender, winners, backings, pages);

        if (pages.length == 0) {
            require(_isShown(s), Unbacked());
            _finish(election, msg.sender);
        }

        _take(_terms.deposit);
    }

    function _checkSeats(uint256 winners, uint256 backings, uint32 election) private view {
        uint256 eligible = _eligibleAt(election);
        uint256 needed = eligible < _terms.seats ? eligible : _terms.seats;
        require(winners == needed && backings == needed && needed != 0, WrongSeats(winners, needed));
    }

    function _seat(
        Submission storage s,
        uint16[] calldata winners,
        uint96[] calldata backings,
        uint32 election
    ) private {
        (uint256 least, uint256 total, uint256 squares, uint256 last) = (type(uint96).max, 0, 0, 0);
        for (uint256 i = 0; i < winners.length; ++i) {
            (uint16 id, uint96 support) = (winners[i], backings[i]);
            uint96 own = _ownAt(id, election);
            require(id > last && own != 0 && support >= own, BadWinner(id));
            s.seats.push(Seat(id, _candidates[id].commission, support, support - own));
            last = id;
            if (support < least) least = support;
            total += support;
            squares += uint256(support) * support;
        }
        (s.least, s.total, s.squares) = (uint96(least), uint128(total), squares);
    }

    function _isBetter(Submission storage s, address rival, uint32 election) private view returns (bool) {
        if (rival == address(0)) return true;
        Submission storage r = _submissions[election][rival];
        if (s.least != r.least) return s.least > r.least;
        if (s.total != r.total) return s.total > r.total;
        if (s.squares != r.squares) return s.squares < r.squares;
        return s.order < r.order;
    }

    // ----------------------------------------------------------------------------------------------------- checking

    /// @notice Checks the next page of a submission. Anyone may call it.
    /// @return feasible whether it holds. If not, the submission has lost its deposit.
    function check(address submitter, bytes calldata page) external returns (bool feasible) {
        uint32 election = _open();
        Submission storage s = _submissions[election][submitter];
        require(s.status == Status.Open, NotOpen(election, submitter, s.status));
        uint256 index = s.checked;
        _checkHash(s.pages[index], submitter, page);

        feasible = _holds(s, election, page);
        if (!feasible) {
            _reject(election, submitter);
            return false;
        }
        s.checked = uint16(index + 1);

        emit PageChecked(election, submitter, index, page);

        if (s.checked < s.pages.length) return true;
        feasible = _isShown(s);
        if (feasible) _finish(election, submitter);
        else _reject(election, submitter);
    }

    function _checkHash(bytes32 promised, address submitter, bytes calldata page) internal pure {
        bytes32 found = keccak256(abi.encodePacked(submitter, page));
        require(found == promised, OtherPage(promised, found));
    }

    /// @dev Each nominator stands in one page at most, and backs its own targets with its own stake. A page has some of them,
    /// and not more than can be paid out in one transaction.
    function _holds(Submission storage s, uint32 election, bytes calldata page) private returns (bool) {
        uint256 seats = s.seats.length;
        uint256[] memory winners = new uint256[](seats);
        uint256[] memory backing = new uint256[](seats);
        for (uint256 i = 0; i < seats; ++i) winners[i] = s.seats[i].candidate;
        uint256 last = s.last;
        uint256 offset = 0;
        uint256 count = 0;
        while (offset < page.length) {
            if (++count > MAX_PAGE) return false;
            (uint32 id, uint256 edges, uint256 end) = Pages.nominatorAt(page, offset);
            if (end == 0 || id <= last) return false;
            (uint256 budget, uint256 targets) = _nominationAt(id, election);
            if (!Pages.backs(page, offset, edges, winners, budget, targets, backing)) return false;
            (last, offset) = (id, end);
        }
        if (count == 0) return false;
        s.last = uint32(last);
        for (uint256 i = 0; i < seats; ++i) {
            uint256 rest = s.seats[i].rest;
            if (backing[i] > rest) return false;
            if (backing[i] != 0) s.seats[i].rest = uint96(rest - backing[i]);
        }
        return true;
    }

    function _isShown(Submission storage s) private view returns (bool) {
        for (uint256 i = 0; i < s.seats.length; ++i) if (s.seats[i].rest != 0) return false;
        return true;
    }

    function _finish(uint32 election, address submitter) private {
        Submission storage s = _submissions[election][submitter];
        for (uint256 i = 0; i < s.seats.length; ++i) {
            s.seats[i].rest = _ownAt(s.seats[i].candidate, election);
        }
        address before = bestOf[election];
        bool isBest = _isBetter(s, before, election);
        s.status = isBest ? Status.Best : Status.Beaten;
        if (isBest) {
            bestOf[election] = submitter;
            if (before != address(0)) {
                _submissions[election][before].status = Status.Beaten;

                emit Judged(election, before, Status.Beaten, msg.sender);
            }
        }

        emit Judged(election, submitter, s.status, msg.sender);
        _credit(submitter, _terms.deposit, "deposit");
    }

    /// @notice Ends a submission whose pages were not all checked by the deadline. Anyone may call it.
    function forfeit(uint32 election, address submitter) external {
        require(_takingPages() != election, StillRuns(election));
        Submission storage s = _submissions[election][submitter];
        require(s.status == Status.Open, NotOpen(election, submitter, s.status));

        _reject(election, submitter);
    }

    /// @dev A submitter gets nothing for showing that its own submission is infeasible.
    function _reject(uint32 election, address submitter) private {
        _submissions[election][submitter].status = Status.Infeasible;
        uint256 deposit = _terms.deposit;
        uint256 share = msg.sender == submitter ? 0 : (deposit * FINDER_SHARE) / BASIS_POINTS;

        emit Judged(election, submitter, Status.Infeasible, msg.sender);
        _credit(msg.sender, share, "finder");
        _credit(treasury, deposit - share, "deposit lost");
    }

    function _open() private view returns (uint32 election) {
        election = _takingPages();
        require(election != 0, NoElection(election));
    }

    function submission(uint32 election, address submitter) external view returns (Submission memory) {
        return _submissions[election][submitter];
    }
}
