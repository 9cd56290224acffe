// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IStakingSource} from "../../interfaces/managers/IStakingSource.sol";
import {IClusters} from "../../interfaces/registry/IClusters.sol";
import {NO_NODE, NodeId, VNodeId} from "../../interfaces/Types.sol";
import {Cranks} from "./Cranks.sol";

/// @title Places
/// @notice Which member serves which vNode. A vNode that nobody serves, or a node without a seat, goes to the willing member
/// with the fewest vNodes; of equal ones to the one with the lower seat. A member that cannot take it, or was named for it in
/// this era already, is passed over. Members stay where they are. Their nodes are the standby nodes.
abstract contract Places is Cranks {
    uint256 public constant MAX_VNODES = 64;

    IStakingSource public immutable source;
    /// @notice The most vNodes that are looked after.
    uint8 public immutable maxVNodes;

    /// @notice The vNodes that are looked after.
    VNodeId[] public vNodes;
    mapping(VNodeId vNode => bool) public isEnlisted;
    /// @dev The era, times 2^16, and a bit for each seat that was named in it.
    mapping(VNodeId vNode => uint256) private _named;

    event Enlisted(VNodeId indexed vNode);
    event Placed(VNodeId indexed vNode, NodeId indexed node, uint32 indexed era, uint256 seat, NodeId before);
    /// @notice Emitted when the Registry refuses to assign a member's node, or to take it as a standby node.
    event Refused(VNodeId indexed vNode, NodeId indexed node, bytes reason);

    error BadMaxVNodes(uint8 maxVNodes);
    /// @notice Thrown when a vNode is not in the cluster, or is enlisted already.
    error NotEnlistable(VNodeId vNode);
    error NotEnlisted(VNodeId vNode);
    error TooManyVNodes(uint256 count);
    /// @notice Thrown when a vNode is not served by a member.
    error VacantFirst(VNodeId vNode);

    constructor(IStakingSource source_, uint8 maxVNodes_) {
        require(maxVNodes_ != 0 && maxVNodes_ <= MAX_VNODES, BadMaxVNodes(maxVNodes_));
        (source, maxVNodes) = (source_, maxVNodes_);
    }

    /// @notice Has vNodes of the cluster looked after. Anyone may call it.
    function enlist(VNodeId[] calldata list) external {
        for (uint256 i = 0; i < list.length; ++i) {
            VNodeId id = list[i];
            require(!isEnlisted[id] && registry.vNode(id).cluster == cluster, NotEnlistable(id));
            _enlist(id);
        }
    }

    function _enlist(VNodeId id) private {
        require(vNodes.length < maxVNodes, TooManyVNodes(vNodes.length));
        isEnlisted[id] = true;
        vNodes.push(id);
        _onEnlist(id);

        emit Enlisted(id);
    }

    function _onEnlist(VNodeId id) internal virtual;

    /// @notice Adds a vNode, once members serve all that there are. Anyone may call it.
    function grow() external {
        IStakingSource.Member[] memory members = source.members(source.era());
        for (uint256 i = 0; i < vNodes.length; ++i) {
            require(_seatOf(members, _nodeOf(vNodes[i])) < members.length, VacantFirst(vNodes[i]));
        }
        uint64[] memory tokens = new uint64[](1);
        tokens[0] = uint64(uint256(keccak256(abi.encode(cluster, vNodes.length, _current()))));
        _enlist(registry.addVNodes(cluster, tokens));
        _payCrank();
    }

    /// @notice Gives up to max vNodes a member. Anyone may call it.
    function place(uint256 max) external returns (uint256 placed) {
        uint32 era = source.era();
        IStakingSource.Member[] memory members = source.members(era);
        uint256 n = vNodes.length;
        NodeId[] memory nodes = new NodeId[](n);
        uint256[] memory loads = new uint256[](members.length);
        for (uint256 i = 0; i < n; ++i) {
            nodes[i] = _nodeOf(vNodes[i]);
            uint256 seat = _seatOf(members, nodes[i]);
            if (seat < members.length) ++loads[seat];
        }
        for (uint256 i = 0; i < n && placed < max; ++i) {
            if (_seatOf(members, nodes[i]) < members.length) continue;
            if (_place(vNodes[i], nodes[i], era, members, loads)) ++placed;
        }
        if (placed != 0) _payCrank();
    }

    /// @return the node that is to serve the vNode, or serves it.
    function _nodeOf(VNodeId id) private view returns (NodeId) {
        IClusters.VNodeView memory v = registry.vNode(id);
        return v.successor == NO_NODE ? v.node : v.successor;
    }

    function _place(
        VNodeId id,
        NodeId before,
        uint32 era,
        IStakingSource.Member[] memory members,
        uint256[] memory loads
    ) private returns (bool) {
        uint256 named = _named[id] >> 16 == era ? _named[id] & 0xffff : 0;
        uint256 passed = named;
        while (true) {
            uint256 seat = _leastLoaded(members, loads, passed);
            if (seat == members.length) break;
            passed |= 1 << seat;
            NodeId node = members[seat].node;
            try registry.assign(id, node) {
                _named[id] = (uint256(era) << 16) | named | (1 << seat);
                ++loads[seat];

                emit Placed(id, node, era, seat, before);
                return true;
            } catch (bytes memory reason) {
                emit Refused(id, node, reason);
            }
        }
        // All have been named: the next time it begins with the first again.
        if (named != 0) _named[id] = uint256(era) << 16;
        return false;
    }

    function _leastLoaded(
        IStakingSource.Member[] memory members,
        uint256[] memory loads,
        uint256 passed
    ) private pure returns (uint256 seat) {
        seat = members.length;
        for (uint256 i = 0; i < members.length; ++i) {
            if (!members[i].willing || (passed >> i) & 1 == 1) continue;
            if (seat == members.length || loads[i] < loads[seat]) seat = i;
        }
    }

    /// @notice Makes the nodes of the willing members the standby nodes, and no others. Anyone may call it.
    function standBy() external {
        IStakingSource.Member[] memory members = source.members(source.era());
        NodeId[] memory list = registry.standby(cluster);
        bool changed = false;
        for (uint256 i = 0; i < list.length; ++i) {
            uint256 seat = _seatOf(members, list[i]);
            if (seat < members.length && members[seat].willing) continue;
            registry.removeStandby(cluster, list[i]);
            changed = true;
        }
        for (uint256 i = 0; i < members.length; ++i) {
            if (!members[i].willing || _isIn(list, members[i].node)) continue;
            try registry.addStandby(cluster, members[i].node) {
                changed = true;
            } catch (bytes memory reason) {
                emit Refused(VNodeId.wrap(0), members[i].node, reason);
            }
        }
        if (changed) _payCrank();
    }

    function _isIn(NodeId[] memory list, NodeId node) private pure returns (bool) {
        for (uint256 i = 0; i < list.length; ++i) if (list[i] == node) return true;
        return false;
    }

    /// @return seat the number of members, if the node is none's.
    function _seatOf(
        IStakingSource.Member[] memory members,
        NodeId node
    ) internal pure returns (uint256 seat) {
        while (seat < members.length && members[seat].node != node) ++seat;
    }
}
