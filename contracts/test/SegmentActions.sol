// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IRegistry} from "../interfaces/IRegistry.sol";
import {
    Acceptance,
    BucketId,
    ClusterId,
    Grant,
    NO_NODE,
    NodeId,
    Retirement,
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

    function store(uint256 who, uint256 which, uint256 leaves, uint256 epochs, uint256 rent) external acts {
        VNodeId vNode = _roomy(which);
        BucketId bucket = _bucket(registry.vNode(vNode).cluster, who);
        (Segment[] memory segments, uint32 serial) = (_segments(leaves), _next(vNode));
        Acceptance memory acceptance = _acceptance(rent);
        address payer = registry.bucket(bucket).owner;
        if (registry.mayWrite(bucket, _anyone(who >> 8))) payer = _anyone(who >> 8);
        _spends(payer);
        registry.store(bucket, vNode, segments, _time(epochs), type(uint256).max, acceptance);
        _noteAll(vNode, bucket, segments, serial);
    }

    /// @dev By the stranger, with a grant of the bucket's owner.
    function storeFor(
        uint256 who,
        uint256 which,
        uint256 leaves,
        uint256 epochs,
        uint256 rent
    ) external acts {
        VNodeId vNode = _roomy(which);
        BucketId bucket = _bucket(registry.vNode(vNode).cluster, who);
        (Segment[] memory segments, uint32 serial) = (_segments(leaves), _next(vNode));
        Acceptance memory acceptance = _acceptance(rent);
        (Grant memory grant, bytes32 digest) = _grant(bucket, MEANS);
        VM.prank(_stranger());
        registry.storeFor(grant, vNode, segments, _time(epochs), type(uint256).max, acceptance);
        _noteAll(vNode, bucket, segments, serial);
        if (registry.spentOf(grant.owner, digest) > grant.limit) _fail("a grant pays no more than its limit");
    }

    /// @dev The first vNode from which on that has a node and room for two segments.
    function _roomy(uint256 which) private view returns (VNodeId) {
        uint256 count = registry.vNodeCount();
        for (uint256 i = which % count; i < count + (which % count); ++i) {
            VNodeId vNode = _vNode(i);
            NodeId node = audits.responsible(vNode);
            if (node == NO_NODE || registry.directory(vNode).count + 2 > ROOM) continue;
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

    function _next(VNodeId vNode) private view returns (uint32) {
        IRegistry.DirectoryView memory d = registry.directory(vNode);
        return d.base + d.count;
    }

    function _time(uint256 seed) private pure returns (uint32) {
        return uint32(1 + (seed % 30));
    }

    /// @dev Rents that make prices of 1 to 10^12 token units.
    function _acceptance(uint256 rent) private returns (Acceptance memory) {
        return Acceptance(1 + (rent % 2e28), ++_nonce, type(uint256).max, "");
    }

    function _noteAll(VNodeId vNode, BucketId bucket, Segment[] memory segments, uint32 serial) private {
        for (uint32 i = 0; i < segments.length; ++i) _note(vNode, bucket, segments[i].root, serial + i);
    }

    /// @dev Signed by the bucket's owner, if that is an account with a key.
    function _grant(BucketId bucket, uint256 limit) private returns (Grant memory grant, bytes32 digest) {
        address owner = registry.bucket(bucket).owner;
        grant = Grant(owner, _stranger(), bucket, limit, type(uint256).max, ++_nonce, "");
        digest = _digestOf(grant);
        _agrees(owner);
        for (uint256 i = 0; i < OWNERS; ++i) {
            if (_people[i] != owner) continue;
            (uint8 v, bytes32 r, bytes32 s) = VM.sign(1 + i, digest);
            grant.signature = abi.encodePacked(r, s, v);
        }
    }

    /// @dev EIP-712, as protocol/typed-data.ts.
    function _digestOf(Grant memory g) private view returns (bytes32) {
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
        bytes32 kind = keccak256(
            "Grant(address owner,address writer,uint256 bucket,uint256 limit,uint256 deadline,uint256 nonce)"
        );
        bytes32 hash = keccak256(abi.encode(kind, g.owner, g.writer, g.bucket, g.limit, g.deadline, g.nonce));
        return keccak256(abi.encodePacked(hex"1901", domain, hash));
    }

    // ------------------------------------------------------------------------------------------- another last epoch

    function extend(uint256 which, uint256 epochs) external acts {
        Stored storage s = _live(which, 1);
        Acceptance memory acceptance = _sameRent(s);
        _spends(registry.bucket(s.bucket).owner);
        registry.extend(s.vNode, s.serial, _time(epochs), type(uint256).max, acceptance);
        s.end += _time(epochs);
    }

    function extendFor(uint256 which, uint256 epochs) external acts {
        Stored storage s = _live(which, 1);
        Acceptance memory acceptance = _sameRent(s);
        (Grant memory grant, ) = _grant(s.bucket, uint256(s.perEpoch) * _time(epochs));
        VM.prank(_stranger());
        registry.extendFor(grant, s.vNode, s.serial, _time(epochs), type(uint256).max, acceptance);
        s.end += _time(epochs);
    }

    function endEarly(uint256 which) external acts {
        Stored storage s = _live(which, 4);
        VM.prank(registry.bucket(s.bucket).owner);
        registry.endEarly(s.vNode, s.serial);
        s.end = _now() + 3;
    }

    /// @dev The first segment from which on that has so many epochs before it.
    function _live(uint256 which, uint32 epochs) private view returns (Stored storage) {
        uint32 current = _now();
        for (uint256 i = 0; i < _stored.length; ++i) {
            Stored storage s = _stored[(i + (which % _stored.length)) % _stored.length];
            if (!s.retired && current + epochs <= s.end) return s;
        }
        revert Nothing();
    }

    /// @dev The rent that makes the price which the segment has.
    function _sameRent(Stored storage s) private returns (Acceptance memory acceptance) {
        acceptance = _acceptance(0);
        acceptance.rent = (uint256(s.perEpoch) * 1e18) / s.leaves;
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

    function retire(uint256 which) external acts {
        Stored storage s = _ended(which);
        registry.retire(s.vNode, s.serial, s.root, Tree.pathOf(_tree(s.vNode), _index(s)));
        s.retired = true;
    }

    /// @dev All that has ended on a vNode.
    function retireMany(uint256 which) external acts {
        VNodeId vNode = _ended(which).vNode;
        IRegistry.DirectoryView memory d = registry.directory(vNode);
        Retirement[] memory items = new Retirement[](_endedOn(vNode, d));
        uint256 count;
        for (uint32 serial = d.base; count < items.length; ++serial) {
            Stored storage s = _segment(vNode, serial);
            if (s.retired || _now() < s.end) continue;
            items[count++] = Retirement(serial, s.root, Tree.pathOf(_tree(vNode), _index(s)));
            s.retired = true;
        }
        registry.retireMany(vNode, items);
    }

    function _endedOn(VNodeId vNode, IRegistry.DirectoryView memory d) private view returns (uint256 count) {
        for (uint32 serial = d.base; serial < d.base + d.count; ++serial) {
            Stored storage s = _segment(vNode, serial);
            if (!s.retired && s.end <= _now()) ++count;
        }
    }

    function _any(uint256 which) private view returns (Stored storage) {
        require(_stored.length != 0, Nothing());
        return _stored[which % _stored.length];
    }

    function _ended(uint256 which) private view returns (Stored storage) {
        uint32 current = _now();
        for (uint256 i = 0; i < _stored.length; ++i) {
            Stored storage s = _stored[(i + (which % _stored.length)) % _stored.length];
            if (!s.retired && s.end <= current) return s;
        }
        revert Nothing();
    }

    function _index(Stored storage s) private view returns (uint256) {
        return s.serial - registry.directory(s.vNode).base;
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
