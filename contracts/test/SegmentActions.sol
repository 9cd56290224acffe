// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {
    Acceptance,
    BucketId,
    ClusterId,
    Grant,
    NO_NODE,
    NodeId,
    Opening,
    Segment,
    VNodeId
} from "../interfaces/Types.sol";
import {Chronicle} from "./Chronicle.sol";
import {Tree} from "./Tree.sol";
import {VM} from "./Vm.sol";

/// @title SegmentActions
/// @notice Segments are stored, by owners, writers and those whom an owner's grant lets; they go on, end, are claimed for
/// and retired; buckets change hands.
abstract contract SegmentActions is Chronicle {
    uint256 private constant ROOM = 1 << (2 * DEPTH);

    uint256 private _nonce;
    uint256 private _root;

    // ------------------------------------------------------------------------------------------------------ storing

    /// @dev What is to be stored where, and what the node accepted.
    struct Order {
        VNodeId vNode;
        BucketId bucket;
        Segment[] segments;
        uint32 epochs;
        Acceptance acceptance;
        uint32 serial;
    }

    function store(uint256 who, uint256 which, uint256 leaves, uint256 epochs, uint256 rent) external acts {
        Order memory o = _order(who, which, leaves, epochs, rent);
        address payer = registry.bucket(o.bucket).owner;
        if (registry.mayWrite(o.bucket, _anyone(who >> 8))) payer = _anyone(who >> 8);
        _accepts = true;
        _spends(payer);
        registry.store(o.bucket, o.vNode, o.segments, o.epochs, type(uint256).max, o.acceptance);
        _noteAll(o);
    }

    /// @dev By the stranger, with a grant of the bucket's owner.
    function storeFor(
        uint256 who,
        uint256 which,
        uint256 leaves,
        uint256 epochs,
        uint256 rent
    ) external acts {
        Order memory o = _order(who, which, leaves, epochs, rent);
        (Grant memory grant, bytes32 digest) = _grant(o.bucket, MEANS, o.acceptance.rent);
        _accepts = true;
        VM.prank(_stranger());
        registry.storeFor(grant, o.vNode, o.segments, o.epochs, o.acceptance.rent, o.acceptance);
        _noteAll(o);
        if (registry.spentOf(grant.owner, digest) > grant.limit) _fail("a grant pays no more than its limit");
    }

    /// @dev What was accepted before it was revoked is worth nothing.
    function revokeAcceptances(
        uint256 who,
        uint256 which,
        uint256 leaves,
        uint256 epochs,
        uint256 rent
    ) external acts {
        Order memory o = _order(who, which, leaves, epochs, rent);
        (NodeId node, , , ) = audits.outlook(o.vNode);
        VM.prank(who % 2 == 0 ? address(this) : _providerOf(node));
        registry.revokeAcceptances(node);
        address owner = registry.bucket(o.bucket).owner;
        _tries();
        _spends(owner);
        try registry.store(o.bucket, o.vNode, o.segments, o.epochs, type(uint256).max, o.acceptance) {
            _fail("what is revoked is not accepted");
        } catch {
            _wasRefused();
        }
    }

    function _order(
        uint256 who,
        uint256 which,
        uint256 leaves,
        uint256 epochs,
        uint256 rent
    ) private returns (Order memory o) {
        o.vNode = _roomy(which);
        o.bucket = _bucket(registry.vNode(o.vNode).cluster, who);
        o.segments = _segments(leaves);
        o.epochs = _time(epochs);
        o.serial = registry.directory(o.vNode).nextSerial;
        (NodeId node, , , ) = audits.outlook(o.vNode);
        o.acceptance = _acceptance(node, rent);
        o.acceptance.signature = _signed(_acceptanceOf(node, o));
    }

    /// @dev The first vNode from which on, settled, that has a node that may store, and room for two segments.
    function _roomy(uint256 which) private returns (VNodeId) {
        uint256 count = registry.vNodeCount();
        for (uint256 i = which % count; i < count + (which % count); ++i) {
            VNodeId vNode = _vNode(i);
            if (which % 4 != 0) _settle(vNode);
            (NodeId node, , bool handingOver, ) = audits.outlook(vNode);
            if (node == NO_NODE || handingOver || registry.directory(vNode).count + 2 > ROOM) continue;
            if (_isCompacting(vNode)) continue;
            if (registry.node(node).used + 60 <= registry.node(node).capacity) return vNode;
        }
        revert Nothing();
    }

    function _bucket(ClusterId cluster, uint256 seed) private pure returns (BucketId) {
        return BucketId.wrap(uint40(1 + (ClusterId.unwrap(cluster) - 1) * OWNERS + (seed % OWNERS)));
    }

    function _segments(uint256 seed) private returns (Segment[] memory segments) {
        segments = new Segment[](1 + (seed % 2));
        for (uint256 i = 0; i < segments.length; ++i) {
            segments[i] = Segment(bytes32(++_root), uint32(1 + ((seed >> (8 * i + 8)) % 30)));
        }
    }

    function _time(uint256 seed) private pure returns (uint32) {
        return uint32(1 + (seed % 30));
    }

    /// @dev Without the signature.
    function _acceptance(NodeId node, uint256 rent) private returns (Acceptance memory) {
        return Acceptance(1 + (rent % registry.node(node).rent), ++_nonce, type(uint256).max, "");
    }

    /// @dev What happened before is judged by what was stored before.
    function _noteAll(Order memory o) private {
        _tries();
        for (uint32 i = 0; i < o.segments.length; ++i) {
            _note(o.vNode, o.bucket, o.segments[i].root, o.serial + i, o.acceptance.rent);
        }
        _pages[o.vNode].slashed = false;
    }

    // --------------------------------------------------------------------------------------------------- signatures

    /// @dev Of this contract, the operator of all nodes.
    function _signed(bytes32 digest) private pure returns (bytes memory) {
        return abi.encode(digest);
    }

    /// @dev EIP-712, as protocol/typed-data.ts.
    function _digest(bytes memory message) private view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                ),
                keccak256("Holdfast"),
                keccak256("1"),
                block.chainid,
                address(registry)
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domain, keccak256(message)));
    }

    function _acceptanceOf(NodeId node, Order memory o) private view returns (bytes32) {
        bytes32 kind = keccak256(
            "Acceptance(uint256 node,uint256 revision,uint256 bucket,uint256 vNode,bytes32 segments,uint256 epochs,uint256 rent,uint256 nonce,uint256 deadline)"
        );
        uint256 revision = registry.node(node).revision;
        bytes32 list = keccak256(abi.encode(o.segments));
        Acceptance memory a = o.acceptance;
        return
            _digest(
                abi.encode(
                    kind,
                    node,
                    revision,
                    o.bucket,
                    o.vNode,
                    list,
                    o.epochs,
                    a.rent,
                    a.nonce,
                    a.deadline
                )
            );
    }

    /// @dev The rent that makes the price which the segment has.
    function _extension(Stored storage s, uint32 epochs) private returns (Acceptance memory a) {
        (NodeId node, , , ) = audits.outlook(s.vNode);
        require(node != NO_NODE, Nothing());
        a = _acceptance(node, 0);
        a.rent = (uint256(s.perEpoch) * 1e18) / s.leaves;
        bytes32 kind = keccak256(
            "Extension(uint256 node,uint256 revision,uint256 vNode,uint256 serial,uint256 epochs,uint256 rent,uint256 nonce,uint256 deadline)"
        );
        uint256 revision = registry.node(node).revision;
        bytes memory message = abi.encode(
            kind,
            node,
            revision,
            s.vNode,
            s.serial,
            epochs,
            a.rent,
            a.nonce,
            a.deadline
        );
        a.signature = _signed(_digest(message));
    }

    /// @dev Signed by the bucket's owner.
    function _grant(
        BucketId bucket,
        uint256 limit,
        uint256 maxRent
    ) private returns (Grant memory g, bytes32 digest) {
        address owner = registry.bucket(bucket).owner;
        g = Grant(owner, _stranger(), bucket, limit, maxRent, type(uint256).max, ++_nonce, "");
        bytes32 kind = keccak256(
            "Grant(address owner,address writer,uint256 bucket,uint256 limit,uint256 maxRent,uint256 deadline,uint256 nonce)"
        );
        digest = _digest(abi.encode(kind, owner, g.writer, bucket, limit, maxRent, g.deadline, g.nonce));
        _agrees(owner);
        if (owner == address(this)) g.signature = _signed(digest);
        for (uint256 i = 0; i < OWNERS; ++i) {
            if (_people[i] != owner) continue;
            (uint8 v, bytes32 r, bytes32 s) = VM.sign(1 + i, digest);
            g.signature = abi.encodePacked(r, s, v);
        }
    }

    // ------------------------------------------------------------------------------------------- another last epoch

    function extend(uint256 which, uint256 epochs) external acts {
        Stored storage s = _live(which, 1);
        Acceptance memory acceptance = _extension(s, _time(epochs));
        _accepts = true;
        _spends(registry.bucket(s.bucket).owner);
        registry.extend(s.vNode, s.serial, _time(epochs), type(uint256).max, acceptance);
        _noteExtended(s, epochs);
    }

    function extendFor(uint256 which, uint256 epochs) external acts {
        Stored storage s = _live(which, 1);
        Acceptance memory acceptance = _extension(s, _time(epochs));
        (Grant memory grant, ) = _grant(s.bucket, uint256(s.perEpoch) * _time(epochs), acceptance.rent);
        _accepts = true;
        VM.prank(_stranger());
        registry.extendFor(grant, s.vNode, s.serial, _time(epochs), acceptance.rent, acceptance);
        _noteExtended(s, epochs);
    }

    function _noteExtended(Stored storage s, uint256 epochs) private {
        _tries();
        s.end += _time(epochs);
        _pages[s.vNode].slashed = false;
    }

    function endEarly(uint256 which) external acts {
        Stored storage s = _live(which, 4);
        VM.prank(registry.bucket(s.bucket).owner);
        registry.endEarly(s.vNode, s.serial);
        _tries();
        s.end = _now() + 3;
    }

    /// @dev The first segment from which on that has so many epochs before it, of a vNode with a node.
    function _live(uint256 which, uint32 epochs) private view returns (Stored storage) {
        uint32 current = _now();
        for (uint256 i = 0; i < _stored.length; ++i) {
            Stored storage s = _stored[(i + (which % _stored.length)) % _stored.length];
            (NodeId node, , , ) = audits.outlook(s.vNode);
            if (current + epochs <= s.end && (node != NO_NODE || epochs != 1)) return s;
        }
        revert Nothing();
    }

    // ----------------------------------------------------------------------------------------- claiming and retiring

    function claim(uint256 which) external acts {
        Stored storage s = _any(which);
        registry.claim(s.vNode, s.serial);
        if (registry.claim(s.vNode, s.serial) != 0) _fail("nothing is claimed twice");
    }

    function claimMany(uint256 which, uint256 more) external acts {
        Stored storage s = _any(which);
        uint32[] memory serials = new uint32[](3);
        (serials[0], serials[1]) = (s.serial, uint32(more % (s.serial + 1)));
        serials[2] = serials[1];
        registry.claimMany(s.vNode, serials);
    }

    function _any(uint256 which) private view returns (Stored storage) {
        require(_stored.length != 0, Nothing());
        return _stored[which % _stored.length];
    }

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

    function _isCompacting(VNodeId vNode) private view returns (bool) {
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

    // ------------------------------------------------------------------------------------------------------ buckets

    function transferBucket(uint256 which, uint256 to) external acts {
        BucketId bucket = BucketId.wrap(uint40(1 + (which % registry.bucketCount())));
        VM.prank(registry.bucket(bucket).owner);
        registry.transferBucket(bucket, to % 4 == 0 ? address(this) : _owner(to));
    }

    function setWriter(uint256 which, uint256 who, uint256 allowed) external acts {
        BucketId bucket = BucketId.wrap(uint40(1 + (which % registry.bucketCount())));
        VM.prank(registry.bucket(bucket).owner);
        registry.setWriter(bucket, _anyone(who), allowed % 4 != 0);
    }
}
