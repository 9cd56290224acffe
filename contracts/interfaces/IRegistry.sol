// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "./IAudits.sol";
import {ILedger} from "./ILedger.sol";
import {IBuckets} from "./registry/IBuckets.sol";
import {IClusters} from "./registry/IClusters.sol";
import {INodes} from "./registry/INodes.sol";
import {Acceptance, BucketId, ClusterId, Grant, NodeId, Opening, Segment, Serial, VNodeId} from "./Types.sol";

/// @title IRegistry
/// @notice Who is there and who holds what: nodes, clusters with their vNodes, buckets, segments and directories. This file
/// has the segments and directories. INodes, IClusters and IBuckets have the rest.
interface IRegistry is INodes, IClusters, IBuckets {
    /// @dev It is not in INodes because the selectors of the libraries' functions depend on its full name.
    struct Node {
        address provider;
        /// Token units of its bond that acceptances may lock in one epoch.
        uint96 lockPerEpoch;
        /// The hot key that signs acceptances.
        address operator;
        /// Leaves that the node offers, and leaves that are taken.
        uint40 capacity;
        uint40 used;
        /// The highest rent that an acceptance may name, in token units per 1e18 leaves and epoch.
        uint96 rent;
        /// Token units that acceptances have locked in lockedEpoch.
        uint96 locked;
        uint32 lockedEpoch;
        /// How often all acceptances were revoked. An acceptance names the revision that it is for.
        uint32 revision;
        string url;
        string metadata;
    }

    struct DirectoryView {
        bytes32 root;
        /// The sum of the weights of all entries, tombstones included, in quanta.
        uint40 total;
        uint32 count;
        /// Entries that are not tombstones.
        uint32 live;
        /// The serial that the next segment will get.
        Serial nextSerial;
    }

    /// @notice A directory's live entries on their way into a fresh tree.
    struct CompactionView {
        /// The epoch in which it began. It may go on in the next epoch, and is given up after that. If all members are 0, no
        /// compaction is under way.
        uint32 epoch;
        /// Segments with lower serials are done.
        Serial nextSerial;
        /// Number of entries in the fresh tree so far, and the sum of their weights.
        uint32 count;
        uint40 total;
        /// The sum of the weights that are still to come.
        uint40 left;
    }

    struct SegmentRecord {
        BucketId bucket;
        /// 0 once the segment is retired.
        uint32 leaves;
        /// The first epoch that is not claimed.
        uint32 from;
        /// The first epoch that is not paid for.
        uint32 end;
        /// What the segment pays per epoch, in token units.
        uint80 perEpoch;
        /// The number of payers on record. 0: the bucket's owner pays for all of it.
        uint8 payers;
        /// The index of its entry in the present directory. It means nothing once the entry is retired or compacted away.
        uint16 index;
    }

    /// @notice Who paid for a segment's epochs before end. They begin where the previous payer's end.
    struct Payer {
        /// Zero stands for the bucket's owner, even if that changes.
        address account;
        uint32 end;
    }

    /// @param start where the segment's range in the directory begins, in quanta. Its weight is perEpoch / 2^quantumBits.
    event SegmentStored(
        VNodeId indexed vNode,
        BucketId indexed bucket,
        Serial serial,
        bytes32 root,
        uint40 start,
        uint32 leaves,
        uint80 perEpoch,
        uint32 from,
        uint32 end,
        address payer
    );
    event SegmentExtended(
        VNodeId indexed vNode,
        BucketId indexed bucket,
        Serial serial,
        uint32 end,
        address payer
    );
    /// @param amount what the payers got back.
    event SegmentEndedEarly(
        VNodeId indexed vNode,
        BucketId indexed bucket,
        Serial serial,
        uint32 end,
        uint256 amount
    );
    /// @param grant the hash that the owner signed.
    event GrantSpent(address indexed owner, address indexed writer, bytes32 grant, uint256 amount);
    event GrantRevoked(address indexed owner, bytes32 grant);
    event SegmentRetired(VNodeId indexed vNode, Serial serial);
    event DirectoryReset(VNodeId indexed vNode);
    /// @notice Emitted when a compaction begins: the entries of all segments that end after lastEnd are written again, in
    /// the order of their serials.
    event CompactionStarted(VNodeId indexed vNode, uint32 lastEnd);
    /// @notice Emitted when a compaction is done: the fresh tree replaces the directory.
    event Compacted(VNodeId indexed vNode, uint32 entries, uint40 total, bytes32 root);
    event Claimed(VNodeId indexed vNode, Serial serial, address indexed owner, uint256 amount);

