// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {
    Acceptance,
    BucketId,
    ClusterId,
    Grant,
    NO_NODE,
    NodeId,
    Segment,
    Serial,
    VNodeId
} from "../../contracts/interfaces/Types.sol";
import {DirectoryActions} from "./DirectoryActions.sol";
import {Signatures} from "./Signatures.sol";
import {VM} from "./Vm.sol";

/// @title SegmentActions
/// @notice Segments are stored, by owners, writers and those whom an owner's grant lets; they go on, end and are claimed for;
/// buckets change hands.
abstract contract SegmentActions is Signatures, DirectoryActions {
    uint256 private constant ROOM = 1 << (2 * DEPTH);

    uint256 private _root;

    // ------------------------------------------------------------------------------------------------------ storing

    function store(uint256 who, uint256 which, uint256 leaves, uint256 epochs, uint256 rent) external acts {
        Order memory o = _order(who, which, leaves, epochs, rent);
        address payer = registry.bucket(o.bucket).owner;
        if (registry.mayWrite(o.bucket, _anyone(who >> 8))) payer = _anyone(who >> 8);
        _accepting();
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
        _accepting();
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

    /// @dev What happened before is judged by what was stored before.
    function _noteAll(Order memory o) private {
        _tries();
        Serial serial = o.serial;
        for (uint256 i = 0; i < o.segments.length; ++i) {
            _note(o.vNode, o.bucket, o.segments[i].root, serial, o.acceptance.rent);
            serial = serial.following();
        }
        _pages[o.vNode].slashed = false;
    }

    // ------------------------------------------------------------------------------------------- another last epoch

    function extend(uint256 which, uint256 epochs) external acts {
        Stored storage s = _live(which, 1);
        Acceptance memory acceptance = _extension(s, _time(epochs));
        _accepting();
        _spends(registry.bucket(s.bucket).owner);
        registry.extend(s.vNode, s.serial, _time(epochs), type(uint256).max, acceptance);
        _noteExtended(s, epochs);
    }

    function extendFor(uint256 which, uint256 epochs) external acts {
        Stored storage s = _live(which, 1);
        Acceptance memory acceptance = _extension(s, _time(epochs));
        (Grant memory grant, ) = _grant(s.bucket, uint256(s.perEpoch) * _time(epochs), acceptance.rent);
        _accepting();
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

    // ----------------------------------------------------------------------------------------------------- claiming

    function claim(uint256 which) external acts {
        Stored storage s = _any(which);
        registry.claim(s.vNode, s.serial);
        if (registry.claim(s.vNode, s.serial) != 0) _fail("nothing is claimed twice");
    }

    function claimMany(uint256 which, uint256 more) external acts {
        Stored storage s = _any(which);
        Serial[] memory serials = new Serial[](3);
        (serials[0], serials[1]) = (s.serial, Serial.wrap(uint32(more % (Serial.unwrap(s.serial) + 1))));
        serials[2] = serials[1];
        registry.claimMany(s.vNode, serials);
    }

    function _any(uint256 which) private view returns (Stored storage) {
        require(_stored.length != 0, Nothing());
        return _stored[which % _stored.length];
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
