// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Settings} from "./Settings.sol";
import {System} from "./System.sol";
import {World} from "./World.sol";

/// @title ActionsTest
/// @notice A campaign in which most calls fail looks at nothing: each action does what it is for, often enough.
contract ActionsTest {
    uint256 private constant RUNS = 40;
    uint256 private constant STEPS = 100;

    /// @dev Thrown when an action succeeds in too few of its calls.
    error Seldom(string world, uint256 action, uint256 succeeded, uint256 called);

    function test_EveryActionSucceeds() external {
        _run("usual", Settings.usual());
        _run("harsh", Settings.harsh());
    }

    /// @notice A call of its own, whose memory is free again when it ends.
    function build(World.Setting calldata setting) external returns (System) {
        return Settings.build(setting);
    }

    function _run(string memory world, World.Setting memory setting) private {
        System system;
        bytes4[] memory actions;
        uint256[] memory called;
        uint256[] memory succeeded;
        for (uint256 i = 0; i < RUNS * STEPS; ++i) {
            if (i % STEPS == 0) {
                system = this.build(setting);
                if (i == 0) {
                    actions = system.actions();
                    called = new uint256[](actions.length);
                    succeeded = new uint256[](actions.length);
                }
            }
            bytes32 dice = keccak256(abi.encode(i));
            uint256 action = uint256(dice) % actions.length;
            bytes memory arguments = abi.encode(
                _more(dice, 1),
                _more(dice, 2),
                _more(dice, 3),
                _more(dice, 4)
            );
            bytes memory call = abi.encodePacked(actions[action], arguments, _more(dice, 5));
            // solhint-disable-next-line avoid-low-level-calls
            (bool ok, ) = address(system).call(call);
            ++called[action];
            if (ok) ++succeeded[action];
        }
        for (uint256 i = 0; i < actions.length; ++i) {
            require(4 * succeeded[i] >= called[i], Seldom(world, i, succeeded[i], called[i]));
        }
    }

    function _more(bytes32 dice, uint256 which) private pure returns (bytes32) {
        return keccak256(abi.encode(dice, which));
    }
}
