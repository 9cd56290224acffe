// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "./IAudits.sol";
import {ILedger} from "./ILedger.sol";
import {IBuckets} from "./registry/IBuckets.sol";
import {IClusters} from "./registry/IClusters.sol";
import {INodes} from "./registry/INodes.sol";
import {Acceptance, BucketId, ClusterId, Grant, NodeId, Opening, Segment, VNodeId} from "./Types.sol";

/// @title IRegistry
/// @notice Who is there and who holds what: nodes, clusters with their vNodes, buckets, segments and directories. Here are
/// the segments and directories; INodes, IClusters and IBuckets are the rest of it.
interface IRegistry is INodes, IClusters, IBuckets {
    /// @dev Here instead of in INodes, as its name is part of the selectors of the libraries' functions.
    struct Node {
        address provider;
        /// The most of its bond that acceptances may lock in one epoch, in token units.
        uint96 lockPerEpoch;
        /// The hot key that signs acceptances.
        address operator;
        /// Leaves that the node offers, and those that are taken.
        uint40 capacity;
        uint40 used;
        /// Token units per 1e18 leaves and epoch: the most that an acceptance may name.
        uint96 rent;
        /// What acceptances have locked in lockedEpoch.
        uint96 locked;
        uint32 lockedEpoch;
        /// Times that all acceptances were revoked: one that was signed before says another number.
        uint32 revision;
        string url;
        string metadata;
    }

    struct DirectoryView {
        bytes32 root;
        /// Weights of all entries, tombstones included, in quanta.
        uint40 total;
        uint32 count;
        /// Entries that are not tombstones.
        uint32 live;
        /// Serial of the next segment.
        uint32 nextSerial;
    }

    /// @notice A directory's live entries on their way into a fresh tree.
    struct CompactionView {
        /// In which it began; it may go on in the next one, and is given up after that. Nothing left: none is under way.
        uint32 epoch;
        /// Serials below this are done with.
        uint32 nextSerial;
        /// Entries and their weights in the fresh tree so far.
        uint32 count;
        uint40 total;
        /// Weights that are still to come.
        uint40 left;
    }

    struct SegmentRecord {
        BucketId bucket;
        /// 0 once retired.
        uint32 leaves;
        /// First epoch not claimed yet.
        uint32 from;
        /// First epoch not paid for any more.
        uint32 end;
        /// Token units.
        uint80 perEpoch;
        /// How many payers there are, if it is not the bucket's owner alone.
        uint8 payers;
        /// Of its entry in the directory as it is now; means nothing once it is retired or compacted away.
        uint16 index;
    }

    /// @notice Who paid for a segment's epochs before end, from the end of the payer before.
    struct Payer {
        /// Nobody: the bucket's owner, whoever that is.
        address account;
        uint32 end;
    }

    /// @param start of its range in the directory, in quanta: its weight is perEpoch / 2^quantumBits.
    event SegmentStored(
        VNodeId indexed vNode,
        BucketId indexed bucket,
        uint32 serial,
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
        uint32 serial,
        uint32 end,
        address payer
    );
    /// @param amount what those who paid got back.
    event SegmentEndedEarly(
        VNodeId indexed vNode,
        BucketId indexed bucket,
        uint32 serial,
        uint32 end,
        uint256 amount
    );
    /// @param grant the hash that was signed.
    event GrantSpent(address indexed owner, address indexed writer, bytes32 grant, uint256 amount);
    event GrantRevoked(address indexed owner, bytes32 grant);
    event SegmentRetired(VNodeId indexed vNode, uint32 serial);
    event DirectoryReset(VNodeId indexed vNode);
    /// @notice Emitted when a directory's entries begin to be written again: those of the segments that end after lastEnd, in
    /// the order of their serials; and when all of them are, and what was the directory before is no more.
    event CompactionStarted(VNodeId indexed vNode, uint32 lastEnd);
    event Compacted(VNodeId indexed vNode, uint32 entries, uint40 total, bytes32 root);
    event Claimed(VNodeId indexed vNode, uint32 serial, address indexed owner, uint256 amount);

    /// @notice Thrown when there is no segment with that serial.
    error NoSuchSegment(VNodeId vNode, uint32 serial);

