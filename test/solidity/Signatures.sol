// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {
    Acceptance,
    BucketId,
    Grant,
    NO_NODE,
    NodeId,
    Segment,
    Serial,
    VNodeId
} from "../../contracts/interfaces/Types.sol";
import {Chronicle} from "./Chronicle.sol";
import {VM} from "./Vm.sol";

/// @title Signatures
/// @notice What operators and buckets' owners sign (EIP-712, as protocol/typed-data.ts): acceptances, extensions, grants.
abstract contract Signatures is Chronicle {
    /// @dev What is to be stored where, and what the node accepted.
    struct Order {
        VNodeId vNode;
        BucketId bucket;
        Segment[] segments;
        uint32 epochs;
        Acceptance acceptance;
        Serial serial;
    }

    uint256 private _nonce;

    /// @dev Of this contract, the operator of all nodes.
    function _signed(bytes32 digest) internal pure returns (bytes memory) {
        return abi.encode(digest);
    }

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

    /// @dev Without the signature.
    function _acceptance(NodeId node, uint256 rent) internal returns (Acceptance memory) {
        return Acceptance(1 + (rent % registry.node(node).rent), ++_nonce, type(uint256).max, "");
    }

    function _acceptanceOf(NodeId node, Order memory o) internal view returns (bytes32) {
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
    function _extension(Stored storage s, uint32 epochs) internal returns (Acceptance memory a) {
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
    ) internal returns (Grant memory g, bytes32 digest) {
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
}
