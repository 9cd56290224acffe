// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {BucketId, ClusterId, VNodeId} from "../Types.sol";

/// @title IBuckets
/// @notice The buckets: their owners, readers and writers.
interface IBuckets {
    struct Bucket {
        address owner;
        ClusterId cluster;
        bool isPublic;
    }

    event BucketCreated(
        BucketId indexed bucket,
        ClusterId indexed cluster,
        address indexed owner,
        bool isPublic
    );
    event BucketTransferred(BucketId indexed bucket, address indexed owner);
    event PublicChanged(BucketId indexed bucket, bool isPublic);
    event ReaderChanged(BucketId indexed bucket, address indexed account, bool allowed);
    event WriterChanged(BucketId indexed bucket, address indexed account, bool allowed);

    /// @notice Thrown when there is no bucket with that id.
    error NoSuchBucket(BucketId bucket);

    /// @notice Creates a bucket that the caller owns.
    function createBucket(ClusterId cluster, bool isPublic) external returns (BucketId);

    function transferBucket(BucketId bucket, address owner) external;

    function setPublic(BucketId bucket, bool isPublic) external;

    function setReader(BucketId bucket, address account, bool allowed) external;

    function setWriter(BucketId bucket, address account, bool allowed) external;

    function bucket(BucketId id) external view returns (Bucket memory);

    function mayRead(BucketId bucket, address who) external view returns (bool);

    function mayWrite(BucketId bucket, address who) external view returns (bool);

    function bucketCount() external view returns (uint40);

    /// @notice The vNodes that a bucket was ever stored on, in the order of their first segments. The last page is shorter.
    function vNodesOf(BucketId bucket, uint256 from, uint256 count) external view returns (VNodeId[] memory);
}
