// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {ClusterId, ClusterParams, NO_NODE, NodeId, VNodeId} from "../interfaces/Types.sol";
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
            if (audits.responsible(_vNode(which / 2 + i)) == NO_NODE) vNode = _vNode(which / 2 + i);
        }
        NodeId node = _node(to);
        if (node == audits.responsible(vNode)) node = _node(to + 1);
        address manager = _managerOf(registry.vNode(vNode).cluster);
        VM.prank(manager);
        registry.assign(vNode, node);
        if (!registry.isTrusted(_providerOf(node), manager)) _fail("no node serves whom it does not trust");
    }

    function vacate(uint256 which) external acts {
        VNodeId vNode = _served(which);
        VM.prank(_managerOf(registry.vNode(vNode).cluster));
        registry.assign(vNode, NO_NODE);
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

        Announced storage a = _announced[cluster];
        if (a.since <= _now() && a.since != 0) a.terms = a.next;
        (a.next, a.since) = (keccak256(abi.encode(p)), since);
        _noteLargest(cluster, p);
    }

    function proposeManager(uint256 which, uint256 to) external acts {
        _propose(_cluster(which), to);
    }

    function acceptManager(uint256 which, uint256 to) external acts {
        ClusterId cluster = _cluster(which);
        if (registry.cluster(cluster).pendingManager == address(0)) _propose(cluster, to);
        VM.prank(registry.cluster(cluster).pendingManager);
        registry.acceptManager(cluster);
    }

    function _propose(ClusterId cluster, uint256 to) private {
        VM.prank(_managerOf(cluster));
        registry.proposeManager(cluster, to % 2 == 0 ? address(this) : _secondManager());
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

    function updateNode(uint256 which, uint256 capacity) external acts {
        NodeId node = _node(which);
        uint40 used = registry.node(node).used;
        capacity = used + (capacity % (2 * CAPACITY));
        VM.prank(_providerOf(node));
        registry.updateNode(node, address(this), "", uint40(capacity), 1, "");
    }

    function pause(uint256 which, uint256 epochs) external acts {
        VNodeId vNode = _served(which);
        VM.prank(_providerOf(audits.state(vNode).node));
        audits.pause(vNode, uint32(1 + (epochs % 3)));
    }

    function announceLeave(uint256 which) external acts {
        _announceLeave(which);
    }

    function _announceLeave(uint256 which) private {
        VNodeId vNode = _served(which);
        VM.prank(_providerOf(audits.state(vNode).node));
        audits.announceLeave(vNode);
    }

    /// @dev Anyone may let a node go whose time has come.
    function leave(uint256 which) external acts {
        if (!_anyLeaves()) _announceLeave(which);
        uint256 count = registry.vNodeCount();
        for (uint256 i = which % count; i < count + (which % count); ++i) {
            (NodeId node, uint32 epoch) = audits.leaveOf(_vNode(i));
            if (node == NO_NODE) continue;
            if (_now() < epoch) VM.warp(audits.epochStart(epoch));
            return audits.leave(_vNode(i));
        }
    }

    function _anyLeaves() private view returns (bool) {
        for (uint32 i = 1; i <= registry.vNodeCount(); ++i) {
            (NodeId node, ) = audits.leaveOf(VNodeId.wrap(i));
            if (node != NO_NODE) return true;
        }
        return false;
    }

    /// @dev The first vNode from which on that has a node, once what is over is settled.
    function _served(uint256 which) internal returns (VNodeId vNode) {
        uint256 count = registry.vNodeCount();
        for (uint256 i = which % count; i < count + (which % count); ++i) {
            audits.settle(_vNode(i), 64);
            if (audits.state(_vNode(i)).node != NO_NODE && audits.state(_vNode(i)).nextSince == 0) {
                return _vNode(i);
            }
        }
        revert Nothing();
    }
}
