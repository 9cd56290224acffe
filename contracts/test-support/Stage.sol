// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {Unauthorized} from "../interfaces/Types.sol";

/// @title Actor
/// @notice An account of the simulation. It does what its stage says, and signs everything (ERC-1271).
contract Actor is IERC1271 {
    address private immutable STAGE = msg.sender;

    function act(address target, bytes calldata data) external returns (bool success, bytes memory answer) {
        require(msg.sender == STAGE, Unauthorized(msg.sender));
        // solhint-disable-next-line avoid-low-level-calls
        return target.call(data);
    }

    function isValidSignature(bytes32, bytes calldata) external pure returns (bytes4) {
        return IERC1271.isValidSignature.selector;
    }
}

/// @title Stage
/// @notice Lets many accounts act in one transaction, and asks many questions in one call. One transaction for each act would
/// take most of the simulation's time.
contract Stage {
    /// @notice Emitted for an act that failed, or whose answer was wanted.
    event Acted(uint256 index, bool success, bytes answer);

    /// @dev Bytes of an act before its data: actor, target, whether the answer is wanted, and the length of the data.
    uint256 private constant HEADER = 44;

    /// @dev The n-th actor has the address of the n-th creation of this contract.
    function hire(uint256 count) external {
        for (uint256 i = 0; i < count; ++i) new Actor();
    }

    /// @notice Does each act, whether or not those before it failed.
    /// @param script the acts, one after the other: HEADER bytes, then the data.
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

    /// @param script the questions, one after the other, in the format of perform. Their actors are ignored.
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
