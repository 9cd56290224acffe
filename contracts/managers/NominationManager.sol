// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "../interfaces/IAudits.sol";
import {IChallenges} from "../interfaces/IChallenges.sol";
import {IStakingSource} from "../interfaces/managers/IStakingSource.sol";
import {BASIS_POINTS, ChallengeId, ClusterId, NodeId, VNodeId} from "../interfaces/Types.sol";
import {Ballot} from "./Ballot.sol";
import {ClusterManager} from "./ClusterManager.sol";
import {Cranks} from "./nomination/Cranks.sol";
import {Places} from "./nomination/Places.sol";

/// @title NominationManager
/// @notice Stakers decide who serves a cluster. In each era those whom the staking has elected have the seats. This file has
/// the eras and the offences, Places has the vNodes.
///
/// What a member's node does wrong in an era takes a share of all stake behind its seat in that era: each miss of a vNode that
/// is enlisted, each fault in whatever cluster, and each challenge that it loses in this one. Misses and faults count for the era in which
/// they are seen, and an era ends only when they are. A lost challenge counts for the era in which it was made, whenever it
/// is lost. What is taken goes to the treasury.
///
/// The manager's fee is the reward of the era in which it is collected, but for a tenth, which pays those who call the
/// functions of these contracts.
contract NominationManager is Places, Ballot {
    /// @notice What takes which part of the stake behind a seat, in basis points.
    struct Shares {
        uint16 miss;
        uint16 fault;
        uint16 lost;
    }

    /// @notice A service of a vNode, and its misses that are taken into account.
    struct Service {
        NodeId node;
        uint32 since;
        uint32 misses;
    }

    uint256 public constant MAX_SHARE = 5_000;
    /// @notice An era ends that many epochs late at most because vNodes are not settled.
    uint32 public constant SETTLE_EPOCHS = 4;

    Shares public shares;
    mapping(VNodeId vNode => Service) public serviceOf;
    /// @notice The faults of a node that are taken into account.
    mapping(NodeId node => uint32) public faultsOf;
    mapping(ChallengeId challenge => bool) public reported;

    event MissesSeen(uint32 indexed era, uint256 seat, VNodeId indexed vNode, uint32 misses, uint256 share);
    event FaultsSeen(uint32 indexed era, uint256 seat, NodeId indexed node, uint32 faults, uint256 share);
    event LossReported(uint32 indexed era, uint256 seat, ChallengeId indexed challenge, uint256 share);
    event Turned(uint32 indexed era, uint256 fees, address by);

    /// @notice Thrown when the source does not name this contract as its manager.
    error BadSource(IStakingSource source);
    error BadShare(uint256 share);
    /// @notice Thrown when an era may end only once a vNode is settled. Anyone can settle it.
    error SettleFirst(VNodeId vNode, uint32 settled, uint32 needed);
    error NoSuchSeat(uint256 seat);
    /// @notice Thrown when a challenge was not lost by that seat in that era in this cluster, or is reported already.
    error NotALoss(ChallengeId challenge, uint32 era, uint256 seat);

    constructor(
        IAudits audits_,
        ClusterId cluster_,
        IStakingSource source_,
        Shares memory shares_,
        uint96 crankReward_,
        uint8 maxVNodes_
    ) ClusterManager(audits_, cluster_) Cranks(crankReward_) Places(source_, maxVNodes_) {
        require(source_.manager() == address(this), BadSource(source_));
        uint16[3] memory all = [shares_.miss, shares_.fault, shares_.lost];
        for (uint256 i = 0; i < all.length; ++i) require(all[i] <= MAX_SHARE, BadShare(all[i]));
        shares = shares_;
    }

    // --------------------------------------------------------------------------------------------------------- eras

    /// @notice Ends an era that is over: takes what the members' nodes have missed, passes the fee on, and begins the next
    /// one. Anyone may call it.
    function turn() external {
        uint32 ending = source.era();
        IStakingSource.Member[] memory list = source.members(ending);
        uint32 ends = source.endsAt();
        bool mustBeSettled = _current() < ends + SETTLE_EPOCHS;
        for (uint256 i = 0; i < vNodes.length; ++i) {
            IAudits.VNodeState memory s = audits.state(vNodes[i]);
            bool isSettled = s.settled + 1 >= ends || s.committed == 0;
            require(isSettled || !mustBeSettled, SettleFirst(vNodes[i], s.settled, ends - 1));
            _observe(vNodes[i], s, ending, list);
        }
        for (uint256 i = 0; i < list.length; ++i) _observeFaults(i, list[i].node, ending);
        uint256 fees = _collect(address(source));

        source.turn();
        list = source.members(ending + 1);
        for (uint256 i = 0; i < list.length; ++i) faultsOf[list[i].node] = _recordedFaults(list[i].node);

        emit Turned(ending, fees, msg.sender);
        _payCrank();
    }

    // ----------------------------------------------------------------------------------------------------- offences

    /// @notice Takes what the member that serves a vNode has missed, in the running era. Anyone may call it.
    function observe(VNodeId id) external {
        require(isEnlisted[id], NotEnlisted(id));
        uint32 running = source.era();
        if (_observe(id, audits.state(id), running, source.members(running))) _payCrank();
    }

    /// @dev The misses of a service that has ended since the last time are lost, but not the fault that it ended with.
    function _observe(
        VNodeId id,
        IAudits.VNodeState memory s,
        uint32 running,
        IStakingSource.Member[] memory list
    ) private returns (bool) {
        Service memory before = serviceOf[id];
        bool goesOn = s.node == before.node && s.servesSince == before.since;
        uint32 misses = s.servedMisses - (goesOn ? before.misses : 0);
        if (goesOn && misses == 0) return false;
        serviceOf[id] = Service(s.node, s.servesSince, s.servedMisses);
        uint256 seat = _seatOf(list, s.node);
        if (misses == 0 || seat == list.length) return false;
        uint256 share = _capped(uint256(misses) * shares.miss);

        emit MissesSeen(running, seat, id, misses, share);

        source.punish(running, seat, share);
        return true;
    }

    function _onEnlist(VNodeId id) internal override {
        IAudits.VNodeState memory s = audits.state(id);
        serviceOf[id] = Service(s.node, s.servesSince, s.servedMisses);
    }

    /// @notice Takes what the faults of a member's node cost, in the running era. Anyone may call it.
    function observeFaults(uint256 seat) external {
        uint32 running = source.era();
        IStakingSource.Member[] memory list = source.members(running);
        require(seat < list.length, NoSuchSeat(seat));
        if (_observeFaults(seat, list[seat].node, running)) _payCrank();
    }

    function _observeFaults(uint256 seat, NodeId node, uint32 running) private returns (bool) {
        uint32 recorded = _recordedFaults(node);
        uint32 faults = recorded - faultsOf[node];
        if (faults == 0) return false;
        faultsOf[node] = recorded;
        uint256 share = _capped(uint256(faults) * shares.fault);

        emit FaultsSeen(running, seat, node, faults, share);

        source.punish(running, seat, share);
        return true;
    }

    function _recordedFaults(NodeId node) private view returns (uint32) {
        return challenges.recordOf(node).faults;
    }

    function _capped(uint256 share) private pure returns (uint256) {
        return share < BASIS_POINTS ? share : BASIS_POINTS;
    }

    /// @notice Takes what a lost challenge costs the seat whose node was challenged. Anyone may call it, once for each.
    /// @param era the one in which it was made. An epoch in which one era followed another belongs to both.
    function reportLoss(ChallengeId id, uint32 era, uint256 seat) external {
        IChallenges.Challenge memory c = challenges.challengeOf(id);
        IStakingSource.Member[] memory list = source.members(era);
        bool isLoss =
            c.status == IChallenges.Status.Failed &&
                !reported[id] &&
                registry.vNode(c.vNode).cluster == cluster &&
                seat < list.length &&
                list[seat].node == c.node &&
                source.began(era) <= c.epoch &&
                c.epoch <= source.began(era + 1);
        require(isLoss, NotALoss(id, era, seat));
        reported[id] = true;

        emit LossReported(era, seat, id, shares.lost);

        source.punish(era, seat, shares.lost);
        _payCrank();
    }

    // ------------------------------------------------------------------------------------------------------- ballot

    /// @notice What is behind a provider in the running era.
    function supportOf(address provider) external view returns (uint256) {
        return _supportIn(source.era(), provider);
    }

    function _supportIn(uint32 era, address provider) private view returns (uint256 support_) {
        IStakingSource.Member[] memory list = source.members(era);
        for (uint256 i = 0; i < list.length; ++i) {
            if (list[i].provider == provider) support_ += list[i].support;
        }
    }

    /// @dev A provider with several seats stands once in it.
    function _members() internal view override returns (address[] memory members) {
        IStakingSource.Member[] memory list = source.members(source.era());
        members = new address[](list.length);
        uint256 n = 0;
        for (uint256 i = 0; i < list.length; ++i) {
            uint256 k = 0;
            while (k < n && members[k] != list[i].provider) ++k;
            if (k == n) members[n++] = list[i].provider;
        }
        address[] memory each = new address[](n);
        for (uint256 i = 0; i < n; ++i) each[i] = members[i];
        return each;
    }

    /// @dev The least support that the member has had in any era since.
    function _weightOf(address member, uint32 since) internal view override returns (uint256 weight) {
        uint32 era = source.era();
        weight = _supportIn(era, member);
        while (source.began(era) > since && era > 0) {
            --era;
            uint256 earlier = _supportIn(era, member);
            if (earlier < weight) weight = earlier;
        }
    }
}
