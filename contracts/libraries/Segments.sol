// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IRegistry} from "../interfaces/IRegistry.sol";
import {Acceptance, Grant, NodeId, Segment, Serial} from "../interfaces/Types.sol";
import {Consents} from "./segments/Consents.sol";
import {Directory} from "./segments/Directory.sol";
import {Extending} from "./segments/Extending.sol";
import {Holdings} from "./segments/Holdings.sol";
import {Order} from "./segments/Orders.sol";
import {Storing} from "./segments/Storing.sol";

/// @title Segments
/// @notice What needs the consent of others: storing segments, extending them, and spending a grant. Claims has what the
/// owner gets back, and Compaction what becomes of the entries.
/// @dev Linked, not inlined, since the Registry would be too large to deploy. It works on the Registry's storage and emits
/// the Registry's events.
library Segments {
    using Consents for Consents.Used;

    /// @notice See IRegistry.
    /// @return amount what all epochs of all segments cost.
    function store(
        Holdings.BucketsState storage state,
        Holdings.Holding storage h,
        mapping(NodeId node => IRegistry.Node) storage nodes,
        Holdings.Neighbours calldata neighbours,
        Order calldata order,
        Segment[] calldata segments,
        Acceptance calldata acceptance
    ) external returns (uint256 amount) {
        return Storing.store(state, h, nodes, neighbours, order, segments, acceptance);
    }

    /// @notice See IRegistry.
    /// @return amount what the additional epochs cost.
    function extend(
        Holdings.BucketsState storage state,
        Holdings.Holding storage h,
        mapping(NodeId node => IRegistry.Node) storage nodes,
        Holdings.Neighbours calldata neighbours,
        Order calldata order,
        Serial serial,
        Acceptance calldata acceptance
    ) external returns (uint256 amount) {
        return Extending.extend(state, h, nodes, neighbours, order, serial, acceptance);
    }

    /// @notice Books amount, which the owner has paid already, on a grant to the caller. If the grant does not allow it, the
    /// payment is undone, too.
    function spend(Holdings.BucketsState storage state, Grant calldata grant, uint256 amount) external {
        state.used.spend(state.buckets[grant.bucket].owner, grant, amount);
    }

    /// @notice The root of a directory without entries.
    function emptyRoot(uint256 depth) external pure returns (uint256) {
        return Directory.emptyRoot(depth);
    }
}
