// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {ClusterId, NodeId} from "../../interfaces/Types.sol";

/// @dev The part of a vNode's state that every proof reads and writes. See IAudits.VNodeState.
struct VNode {
    NodeId node;
    uint32 settled;
    /// Below 64.
    uint8 misses;
    /// Whether so much of the lock was slashed that the node is paid nothing.
    bool short;
    /// Whether the last settled epochs are not decided. See AuditsState.deferred.
    bool deferring;
    uint8 syncLeft;
    uint80 rate;
    uint32 nextSince;
    /// Nothing changes before this epoch: the rate and the node stay, and only the draw decides whether an epoch is due.
    uint32 nextChange;
    ClusterId cluster;
}

/// @title VNodeWord
/// @notice A VNode in one word, lowest bits first in the order of its members. The compiler would write each member of a
/// struct by itself. Parts of the word can be read alone.
library VNodeWord {
    uint256 private constant SHORT = 1 << 70;
    uint256 private constant DEFERRING = 1 << 71;
    /// @dev The bits of short, deferring and syncLeft.
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

    /// @notice Whether an epoch is plain: no node comes or goes, the rate stays, nothing is deferred, and the node is neither
    /// short nor syncing. Then a proof of it can be paid without entering the epoch.
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

    /// @notice The word of a vNode whose lock was topped up.
    function topped(uint256 word) internal pure returns (uint256) {
        return word & ~SHORT;
    }

    /// @notice The word of a vNode in which something may change in an epoch.
    function changingAt(uint256 word, uint32 epoch) internal pure returns (uint256) {
        if (epoch >= uint32(word >> 192)) return word;
        return (word & ~(uint256(type(uint32).max) << 192)) | (uint256(epoch) << 192);
    }

    /// @notice The word after the proof of a plain epoch: the epoch is settled, and there are no misses.
    function proven(uint256 word, uint32 epoch) internal pure returns (uint256) {
        return (word & ~(uint256(type(uint48).max) << 32)) | (uint256(epoch) << 32);
    }
}
