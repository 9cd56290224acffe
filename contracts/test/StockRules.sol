// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "../interfaces/IAudits.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {ClusterId, ClusterParams, NodeId, VNodeId} from "../interfaces/Types.sol";
import {Parameters} from "../libraries/Parameters.sol";
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
            Sums memory sums = _sumsOf(vNode, v.settled);
            _equal("rate = sum of live segments", v.rate, sums.rate);
            _equal("committed = sum of segments that have not ended", v.committed, sums.committed);
            _equal("paid + refunded = settled epochs of all segments", _decidedAmount[vNode], sums.decided);
        }
    }

    function _maxMisses(VNodeId vNode) private view returns (uint256) {
        return _announced[registry.vNode(vNode).cluster].maxMisses;
    }

    function _sumsOf(VNodeId vNode, uint32 settled) private view returns (Sums memory sums) {
        for (uint256 i = 0; i < _stored.length; ++i) {
            Stored storage s = _stored[i];
            if (!_same(s.vNode, vNode)) continue;
            if (settled < s.end) sums.committed += s.perEpoch;
            if (settled < s.from) continue;
            if (settled < s.end) sums.rate += s.perEpoch;
            uint32 next = settled < s.end ? settled + 1 : s.end;
            sums.decided += uint256(s.perEpoch) * (next - s.from);
        }
    }

    // --------------------------------------------------------------------------------------------------- directories

    function checkDirectories() external view {
        uint256[] memory used = new uint256[](NODES + 1);
        for (uint32 i = 1; i <= registry.vNodeCount(); ++i) {
            VNodeId vNode = VNodeId.wrap(i);
            uint256 held = _checkDirectory(vNode);
            IRegistry.VNodeView memory v = registry.vNode(vNode);
            _equal("held = leaves that are not retired", v.held, held);
            used[NodeId.unwrap(v.node)] += held;
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
        uint256 total;
        uint256 live;
        for (uint32 serial = d.base; serial < d.base + d.count; ++serial) {
            Stored storage s = _segment(vNode, serial);
            _equal("an entry starts where the one before ends", s.start, total);
            total += s.leaves;
            if (s.retired) continue;
            held += s.leaves;
            ++live;
        }
        _equal("a directory's total = sum of its leaves", d.total, total);
        _equal("a directory's live entries are not retired", d.live, live);
        if (live == 0) _equal("a directory without live entries is empty", d.count, 0);
    }

    /// @notice That each directory's root is that of the whole tree; dear.
    function checkRoots() external view {
        for (uint32 i = 1; i <= registry.vNodeCount(); ++i) {
            uint256 root = uint256(registry.directory(VNodeId.wrap(i)).root);
            _equal("a directory's root is the tree's", root, Tree.rootOf(_tree(VNodeId.wrap(i))));
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
        Announced storage a = _announced[cluster];
        bytes32 expected = a.since != 0 && a.since <= _now() ? a.next : a.terms;
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
