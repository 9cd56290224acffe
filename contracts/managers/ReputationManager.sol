// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "../interfaces/IAudits.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {ClusterId, ClusterParams, NO_NODE, NodeId, VNodeId} from "../interfaces/Types.sol";
import {Ballot} from "./Ballot.sol";
import {ClusterManager} from "./ClusterManager.sol";
import {Membership} from "./reputation/Membership.sol";
import {ReputationRules} from "./reputation/ReputationRules.sol";
import {Scores} from "./reputation/Scores.sol";

/// @title ReputationManager
/// @notice Manages a cluster by what its nodes have proven and were paid for. Scores says what a score is, Membership who is a
/// member, and this file which node serves which vNode. What no rule decides the members decide (Ballot), each with the score
/// of its nodes.
///
/// A vNode without data goes to the candidate that has waited for longest, or else to the best member. A vNode with data
/// goes to the best member, if nobody serves it or somebody who may not. The best is the one with the highest score among
/// those without notice that have a free seat, room, bond and trust. The node that serves stays responsible until the next
/// one has proven that it has the data.
contract ReputationManager is Membership, Ballot {
    /// @notice Why a vNode goes to a node.
    enum Rule {
        /// The node served it when it became a candidate.
        Incumbent,
        /// Nobody served it, and a candidate waited.
        Candidate,
        /// The best member gets what nobody serves, or what somebody serves who may not.
        Best,
        /// The node that serves may go on, and its successor may not take over.
        TakenBack
    }

    /// @dev Members on the cluster's standby list, the best first.
    uint256 private constant STANDBY = 8;

    mapping(VNodeId vNode => NodeId) private _seats;
    /// @notice How many vNodes were added for candidates.
    uint16 public added;
    /// @notice The first epoch in which the contract acted as the manager, or 0.
    uint32 public managesSince;
    uint32 private _linedUpIn;

    /// @param score the node's, or 0 if the node was not chosen by it.
    event Placed(VNodeId indexed vNode, NodeId indexed node, NodeId previous, Rule rule, uint256 score);
    event Grown(VNodeId indexed vNode, uint64 token);
    event LinedUp(NodeId[] nodes);

    /// @notice Thrown when no member is fit for a vNode, or no candidate waits.
    error NobodyFits();
    /// @notice Thrown when a node that served before this contract managed the cluster still has time to join.
    error StillTime(VNodeId vNode, NodeId node, uint32 until);
    /// @notice Thrown when as many vNodes were added as the rules allow.
    error TooManyVNodes(uint16 added);

    modifier managing() {
        require(manages(), NotTheManager());
        if (managesSince == 0) managesSince = _current();
        _;
    }

    constructor(
        IAudits audits_,
        ClusterId cluster_,
        ReputationRules memory rules_
    ) ClusterManager(audits_, cluster_) Scores(rules_) {}

    // ------------------------------------------------------------------------------------------------------- vNodes

    /// @notice Lets a waiting candidate's service on a vNode be its probation, if it served there before this contract managed
    /// the cluster. Anyone may call it.
    function adopt(VNodeId vNode) external {
        _expectOwn(vNode);
        IAudits.VNodeState memory s = audits.state(vNode);
        require(_entries[s.node].standing == Standing.Waiting && _isOlder(s), NothingToDo());

        _putOnProbation(s.node, vNode, true);
        _sit(vNode, s.node);

        emit Placed(vNode, s.node, s.node, Rule.Incumbent, 0);
    }

    /// @notice Names the node for a vNode that nobody serves, or that somebody serves who may not. If nobody is to be named,
    /// notes who serves it. Anyone may call it.
    function place(VNodeId vNode) external managing {
        _expectOwn(vNode);
        audits.settle(vNode, type(uint8).max);
        (NodeId serving, NodeId successor, , ) = audits.outlook(vNode);
        NodeId coming = successor == NO_NODE ? serving : successor;
        NodeId seated = _seats[vNode];
        if (_maySit(coming, vNode)) {
            require(seated != coming, NothingToDo());
            return _sit(vNode, coming);
        }
        if (successor == NO_NODE) _expectTimeOver(vNode);

        (NodeId next, Rule rule) = (serving, Rule.TakenBack);
        if (successor == NO_NODE || !_maySit(serving, vNode)) (next, rule) = _choose(vNode, coming, seated);
        require(next != NO_NODE, NobodyFits());
        _sit(vNode, next);

        emit Placed(vNode, next, coming, rule, rule == Rule.Best ? scoreOf(next) : 0);

        if (next != coming) registry.assign(vNode, rule == Rule.TakenBack ? NO_NODE : next);
        _reward(_rules.reward);
    }

    function _choose(VNodeId vNode, NodeId coming, NodeId seated) private returns (NodeId next, Rule rule) {
        uint256 held = registry.vNode(vNode).held;
        if (held == 0) next = _takeWaiting();
        if (next == NO_NODE) return (_best(vNode, held, coming, seated), Rule.Best);
        _putOnProbation(next, vNode, false);
        rule = Rule.Candidate;
    }

    /// @notice Adds a vNode for the candidate that has waited for longest. Anyone may call it.
    function grow() external managing {
        require(added < _rules.vNodes, TooManyVNodes(added));
        NodeId node = _takeWaiting();
        require(node != NO_NODE, NobodyFits());
        ++added;
        uint64[] memory tokens = new uint64[](1);
        // The epoch is in it, so that a place that is taken is no hindrance for long.
        tokens[0] = uint64(uint256(keccak256(abi.encode(address(this), added, _current()))));
        VNodeId vNode = registry.addVNodes(cluster, tokens);
        _putOnProbation(node, vNode, false);
        _sit(vNode, node);

        emit Grown(vNode, tokens[0]);
        emit Placed(vNode, node, NO_NODE, Rule.Candidate, 0);

        registry.assign(vNode, node);
        _reward(_rules.reward);
    }

    /// @notice The node that the contract last saw on a vNode, or named for it.
    function seatOf(VNodeId vNode) external view returns (NodeId) {
        return _seats[vNode];
    }

    /// @dev Nodes that served before this contract managed the cluster have the time of a probation and a notice to become
    /// members.
    function _expectTimeOver(VNodeId vNode) private view {
        IAudits.VNodeState memory s = audits.state(vNode);
        if (s.node == NO_NODE || !_isOlder(s)) return;
        uint32 until = managesSince + _rules.probation + _rules.notice;
        require(until <= _current(), StillTime(vNode, s.node, until));
    }

    function _isOlder(IAudits.VNodeState memory s) private view returns (bool) {
        return managesSince == 0 || s.servesSince <= managesSince;
    }

    function _maySit(NodeId node, VNodeId vNode) private view returns (bool) {
        Entry storage e = _entries[node];
        return e.standing == Standing.Member || (e.standing == Standing.Probation && e.vNode == vNode);
    }

    function _sit(VNodeId vNode, NodeId node) private {
        NodeId before = _seats[vNode];
        if (before == node) return;
        _seats[vNode] = node;
        if (before != NO_NODE) --_entries[before].seats;
        // More seats than rules.seats are another contract's doing.
        if (node != NO_NODE) ++_entries[node].seats;
    }

    // ------------------------------------------------------------------------------------------------------ members

    /// @dev The best member that is fit for a vNode, but not the one that may not have it, and the one that was named for it
    /// last and did not take it over only if there is no other.
    function _best(
        VNodeId vNode,
        uint256 held,
        NodeId except,
        NodeId failed
    ) private view returns (NodeId last) {
        uint256 neededBond = audits.state(vNode).committed * _bondEpochs();
        (NodeId[] memory nodes, uint256[] memory scores) = _ranked();
        for (uint256 i = 0; i < nodes.length && scores[i] != 0; ++i) {
            NodeId node = nodes[i];
            if (node == except || _entries[node].seats >= _rules.seats) continue;
            IRegistry.Node memory n = registry.node(node);
            bool fits = n.capacity - n.used >= held && ledger.freeBond(node) >= neededBond;
            if (!fits || !registry.isTrusted(n.provider, address(this))) continue;
            if (node != failed) return node;
            last = node;
        }
    }

    /// @dev What a node that is named now locks, in epochs' rate: by the next epoch's terms.
    function _bondEpochs() private view returns (uint256) {
        (uint32 since, ClusterParams memory next, , ) = audits.announced(cluster);
        if (since <= _current() + 1) return next.bondEpochs;
        (ClusterParams memory present, , ) = audits.params(cluster);
        return present.bondEpochs;
    }

    /// @dev The members by their scores, the highest first, those with notice last and with a score of 0.
    function _ranked() private view returns (NodeId[] memory nodes, uint256[] memory scores) {
        nodes = _list;
        scores = new uint256[](nodes.length);
        for (uint256 i = 0; i < nodes.length; ++i) {
            NodeId node = nodes[i];
            uint256 score = _entries[node].noticeUntil == 0 ? scoreOf(node) : 0;
            uint256 at = i;
            for (; at != 0 && scores[at - 1] < score; --at)
                (nodes[at], scores[at]) = (nodes[at - 1], scores[at - 1]);
            (nodes[at], scores[at]) = (node, score);
        }
    }

    /// @notice Makes the cluster's standby list the best members, the best first, once in an epoch. Anyone may call it. It is
    /// not rewarded, since scores change in every epoch. The node of who calls it may get something to serve.
    function lineUp() external managing {
        require(_linedUpIn != _current(), NothingToDo());
        _linedUpIn = _current();
        NodeId[] memory old = registry.standby(cluster);
        // Removing the last one moves no other.
        for (uint256 i = old.length; i != 0; --i) registry.removeStandby(cluster, old[i - 1]);
        (NodeId[] memory nodes, uint256[] memory scores) = _ranked();
        uint256 count;
        for (uint256 i = 0; i < nodes.length && count < STANDBY && scores[i] != 0; ++i) {
            if (!_isBacked(nodes[i])) continue;
            registry.addStandby(cluster, nodes[i]);
            nodes[count++] = nodes[i];
        }
        assembly ("memory-safe") {
            mstore(nodes, count)
        }

        emit LinedUp(nodes);
    }

    // ------------------------------------------------------------------------------------------------------- ballot

    /// @inheritdoc Ballot
    /// @dev The providers of the member nodes.
    function _members() internal view override returns (address[] memory members) {
        members = new address[](_list.length);
        uint256 count;
        for (uint256 i = 0; i < members.length; ++i) {
            address holder = _entries[_list[i]].holder;
            uint256 at;
            while (at < count && members[at] != holder) ++at;
            if (at == count) members[count++] = holder;
        }
        assembly ("memory-safe") {
            mstore(members, count)
        }
    }

    /// @inheritdoc Ballot
    /// @dev The scores of the nodes that were members, with this provider, before that epoch: the part of each that it had
    /// then and has still. A node that has changed hands counts for nobody until its provider takes it up.
    function _weightOf(address member, uint32 since) internal view override returns (uint256 weight) {
        for (uint256 i = 0; i < _list.length; ++i) {
            NodeId node = _list[i];
            Entry storage e = _entries[node];
            if (e.holder != member || e.since >= since || e.holderSince >= since) continue;
            if (registry.providerOf(node) == member) weight += scoreSince(node, since);
        }
    }
}