    /// @notice Thrown when a bucket and a vNode are not of one cluster.
    error OtherCluster(ClusterId bucketCluster, ClusterId vNodeCluster);

    /// @notice Thrown when a grant for one bucket is used for a segment of another.
    error OtherBucket(BucketId bucket, BucketId granted);

    /// @notice Thrown when nothing is to be stored, or for no time, or until more than 2^20 epochs from now.
    error BadOrder(uint256 segments, uint256 epochs);

    /// @notice Thrown when a root is zero or not below the field's order, or a segment has no leaf or too many.
    error BadSegment(uint256 index, bytes32 root, uint32 leaves);

    /// @notice Thrown when a vNode's directory has no room for as many segments or as much weight.
    error DirectoryFull(VNodeId vNode, uint256 segments, uint256 total);

    /// @notice Thrown when nobody is responsible for the vNode.
    error NotAssigned(VNodeId vNode);

    /// @notice Thrown when something would be stored while a node takes over what is there, or while the directory is
    /// compacted.
    error HandingOver(VNodeId vNode);
    error Compacting(VNodeId vNode, uint32 sinceEpoch);

    /// @notice Thrown when an opening is of a segment that had ended when the compaction began, or not in the order of
    /// serials, or would begin a compaction anew where one that was given up would have gone on.
    error NotToCompact(VNodeId vNode, uint32 serial);

    /// @notice Thrown when the accepted rent is more than the caller is ready to pay, or than the node's provider said.
    error RentTooHigh(uint256 rent, uint256 maxRent);

    /// @notice Thrown when acceptances would lock more of a node's bond in an epoch than its provider said.
    error LockLimit(NodeId node, uint256 limit, uint256 needed);

    /// @notice Thrown when a segment would cost nothing.
    error BadPrice(uint256 perEpoch);

    /// @notice Thrown when an acceptance is used after its deadline, or again, or was not signed by the operator of the
    /// node that is responsible, over exactly these terms.
    error AcceptanceExpired(uint256 deadline, uint256 timestamp);
    error AcceptanceUsed(NodeId node, uint256 nonce);
    error AcceptanceInvalid(NodeId node, address operator);

    /// @notice Thrown when a segment would have more than 8 payers in turn, of the epochs to come.
    error TooManyPayers(VNodeId vNode, uint32 serial);

    /// @notice Thrown when a segment that has ended, or ends with the running epoch, is to go on, or one is to end early that ends by itself before the
    /// notice is over.
    error HasEnded(uint32 end, uint32 currentEpoch);
    error EndsAnyway(uint32 end, uint32 noticeEnd);

    /// @notice Thrown when the rent that a node accepts for an extension makes another price than the segment has.
    error OtherPrice(uint256 perEpoch, uint256 agreed);

    /// @notice Thrown when a grant is used after its deadline, or was not signed by the bucket's owner, or was revoked, or
    /// what it would have to pay for in total is more than it allows.
    error GrantExpired(uint256 deadline, uint256 timestamp);
    error GrantInvalid(address owner);
    error RevokedGrant(bytes32 grant);
    error GrantExceeded(uint256 limit, uint256 needed);

    /// @notice Thrown when a segment is retired before its end, or twice, or its entry was left out by a compaction.
    error NotEnded(uint32 end, uint32 currentEpoch);
    error AlreadyRetired(VNodeId vNode, uint32 serial);

    /// @notice Thrown when a multi-path has too few or too many siblings, or holds something that is no field element, or its
    /// openings are not in the order of their indices; or it does not lead to the directory's root.
    error PathMalformed();
    error PathInvalid(uint256 directoryRoot);

    function ledger() external view returns (ILedger);

    function audits() external view returns (IAudits);

    function node(NodeId id) external view returns (Node memory);

    // ----------------------------------------------------------------------------------------------------- segments

    /// @notice Stores segments from the next epoch on, by the bucket's owner or a writer, paid from the caller's account.
    /// @param maxRent the most that the caller agrees to, in token units per 1e18 leaves and epoch.
    function store(
        BucketId bucket,
        VNodeId vNode,
        Segment[] calldata segments,
        uint32 epochs,
        uint256 maxRent,
        Acceptance calldata acceptance
    ) external;

