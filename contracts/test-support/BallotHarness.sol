// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "../interfaces/IAudits.sol";
import {ClusterId} from "../interfaces/Types.sol";
import {Ballot} from "../managers/Ballot.sol";
import {ClusterManager} from "../managers/ClusterManager.sol";

/// @title BallotHarness
/// @notice A manager whose members' weights tests set.
contract BallotHarness is Ballot {
    struct Weight {
        uint256 weight;
        uint32 since;
    }

    address[] private _all;
    mapping(address member => Weight) private _weights;

    constructor(IAudits audits_, ClusterId cluster_) ClusterManager(audits_, cluster_) {}

    function setWeight(address member, uint256 weight, uint32 since) external {
        bool isKnown;
        for (uint256 i = 0; i < _all.length; ++i) isKnown = isKnown || _all[i] == member;
        if (!isKnown) _all.push(member);
        _weights[member] = Weight(weight, since);
    }

    function _members() internal view override returns (address[] memory) {
        return _all;
    }

    function _weightOf(address member, uint32 since) internal view override returns (uint256) {
        Weight memory w = _weights[member];
        return w.since <= since ? w.weight : 0;
    }
}
