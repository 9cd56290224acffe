// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "../../contracts/interfaces/IAudits.sol";
import {IRegistry} from "../../contracts/interfaces/IRegistry.sol";
import {ClusterId, ClusterParams, NodeId, VNodeId} from "../../contracts/interfaces/Types.sol";
import {Parameters} from "../../contracts/libraries/Parameters.sol";
import {Tree} from "./Tree.sol";
import {Rules} from "./Rules.sol";

/// @title StockRules
/// @notice Rates, rooms, directories, rings and queues are what the segments, vNodes and nodes in them make.
abstract contract StockRules is Rules {
    /// @dev What a vNode's segments add up to.
    struct Sums {
        uint256 rate;
        uint256 committed;
        uint256 decided;
    }

    // ------------------------------------------------------------------------------------------------------ segments

    function checkSegments() external view {
        uint256 count = registry.vNodeCount();
        for (uint32 i = 1; i <= count; ++i) {
            VNodeId vNode = VNodeId.wrap(i);
            IAudits.VNodeState memory v = audits.state(vNode);
            _atMost("no epoch is settled before it runs", v.settled, _now());
            _atMost("a node misses at most maxMisses - 1", v.misses + 1, _maxMisses(vNode));
            Sums memory sums = _sumsOf(vNode, v.settled, v.deferredSince);
            _equal("rate = sum of live segments", v.rate, sums.rate);
            _equal("committed = sum of segments that have not ended", v.committed, sums.committed);
            _equal("paid + refunded = decided epochs of all segments", _decidedAmount[vNode], sums.decided);
        }
    }

    /// @dev The most that ever was: a node is judged by the terms of each epoch.
    function _maxMisses(VNodeId vNode) private view returns (uint256 most) {
        Dated[] storage list = _terms_[registry.vNode(vNode).cluster];
        for (uint256 i = 0; i < list.length; ++i) {
            if (list[i].params.maxMisses > most) most = list[i].params.maxMisses;
        }
    }

    function _sumsOf(VNodeId vNode, uint32 settled, uint32 deferred) private view returns (Sums memory sums) {
        uint32 next = deferred == 0 ? settled + 1 : deferred;
        for (uint256 i = 0; i < _stored.length; ++i) {
            Stored storage s = _stored[i];
            if (s.vNode != vNode) continue;
            if (settled < s.end) sums.committed += s.perEpoch;
            if (s.from <= settled && settled < s.end) sums.rate += s.perEpoch;
            uint32 end = next < s.end ? next : s.end;
            if (s.from < end) sums.decided += uint256(s.perEpoch) * (end - s.from);
        }
    }

    // --------------------------------------------------------------------------------------------------- directories

    function checkDirectories() external view {
        uint256[] memory used = new uint256[](NODES + 1);
        for (uint32 i = 1; i <= registry.vNodeCount(); ++i) {
            VNodeId vNode = VNodeId.wrap(i);
            uint256 held = _checkDirectory(vNode);
            _equal("held = leaves that are not retired", registry.vNode(vNode).held, held);
            Page storage p = _pages[vNode];
            used[NodeId.unwrap(p.node)] += held;
            if (p.nextSince != 0) used[NodeId.unwrap(p.next)] += held;
        }
        for (uint32 n = 1; n <= NODES; ++n) {
            IRegistry.Node memory node = registry.node(NodeId.wrap(n));
            _equal("used = sum of what the node's vNodes hold", node.used, used[n]);
            _atMost("used <= capacity", node.used, node.capacity);
        }
    }

    /// @return held leaves.
    function _checkDirectory(VNodeId vNode) private view returns (uint256 held) {
        IRegistry.DirectoryView memory d = registry.directory(vNode);
        Entry[] storage list = _entries[vNode];
        uint256 live;
        for (uint256 i = 0; i < list.length; ++i) {
            Stored storage s = _stored[list[i].place];
            if (s.retired) continue;
            held += s.leaves;
            ++live;
            _equal("a record says where its entry is", registry.segment(vNode, s.serial).index, i);
        }
        _equal("a directory's total = sum of its weights", d.total, _totalOf(list));
        _equal("a directory has the entries that it should", d.count, list.length);
        _equal("a directory's live entries are not retired", d.live, live);
        if (live == 0) _equal("a directory without live entries is empty", d.count, 0);
    }

    /// @notice That each directory's root is that of the whole tree, now and as the running epoch began; dear.
    function checkRoots() external view {
        for (uint32 i = 1; i <= registry.vNodeCount(); ++i) {
            VNodeId vNode = VNodeId.wrap(i);
            uint256 root = uint256(registry.directory(vNode).root);
            _equal("a directory's root is the tree's", root, Tree.rootOf(_tree(vNode)));
            (, uint40 total) = registry.snapshot(vNode, _now());
            _equal("a snapshot is what the epoch began with", total, _totalAt(vNode, _now()));
        }
    }

    // ------------------------------------------------------------------------------------------------------ clusters

    function checkClusters() external view {
        for (uint32 i = 1; i <= CLUSTERS; ++i) {
            _checkQueue(ClusterId.wrap(i));
            _checkTerms(ClusterId.wrap(i));
        }
        _checkRings();
    }

    function _checkQueue(ClusterId cluster) private view {
        NodeId[] memory waiting = registry.standby(cluster);
        _equal("whoever was added waits", waiting.length, _queue[cluster].length);
        for (uint256 i = 0; i < waiting.length; ++i) {
            uint256 expected = NodeId.unwrap(_queue[cluster][i]);
            _equal("standby nodes wait in their order", NodeId.unwrap(waiting[i]), expected);
            for (uint256 j = 0; j < i; ++j) {
                require(waiting[j] != waiting[i], Broken("a standby node waits once", j, i));
            }
        }
    }

    function _checkTerms(ClusterId cluster) private view {
        (ClusterParams memory p, , ) = audits.params(cluster);
        bytes32 expected = keccak256(abi.encode(_termsOf(cluster, _now())));
        _equal("terms hold as announced", uint256(keccak256(abi.encode(p))), uint256(expected));
        _atMost("the manager's fee is capped", p.managerFee, Parameters.MAX_MANAGER_FEE);
        _atMost("the audit fee is capped", p.auditFee, Parameters.MAX_AUDIT_FEE);
    }

    function _checkRings() private view {
        uint256 count = registry.vNodeCount();
        for (uint32 i = 2; i <= count; ++i) {
            IRegistry.VNodeView memory a = registry.vNode(VNodeId.wrap(i));
            for (uint32 j = 1; j < i; ++j) {
                IRegistry.VNodeView memory b = registry.vNode(VNodeId.wrap(j));
                if (a.cluster == b.cluster) {
                    require(a.token != b.token, Broken("no token is twice on a ring", i, j));
                }
            }
        }
    }
}