    /// @notice Thrown when there is no segment with that serial.
    error NoSuchSegment(VNodeId vNode, Serial serial);

    /// @notice Thrown when a bucket and a vNode belong to different clusters.
    error OtherCluster(ClusterId bucketCluster, ClusterId vNodeCluster);

    /// @notice Thrown when a grant for one bucket is used for a segment of another.
    error OtherBucket(BucketId bucket, BucketId granted);

    /// @notice Thrown when an order has no segments or no epochs, or ends more than 2^20 epochs from now.
    error BadOrder(uint256 segments, uint256 epochs);

    /// @notice Thrown when a root is zero or not a field element, or when a segment has no leaves or too many.
    error BadSegment(uint256 index, bytes32 root, uint32 leaves);

    /// @notice Thrown when a vNode's directory has no room for as many segments or as much weight.
    error DirectoryFull(VNodeId vNode, uint256 segments, uint256 total);

    /// @notice Thrown when nobody is responsible for the vNode.
    error NotAssigned(VNodeId vNode);

    /// @notice Thrown when a node is still taking over what is there, or when the directory is being compacted.
    error HandingOver(VNodeId vNode);
    error Compacting(VNodeId vNode, uint32 sinceEpoch);

    /// @notice Thrown when a segment had ended when the compaction began, when openings are not in the order of their
    /// serials, or when they would continue a compaction that was given up.
    error NotToCompact(VNodeId vNode, Serial serial);

    /// @notice Thrown when the accepted rent is higher than the caller agrees to pay, or than the node's provider allows.
    error RentTooHigh(uint256 rent, uint256 maxRent);

    /// @notice Thrown when acceptances would lock more of a node's bond in an epoch than its provider allows.
    error LockLimit(NodeId node, uint256 limit, uint256 needed);

    /// @notice Thrown when a segment would cost nothing.
    error BadPrice(uint256 perEpoch);

    /// @notice Thrown when an acceptance is past its deadline, when it was used before, or when the operator of the
    /// responsible node has not signed exactly these terms.
    error AcceptanceExpired(uint256 deadline, uint256 timestamp);
    error AcceptanceUsed(NodeId node, uint256 nonce);
    error AcceptanceInvalid(NodeId node, address operator);

    /// @notice Thrown when the epochs to come of a segment would have more than 8 payers.
    error TooManyPayers(VNodeId vNode, Serial serial);

    /// @notice Thrown when a segment that has ended, or ends with the running epoch, would be extended.
    error HasEnded(uint32 end, uint32 currentEpoch);
    /// @notice Thrown when a segment would end early that ends by itself before the notice is over.
    error EndsAnyway(uint32 end, uint32 noticeEnd);

    /// @notice Thrown when the rent of an extension makes another price than the segment has.
    error OtherPrice(uint256 perEpoch, uint256 agreed);

    /// @notice Thrown when a grant is past its deadline, was not signed by the bucket's owner, was revoked, or would pay
    /// more in total than it allows.
    error GrantExpired(uint256 deadline, uint256 timestamp);
    error GrantInvalid(address owner);
    error RevokedGrant(bytes32 grant);
    error GrantExceeded(uint256 limit, uint256 needed);

    /// @notice Thrown when a segment is retired before its end, or twice, or after a compaction left its entry out.
    error NotEnded(uint32 end, uint32 currentEpoch);
    error AlreadyRetired(VNodeId vNode, Serial serial);

    /// @notice Thrown when a multi-path has too few or too many siblings, when a part of it is no field element, or when its
    /// openings are not in the order of their indices.
    error PathMalformed();
    /// @notice Thrown when a multi-path does not lead to the directory's root.
    error PathInvalid(uint256 directoryRoot);

    function ledger() external view returns (ILedger);

    function audits() external view returns (IAudits);

    function node(NodeId id) external view returns (Node memory);

    // ----------------------------------------------------------------------------------------------------- segments

    /// @notice Stores segments from the next epoch on. The caller is the bucket's owner or a writer, and pays.
    /// @param maxRent the most that the caller agrees to, in token units per 1e18 leaves and epoch.
    function store(
        BucketId bucket,
        VNodeId vNode,
        Segment[] calldata segments,
        uint32 epochs,
        uint256 maxRent,
        Acceptance calldata acceptance
    ) external;