    /// @notice As store, by the writer whom the bucket's owner has signed a grant for, a writer on chain or not, paid from
    /// the owner's account.
    function storeFor(
        Grant calldata grant,
        VNodeId vNode,
        Segment[] calldata segments,
        uint32 epochs,
        uint256 maxRent,
        Acceptance calldata acceptance
    ) external;

    /// @notice Lets a segment that has not ended go on for more epochs at the same price, by the bucket's owner or a writer,
    /// paid from the caller's account. The node signs an Extension (protocol/typed-data.ts), and backs it with its bond.
    function extend(
        VNodeId vNode,
        uint32 serial,
        uint32 epochs,
        uint256 maxRent,
        Acceptance calldata acceptance
    ) external;

    /// @notice As extend, as storeFor is to store.
    function extendFor(
        Grant calldata grant,
        VNodeId vNode,
        uint32 serial,
        uint32 epochs,
        uint256 maxRent,
        Acceptance calldata acceptance
    ) external;

    /// @notice Ends a segment two epochs after the running one, by the bucket's owner. What later ones would have cost goes
    /// back to whoever paid for them.
    function endEarly(VNodeId vNode, uint32 serial) external;

    /// @notice Makes a grant of the caller worthless, used or not.
    /// @param grant the hash that was signed.
    function revokeGrant(bytes32 grant) external;

    /// @notice Token units that a grant of the owner has paid; 2^256 - 1 if it was revoked.
    function spentOf(address owner, bytes32 grant) external view returns (uint256);

    /// @notice Replaces entries of segments that have ended by their tombstones; anyone may. If none is left then, the
    /// directory is empty again, and nothing needs to be opened.
    /// @param openings in the order of their serials, which is that of their indices.
    /// @param siblings of the multi-path that opens them: from the bottom up, for each parent of what is known, in order,
    /// those of its children that are not (protocol/directory.ts).
    function retire(VNodeId vNode, Opening[] calldata openings, bytes32[] calldata siblings) external;

    /// @notice Writes the entries of all segments that are paid for in the next epoch again, in the order of their serials,
    /// into a fresh tree, by the operator or provider of the responsible node, or of the one that waits to take over. The last
    /// call replaces the directory, from the next epoch on. Meanwhile nothing is stored or retired, and the old tree is
    /// audited. What is not done by the end of the epoch after the one in which it began is given up.
    /// @param openings the first of the entries, or the next ones, in the order of their serials; siblings as for retire. A
    /// directory without live entries takes none, and is emptied.
    /// @dev A call begins anew if none is under way, unless its openings are of where one that was given up would have gone
    /// on; without openings it always does, and nobody else changes the tree then before the openings come.
    function compact(VNodeId vNode, Opening[] calldata openings, bytes32[] calldata siblings) external;

    function compaction(VNodeId vNode) external view returns (CompactionView memory);

    /// @notice Pays what the settled epochs since the last claim owe the segment's owner, to the owner's account; anyone
    /// may.
    function claim(VNodeId vNode, uint32 serial) external returns (uint256 amount);

    /// @notice As claim for many: cheapest in order of owners and, among them, in the order in which they were stored.
    function claimMany(VNodeId vNode, uint32[] calldata serials) external returns (uint256 amount);

    function segment(VNodeId vNode, uint32 serial) external view returns (SegmentRecord memory);

    /// @notice Who paid for a segment, by time, but for what is over; none: the bucket's owner for all of it.
    function payersOf(VNodeId vNode, uint32 serial) external view returns (Payer[] memory);

    // -------------------------------------------------------------------------------------------------- directories

    function directory(VNodeId vNode) external view returns (DirectoryView memory);

    /// @notice The directory as it stood when the epoch began.
    /// @dev Warning: right for the running epoch, and for every other since the last change but one.
    function snapshot(VNodeId vNode, uint32 epoch) external view returns (bytes32 root, uint40 total);

    /// @notice The directory as it stood when the epoch began, the token units per epoch that its total stands for, and who
    /// is paid for the node.
    function statement(
        VNodeId vNode,
        uint32 epoch,
        NodeId node
    ) external view returns (bytes32 root, uint40 total, uint256 asked, address provider);
}
