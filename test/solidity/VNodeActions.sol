// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "../../contracts/interfaces/IAudits.sol";
import {IClusters} from "../../contracts/interfaces/registry/IClusters.sol";
import {ClusterId, ClusterParams, NO_NODE, NodeId, VNodeId} from "../../contracts/interfaces/Types.sol";
import {Chronicle} from "./Chronicle.sol";
import {VM} from "./Vm.sol";

/// @title VNodeActions
/// @notice Managers assign vNodes, leave them vacant, add some and choose terms; providers trust, wait, pause and leave.
abstract contract VNodeActions is Chronicle {
    // ----------------------------------------------------------------------------------------------------- managers

    /// @dev A vNode without a node in one of two cases, if there is one.
    function assign(uint256 which, uint256 to) external acts {
        VNodeId vNode = _vNode(which);
        for (uint256 i = 0; which % 2 == 0 && i < registry.vNodeCount(); ++i) {
            if (audits.state(_vNode(which / 2 + i)).node == NO_NODE) vNode = _vNode(which / 2 + i);
        }
        _settle(vNode);
        // Now and then it is the one that is there, to take back who was named.
        NodeId node = _node(to);
        if (node == _nextOf(vNode)) node = _node(to + 1);
        address manager = _managerOf(registry.vNode(vNode).cluster);
        VM.prank(manager);
        registry.assign(vNode, node);
        if (!registry.isTrusted(_providerOf(node), manager)) _fail("no node serves whom it does not trust");
    }

    /// @dev Who is named, or is there.
    function _nextOf(VNodeId vNode) private view returns (NodeId) {
        IAudits.VNodeState memory v = audits.state(vNode);
        return v.nextSince == 0 ? v.node : v.nextNode;
    }

    /// @dev Leaves a vNode without data vacant, or takes back who was named: somebody now, if need be.
    function vacate(uint256 which) external acts {
        uint256 count = registry.vNodeCount();
        for (uint256 i = which % count; i < count + (which % count); ++i) {
            _settle(_vNode(i));
            IAudits.VNodeState memory v = audits.state(_vNode(i));
            bool may = v.nextSince != 0 ? v.nextNode != NO_NODE : v.node != NO_NODE && v.committed == 0;
            if (may) return _assign(_vNode(i), NO_NODE);
        }
        NodeId node = _node(which >> 8);
        _assign(_vNode(which), node == _nextOf(_vNode(which)) ? _node((which >> 8) + 1) : node);
        _assign(_vNode(which), NO_NODE);
    }

    function _assign(VNodeId vNode, NodeId node) private {
        address manager = _managerOf(registry.vNode(vNode).cluster);
        VM.prank(manager);
        registry.assign(vNode, node);
    }

    function addVNode(uint256 which, uint256 place) external acts {
        require(registry.vNodeCount() < MAX_VNODES, Nothing());
        uint64[] memory tokens = new uint64[](1);
        tokens[0] = uint64(place % 4);
        VM.prank(_managerOf(_cluster(which)));
        registry.addVNodes(_cluster(which), tokens);
    }

    function changeCluster(uint256 which, uint256 seed) external acts {
        ClusterId cluster = _cluster(which);
        ClusterParams memory p = _terms(seed);
        VM.prank(_managerOf(cluster));
        uint32 since = registry.changeCluster(cluster, 0, 0, p);
        if (since < _now() + audits.changeDelay()) _fail("terms change slower than leaving");

        Dated[] storage list = _terms_[cluster];
        if (list[list.length - 1].since > _now()) list.pop();
        list.push(Dated(since, p));
    }

    function proposeManager(uint256 which, uint256 to) external acts {
        _propose(_cluster(which), to);
    }

    function acceptManager(uint256 which, uint256 to) external acts {
        ClusterId cluster = _cluster(which);
        if (registry.cluster(cluster).pendingManager == address(0)) _propose(cluster, to);
        IClusters.Cluster memory c = registry.cluster(cluster);
        bool early = _now() < c.acceptableFrom;
        _tries();
        VM.prank(c.pendingManager);
        try registry.acceptManager(cluster) {
            if (early) _fail("a cluster changes hands slower than leaving");
        } catch {
            if (!early) _fail("a proposed manager can accept in time");
            _wasRefused();
        }
    }

    function _propose(ClusterId cluster, uint256 to) private {
        VM.prank(_managerOf(cluster));
        registry.proposeManager(cluster, to % 2 == 0 ? address(this) : _secondManager());
        uint32 earliest = _now() + audits.changeDelay();
        if (registry.cluster(cluster).acceptableFrom < earliest) _fail("a manager is announced in time");
    }

    function _managerOf(ClusterId cluster) private view returns (address) {
        return registry.managerOf(cluster);
    }

    // ------------------------------------------------------------------------------------------------- standby nodes

    function addStandby(uint256 which, uint256 to) external acts {
        ClusterId cluster = _cluster(which);
        VM.prank(_managerOf(cluster));
        registry.addStandby(cluster, _node(to));
    }

    function removeStandby(uint256 which, uint256 place, uint256 byManager) external acts {
        ClusterId cluster = _cluster(_queue[_cluster(which)].length == 0 ? which + 1 : which);
        NodeId[] storage queue = _queue[cluster];
        require(queue.length != 0, Nothing());
        NodeId node = queue[place % queue.length];
        VM.prank(byManager % 2 == 0 ? _managerOf(cluster) : _providerOf(node));
        registry.removeStandby(cluster, node);
    }

    // ---------------------------------------------------------------------------------------------------- providers

    function trust(uint256 which, uint256 whom, uint256 trusted) external acts {
        VM.prank(_providerOf(_node(which)));
        registry.trust(whom % 2 == 0 ? address(this) : _secondManager(), trusted % 8 != 0);
    }

    function updateNode(uint256 which, uint256 capacity, uint256 lockPerEpoch) external acts {
        NodeId node = _node(which);
        uint40 used = registry.node(node).used;
        capacity = used + (capacity % (2 * CAPACITY));
        uint96 most = uint96(lockPerEpoch % 4 == 0 ? lockPerEpoch % MEANS : MEANS / 4);
        VM.prank(_providerOf(node));
        registry.updateNode(node, address(this), "", uint40(capacity), RENT, most, "");
    }

    function proposeProvider(uint256 which, uint256 to) external acts {
        _proposeProvider(_node(which), _provider(to));
    }

    /// @dev Once the delay is over.
    function acceptProvider(uint256 which, uint256 to) external acts {
        _proposeProvider(_node(which), _provider(to));
        VM.warp(block.timestamp + UNBOND_EPOCHS * EPOCH - 1);
        VM.prank(_provider(to));
        try registry.acceptProvider(_node(which)) {
            _fail("a provider changes after the delay of a bond");
        } catch {
            VM.warp(block.timestamp + 1);
        }
        VM.prank(_provider(to));
        registry.acceptProvider(_node(which));
    }

    function _proposeProvider(NodeId node, address provider) private {
        VM.prank(_providerOf(node));
        registry.proposeProvider(node, provider);
    }

    /// @dev Declared, or prolonged.
    function pause(uint256 which, uint256 epochs) external acts {
        VNodeId vNode = _served(which);
        NodeId node = audits.state(vNode).node;
        // Some that the budget has room for.
        (, , uint32 used) = audits.pauseOf(vNode, node);
        uint32 most = used < 4 ? 4 - used : 4;
        VM.prank(_providerOf(node));
        audits.pause(vNode, uint32(1 + (epochs % most)));
    }

    function announceLeave(uint256 which) external acts {
        _announceLeave(which);
    }

    function _announceLeave(uint256 which) private {
        VNodeId vNode = _stayingOne(which);
        VM.prank(_providerOf(audits.state(vNode).node));
        audits.announceLeave(vNode);
    }

    function _stayingOne(uint256 which) private returns (VNodeId vNode) {
        uint256 count = registry.vNodeCount();
        for (uint256 i = which % count; i < count + (which % count); ++i) {
            vNode = _vNode(i);
            _settle(vNode);
            NodeId node = audits.state(vNode).node;
            (NodeId leaving, ) = audits.leaveOf(vNode);
            (, uint32 end, ) = audits.pauseOf(vNode, node);
            if (node != NO_NODE && leaving != node && end <= _now()) return vNode;
        }
        revert Nothing();
    }

    // ---------------------------------------------------------------------------------------------------------- bond

    /// @dev Anyone may; where something is lacking, if there is such a vNode.
    function topUp(uint256 which) external acts {
        uint256 count = registry.vNodeCount();
        for (uint256 i = which % count; i < count + (which % count); ++i) {
            if (_pages[_vNode(i)].slashed && _pages[_vNode(i)].node != NO_NODE) which = i;
        }
        audits.topUp(_vNode(which));
    }

    /// @dev Never fails, and leaves nothing that is kept for nothing.
    function unlockKept(uint256 which, uint256 whose) external acts {
        (VNodeId vNode, NodeId node) = (_vNode(which), _node(whose));
        for (uint256 i = 0; i < registry.vNodeCount() * NODES; ++i) {
            (uint256 some, ) = audits.keptOf(_vNode(which + i / NODES), _node(whose + i));
            if (some != 0) (vNode, node) = (_vNode(which + i / NODES), _node(whose + i));
        }
        (, uint32 until) = audits.keptOf(vNode, node);
        audits.unlockKept(vNode, node);
        (uint256 kept, ) = audits.keptOf(vNode, node);
        bool waits = _now() < until || challenges.openAgainst(vNode, node) != 0;
        _expect(waits || kept == 0, "nothing is kept for nothing");
        if (kept == 0) delete _leavers[vNode][node];
    }

    /// @dev The first vNode from which on that has a node, once what is over is settled.
    function _served(uint256 which) internal returns (VNodeId vNode) {
        uint256 count = registry.vNodeCount();
        for (uint256 i = which % count; i < count + (which % count); ++i) {
            _settle(_vNode(i));
            if (audits.state(_vNode(i)).node != NO_NODE && _pages[_vNode(i)].leavesFrom == 0)
                return _vNode(i);
        }
        revert Nothing();
    }
}
