// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {ClusterId, NodeId} from "../../interfaces/Types.sol";

/// @dev What every proof reads and writes. See IAudits.VNodeState.
struct VNode {
    NodeId node;
    uint32 settled;
    /// Below 64.
    uint8 misses;
    /// So much of its lock was slashed that the node is paid nothing.
    bool short;
    /// Epochs until settled are not decided: AuditsState.deferred.
    bool deferring;
    uint8 syncLeft;
    uint80 rate;
    uint32 nextSince;
    /// Every epoch before this one, from the one after settled on, is as the one before: the rate stays, and only the draw
    /// decides whether it is due.
    uint32 nextChange;
    ClusterId cluster;
}

/// @title VNodeWord
/// @notice A VNode in one word, lowest bits first in the order of its members: written at once, where the compiler would
/// write each member for itself, and read in parts where a proof needs no more.
library VNodeWord {
    uint256 private constant SHORT = 1 << 70;
    uint256 private constant DEFERRING = 1 << 71;
    /// @dev short, deferring and syncLeft.
    uint256 private constant SPECIAL = 0x3ff << 70;

    function unpack(uint256 word) internal pure returns (VNode memory v) {
        v.node = nodeOf(word);
        v.settled = settledOf(word);
        v.misses = uint8((word >> 64) & 63);
        v.short = word & SHORT != 0;
        v.deferring = word & DEFERRING != 0;
        v.syncLeft = uint8(word >> 72);
        v.rate = uint80(word >> 80);
        v.nextSince = nextSinceOf(word);
        v.nextChange = uint32(word >> 192);
        v.cluster = clusterOf(word);
    }

    function pack(VNode memory v) internal pure returns (uint256) {
        return
            uint256(NodeId.unwrap(v.node)) |
            (uint256(v.settled) << 32) |
            (uint256(v.misses) << 64) |
            (v.short ? SHORT : 0) |
            (v.deferring ? DEFERRING : 0) |
            (uint256(v.syncLeft) << 72) |
            (uint256(v.rate) << 80) |
            (uint256(v.nextSince) << 160) |
            (uint256(v.nextChange) << 192) |
            (uint256(ClusterId.unwrap(v.cluster)) << 224);
    }

    function nodeOf(uint256 word) internal pure returns (NodeId) {
        return NodeId.wrap(uint32(word));
    }

    function settledOf(uint256 word) internal pure returns (uint32) {
        return uint32(word >> 32);
    }

    function isSyncing(uint256 word) internal pure returns (bool) {
        return uint8(word >> 72) != 0;
    }

    function rateOf(uint256 word) internal pure returns (uint256) {
        return uint80(word >> 80);
    }

    function clusterOf(uint256 word) internal pure returns (ClusterId) {
        return ClusterId.wrap(uint32(word >> 224));
    }

    function nextSinceOf(uint256 word) internal pure returns (uint32) {
        return uint32(word >> 160);
    }

    /// @notice Whether a proof of the epoch has nothing to do but to be paid for it: nobody comes or goes, the rate stays, and
    /// nothing is deferred, short or syncing.
    function isPlain(uint256 word, uint32 epoch) internal pure returns (bool) {
        uint32 nextSince = nextSinceOf(word);
        return epoch < uint32(word >> 192) && (nextSince == 0 || epoch < nextSince) && word & SPECIAL == 0;
    }

    function isShort(uint256 word) internal pure returns (bool) {
        return word & SHORT != 0;
    }

    function isDeferring(uint256 word) internal pure returns (bool) {
        return word & DEFERRING != 0;
    }

    /// @notice The word of a vNode whose node has locked again what was slashed.
    function topped(uint256 word) internal pure returns (uint256) {
        return word & ~SHORT;
    }

    /// @notice The word of a vNode to which something happens in an epoch too.
    function changingAt(uint256 word, uint32 epoch) internal pure returns (uint256) {
        if (epoch >= uint32(word >> 192)) return word;
        return (word & ~(uint256(type(uint32).max) << 192)) | (uint256(epoch) << 192);
    }

    /// @notice The word with a plain epoch settled as proven: settled is the epoch, misses are 0.
    function proven(uint256 word, uint32 epoch) internal pure returns (uint256) {
        return (word & ~(uint256(type(uint48).max) << 32)) | (uint256(epoch) << 32);
    }
}
