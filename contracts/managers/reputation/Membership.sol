// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "../../interfaces/IAudits.sol";
import {NO_NODE, NO_VNODE, NodeId, Unauthorized, VNodeId} from "../../interfaces/Types.sol";
import {Rewards} from "./Rewards.sol";
import {Scores} from "./Scores.sol";

/// @title Membership
/// @notice Who is a candidate or a member, by score.
///
///     None -- join ----------------------------------------------> Waiting, in a queue
///     Waiting -- a vNode is free, or it served one before -------> Probation
///     Probation -- long enough, and the score is high enough ----> Member
///     Probation -- too long, or it no longer serves the vNode ---> None
///     Member -- the score is too low, or bond or trust is gone --> Member with notice
///     Member with notice -- mended -----------------------------> Member
///     Member with notice -- notice is over ----------------------> None
///     any -- the provider leaves -------------------------------> None, for a probation's time at least
///
/// A score stays with its node, whatever becomes of its standing and whoever is its provider.
abstract contract Membership is Scores, Rewards {
    enum Standing {
        None,
        Waiting,
        Probation,
        Member
    }

    /// @notice Why a node is no longer a candidate or member.
    enum Reason {
        Left,
        /// It has no bond, or its provider does not trust this contract.
        NotBacked,
        /// The score of a candidate was too low for too long.
        TooSlow,
        /// A candidate does not serve its vNode.
        NotServing,
        /// The notice of a member is over.
        Evicted
    }

    struct Entry {
        Standing standing;
        /// The epoch since when it has this standing. 0: it has never joined.
        uint32 since;
        /// The epoch in which a member can be evicted, or 0.
        uint32 noticeUntil;
        /// The provider that can vote for a member, and since when.
        address holder;
        uint32 holderSince;
        /// A candidate's vNode, and whether the node served it before this contract decided.
        VNodeId vNode;
        bool incumbent;
        /// The place in the queue.
        uint32 ticket;
        /// The vNodes that the node got from this contract and has not lost, as far as it has seen.
        uint16 seats;
    }

    /// @dev A candidate has so many times the least probation.
    uint32 private constant PATIENCE = 16;
    /// @dev The most candidates that one call passes over.
    uint256 private constant MAX_SKIPPED = 16;

    mapping(NodeId node => Entry) internal _entries;
    NodeId[] internal _list;
    mapping(uint32 ticket => NodeId) private _queue;
    uint32 private _firstTicket = 1;
    uint32 private _nextTicket = 1;
    /// @notice How many candidates have become members ever.
    uint32 public admitted;

    event Joined(NodeId indexed node, address indexed provider, uint32 ticket);
    event OnProbation(NodeId indexed node, VNodeId indexed vNode, bool incumbent);
    /// @param needed the score that was enough.
    event Admitted(NodeId indexed node, uint256 score, uint256 needed);
    /// @notice Emitted when a member has until an epoch to mend its score, bond or trust, and when it has.
    event NoticeGiven(NodeId indexed node, uint32 until, uint256 score, bool backed);
    event NoticeWithdrawn(NodeId indexed node, uint256 score);
    event WentOut(NodeId indexed node, Reason reason, uint256 score);
    /// @notice Emitted when a member's new provider can vote, on what is moved from now on.
    event HolderChanged(NodeId indexed node, address indexed holder);

    /// @notice Thrown when a node is a candidate or member already, or is not.
    error HasStanding(NodeId node, Standing standing);
    error NotIn(NodeId node);
    /// @notice Thrown when a node that went out comes back before a probation's time is over.
    error TooEarly(NodeId node, uint32 from);
    /// @notice Thrown when a node has less bond than the rules ask for, or does not trust this contract.
    error NotBacked(NodeId node);
    /// @notice Thrown when a call would change nothing.
    error NothingToDo();

    // ------------------------------------------------------------------------------------------------------ members

    /// @notice Makes the caller's node a candidate.
    function join(NodeId node) external {
        require(registry.providerOf(node) == msg.sender, Unauthorized(msg.sender));
        Entry storage e = _entries[node];
        require(e.standing == Standing.None, HasStanding(node, e.standing));
        uint32 from = e.since == 0 ? 0 : e.since + _rules.probation;
        require(_current() >= from, TooEarly(node, from));
        require(_isBacked(node), NotBacked(node));

        _begin(node);
        uint32 ticket = _nextTicket++;
        _queue[ticket] = node;
        (e.standing, e.since, e.ticket) = (Standing.Waiting, _current(), ticket);
        (e.holder, e.holderSince) = (msg.sender, _current());

        emit Joined(node, msg.sender, ticket);
    }

    /// @notice Takes the caller's node out. What it serves it goes on serving until others have taken it over.
    function leave(NodeId node) external {
        require(registry.providerOf(node) == msg.sender, Unauthorized(msg.sender));
        require(_entries[node].standing != Standing.None, NotIn(node));

        _remove(node, Reason.Left);
    }

    /// @notice Lets the provider that has accepted a node vote for it.
    function takeUp(NodeId node) external {
        require(registry.providerOf(node) == msg.sender, Unauthorized(msg.sender));
        Entry storage e = _entries[node];
        require(e.standing != Standing.None, NotIn(node));
        require(e.holder != msg.sender, NothingToDo());

        (e.holder, e.holderSince) = (msg.sender, _current());

        emit HolderChanged(node, msg.sender);
    }

    /// @notice Decides about a candidate or member what the rules say now. Anyone may call it. The reward for a notice comes
    /// with the eviction, since a provider could bring about any number of notices and mend them.
    function review(NodeId node) external {
        bool isCut = look(node);
        Standing standing = _entries[node].standing;
        if (standing == Standing.Probation && _reviewCandidate(node)) return _reward(_rules.reward);
        bool isNew = standing == Standing.Member && _reviewNotice(node);
        if (_isOver(node)) {
            _remove(node, Reason.Evicted);
            return _reward(_rules.reward);
        }
        require(isCut || isNew, NothingToDo());
    }

    function entryOf(NodeId node) external view returns (Entry memory) {
        return _entries[node];
    }

    function memberNodes() external view returns (NodeId[] memory) {
        return _list;
    }

    /// @notice The score with which the next candidate becomes a member: less for the founders, since nobody is paid where
    /// nobody serves.
    function neededScore() public view returns (uint256) {
        return admitted < _rules.founders ? _rules.evictScore : _rules.admitScore;
    }

    function _reviewCandidate(NodeId node) private returns (bool) {
        Entry storage e = _entries[node];
        uint256 score = scoreOf(node);
        (NodeId serving, NodeId successor, , uint32 current) = audits.outlook(e.vNode);
        if (serving != node && successor != node) return _remove(node, Reason.NotServing);
        if (!_isBacked(node)) return _remove(node, Reason.NotBacked);
        IAudits.VNodeState memory s = audits.state(e.vNode);
        bool served = s.node == node && s.servesSince + _rules.probation <= current;
        uint256 needed = neededScore();
        if (served && score >= needed && _list.length < _rules.members) {
            (e.standing, e.since, e.vNode, e.incumbent) = (Standing.Member, current, NO_VNODE, false);
            _list.push(node);
            ++admitted;

            emit Admitted(node, score, needed);

            return true;
        }
        // A candidate that only lacks a place keeps its vNode.
        bool isSlow = score < needed && current >= e.since + PATIENCE * _rules.probation;
        return isSlow && _remove(node, Reason.TooSlow);
    }

    /// @return isNew whether a notice was given or withdrawn.
    function _reviewNotice(NodeId node) private returns (bool isNew) {
        Entry storage e = _entries[node];
        (uint256 score, bool backed) = (scoreOf(node), _isBacked(node));
        bool isFit = backed && score >= _rules.evictScore;
        if (isFit == (e.noticeUntil == 0)) return false;
        e.noticeUntil = isFit ? 0 : _current() + _rules.notice;

        if (isFit) emit NoticeWithdrawn(node, score);
        else emit NoticeGiven(node, e.noticeUntil, score, backed);

        return true;
    }

    function _isOver(NodeId node) private view returns (bool) {
        uint32 until = _entries[node].noticeUntil;
        return until != 0 && until <= _current();
    }

    function _remove(NodeId node, Reason reason) internal returns (bool) {
        Entry storage e = _entries[node];
        if (e.standing == Standing.Member) {
            uint256 index;
            while (_list[index] != node) ++index;
            _list[index] = _list[_list.length - 1];
            _list.pop();
        }
        uint16 seats = e.seats;
        delete _entries[node];
        (e.since, e.seats) = (_current(), seats);

        emit WentOut(node, reason, scoreOf(node));

        return true;
    }

    /// @dev Whether the provider trusts this contract, and has a bond that it is not taking out.
    function _isBacked(NodeId node) internal view returns (bool) {
        address provider = registry.providerOf(node);
        if (!registry.isTrusted(provider, address(this))) return false;
        (uint256 total, , uint256 unbonding, ) = ledger.bondOf(node);
        return total >= unbonding + _rules.bond;
    }

    // ------------------------------------------------------------------------------------------------------- queue

    /// @notice Takes the candidate that has waited for longest out of the queue, and those before it that are not backed any
    /// more.
    function _takeWaiting() internal returns (NodeId) {
        for (uint256 i = 0; i < MAX_SKIPPED && _firstTicket < _nextTicket; ++i) {
            uint32 ticket = _firstTicket++;
            NodeId node = _queue[ticket];
            _queue[ticket] = NO_NODE;
            Entry storage e = _entries[node];
            if (e.standing != Standing.Waiting || e.ticket != ticket) continue;
            if (_isBacked(node)) return node;
            _remove(node, Reason.NotBacked);
        }
        return NO_NODE;
    }

    function _putOnProbation(NodeId node, VNodeId vNode, bool incumbent) internal {
        Entry storage e = _entries[node];
        (e.standing, e.since) = (Standing.Probation, _current());
        (e.vNode, e.incumbent, e.ticket) = (vNode, incumbent, 0);

        emit OnProbation(node, vNode, incumbent);
    }

    /// @inheritdoc Scores
    function _isSampled(NodeId node, VNodeId vNode) internal view override returns (bool) {
        Entry storage e = _entries[node];
        if (e.standing == Standing.Member) return true;
        if (e.standing != Standing.Probation || e.vNode != vNode) return false;
        return e.incumbent || registry.vNode(vNode).held <= _rules.probationLeaves;
    }
}
