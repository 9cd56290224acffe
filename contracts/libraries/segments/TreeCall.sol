// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "../../interfaces/IAudits.sol";
import {IRegistry} from "../../interfaces/IRegistry.sol";
import {NodeId, Opening, VNodeId} from "../../interfaces/Types.sol";
import {Poseidon2T4} from "../Poseidon2T4.sol";
import {Directory} from "./Directory.sol";
import {Holdings} from "./Holdings.sol";

/// @dev A call that changes entries of a directory, and what was looked up for it.
struct TreeCall {
    VNodeId vNode;
    /// The entries take room on the node that is responsible in the next epoch, and on its successor.
    NodeId node;
    NodeId successor;
    uint32 current;
    uint256 depth;
    Directory.Hasher hasher;
}

/// @title TreeCalls
/// @notice What retiring and compacting share.
library TreeCalls {
    function open(
        Holdings.Holding storage h,
        IAudits audits,
        VNodeId id
    ) internal view returns (TreeCall memory c) {
        (c.vNode, c.depth) = (id, h.directoryDepth);
        (c.node, c.successor, , c.current) = audits.outlook(id);
    }

    function freeRoom(
        mapping(NodeId node => IRegistry.Node) storage nodes,
        TreeCall memory c,
        uint40 leaves
    ) internal {
        Holdings.freeRoom(nodes, c.node, leaves);
        Holdings.freeRoom(nodes, c.successor, leaves);
    }

    function rootIn(Opening calldata opening) internal pure returns (uint256 root) {
        root = uint256(opening.root);
        require(root < Poseidon2T4.P, IRegistry.PathMalformed());
    }
}
