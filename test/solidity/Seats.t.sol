// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Deploying} from "./Deploying.sol";
import {SeatSystem} from "./SeatSystem.sol";

/// @title SeatsTest
/// @notice What holds of a cluster that proof of storage manages, after any sequence of what people do: no member without bond,
/// nobody next to itself, and books that agree. SeatSystem looks at the first two with each action.
contract SeatsTest {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    uint256 private constant RUNS = 3;
    uint256 private constant STEPS = 100;
    /// @dev Admissions, evictions and seats of all runs together.
    uint256 private constant LEAST = 2;

    SeatSystem private _system;

    error Seldom(uint256[3] done);

    function setUp() public {
        _system = SeatSystem(Deploying.create("test/solidity/SeatSystem.sol:SeatSystem", ""));
        _system.begin();
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_system);
    }

    function targetSelectors() public view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(_system), _system.actions());
    }

    function invariant_SeatsAndBooks() public view {
        assert(!_system.broken());
        _system.checkBooks();
        _system.checkQueue();
    }

    /// @dev A campaign in which nothing succeeds looks at nothing.
    function test_EnoughHappens() public {
        bytes4[] memory actions = _system.actions();
        uint256[3] memory done;
        for (uint256 i = 0; i <= RUNS * STEPS; ++i) {
            if (i % STEPS == 0) {
                done[0] += _system.admitted();
                done[1] += _system.evicted();
                done[2] += _system.seated();
                setUp();
            }
            bytes32 dice = keccak256(abi.encode(i));
            bytes4 action = actions[uint256(dice) % actions.length];
            // solhint-disable-next-line avoid-low-level-calls
            (bool ok, ) = address(_system).call(abi.encodePacked(action, keccak256(abi.encode(dice))));
            if (ok) assert(!_system.broken());
        }
        require(done[0] >= LEAST && done[1] >= LEAST && done[2] >= LEAST, Seldom(done));
    }
}
