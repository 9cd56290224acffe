// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IBuckets} from "../interfaces/registry/IBuckets.sol";
import {BucketId, ClusterId, VNodeId} from "../interfaces/Types.sol";
import {Holdings} from "../libraries/segments/Holdings.sol";
import {Clusters} from "./Clusters.sol";

/// @title Buckets
/// @notice The Registry's buckets: their owners, readers and writers.
abstract contract Buckets is Clusters {
    uint40 public bucketCount;
    Holdings.BucketsState internal _state;

    modifier onlyOwner(BucketId id) {
        _checkCaller(_state.buckets[id].owner);
        _;
    }

    /// @inheritdoc IBuckets
    function createBucket(ClusterId clusterId, bool isPublic) external returns (BucketId id) {
        require(_clusters[clusterId].manager != address(0), NoSuchCluster(clusterId));

        id = BucketId.wrap(++bucketCount);
        _state.buckets[id] = Bucket(msg.sender, clusterId, isPublic);

        emit BucketCreated(id, clusterId, msg.sender, isPublic);
    }

    /// @inheritdoc IBuckets
    function transferBucket(BucketId id, address owner) external onlyOwner(id) {
        require(owner != address(0), ZeroAddress());

        _state.buckets[id].owner = owner;

        emit BucketTransferred(id, owner);
    }

    /// @inheritdoc IBuckets
    function setPublic(BucketId id, bool isPublic) external onlyOwner(id) {
        _state.buckets[id].isPublic = isPublic;

        emit PublicChanged(id, isPublic);
    }

    /// @inheritdoc IBuckets
    function setReader(BucketId id, address account, bool allowed) external onlyOwner(id) {
        _state.readers[id][account] = allowed;

        emit ReaderChanged(id, account, allowed);
    }

    /// @inheritdoc IBuckets
    function setWriter(BucketId id, address account, bool allowed) external onlyOwner(id) {
        _state.writers[id][account] = allowed;

        emit WriterChanged(id, account, allowed);
    }

    /// @inheritdoc IBuckets
    function bucket(BucketId id) external view returns (Bucket memory) {
        require(_state.buckets[id].owner != address(0), NoSuchBucket(id));
        return _state.buckets[id];
    }

    /// @inheritdoc IBuckets
    function mayRead(BucketId id, address who) external view returns (bool) {
        return _state.buckets[id].isPublic || _state.readers[id][who] || mayWrite(id, who);
    }

    /// @inheritdoc IBuckets
    function mayWrite(BucketId id, address who) public view returns (bool) {
        return (who == _state.buckets[id].owner && who != address(0)) || _state.writers[id][who];
    }

    /// @inheritdoc IBuckets
    function vNodesOf(
        BucketId id,
        uint256 from,
        uint256 count
    ) external view returns (VNodeId[] memory page) {
        VNodeId[] storage list = _state.vNodes[id];
        uint256 left = from < list.length ? list.length - from : 0;
        page = new VNodeId[](count < left ? count : left);
        for (uint256 i = 0; i < page.length; ++i) page[i] = list[from + i];
    }
}
