// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IAudits} from "../interfaces/IAudits.sol";
import {ClusterId, ClusterParams, NodeId, VNodeId} from "../interfaces/Types.sol";
import {Ballot} from "./Ballot.sol";
import {ClusterManager} from "./ClusterManager.sol";
import {Admission} from "./proof/Admission.sol";
import {IProofOfStorage} from "./proof/IProofOfStorage.sol";
import {Posted} from "./proof/Posted.sol";
import {Core, Member, ProofState, Rules, Standing, Vacancy} from "./proof/ProofTypes.sol";
import {Ring} from "./proof/Ring.sol";
import {SeatDraws} from "./proof/SeatDraws.sol";
import {Standings} from "./proof/Standings.sol";

/// @title ProofOfStorageManager
/// @notice Manages a cluster by rules alone. Admission has who joins and goes, SeatDraws who gets which vNode, and this file what
/// nodes may ask. What the rules leave open, the members decide by the vNodes that they serve (see Ballot).
///
/// Anybody cranks. A crank that changes something is paid from the manager's fee, unless it could be brought about for less than
/// it is paid. One that changes nothing reverts or is not paid. No function here is called by the core, and none is needed to
/// prove, to be paid, to leave or to claim.
contract ProofOfStorageManager is Ballot, IProofOfStorage {
    using Admission for ProofState;
    using Ring for Ring.Ordered;
    using SafeERC20 for IERC20;
    using SeatDraws for ProofState;
    using Standings for ProofState;

    uint256 private constant MAX_EPOCHS = 1 << 20;

    ProofState private _state;

    modifier onlyManaging() {
        require(manages(), NotManaging());
        _;
    }

    constructor(IAudits audits_, ClusterId cluster_, Rules memory rules_) ClusterManager(audits_, cluster_) {
        _checkRules(rules_);
        (, ClusterParams memory p, uint8 profile, uint8 beacon) = audits.announced(cluster);
        uint8 quantumBits = registry.cluster(cluster).quantumBits;
        ClusterId probation = registry.createCluster(profile, beacon, quantumBits, p, "probation");
        _state.core = Core(audits, registry, ledger, challenges, cluster, probation);
        _state.rules = rules_;
        _state.price = rules_.curve.least;

        emit Made(cluster, probation, rules_);
    }

    function _checkRules(Rules memory r) private pure {
        bool bounded = r.seatLeaves != 0 && r.probation >= 2 && r.probation <= 1000 && r.shareBits <= 40;
        bool fair = r.standby <= 32 && r.maxMisses != 0 && r.period != 0 && r.period <= MAX_EPOCHS;
        bool timely = r.reentry != 0 && r.reentry <= MAX_EPOCHS && r.patience <= MAX_EPOCHS;
        require(bounded && fair && timely && Posted.isSound(r.curve), BadRules());
    }

    // ----------------------------------------------------------------------------------------------------- admission

    /// @notice Makes a node of the caller a candidate. The caller must trust this manager. The node's rent is at most the
    /// price, and its free bond is enough for what it offers at that price.
    /// @param offered leaves, of the node's capacity.
    /// @param terms the termsHash that the caller has seen.
    function join(NodeId node, uint40 offered, bytes32 terms) external onlyManaging {
        _state.join(node, offered, terms);
    }

    /// @notice Makes a candidate that has proven itself a member. Anyone may call it.
    /// @param instead if there are 64 members, one that offers less and has no seat, and gives way. Otherwise 0.
    function admit(NodeId node, NodeId instead) external onlyManaging {
        _state.admit(node, instead);
    }

    /// @notice Ends the membership of a node of the caller, whether this manager manages or not. Its seats go to others, one
    /// by one. Audits.announceLeave leaves a vNode without anybody's help.
    function quit(NodeId node) external {
        _state.quit(node);
    }

    /// @notice Ends a membership that breaks a rule. Anyone may call it.
    /// @param vNodes seats of the node whose misses are counted first, at most 16.
    function evict(NodeId node, VNodeId[] calldata vNodes) external onlyManaging {
        _state.evict(node, vNodes);
    }

    /// @notice Takes the vNode of a probation that is over back, once it holds nothing. Anyone may call it.
    function freeProbation(NodeId node) external {
        _state.freeProbation(node);
    }

    /// @notice Announces the cluster's newest terms for the probation cluster, too. Anyone may call it.
    function followTerms() external {
        _state.followTerms();
    }

    /// @notice The hash of the terms that hold and those announced, as abi.encode of what audits.params and audits.announced
    /// return.
    function termsHash() external view returns (bytes32) {
        return _state.termsHash();
    }

    /// @notice The leaves of the probation segment of a node that offers so many.
    function probationLeaves(uint40 offered) external view returns (uint32) {
        return _state.probationLeaves(offered);
    }

    /// @notice The key of the stream that a candidate should store: 0 until the first epoch after it joined has randomness.
    function seedOf(NodeId node) external view returns (bytes32) {
        return _state.seedOf(node);
    }

    // --------------------------------------------------------------------------------------------------------- seats

    /// @notice Puts a vNode of the cluster on the ring. Anyone may call it.
    /// @param hint a vNode on the ring, at most 16 places before it. Any value for the first one.
    function enlist(VNodeId vNode, VNodeId hint) external onlyManaging {
        _state.enlist(vNode, hint);
    }

    /// @notice Adds a vNode to the cluster while members offer twice as many seats as there are vNodes, one in an epoch, at the
    /// place that the running epoch's randomness says. Anyone may call it.
    function grow(VNodeId hint) external onlyManaging {
        _state.grow(hint);
    }

    /// @notice Looks whose seat a vNode is, and queues it if it is vacant. Anyone may call it.
    function look(VNodeId vNode) external onlyManaging {
        _state.look(vNode);
    }

    /// @notice Queues a place on the standby list, if one is free and none waits. Anyone may call it. The draw is what is paid.
    function callStandby() external onlyManaging {
        _state.callStandby();
    }

    /// @notice Takes a node off the standby list that is no member, or is not fit. That counts as a miss. Anyone may call it.
    function unlist(NodeId node) external onlyManaging {
        _state.unlist(node);
    }

    /// @notice Draws who gets what has waited for the longest time. Anyone may call it.
    function seat() external onlyManaging {
        _state.seat();
    }

    // --------------------------------------------------------------------------------------------------------- price

    /// @notice Adds up what up to `max` more vNodes of the ring hold. The last one moves the price by a step, once an epoch.
    /// Anyone may call it.
    function reprice(uint256 max) external onlyManaging {
        ProofState storage s = _state;
        uint32 current = _current();
        require(s.pricedIn != current && max != 0, NothingToDo());
        uint256 count = s.ring.all.length;
        (uint256 i, uint256 used) = (s.measured, s.used);
        uint256 end = Math.min(count, i + Math.min(max, count));
        for (; i < end; ++i) used += registry.vNode(s.ring.all[i]).held;
        if (i < count) {
            (s.measured, s.used) = (uint16(i), uint64(used));
            return;
        }

        Posted.Curve memory c = s.rules.curve;
        uint256 target = Posted.priceAt(c, used, s.offered);
        (uint256 before, uint256 moved) = (s.price, Posted.follow(c, s.price, target));
        (s.price, s.pricedIn, s.measured, s.used) = (uint96(moved), current, 0, 0);

        emit Priced(used, s.offered, target, moved, current);

        if (moved != before) s.pay();
    }

    /// @notice The most rent that a node may ask to be admitted or seated, in token units per 1e18 leaves and epoch.
    function price() external view returns (uint256) {
        return _state.price;
    }

    // --------------------------------------------------------------------------------------------------------- money

    /// @notice Gives what is left to the next manager's account, once this one does not manage any more. Anyone may call it.
    function handOn() external {
        require(!manages(), NothingToDo());
        uint256 amount = ledger.balanceOf(address(this));
        require(amount != 0, NothingToDo());
        address next = registry.managerOf(cluster);

        emit HandedOn(next, amount);

        ledger.withdraw(address(this), amount);
        uint256 held = ledger.token().balanceOf(address(this));
        ledger.token().forceApprove(address(ledger), held);
        ledger.deposit(next, held);
    }

    // ------------------------------------------------------------------------------------------------------- ballots

    /// @inheritdoc Ballot
    /// @dev The contract itself stands for the vNodes that no member serves. It supports nothing. So a motion needs more than
    /// half of all of them: the first members, or those that an outage spares, do not decide alone. Data does not count, as
    /// anybody can store some just before.
    function _members() internal view override returns (address[] memory accounts) {
        uint256 count = _state.list.length;
        accounts = new address[](count + 1);
        accounts[0] = address(this);
        uint256 found = 1;
        for (uint256 i = 0; i < count; ++i) {
            address provider = _state.members[_state.list[i]].provider;
            uint256 j = 0;
            while (j < found && accounts[j] != provider) ++j;
            if (j == found) accounts[found++] = provider;
        }
        assembly ("memory-safe") {
            mstore(accounts, found)
        }
    }

    /// @inheritdoc Ballot
    function _weightOf(address member, uint32 since) internal view override returns (uint256 weight) {
        if (member == address(this)) return _unserved();
        for (uint256 i = 0; i < _state.list.length; ++i) {
            NodeId node = _state.list[i];
            if (_state.members[node].provider != member || registry.providerOf(node) != member) continue;
            VNodeId[] storage held = _state.ring.held[node];
            for (uint256 j = 0; j < held.length; ++j) {
                IAudits.VNodeState memory v = audits.state(held[j]);
                if (v.node == node && v.servesSince <= since) ++weight;
            }
        }
    }

    function _unserved() private view returns (uint256 count) {
        for (uint256 i = 0; i < _state.ring.all.length; ++i) {
            VNodeId id = _state.ring.all[i];
            IAudits.VNodeState memory v = audits.state(id);
            NodeId holder = _state.ring.seats[id].holder;
            Member storage m = _state.members[holder];
            bool serves = v.node == holder && m.standing == Standing.Member;
            if (!serves || registry.providerOf(holder) != m.provider) ++count;
        }
    }

    // --------------------------------------------------------------------------------------------------------- views

    function rules() external view returns (Rules memory) {
        return _state.rules;
    }

    /// @notice A cluster of the manager's own, with the terms of the other one, where candidates prove themselves.
    function probationCluster() external view returns (ClusterId) {
        return _state.core.probation;
    }

    function memberOf(NodeId node) external view returns (Member memory) {
        return _state.members[node];
    }

    function members() external view returns (NodeId[] memory) {
        return _state.list;
    }

    /// @notice Leaves and seats that all members offer.
    function offers() external view returns (uint256 leaves, uint256 seats) {
        return (_state.offered, _state.quota);
    }

    function ring() external view returns (VNodeId[] memory) {
        return _state.ring.all;
    }

    function seatOf(VNodeId vNode) external view returns (Ring.Seat memory) {
        return _state.ring.seat(vNode);
    }

    /// @notice The vacancies in the order in which they are drawn.
    function queue() external view returns (Vacancy[] memory) {
        return _state.queued();
    }
}
