// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "../interfaces/IAudits.sol";
import {ILedger} from "../interfaces/ILedger.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {
    BASIS_POINTS,
    BucketId,
    ChallengeId,
    ClusterId,
    ClusterParams,
    NodeId,
    VNodeId
} from "../interfaces/Types.sol";
import {Parameters} from "../libraries/Parameters.sol";
import {Tree} from "./Tree.sol";
import {Vm, VM} from "./Vm.sol";
import {World} from "./World.sol";

/// @title Chronicle
/// @notice What happened, kept by other means than the contracts': what the rules compare the contracts with. A rule about
/// one step (nobody else's balance falls, no epoch is decided twice) is judged when the step is over, and found broken
/// later, since a step that reverts leaves nothing behind.
abstract contract Chronicle is World {
    struct Stored {
        VNodeId vNode;
        uint32 serial;
        BucketId bucket;
        bytes32 root;
        uint40 start;
        uint32 leaves;
        uint32 from;
        uint32 end;
        uint80 perEpoch;
        bool retired;
    }

    /// @dev A cluster's terms, and those that were announced.
    struct Announced {
        bytes32 terms;
        bytes32 next;
        uint32 since;
        /// The largest that were ever announced.
        uint16 bondEpochs;
        uint8 maxMisses;
    }

    Stored[] internal _stored;
    /// @dev Index in _stored, plus one.
    mapping(VNodeId vNode => mapping(uint32 serial => uint256)) internal _place;

    /// @dev Token units: what arrived at the ledger by deposits, what left it, and what it was sent unasked.
    uint256 internal _takenIn;
    uint256 internal _givenOut;
    uint256 internal _donated;
    mapping(NodeId node => uint256) internal _bonds;

    mapping(VNodeId vNode => mapping(uint32 epoch => bool)) private _decided;
    /// @dev Token units, of all epochs that were paid or refunded.
    mapping(VNodeId vNode => uint256) internal _decidedAmount;
    mapping(VNodeId vNode => uint32) private _settled;
    /// @dev How often an amount was rounded on its way into or out of the credits: a unit each at most.
    uint256 internal _roundings;

    mapping(ClusterId cluster => NodeId[]) internal _queue;
    mapping(ClusterId cluster => Announced) internal _announced;

    uint256 private _turn;
    mapping(address who => uint256 turn) private _agreed;
    /// @dev The first rule about a step that was broken.
    string internal _broken;
    mapping(bytes4 action => uint256) public done;

    /// @dev Thrown when an action has nothing to work on.
    error Nothing();

    /// @dev Around every action.
    modifier acts() {
        ++_turn;
        uint256[] memory before = _balances();
        VM.recordLogs();
        _;
        _read(VM.getRecordedLogs());
        _compareBalances(before);
        _compareSettled();
        ++done[msg.sig];
    }

    constructor() {
        for (uint32 i = 1; i <= CLUSTERS; ++i) {
            (ClusterParams memory p, , ) = audits.params(ClusterId.wrap(i));
            _announced[ClusterId.wrap(i)].terms = keccak256(abi.encode(p));
            _noteLargest(ClusterId.wrap(i), p);
        }
        for (uint32 i = 1; i <= NODES; ++i) {
            (_bonds[NodeId.wrap(i)], , , ) = ledger.bondOf(NodeId.wrap(i));
        }
        _takenIn = token.balanceOf(address(ledger));
    }

    function _fail(string memory rule) internal {
        if (bytes(_broken).length == 0) _broken = rule;
    }

    function _noteLargest(ClusterId cluster, ClusterParams memory p) internal {
        Announced storage a = _announced[cluster];
        if (p.bondEpochs > a.bondEpochs) a.bondEpochs = p.bondEpochs;
        if (p.maxMisses > a.maxMisses) a.maxMisses = p.maxMisses;
    }

    // ------------------------------------------------------------------------------------------------------ consent

    /// @dev The step may cost who something: it is their own, or has their signature.
    function _agrees(address who) internal {
        _agreed[who] = _turn;
    }

    /// @dev The next call is who's own, and may cost them something.
    function _spends(address who) internal {
        _agrees(who);
        VM.prank(who);
    }

    function _balances() private view returns (uint256[] memory balances) {
        balances = new uint256[](_people.length);
        for (uint256 i = 0; i < balances.length; ++i) balances[i] = ledger.balanceOf(_people[i]);
    }

    function _compareBalances(uint256[] memory before) private {
        for (uint256 i = 0; i < before.length; ++i) {
            address who = _people[i];
            if (_agreed[who] != _turn && ledger.balanceOf(who) < before[i]) {
                _fail("no balance falls without its owner's call or signature");
            }
        }
    }

    function _compareSettled() private {
        for (uint32 i = 1; i <= registry.vNodeCount(); ++i) {
            VNodeId vNode = VNodeId.wrap(i);
            uint32 settled = audits.state(vNode).settled;
            if (settled < _settled[vNode]) _fail("what is settled stays settled");
            _settled[vNode] = settled;
        }
    }

    // ------------------------------------------------------------------------------------------------------- events

    function _read(Vm.Log[] memory logs) internal {
        for (uint256 i = 0; i < logs.length; ++i) {
            address emitter = logs[i].emitter;
            if (emitter == address(audits)) _readAudits(logs[i]);
            else if (emitter == address(ledger)) _readLedger(logs[i]);
            else if (emitter == address(registry)) _readRegistry(logs[i]);
        }
    }

    function _readAudits(Vm.Log memory log) private {
        bytes32 kind = log.topics[0];
        if (kind == IAudits.Proven.selector || kind == IAudits.EpochPaid.selector) {
            (uint32 epoch, uint256 amount, uint256 fee) = abi.decode(log.data, (uint32, uint256, uint256));
            _decide(_vNodeIn(log), epoch, amount + fee);
            uint256 most =
                Parameters.MAX_PROTOCOL_FEE + Parameters.MAX_MANAGER_FEE + Parameters.MAX_AUDIT_FEE;
            if (fee > ((amount + fee) * most) / BASIS_POINTS) _fail("fees are capped");
        } else if (kind == IAudits.EpochRefunded.selector) {
            (uint32 epoch, uint256 amount) = abi.decode(log.data, (uint32, uint256));
            _decide(_vNodeIn(log), epoch, amount);
        } else if (kind == IAudits.Slashed.selector) {
            (, uint256 amount, , uint256 reward) = abi.decode(log.data, (uint32, uint256, address, uint256));
            _slash(NodeId.wrap(uint32(uint256(log.topics[2]))), amount, reward);
        } else if (kind == IAudits.OwnersCompensated.selector) {
            ++_roundings;
        }
    }

    function _vNodeIn(Vm.Log memory log) private pure returns (VNodeId) {
        return VNodeId.wrap(uint32(uint256(log.topics[1])));
    }

    function _decide(VNodeId vNode, uint32 epoch, uint256 amount) private {
        if (_decided[vNode][epoch]) _fail("an epoch is paid or refunded once");
        if (amount != _rateIn(vNode, epoch)) _fail("an epoch costs what its segments cost");
        _decided[vNode][epoch] = true;
        _decidedAmount[vNode] += amount;
    }

    /// @dev Token units, of all segments that are active in the epoch.
    function _rateIn(VNodeId vNode, uint32 epoch) internal view returns (uint256 rate) {
        for (uint256 i = 0; i < _stored.length; ++i) {
            Stored storage s = _stored[i];
            if (_same(s.vNode, vNode) && s.from <= epoch && epoch < s.end) rate += s.perEpoch;
        }
    }

    function _same(VNodeId a, VNodeId b) internal pure returns (bool) {
        return VNodeId.unwrap(a) == VNodeId.unwrap(b);
    }

    function _slash(NodeId node, uint256 amount, uint256 reward) private {
        ++_roundings;
        if (amount > _bonds[node]) _fail("no slash is above the bond");
        else _bonds[node] -= amount;
        if (reward > (amount * Parameters.MAX_REPORTER_SHARE) / BASIS_POINTS) {
            _fail("a reporter's reward is capped");
        }
    }

    function _readLedger(Vm.Log memory log) private {
        NodeId node = log.topics.length == 1 ? NodeId.wrap(0) : NodeId.wrap(uint32(uint256(log.topics[1])));
        if (log.topics[0] == ILedger.Bonded.selector) _bonds[node] += abi.decode(log.data, (uint256));
        if (log.topics[0] == ILedger.BondReleased.selector) _bonds[node] -= abi.decode(log.data, (uint256));
    }

    function _readRegistry(Vm.Log memory log) private {
        bytes32 kind = log.topics[0];
        if (kind == IRegistry.Claimed.selector) ++_roundings;
        if (kind != IRegistry.StandbyAdded.selector && kind != IRegistry.StandbyRemoved.selector) return;
        NodeId[] storage queue = _queue[ClusterId.wrap(uint32(uint256(log.topics[1])))];
        NodeId node = NodeId.wrap(uint32(uint256(log.topics[2])));
        if (kind == IRegistry.StandbyAdded.selector) queue.push(node);
        else _dequeue(queue, node);
    }

    function _dequeue(NodeId[] storage queue, NodeId node) private {
        uint256 to;
        for (uint256 i = 0; i < queue.length; ++i) {
            if (queue[i] != node) queue[to++] = queue[i];
        }
        if (to + 1 != queue.length) _fail("a standby node waits once");
        while (queue.length > to) queue.pop();
    }

    // ----------------------------------------------------------------------------------------------------- segments

    function _note(VNodeId vNode, BucketId bucket, bytes32 root, uint32 serial) internal {
        IRegistry.SegmentRecord memory s = registry.segment(vNode, serial);
        _stored.push(
            Stored(vNode, serial, bucket, root, s.start, s.leaves, s.from, s.end, s.perEpoch, false)
        );
        _place[vNode][serial] = _stored.length;
    }

    function _segment(VNodeId vNode, uint32 serial) internal view returns (Stored storage) {
        return _stored[_place[vNode][serial] - 1];
    }

    /// @dev What a vNode's directory must be.
    function _tree(VNodeId vNode) internal view returns (uint256[][] memory) {
        IRegistry.DirectoryView memory d = registry.directory(vNode);
        uint256[] memory entries = new uint256[](d.count);
        for (uint32 i = 0; i < d.count; ++i) {
            Stored storage s = _segment(vNode, d.base + i);
            entries[i] = Tree.entry(s.retired ? bytes32(0) : s.root, s.start, s.leaves);
        }
        return Tree.grow(entries, DEPTH);
    }

    /// @dev Token units, of the challenges of a vNode that are open.
    function _challengeBonds(VNodeId vNode) internal view returns (uint256 bonds) {
        ChallengeId[] memory open = challenges.openOf(vNode);
        for (uint256 i = 0; i < open.length; ++i) bonds += challenges.challengeOf(open[i]).bond;
    }
}
