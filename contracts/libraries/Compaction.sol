// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "../interfaces/IAudits.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {NodeId, Opening, VNodeId} from "../interfaces/Types.sol";
import {Compacting} from "./segments/Compacting.sol";
import {Holdings} from "./segments/Holdings.sol";
import {Retiring} from "./segments/Retiring.sol";

/// @title Compaction
/// @notice What becomes of the entries of segments that have ended: tombstones first, and later a tree without them.
/// @dev Linked, as Segments is.
library Compaction {
    /// @notice See IRegistry.
    function retire(
        Holdings.Holding storage h,
        mapping(NodeId node => IRegistry.Node) storage nodes,
        IAudits audits,
        VNodeId id,
        Opening[] calldata openings,
        bytes32[] calldata siblings
    ) external {
        Retiring.retire(h, nodes, audits, id, openings, siblings);
    }

    /// @notice See IRegistry.
    function compact(
        Holdings.Holding storage h,
        mapping(NodeId node => IRegistry.Node) storage nodes,
        IAudits audits,
        VNodeId id,
        Opening[] calldata openings,
        bytes32[] calldata siblings
    ) external {
        Compacting.compact(h, nodes, audits, id, openings, siblings);
    }
}