    /// @notice As store, by the writer that the owner's grant names. The owner's account pays. The writer need not be one on
    /// chain.
    function storeFor(
        Grant calldata grant,
        VNodeId vNode,
        Segment[] calldata segments,
        uint32 epochs,
        uint256 maxRent,
        Acceptance calldata acceptance
    ) external;

    /// @notice Extends a segment by more epochs at the same price, before it ends. The caller is the bucket's owner or a
    /// writer, and pays. The node signs an Extension (protocol/typed-data.ts), and backs it with its bond.
    function extend(
        VNodeId vNode,
        Serial serial,
        uint32 epochs,
        uint256 maxRent,
        Acceptance calldata acceptance
    ) external;

    /// @notice As extend, by the writer that the owner's grant names. The owner's account pays.
    function extendFor(
        Grant calldata grant,
        VNodeId vNode,
        Serial serial,
        uint32 epochs,
        uint256 maxRent,
        Acceptance calldata acceptance
    ) external;

    /// @notice Ends a segment two epochs after the running one. Only the bucket's owner may. The payers get back what the
    /// later epochs would have cost.
    function endEarly(VNodeId vNode, Serial serial) external;

    /// @notice Revokes a grant of the caller, used or not.
    /// @param grant the hash that the caller signed.
    function revokeGrant(bytes32 grant) external;

    /// @notice Token units that a grant of the owner has paid. 2^256 - 1 stands for a revoked grant.
    function spentOf(address owner, bytes32 grant) external view returns (uint256);

    /// @notice Replaces the entries of segments that have ended by tombstones. Anyone may call it. If no live entry is left
    /// then, the directory is empty again, and the siblings are not looked at.
    /// @param openings in the order of their serials, which is also the order of their indices.
    /// @param siblings the siblings of the multi-path, from the bottom up. Each level gives, in order, the children that are
    /// not known yet of each parent of a known node (protocol/directory.ts).
    function retire(VNodeId vNode, Opening[] calldata openings, bytes32[] calldata siblings) external;

    /// @notice Writes the entries of all segments that are paid for in the next epoch into a fresh tree, in the order of
    /// their serials. The caller is the operator or provider of the responsible node or of its successor. The last call
    /// replaces the directory, from the next epoch on. Until then the old tree is audited, and nothing can be stored or
    /// retired. A compaction that is not done by the end of the epoch after its first one is given up.
    /// @param openings the next of these entries, in the order of their serials. A directory without live entries takes
    /// none, and is emptied.
    /// @param siblings as for retire.
    /// @dev A call begins a compaction if none is under way. Openings that would continue one that was given up are refused.
    /// A call without openings always begins one, so that nobody else changes the tree before the openings come.
    function compact(VNodeId vNode, Opening[] calldata openings, bytes32[] calldata siblings) external;

    function compaction(VNodeId vNode) external view returns (CompactionView memory);

    /// @notice Pays the owner of a segment what its settled epochs since the last claim have credited. Anyone may call it.
    function claim(VNodeId vNode, Serial serial) external returns (uint256 amount);

    /// @notice As claim for many segments. It is cheapest in the order of their owners, and of one owner in the order in
    /// which they were stored.
    function claimMany(VNodeId vNode, Serial[] calldata serials) external returns (uint256 amount);

    function segment(VNodeId vNode, Serial serial) external view returns (SegmentRecord memory);

    /// @notice The payers of a segment in the order of their epochs; those of past epochs may be missing. If there are none,
    /// the bucket's owner pays for all of it.
    function payersOf(VNodeId vNode, Serial serial) external view returns (Payer[] memory);

    // -------------------------------------------------------------------------------------------------- directories

    function directory(VNodeId vNode) external view returns (DirectoryView memory);

    /// @notice The directory as it stood when the epoch began.
    /// @dev Warning: this is right for the running epoch and the epochs since the last change but one. Earlier ones are lost.
    function snapshot(VNodeId vNode, uint32 epoch) external view returns (bytes32 root, uint40 total);

    /// @notice The directory as it stood when the epoch began, the token units per epoch that its total stands for, and the
    /// provider who is paid for the node.
    function statement(
        VNodeId vNode,
        uint32 epoch,
        NodeId node
    ) external view returns (bytes32 root, uint40 total, uint256 asked, address provider);
}
