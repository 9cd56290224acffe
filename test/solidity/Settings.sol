// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {ClusterParams} from "../../contracts/interfaces/Types.sol";
import {Deploying} from "./Deploying.sol";
import {System} from "./System.sol";
import {World} from "./World.sol";

/// @title Settings
/// @notice The worlds that are looked at.
library Settings {
    /// @notice Terms as they might be.
    function usual() internal pure returns (World.Setting memory) {
        ClusterParams memory params = ClusterParams({
            odds: 3,
            window: 11 hours,
            grace: 1,
            maxMisses: 3,
            slashMultiple: 8,
            faultMultiple: 20,
            syncEpochs: 2,
            bondEpochs: 36,
            managerFee: 300,
            auditFee: 200,
            reporterShare: 1000
        });
        return World.Setting({tokenTakes: false, protocolFee: 200, params: params, bond: 40e13});
    }

    /// @notice Terms at their limits, little bond for them, and a token that takes its part of every transfer.
    function harsh() internal pure returns (World.Setting memory) {
        ClusterParams memory params = ClusterParams({
            odds: 1,
            window: 3 hours,
            grace: 0,
            maxMisses: 2,
            slashMultiple: 20,
            faultMultiple: 60,
            syncEpochs: 1,
            bondEpochs: 100,
            managerFee: 2000,
            auditFee: 1000,
            reporterShare: 2000
        });
        return World.Setting({tokenTakes: true, protocolFee: 500, params: params, bond: 2e14});
    }

    /// @notice A world in which nothing is stored yet.
    function make(World.Setting memory setting) internal returns (System) {
        return System(Deploying.create("test/solidity/System.sol:System", abi.encode(setting)));
    }

    /// @notice A world in which something is stored already.
    function build(World.Setting memory setting) internal returns (System system) {
        system = make(setting);
        for (uint256 i = 0; i < 6; ++i) system.store(i, i, 21 * i + 255, 3 * i + 9, 1e28);
        system.live(1, 1);
    }
}
