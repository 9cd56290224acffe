// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IClusters} from "../interfaces/registry/IClusters.sol";
import {ClusterId} from "../interfaces/Types.sol";
import {ClusterManager} from "./ClusterManager.sol";

/// @title Ballot
/// @notice What no rule decides: the terms, the metadata and the next manager. More than half of the members' weight decides.
///
/// A motion is a call of the Registry. It opens when a member first supports it, and can be enacted from OPEN_EPOCHS after
/// that until LAPSE_EPOCHS after that. Weights are read when it is enacted. All that members have then counts in the whole; in
/// favour counts only what a supporter has had since the motion was opened. So weight that is bought for a motion counts
/// against it, and weight that is gone does not count.
abstract contract Ballot is ClusterManager {
    uint32 public constant OPEN_EPOCHS = 4;
    uint32 public constant LAPSE_EPOCHS = 64;

    struct Motion {
        /// How often the same call was moved before.
        uint32 round;
        /// The epoch in which it was opened. 0: it is not open.
        uint32 since;
    }

    mapping(bytes32 callHash => Motion) private _motions;
    mapping(bytes32 callHash => mapping(uint32 round => mapping(address member => bool))) private _supports;

    /// @notice Emitted with the call when a motion is opened.
    event Moved(bytes32 indexed callHash, address indexed member, uint32 round, bytes call);
    event Supported(bytes32 indexed callHash, address indexed member, uint32 round, bool inFavour);
    /// @param inFavour the weight that decided, of `all`.
    event Enacted(bytes32 indexed callHash, uint32 round, uint256 inFavour, uint256 all);

    /// @notice Thrown when an account has no weight.
    error NotAMember(address account);
    /// @notice Thrown when a call is not one of those that members decide about, or is about another cluster.
    error NotAMotion(bytes call);
    /// @notice Thrown when support is taken back from a motion that is not open.
    error NotOpen(bytes32 callHash);
    /// @notice Thrown when a motion is not open, or not for long enough, or for too long.
    error NotEnactable(bytes32 callHash, uint32 from, uint32 lapses, uint32 currentEpoch);
    /// @notice Thrown when not more than half of the weight is in favour.
    error NoMajority(uint256 inFavour, uint256 all);

    /// @notice Supports a motion, and opens it if it is not open; or takes the support back.
    /// @param call changeCluster, describeCluster or proposeManager of the Registry, for this cluster.
    function support(bytes calldata call, bool inFavour) external {
        require(_weightOf(msg.sender, _current()) != 0, NotAMember(msg.sender));
        _checkCall(call);
        bytes32 callHash = keccak256(call);
        Motion storage m = _motions[callHash];
        uint32 current = _current();
        if (m.since == 0 || current >= m.since + LAPSE_EPOCHS) {
            // Who takes support back from a motion that is over must not open it anew.
            require(inFavour, NotOpen(callHash));
            (m.round, m.since) = (m.round + 1, current);

            emit Moved(callHash, msg.sender, m.round, call);
        }
        _supports[callHash][m.round][msg.sender] = inFavour;

        emit Supported(callHash, msg.sender, m.round, inFavour);
    }

    /// @notice Carries out what more than half of the weight supports. Anyone may call it.
    function enact(bytes calldata call) external {
        bytes32 callHash = keccak256(call);
        Motion memory m = _motions[callHash];
        (uint32 from, uint32 lapses) = (m.since + OPEN_EPOCHS, m.since + LAPSE_EPOCHS);
        uint32 current = _current();
        bool open = m.since != 0 && from <= current && current < lapses;
        require(open, NotEnactable(callHash, from, lapses, current));
        (uint256 inFavour, uint256 all) = _count(callHash, m);
        require(2 * inFavour > all, NoMajority(inFavour, all));
        _motions[callHash].since = 0;

        emit Enacted(callHash, m.round, inFavour, all);

        // solhint-disable-next-line avoid-low-level-calls
        (bool ok, bytes memory why) = address(registry).call(call);
        if (ok) return;
        assembly ("memory-safe") {
            revert(add(why, 32), mload(why))
        }
    }

    /// @return since the epoch in which the motion was opened, or 0.
    /// @return inFavour the weight in favour that would count now, of `all`.
    function motion(bytes calldata call) external view returns (uint32 since, uint256 inFavour, uint256 all) {
        bytes32 callHash = keccak256(call);
        Motion memory m = _motions[callHash];
        since = m.since;
        (inFavour, all) = _count(callHash, m);
    }

    function _count(bytes32 callHash, Motion memory m) private view returns (uint256 inFavour, uint256 all) {
        address[] memory members = _members();
        for (uint256 i = 0; i < members.length; ++i) {
            address member = members[i];
            all += _weightOf(member, _current());
            if (_supports[callHash][m.round][member]) inFavour += _weightOf(member, m.since);
        }
    }

    function _checkCall(bytes calldata call) private view {
        bytes4 selector = bytes4(call);
        bool isOne =
            selector == IClusters.changeCluster.selector ||
                selector == IClusters.describeCluster.selector ||
                selector == IClusters.proposeManager.selector;
        require(isOne && call.length >= 36, NotAMotion(call));
        bool isOwn = uint256(bytes32(call[4:36])) == ClusterId.unwrap(cluster);
        require(isOwn, NotAMotion(call));
    }

    /// @dev At most as many as one transaction can count, and each once.
    function _members() internal view virtual returns (address[] memory);

    /// @return weight what the member has now and has had since that epoch began; 0 for others.
    function _weightOf(address member, uint32 since) internal view virtual returns (uint256 weight);
}
