// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "../../interfaces/IAudits.sol";
import {IRegistry} from "../../interfaces/IRegistry.sol";
import {BASIS_POINTS, NodeId, Unauthorized} from "../../interfaces/Types.sol";
import {Stakes} from "./Stakes.sol";
import {StakingTerms, Terms} from "./Terms.sol";
import {Till} from "./Till.sol";

/// @title Stakers
/// @notice The candidates with their own stake, and the nominators who back them.
///
/// While an election runs, it counts what was there when it began. Whatever is changed meanwhile counts from the next one on.
abstract contract Stakers is Till {
    using Stakes for Stakes.Stake;

    uint256 public constant MAX_CANDIDATES = 64;
    uint256 public constant MAX_NOMINATORS = 1_024;
    uint256 public constant MAX_TARGETS = 16;

    /// @dev An election counts it if it is not chilled and has the least own stake.
    struct Candidate {
        Stakes.Stake own;
        NodeId node;
        /// Basis points of its seat's reward that it keeps before the rest is shared.
        uint16 commission;
        bool chilled;
    }

    struct Nominator {
        Stakes.Stake stake;
        /// Ids of candidates in ascending order, 16 bits each, from the lowest bits up.
        uint256 targets;
        /// What counts in the stake's election if anything has changed since it began.
        uint256 frozenTargets;
    }

    /// @dev How many candidates count, and how many did when the election began.
    struct Field {
        uint16 eligible;
        uint16 frozen;
        uint32 election;
        uint16 candidates;
        uint16 live;
        uint32 nominators;
        uint16 liveNominators;
    }

    IAudits public immutable audits;
    IRegistry public immutable registry;

    StakingTerms internal _terms;
    Field internal _field;
    mapping(uint16 candidate => Candidate) internal _candidates;
    mapping(uint32 nominator => Nominator) internal _nominators;
    mapping(NodeId node => uint16 candidate) public candidateOf;
    mapping(address account => uint32 nominator) public nominatorOf;

    event CandidateOffered(
        uint16 indexed candidate,
        NodeId indexed node,
        address indexed provider,
        uint16 commission
    );
    event CommissionLowered(uint16 indexed candidate, uint16 commission);
    event Chilled(uint16 indexed candidate, bool chilled);
    event Nominated(uint32 indexed nominator, address indexed account, uint16[] targets);
    /// @notice Emitted whenever a stake changes. Candidate and nominator: one of them is 0.
    event StakeChanged(
        uint16 indexed candidate,
        uint32 indexed nominator,
        uint96 staked,
        uint96 leaving,
        uint32 releasable
    );

    /// @notice Thrown when a node is a candidate already.
    error AlreadyCandidate(NodeId node, uint16 candidate);
    /// @notice Thrown when a commission is above 100 %, or would rise.
    error BadCommission(uint16 commission);
    /// @notice Thrown when all places are taken, and the one whose place is to be taken has no less stake.
    error NoPlace(uint256 instead);
    /// @notice Thrown when targets are no candidates, not in ascending order, too many or none.
    error BadTargets(uint16[] targets);

    constructor(
        IAudits audits_,
        StakingTerms memory terms_
    ) Till(audits_.token(), audits_.ledger().treasury()) {
        Terms.check(terms_, audits_.quarterEpochs());
        (audits, registry, _terms) = (audits_, audits_.registry(), terms_);
    }

    function terms() external view returns (StakingTerms memory) {
        return _terms;
    }

    /// @return the era that an election is for, or 0 if none runs.
    function _election() internal view virtual returns (uint32);

    // --------------------------------------------------------------------------------------------------- candidates

    /// @notice Offers the caller's node as a candidate.
    /// @param instead if all places are taken: the candidate with less own stake whose place this one takes. Its stake leaves.
    function offer(
        NodeId node,
        uint16 commission,
        uint96 amount,
        uint16 instead
    ) external returns (uint16 id) {
        require(registry.providerOf(node) == msg.sender, Unauthorized(msg.sender));
        require(!_isHis(candidateOf[node], node), AlreadyCandidate(node, candidateOf[node]));
        require(commission <= BASIS_POINTS, BadCommission(commission));
        require(amount >= _terms.leastOwn, Stakes.StakeTooSmall(amount, _terms.leastOwn));
        if (_field.live == MAX_CANDIDATES) {
            uint96 other = _candidates[instead].own.staked;
            require(other != 0 && other < amount, NoPlace(instead));
            _leaveAsCandidate(instead, other);
        }

        if (candidateOf[node] != 0) _chill(candidateOf[node], true);
        id = ++_field.candidates;
        Candidate storage c = _candidates[id];
        (c.own.owner, c.node, c.commission) = (msg.sender, node, commission);
        candidateOf[node] = id;

        emit CandidateOffered(id, node, msg.sender, commission);

        _raise(id, amount);
    }

    /// @notice Adds to the own stake of the caller's candidate.
    function raise(uint16 id, uint96 amount) external {
        _checkOwner(_candidates[id].own);
        require(amount != 0, Stakes.StakeTooSmall(0, 1));
        uint256 after_ = uint256(_candidates[id].own.staked) + amount;
        require(after_ >= _terms.leastOwn, Stakes.StakeTooSmall(after_, _terms.leastOwn));
        require(_candidates[id].own.staked != 0 || _field.live < MAX_CANDIDATES, NoPlace(0));

        _raise(id, amount);
    }

    function _raise(uint16 id, uint96 amount) private {
        Candidate storage c = _candidates[id];
        bool was = _beforeCandidate(c);
        if (c.own.staked == 0) ++_field.live;
        c.own.staked += amount;
        _afterCandidate(id, was);

        _take(amount);
    }

    /// @notice Lets own stake leave. All of it, or so much that the least own stake is left.
    function leaveAsCandidate(uint16 id, uint96 amount) external {
        _checkOwner(_candidates[id].own);

        _leaveAsCandidate(id, amount);
    }

    function _leaveAsCandidate(uint16 id, uint96 amount) private {
        Candidate storage c = _candidates[id];
        bool was = _beforeCandidate(c);
        c.own.unbond(amount, _terms.leastOwn, _releasable());
        if (c.own.staked == 0) --_field.live;
        _afterCandidate(id, was);
    }

    /// @notice Pays out own stake that has left, to the provider's credit. Anyone may call it.
    function releaseCandidate(uint16 id) external {
        Stakes.Stake storage s = _candidates[id].own;
        uint96 amount = s.release(audits.currentEpoch());

        _emitStake(id, 0, s);
        _credit(s.owner, amount, "released");
    }

    function lowerCommission(uint16 id, uint16 commission) external {
        Candidate storage c = _candidates[id];
        _checkOwner(c.own);
        require(commission < c.commission, BadCommission(commission));
        c.commission = commission;

        emit CommissionLowered(id, commission);
    }

    /// @notice Takes a candidate out of the elections to come, or puts it back. Its provider may; and anyone may take one out
    /// whose node has another provider now. A node stands once: one that was offered again since is not put back.
    function chill(uint16 id, bool chilled) external {
        bool isStray = id != 0 && !_isHis(id, _candidates[id].node);
        bool isLast = candidateOf[_candidates[id].node] == id;
        require(chilled ? isStray || _owns(id) : !isStray && isLast && _owns(id), Unauthorized(msg.sender));

        _chill(id, chilled);
    }

    function _owns(uint16 id) private view returns (bool) {
        return _candidates[id].own.owner == msg.sender;
    }

    /// @dev Whether the node is a candidate of its present provider.
    function _isHis(uint16 id, NodeId node) internal view returns (bool) {
        return id != 0 && _candidates[id].own.owner == registry.providerOf(node);
    }

    function _chill(uint16 id, bool chilled) internal {
        Candidate storage c = _candidates[id];
        if (c.chilled == chilled) return;
        bool was = _beforeCandidate(c);
        c.chilled = chilled;
        _afterCandidate(id, was);

        emit Chilled(id, chilled);
    }

    /// @dev Takes from a candidate's own stake, for the treasury.
    function _takeOwn(uint16 id, uint256 amount) internal returns (uint256 taken) {
        Candidate storage c = _candidates[id];
        bool was = _beforeCandidate(c);
        bool wasLive = c.own.staked != 0;
        taken = c.own.take(amount);
        if (wasLive && c.own.staked == 0) --_field.live;
        _afterCandidate(id, was);
    }

    function _beforeCandidate(Candidate storage c) private returns (bool was) {
        was = _isEligible(c);
        uint32 election = _election();
        if (election == 0) return was;
        c.own.freeze(election, was ? c.own.staked : 0);
        if (_field.election != election) (_field.election, _field.frozen) = (election, _field.eligible);
    }

    function _afterCandidate(uint16 id, bool was) private {
        Candidate storage c = _candidates[id];
        bool is_ = _isEligible(c);
        if (is_ && !was) ++_field.eligible;
        if (was && !is_) --_field.eligible;

        _emitStake(id, 0, c.own);
    }

    function _isEligible(Candidate storage c) internal view returns (bool) {
        return !c.chilled && c.own.staked >= _terms.leastOwn;
    }

    /// @return 0 if the election does not count the candidate.
    function _ownAt(uint16 id, uint32 election) internal view returns (uint96) {
        Candidate storage c = _candidates[id];
        if (c.own.election == election) return c.own.frozen;
        return _isEligible(c) ? c.own.staked : 0;
    }

    function _eligibleAt(uint32 election) internal view returns (uint256) {
        return _field.election == election ? _field.frozen : _field.eligible;
    }

    function candidate(uint16 id) external view returns (Candidate memory) {
        return _candidates[id];
    }

    // --------------------------------------------------------------------------------------------------- nominators

    /// @notice Backs candidates with the caller's stake, in place of those whom it backed before.
    /// @param amount what is added to the stake, or 0.
    /// @param instead if all places are taken: the nominator with less stake whose place this one takes. Its stake leaves.
    function nominate(uint16[] calldata targets, uint96 amount, uint32 instead) external returns (uint32 id) {
        uint256 word = _pack(targets);
        id = nominatorOf[msg.sender];
        if (id == 0) id = nominatorOf[msg.sender] = ++_field.nominators;
        Nominator storage n = _nominators[id];
        uint256 staked = uint256(n.stake.staked) + amount;
        require(staked >= _terms.leastNomination, Stakes.StakeTooSmall(staked, _terms.leastNomination));
        if (n.stake.staked == 0) _makePlace(instead, staked);

        _beforeNominator(n);
        n.stake.owner = msg.sender;
        n.targets = word;
        n.stake.staked += amount;

        emit Nominated(id, msg.sender, targets);
        _emitStake(0, id, n.stake);

        if (amount != 0) _take(amount);
    }

    function _makePlace(uint32 instead, uint256 staked) private {
        if (_field.liveNominators == MAX_NOMINATORS) {
            uint96 other = _nominators[instead].stake.staked;
            require(other != 0 && other < staked, NoPlace(instead));
            _leaveAsNominator(instead, other);
        }
        ++_field.liveNominators;
    }

    function _pack(uint16[] calldata targets) private view returns (uint256 word) {
        uint256 n = targets.length;
        require(n != 0 && n <= MAX_TARGETS, BadTargets(targets));
        uint256 last = 0;
        for (uint256 i = 0; i < n; ++i) {
            uint256 target = targets[i];
            require(target > last && target <= _field.candidates, BadTargets(targets));
            word |= target << (16 * i);
            last = target;
        }
    }

    /// @notice Lets the caller's stake leave. All of it, or so much that the least nomination is left.
    function leaveAsNominator(uint96 amount) external {
        _leaveAsNominator(nominatorOf[msg.sender], amount);
    }

    function _leaveAsNominator(uint32 id, uint96 amount) private {
        Nominator storage n = _nominators[id];
        _beforeNominator(n);
        n.stake.unbond(amount, _terms.leastNomination, _releasable());
        if (n.stake.staked == 0) --_field.liveNominators;

        _emitStake(0, id, n.stake);
    }

    /// @notice Pays out stake that has left, to the nominator's credit. Anyone may call it.
    function releaseNominator(uint32 id) external {
        Stakes.Stake storage s = _nominators[id].stake;
        uint96 amount = s.release(audits.currentEpoch());

        _emitStake(0, id, s);
        _credit(s.owner, amount, "released");
    }

    function _takeFromNominator(uint32 id, uint256 amount) internal returns (uint256 taken) {
        Nominator storage n = _nominators[id];
        _beforeNominator(n);
        bool wasLive = n.stake.staked != 0;
        taken = n.stake.take(amount);
        if (wasLive && n.stake.staked == 0) --_field.liveNominators;

        _emitStake(0, id, n.stake);
    }

    function _beforeNominator(Nominator storage n) private {
        uint32 election = _election();
        if (election == 0 || n.stake.election == election) return;
        n.stake.freeze(election, n.stake.staked);
        n.frozenTargets = n.targets;
    }

    /// @return budget what the nominator has staked for an election, and for whom.
    function _nominationAt(
        uint32 id,
        uint32 election
    ) internal view returns (uint256 budget, uint256 targets) {
        Nominator storage n = _nominators[id];
        if (n.stake.election == election) return (n.stake.frozen, n.frozenTargets);
        return (n.stake.staked, n.targets);
    }

    function nominator(uint32 id) external view returns (Nominator memory) {
        return _nominators[id];
    }

    function field() external view returns (Field memory) {
        return _field;
    }

    function _releasable() private view returns (uint32) {
        return audits.currentEpoch() + _terms.unbondEpochs;
    }

    function _checkOwner(Stakes.Stake storage s) private view {
        require(s.owner == msg.sender, Unauthorized(msg.sender));
    }

    function _emitStake(uint16 candidateId, uint32 nominatorId, Stakes.Stake storage s) private {
        emit StakeChanged(candidateId, nominatorId, s.staked, s.leaving, s.releasable);
    }
}
