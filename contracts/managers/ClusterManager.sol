// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "../interfaces/IAudits.sol";
import {IChallenges} from "../interfaces/IChallenges.sol";
import {ILedger} from "../interfaces/ILedger.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {ClusterId, NO_CLUSTER} from "../interfaces/Types.sol";

/// @title ClusterManager
/// @notice A contract that manages one cluster by rules. It can be made before the cluster is proposed to it.
/// @dev It holds nothing of customers. What it earns as the manager is in its account in the Ledger.
abstract contract ClusterManager {
    IAudits public immutable audits;
    IRegistry public immutable registry;
    ILedger public immutable ledger;
    IChallenges public immutable challenges;
    ClusterId public immutable cluster;

    /// @notice Thrown when there is no cluster with that id.
    error NoSuchCluster(ClusterId cluster);

    constructor(IAudits audits_, ClusterId cluster_) {
        (audits, registry, ledger, challenges) = (
            audits_,
            audits_.registry(),
            audits_.ledger(),
            audits_.challenges()
        );
        bool exists = cluster_ != NO_CLUSTER && ClusterId.unwrap(cluster_) <= registry.clusterCount();
        require(exists, NoSuchCluster(cluster_));
        cluster = cluster_;
    }

    /// @notice Accepts the cluster that was proposed. Anyone may call it.
    function accept() external {
        registry.acceptManager(cluster);
    }

    /// @notice Whether the cluster is this contract's now.
    function manages() public view returns (bool) {
        return registry.managerOf(cluster) == address(this);
    }

    function _current() internal view returns (uint32) {
        return audits.currentEpoch();
    }
}
