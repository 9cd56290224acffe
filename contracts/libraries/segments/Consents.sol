// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {IRegistry} from "../../interfaces/IRegistry.sol";
import {
    Acceptance,
    BucketId,
    Grant,
    NodeId,
    Segment,
    Serial,
    Unauthorized,
    VNodeId
} from "../../interfaces/Types.sol";

/// @title Consents
/// @notice What others have signed (protocol/typed-data.ts): a node's operator that the node holds something, and a bucket's
/// owner that a writer may spend the owner's tokens.
library Consents {
    struct Used {
        /// The bits of a node's used nonces. Acceptances of both kinds share them.
        mapping(NodeId node => mapping(uint256 word => uint256)) nonces;
        /// Token units that a grant has paid, or REVOKED.
        mapping(address owner => mapping(bytes32 grant => uint256)) spent;
    }

    bytes32 private constant DOMAIN_TYPE = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    );
    bytes32 private constant NAME = keccak256("Holdfast");
    bytes32 private constant VERSION = keccak256("1");
    bytes32 private constant ACCEPTANCE_TYPE = keccak256(
        "Acceptance(uint256 node,uint256 revision,uint256 bucket,uint256 vNode,bytes32 segments,uint256 epochs,uint256 rent,uint256 nonce,uint256 deadline)"
    );
    bytes32 private constant EXTENSION_TYPE = keccak256(
        "Extension(uint256 node,uint256 revision,uint256 vNode,uint256 serial,uint256 epochs,uint256 rent,uint256 nonce,uint256 deadline)"
    );
    bytes32 private constant GRANT_TYPE = keccak256(
        "Grant(address owner,address writer,uint256 bucket,uint256 limit,uint256 maxRent,uint256 deadline,uint256 nonce)"
    );
    uint256 private constant REVOKED = type(uint256).max;

    // -------------------------------------------------------------------------------------------------- acceptances

    function acceptanceDigest(
        NodeId node,
        uint256 revision,
        BucketId bucket,
        VNodeId vNode,
        Segment[] calldata segments,
        uint256 epochs,
        Acceptance calldata a
    ) internal view returns (bytes32) {
        bytes32 list = keccak256(abi.encode(segments));
        bytes memory message = abi.encode(
            ACCEPTANCE_TYPE,
            node,
            revision,
            bucket,
            vNode,
            list,
            epochs,
            a.rent,
            a.nonce,
            a.deadline
        );
        return _digest(message);
    }

    function extensionDigest(
        NodeId node,
        uint256 revision,
        VNodeId vNode,
        Serial serial,
        uint256 epochs,
        Acceptance calldata a
    ) internal view returns (bytes32) {
        bytes memory message = abi.encode(
            EXTENSION_TYPE,
            node,
            revision,
            vNode,
            serial,
            epochs,
            a.rent,
            a.nonce,
            a.deadline
        );
        return _digest(message);
    }

    /// @notice Checks an acceptance of these terms, and uses up its nonce.
    function accept(
        Used storage used,
        NodeId node,
        address operator,
        bytes32 digest,
        Acceptance calldata a
    ) internal {
        require(block.timestamp <= a.deadline, IRegistry.AcceptanceExpired(a.deadline, block.timestamp));
        uint256 nonce = a.nonce;
        uint256 word = used.nonces[node][nonce >> 8];
        require((word >> (nonce & 255)) & 1 == 0, IRegistry.AcceptanceUsed(node, nonce));
        require(_isSigned(operator, digest, a.signature), IRegistry.AcceptanceInvalid(node, operator));

        used.nonces[node][nonce >> 8] = word | (1 << (nonce & 255));
    }

    // ------------------------------------------------------------------------------------------------------- grants

    function grantDigest(Grant calldata g) internal view returns (bytes32) {
        bytes memory message = abi.encode(
            GRANT_TYPE,
            g.owner,
            g.writer,
            g.bucket,
            g.limit,
            g.maxRent,
            g.deadline,
            g.nonce
        );
        return _digest(message);
    }

    /// @notice Books amount on a grant of the bucket's owner to the caller.
    function spend(Used storage used, address owner, Grant calldata g, uint256 amount) internal {
        bytes32 digest = grantDigest(g);
        require(msg.sender == g.writer, Unauthorized(msg.sender));
        require(block.timestamp <= g.deadline, IRegistry.GrantExpired(g.deadline, block.timestamp));
        require(g.owner == owner && _isSigned(owner, digest, g.signature), IRegistry.GrantInvalid(g.owner));
        uint256 spent = used.spent[owner][digest];
        require(spent != REVOKED, IRegistry.RevokedGrant(digest));
        spent += amount;
        require(spent <= g.limit, IRegistry.GrantExceeded(g.limit, spent));

        used.spent[owner][digest] = spent;

        emit IRegistry.GrantSpent(owner, msg.sender, digest, amount);
    }

    function revoke(Used storage used, bytes32 digest) internal {
        used.spent[msg.sender][digest] = REVOKED;

        emit IRegistry.GrantRevoked(msg.sender, digest);
    }

    // -------------------------------------------------------------------------------------------------- signatures

    /// @dev The domain is the contract that this library is part of, on the present chain.
    function _digest(bytes memory message) private view returns (bytes32) {
        bytes32 domain = keccak256(abi.encode(DOMAIN_TYPE, NAME, VERSION, block.chainid, address(this)));
        return MessageHashUtils.toTypedDataHash(domain, keccak256(message));
    }

    /// @dev The account's key has signed, or its code says so (ERC-1271). The key is tried first, since asking the code costs
    /// 2,600 gas more.
    function _isSigned(address signer, bytes32 digest, bytes calldata signature) private view returns (bool) {
        (address recovered, ECDSA.RecoverError failure, ) = ECDSA.tryRecoverCalldata(digest, signature);
        if (failure == ECDSA.RecoverError.NoError && recovered == signer) return true;
        return SignatureChecker.isValidERC1271SignatureNowCalldata(signer, digest, signature);
    }
}
