// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";

/// @title Actor
/// @notice An account of the simulation, that does what its stage says and signs everything (ERC-1271).
contract Actor is IERC1271 {
    address private immutable STAGE = msg.sender;

    function act(address target, bytes calldata data) external returns (bool success, bytes memory answer) {
        require(msg.sender == STAGE);
        return target.call(data);
    }

    function isValidSignature(bytes32, bytes calldata) external pure returns (bytes4) {
        return IERC1271.isValidSignature.selector;
    }
}

/// @title Stage
/// @notice Lets many accounts act in one transaction, and asks many questions in one call: what a transaction costs the
/// machine by itself would be most of a simulation's time.
contract Stage {
    /// @notice Of an act that failed, or whose answer was wanted.
    event Acted(uint256 index, bool success, bytes answer);

    /// @dev Of an act: actor, target, whether its answer is wanted, and how long its data is.
    uint256 private constant HEADER = 44;

    /// @dev The n-th has the address that the n-th creation of this contract leads to.
    function hire(uint256 count) external {
        for (uint256 i = 0; i < count; ++i) new Actor();
    }

    /// @notice Each act is done, whether or not those before it failed.
    /// @param script acts, one after the other: HEADER bytes, then the data.
    function perform(bytes calldata script) external {
        uint256 offset;
        for (uint256 i = 0; offset < script.length; ++i) {
            address actor = address(bytes20(script[offset:offset + 20]));
            address target = address(bytes20(script[offset + 20:offset + 40]));
            bool wanted = script[offset + 40] != 0;
            uint256 length = uint24(bytes3(script[offset + 41:offset + HEADER]));
            offset += HEADER;
            (bool success, bytes memory answer) = Actor(actor).act(target, script[offset:offset + length]);
            offset += length;
            if (wanted || !success) emit Acted(i, success, answer);
        }
    }

    /// @param script questions, one after the other, as perform takes acts: who asks does not count.
    function ask(bytes calldata script) external view returns (bytes[] memory answers) {
        uint256 count;
        for (uint256 end = 0; end < script.length; ++count) end += HEADER + _length(script, end);
        answers = new bytes[](count);
        uint256 offset;
        for (uint256 i = 0; i < count; ++i) {
            address target = address(bytes20(script[offset + 20:offset + 40]));
            uint256 length = _length(script, offset);
            offset += HEADER;
            (bool success, bytes memory answer) = target.staticcall(script[offset:offset + length]);
            offset += length;
            if (success) answers[i] = answer;
        }
    }

    function _length(bytes calldata script, uint256 offset) private pure returns (uint256) {
        return uint24(bytes3(script[offset + 41:offset + HEADER]));
    }
}
