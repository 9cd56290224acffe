// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {NO_NODE, NodeId, Opening, VNodeId} from "../../contracts/interfaces/Types.sol";
import {Chronicle} from "./Chronicle.sol";
import {Tree} from "./Tree.sol";

/// @title DirectoryActions
/// @notice Entries of what has ended leave the directories: retired, or left out by a compaction.
abstract contract DirectoryActions is Chronicle {
    // ----------------------------------------------------------------------------------------------------- retiring

    /// @dev Some of what has ended on a vNode, or all of it.
    function retire(uint256 which, uint256 mask) external acts {
        VNodeId vNode = _withEnded(which);
        Entry[] storage list = _entries[vNode];
        uint256[] memory indices = new uint256[](list.length);
        uint256 count;
        uint256 live;
        for (uint256 i = 0; i < list.length; ++i) {
            if (_stored[list[i].place].retired) continue;
            ++live;
            bool last = count == 0 && i + 1 == list.length;
            if (_hasEnded(list[i]) && (which % 2 == 0 || last || (mask >> i) % 2 == 0)) indices[count++] = i;
        }
        require(count != 0, Nothing());
        indices = _first(indices, 0, count);
        bytes32[] memory path;
        if (count != live) path = Tree.pathOf(_tree(vNode), indices);
        registry.retire(vNode, _openings(vNode, indices), path);
        for (uint256 i = 0; i < count; ++i) _stored[list[indices[i]].place].retired = true;
        if (count == live) delete _entries[vNode];
        _noteTotal(vNode);
    }

    function _hasEnded(Entry storage e) private view returns (bool) {
        Stored storage s = _stored[e.place];
        return !s.retired && s.end <= _now();
    }

    function _withEnded(uint256 which) private view returns (VNodeId vNode) {
        uint256 count = registry.vNodeCount();
        for (uint256 i = which % count; i < count + (which % count); ++i) {
            vNode = _vNode(i);
            Entry[] storage list = _entries[vNode];
            if (_isCompacting(vNode)) continue;
            for (uint256 j = 0; j < list.length; ++j) if (_hasEnded(list[j])) return vNode;
        }
        revert Nothing();
    }

    /// @dev So many of them, from one on.
    function _first(
        uint256[] memory list,
        uint256 from,
        uint256 count
    ) private pure returns (uint256[] memory some) {
        some = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) some[i] = list[from + i];
    }

    function _openings(
        VNodeId vNode,
        uint256[] memory indices
    ) private view returns (Opening[] memory openings) {
        openings = new Opening[](indices.length);
        for (uint256 i = 0; i < indices.length; ++i) {
            Entry storage e = _entries[vNode][indices[i]];
            Stored storage s = _stored[e.place];
            openings[i] = Opening(s.serial, uint40(e.start), s.root);
        }
    }

    // --------------------------------------------------------------------------------------------------- compacting

    function _isCompacting(VNodeId vNode) internal view returns (bool) {
        uint32 since = _fresh[vNode].since;
        return since != 0 && _now() <= since + 1;
    }

    /// @dev Begins, or goes on; in one call in two of three cases.
    function compact(uint256 which, uint256 some) external acts {
        VNodeId vNode = _compactable(which);
        Fresh storage f = _fresh[vNode];
        if (!_isCompacting(vNode)) {
            delete f.entries;
            f.since = _now();
        }
        uint256[] memory left = _leftOf(vNode, f);
        uint256 count = some % 3 == 0 && left.length != 0 ? 1 + ((some >> 8) % left.length) : left.length;
        _write(vNode, f, _first(left, 0, count), count == left.length);
        // To go on in the next epoch, perhaps.
        if (count == left.length || some % 2 == 0) return;
        if (some % 4 == 1) _nextEpoch();
        _write(vNode, f, _first(left, count, left.length - count), true);
    }

    function _compactable(uint256 which) private returns (VNodeId vNode) {
        uint256 count = registry.vNodeCount();
        for (uint256 i = which % count; i < count + (which % count); ++i) {
            vNode = _vNode(i);
            _settle(vNode);
            if (_entries[vNode].length == 0) continue;
            (NodeId node, , , ) = audits.outlook(vNode);
            if (node != NO_NODE) return vNode;
        }
        revert Nothing();
    }

    /// @dev Indices of the entries that are still to be written.
    function _leftOf(VNodeId vNode, Fresh storage f) private view returns (uint256[] memory) {
        Entry[] storage list = _entries[vNode];
        uint256[] memory left = new uint256[](list.length);
        (uint256 count, uint256 done) = (0, f.entries.length);
        for (uint256 i = 0; i < list.length; ++i) {
            if (_stored[list[i].place].end <= f.since + 1) continue;
            if (done != 0) --done;
            else left[count++] = i;
        }
        return _first(left, 0, count);
    }

    function _write(VNodeId vNode, Fresh storage f, uint256[] memory indices, bool last) private {
        Opening[] memory openings = _openings(vNode, indices);
        bytes32[] memory path;
        if (indices.length != 0) path = Tree.pathOf(_tree(vNode), indices);
        registry.compact(vNode, openings, path);
        for (uint256 i = 0; i < indices.length; ++i) _append(f.entries, _entries[vNode][indices[i]].place);
        _expect(last == (registry.compaction(vNode).left == 0), "a compaction ends with its last entry");
        if (!last) return;
        delete _entries[vNode];
        for (uint256 i = 0; i < f.entries.length; ++i) _entries[vNode].push(f.entries[i]);
        delete _fresh[vNode];
        _noteTotal(vNode);
    }
}
