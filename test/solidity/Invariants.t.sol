// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Settings} from "./Settings.sol";
import {System} from "./System.sol";

/// @title Invariants
/// @notice What holds after any sequence of what people do (docs/contracts.md). One campaign looks at all rules: another
/// one would only do the same again.
abstract contract Invariants {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    System internal _system;

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_system);
    }

    function targetSelectors() public view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(_system), _system.actions());
    }

    function invariant_EveryRuleHolds() public view {
        _system.checkSteps();
        _system.checkMoney();
        _system.checkStakes();
        _system.checkSegments();
        _system.checkDirectories();
        _system.checkClusters();
    }

    function afterInvariant() public {
        _system.checkRoots();
        _system.exit(uint256(keccak256(abi.encode(block.timestamp))));
    }
}

/// @title UsualTest
/// @notice See Settings.
contract UsualTest is Invariants {
    function setUp() public {
        _system = Settings.build(Settings.usual());
    }
}

/// @title HarshTest
/// @notice See Settings.
contract HarshTest is Invariants {
    function setUp() public {
        _system = Settings.build(Settings.harsh());
    }
}
