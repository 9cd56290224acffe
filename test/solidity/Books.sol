// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IRegistry} from "../../contracts/interfaces/IRegistry.sol";
import {
    BASIS_POINTS,
    BucketId,
    ChallengeId,
    ClusterId,
    ClusterParams,
    NodeId,
    Serial,
    VNodeId
} from "../../contracts/interfaces/Types.sol";
import {Tree} from "./Tree.sol";
import {World} from "./World.sol";

/// @title Books
/// @notice What happened, kept by other means than the contracts': what the rules compare the contracts with.
// solhint-disable-next-line max-states-count
abstract contract Books is World {
    struct Stored {
        VNodeId vNode;
        Serial serial;
        BucketId bucket;
        bytes32 root;
        uint32 leaves;
        uint32 from;
        uint32 end;
        uint80 perEpoch;
        bool retired;
    }

    /// @dev In a directory: of which segment, and where its range starts.
    struct Entry {
        uint256 place;
        uint256 start;
    }

    /// @dev What a directory's total was from the epoch after this one on.
    struct Total {
        uint32 epoch;
        uint256 total;
    }

    /// @dev A compaction's entries so far, if since is not 0: the epoch in which it began.
    struct Fresh {
        uint32 since;
        Entry[] entries;
    }

    struct Dated {
        uint32 since;
        ClusterParams params;
    }

    /// @dev What the events say of a vNode.
    struct Page {
        NodeId node;
        uint8 misses;
        /// 0: in sync.
        uint8 syncLeft;
        uint16 bondEpochs;
        /// Since it came, or was topped up.
        bool slashed;
        /// From when on it need not be asked, if it has said that it leaves.
        uint32 leavesFrom;
        NodeId next;
        uint32 nextSince;
        uint8 nextSyncEpochs;
        bool nextSyncs;
        bool nextReady;
        uint16 nextBondEpochs;
        /// The last epoch in which somebody was named no more who had waited when it began.
        uint32 waitedIn;
        /// Epochs that wait for a decision, and what they cost.
        uint32 deferredSince;
        uint32 deferredUntil;
        uint256 deferred;
        uint256 deferredFees;
        uint32 takenOver;
        /// Last epoch that was proven.
        uint32 proven;
        /// An epoch that was refunded as due: its miss must follow.
        uint32 missing;
        /// Who serves, from when on, with how many misses: until its service is told to have ended.
        NodeId serves;
        uint32 servesSince;
        uint32 servedMisses;
        /// A miss whose penalty may follow, or 0.
        uint32 missed;
        /// Refunded what was deferred, of which the reason must follow.
        uint32 dissolved;
    }

    /// @dev What a node that left has locked.
    struct Leaver {
        uint256 amount;
        uint32 since;
        uint32 until;
    }

    struct Span {
        uint32 from;
        uint32 end;
    }

    Stored[] internal _stored;
    /// @dev Index in _stored, plus one.
    mapping(VNodeId vNode => mapping(Serial serial => uint256)) internal _place;
    mapping(VNodeId vNode => Entry[]) internal _entries;
    mapping(VNodeId vNode => Total[]) internal _totals;
    mapping(VNodeId vNode => Fresh) internal _fresh;

    mapping(VNodeId vNode => Page) internal _pages;
    mapping(VNodeId vNode => mapping(NodeId node => Span[])) internal _pauses;
    mapping(VNodeId vNode => mapping(NodeId node => Leaver)) internal _leavers;
    /// @dev Removed or convicted, and not back.
    mapping(VNodeId vNode => mapping(NodeId node => bool)) internal _penalized;
    mapping(VNodeId vNode => mapping(uint32 epoch => bool)) internal _isDecided;
    /// @dev Whether a proof was refused because nothing was due.
    mapping(VNodeId vNode => mapping(uint32 epoch => bool)) internal _wasRefusedIn;
    /// @dev Whether the node was short of bond when it proved.
    mapping(VNodeId vNode => mapping(uint32 epoch => bool)) internal _wasShort;
    /// @dev Token units that challenges took for owners, and what of the last one is not known to be theirs yet.
    mapping(VNodeId vNode => uint256) internal _owed;
    mapping(VNodeId vNode => uint256) internal _left;
    /// @dev Token units, of all epochs that were paid or refunded.
    mapping(VNodeId vNode => uint256) internal _decidedAmount;

    /// @dev Token units: what arrived at the ledger by deposits, what left it, and what it was sent unasked.
    uint256 internal _takenIn;
    uint256 internal _givenOut;
    uint256 internal _donated;
    mapping(address who => uint256) internal _balance;
    uint256 internal _pool;
    mapping(NodeId node => uint256) internal _bonds;
    /// @dev The treasury's part of what a cluster's pot has.
    mapping(ClusterId cluster => uint256) internal _protocol;
    mapping(NodeId node => mapping(uint32 epoch => uint256)) internal _lockedIn;
    /// @dev How often an amount was rounded on its way into or out of the credits: a unit each at most.
    uint256 internal _roundings;

    mapping(ClusterId cluster => NodeId[]) internal _queue;
    mapping(ClusterId cluster => Dated[]) internal _terms_;

    /// @dev The first rule about a step that was broken.
    string internal _broken;

    function _fail(string memory rule) internal {
        if (bytes(_broken).length == 0) _broken = rule;
    }

    function _expect(bool holds, string memory rule) internal {
        if (!holds) _fail(rule);
    }

    // ------------------------------------------------------------------------------------------------------- terms

    function _termsAt(VNodeId vNode, uint32 epoch) internal view returns (ClusterParams memory) {
        return _termsOf(registry.vNode(vNode).cluster, epoch);
    }

    function _termsOf(ClusterId cluster, uint32 epoch) internal view returns (ClusterParams memory) {
        Dated[] storage list = _terms_[cluster];
        uint256 i = list.length - 1;
        while (list[i].since > epoch) --i;
        return list[i].params;
    }

    function _feesOf(uint256 rate, ClusterParams memory p) internal view returns (uint256) {
        return (rate * (audits.protocolFee() + p.managerFee + p.auditFee)) / BASIS_POINTS;
    }

    // ----------------------------------------------------------------------------------------------------- segments

    /// @dev Token units, of all segments that are active in the epoch.
    function _rateIn(VNodeId vNode, uint32 epoch) internal view returns (uint256 rate) {
        for (uint256 i = 0; i < _stored.length; ++i) {
            Stored storage s = _stored[i];
            if (s.vNode == vNode && s.from <= epoch && epoch < s.end) rate += s.perEpoch;
        }
    }

    /// @dev Token units, of all segments that have not ended by the epoch, begun or not.
    function _committedIn(VNodeId vNode, uint32 epoch) internal view returns (uint256 committed) {
        for (uint256 i = 0; i < _stored.length; ++i) {
            Stored storage s = _stored[i];
            if (s.vNode == vNode && epoch < s.end) committed += s.perEpoch;
        }
    }

    /// @dev Token units, of all segments that end in one of these epochs: the first one that they are not stored in.
    function _endedIn(VNodeId vNode, uint32 first, uint32 last) internal view returns (uint256 ended) {
        for (uint256 i = 0; i < _stored.length; ++i) {
            Stored storage s = _stored[i];
            if (s.vNode == vNode && s.end >= first && s.end <= last) ended += s.perEpoch;
        }
    }

    function _segment(VNodeId vNode, Serial serial) internal view returns (Stored storage) {
        return _stored[_place[vNode][serial] - 1];
    }

    function _note(VNodeId vNode, BucketId bucket, bytes32 root, Serial serial, uint256 rent) internal {
        IRegistry.SegmentRecord memory s = registry.segment(vNode, serial);
        uint256 quantum = 1 << _quantumBits(registry.vNode(vNode).cluster);
        uint256 exact = (s.leaves * rent + 1e18 - 1) / 1e18;
        _expect(
            s.perEpoch % quantum == 0 && s.perEpoch >= exact && s.perEpoch < exact + quantum,
            "a price is the rent's, rounded up to the quantum"
        );
        // Nothing was there that would have had to be proven first.
        bool idle = _committedIn(vNode, audits.state(vNode).settled) == 0;
        if (idle) (_pages[vNode].syncLeft, _pages[vNode].misses) = (0, 0);
        _stored.push(Stored(vNode, serial, bucket, root, s.leaves, s.from, s.end, s.perEpoch, false));
        _place[vNode][serial] = _stored.length;
        _append(_entries[vNode], _stored.length - 1);
        _noteTotal(vNode);
    }

    // -------------------------------------------------------------------------------------------------- directories

    function _weight(Entry storage e) internal view returns (uint256) {
        Stored storage s = _stored[e.place];
        return s.perEpoch >> _quantumBits(registry.vNode(s.vNode).cluster);
    }

    function _append(Entry[] storage list, uint256 place) internal {
        uint256 count = list.length;
        uint256 start = count == 0 ? 0 : list[count - 1].start + _weight(list[count - 1]);
        list.push(Entry(place, start));
    }

    function _totalOf(Entry[] storage list) internal view returns (uint256) {
        uint256 count = list.length;
        return count == 0 ? 0 : list[count - 1].start + _weight(list[count - 1]);
    }

    function _noteTotal(VNodeId vNode) internal {
        _totals[vNode].push(Total(_now(), _totalOf(_entries[vNode])));
    }

    /// @dev As it stood when the epoch began.
    function _totalAt(VNodeId vNode, uint32 epoch) internal view returns (uint256) {
        Total[] storage list = _totals[vNode];
        uint256 i = list.length;
        while (i != 0 && list[i - 1].epoch >= epoch) --i;
        return i == 0 ? 0 : list[i - 1].total;
    }

    /// @dev What a vNode's directory must be.
    function _tree(VNodeId vNode) internal view returns (uint256[][] memory) {
        Entry[] storage list = _entries[vNode];
        uint256[] memory entries = new uint256[](list.length);
        for (uint256 i = 0; i < entries.length; ++i) {
            Stored storage s = _stored[list[i].place];
            bytes32 root = s.retired ? bytes32(0) : s.root;
            entries[i] = Tree.entry(root, list[i].start, _weight(list[i]), s.leaves);
        }
        return Tree.grow(entries, DEPTH);
    }

    // --------------------------------------------------------------------------------------------------- challenges

    /// @dev Token units, of the challenges of a vNode that are open.
    function _challengeBonds(VNodeId vNode) internal view returns (uint256 bonds) {
        ChallengeId[] memory open = challenges.openOf(vNode);
        for (uint256 i = 0; i < open.length; ++i) bonds += challenges.challengeOf(open[i]).bond;
    }
}
