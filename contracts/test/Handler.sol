// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {Audits} from "../Audits.sol";
import {Challenges} from "../Challenges.sol";
import {Ledger} from "../Ledger.sol";
import {Registry} from "../Registry.sol";
import {IAudits} from "../interfaces/IAudits.sol";
import {IBeacon} from "../interfaces/IBeacon.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {
    Acceptance,
    BucketId,
    ChallengeId,
    ClusterId,
    ClusterParams,
    NodeId,
    Segment,
    VNodeId
} from "../interfaces/Types.sol";
import {TestToken} from "../local/TestToken.sol";
import {FlagVerifier} from "../test-support/FlagVerifier.sol";
import {SettableBeacon} from "../test-support/SettableBeacon.sol";
import {VM} from "./Vm.sol";

/// @title Handler
/// @notice Does whatever people do, in any order: two owners, three providers with a node each, a manager, auditors. It is
/// the manager and the operator of every node itself.
contract Handler is IERC1271 {
    struct Stored {
        VNodeId vNode;
        uint32 serial;
        uint32 from;
        uint32 end;
        uint80 perEpoch;
    }

    uint256 public constant EPOCH = 1000;
    uint256 public constant OWNERS = 2;
    uint256 public constant NODES = 3;
    uint256 public constant VNODES = 2;
    uint16 public constant BOND_EPOCHS = 11;
    ClusterId private constant CLUSTER = ClusterId.wrap(1);

    TestToken public immutable token;
    SettableBeacon public immutable beacon;
    Ledger public immutable ledger;
    Registry public immutable registry;
    Audits public immutable audits;
    Challenges public immutable challenges;

    address[] public people;
    Stored[] public stored;
    uint256 private _nonce;
    uint256 private _root;

    constructor() {
        token = new TestToken();
        FlagVerifier verifier = new FlagVerifier();
        beacon = new SettableBeacon();
        // The first contract of a contract has the nonce 1.
        (address registry_, address audits_) = (_created(5), _created(6));
        ledger = new Ledger(token, registry_, audits_, _created(7), address(0x7e), 4 * EPOCH);
        registry = new Registry(ledger, Audits(audits_));
        IAudits.Profile[] memory profiles = new IAudits.Profile[](1);
        profiles[0] = IAudits.Profile(verifier, 2, 2, 2);
        IBeacon[] memory beacons = new IBeacon[](1);
        beacons[0] = beacon;
        audits = new Audits(ledger, registry, profiles, beacons, block.timestamp, EPOCH, 100);
        challenges = new Challenges(ledger, registry, audits, 100);

        for (uint256 i = 0; i < OWNERS + NODES; ++i) _addPerson(address(uint160(0x1000 + i)));
        people.push(address(this));
        people.push(address(0x7e));
        _addCluster();
    }

    function _created(uint8 nonce) private view returns (address) {
        return address(uint160(uint256(keccak256(abi.encodePacked(hex"d694", address(this), nonce)))));
    }

    function _addPerson(address who) private {
        people.push(who);
        token.mint(who, 1e24);
        VM.prank(who);
        token.approve(address(ledger), type(uint256).max);
        VM.prank(who);
        ledger.deposit(who, 1e23);
    }

    function _addCluster() private {
        registry.createCluster(
            0,
            0,
            ClusterParams({
                odds: 2,
                window: uint32(EPOCH),
                grace: 1,
                maxMisses: 3,
                slashMultiple: 3,
                faultMultiple: 5,
                syncEpochs: 2,
                bondEpochs: BOND_EPOCHS,
                managerFee: 300,
                auditFee: 200,
                reporterShare: 1000
            }),
            ""
        );
        uint64[] memory tokens = new uint64[](VNODES);
        for (uint64 i = 0; i < VNODES; ++i) tokens[i] = i;
        registry.addVNodes(CLUSTER, tokens);
        for (uint256 i = 0; i < OWNERS; ++i) {
            VM.prank(people[i]);
            registry.createBucket(CLUSTER, false);
        }
        for (uint32 i = 1; i <= NODES; ++i) {
            VM.prank(provider(i));
            registry.registerNode(address(this), "", 500, 1, "");
            VM.prank(provider(i));
            registry.trust(address(this), true);
            VM.prank(provider(i));
            ledger.bond(NodeId.wrap(i), 1e22);
        }
        registry.assign(VNodeId.wrap(1), NodeId.wrap(1));
        registry.assign(VNodeId.wrap(2), NodeId.wrap(2));
    }

    function isValidSignature(bytes32, bytes calldata) external pure returns (bytes4) {
        return IERC1271.isValidSignature.selector;
    }

    function provider(uint256 node) public view returns (address) {
        return people[OWNERS + node - 1];
    }

    function storedCount() external view returns (uint256) {
        return stored.length;
    }

    function peopleCount() external view returns (uint256) {
        return people.length;
    }

    // --------------------------------------------------------------------------------------------------------- time

    function pass(uint16 time) external {
        VM.warp(block.timestamp + 1 + (time % EPOCH));
    }

    /// @dev A few epochs as they go: mostly with randomness, and with a proof of each vNode or without.
    function live(uint8 epochs, uint256 dice) external {
        for (uint256 i = 0; i < epochs % 8; ++i) {
            VM.warp(audits.epochStart(audits.currentEpoch() + 1));
            if (dice % 8 != 0) recordBeacon(bytes32((dice % 1000) + 1));
            for (uint32 v = 1; v <= VNODES; ++v) {
                dice = uint256(keccak256(abi.encode(dice)));
                VNodeId vNode = VNodeId.wrap(v);
                if (dice % 3 == 0 && audits.duty(vNode, audits.currentEpoch()).due) _prove(vNode);
            }
        }
    }

    function recordBeacon(bytes32 random) public {
        audits.recordBeacon(0, audits.currentEpoch(), abi.encode(random));
    }

    // --------------------------------------------------------------------------------------------------- the ledger

    function deposit(uint8 who, uint8 to, uint80 amount) external {
        VM.prank(_owner(who));
        ledger.deposit(people[to % people.length], amount);
    }

    function withdraw(uint8 who, uint256 share) external {
        address from = people[who % people.length];
        VM.prank(from);
        ledger.withdraw(from, ledger.balanceOf(from) / (1 + (share % 50)));
    }

    function bond(uint8 who, uint8 to, uint72 amount) external {
        VM.prank(people[who % (OWNERS + NODES)]);
        ledger.bond(_node(to), amount);
    }

    function requestUnbond(uint8 which, uint256 share) external {
        NodeId node = _node(which);
        VM.prank(provider(NodeId.unwrap(node)));
        ledger.requestUnbond(node, ledger.freeBond(node) / (1 + (share % 3)));
    }

    function releaseBond(uint8 which) external {
        NodeId node = _node(which);
        VM.prank(provider(NodeId.unwrap(node)));
        ledger.releaseBond(node);
    }

    function collectFees() external {
        ledger.collectFees(CLUSTER);
    }

    // ----------------------------------------------------------------------------------------------------- segments

    function store(uint8 who, uint8 which, uint8 leaves, uint8 epochs, uint64 rent) public {
        VNodeId vNode = _vNode(which);
        Segment[] memory segments = new Segment[](1 + (leaves % 2));
        for (uint256 i = 0; i < segments.length; ++i)
            segments[i] = Segment(bytes32(++_root), 1 + (leaves % 50));
        uint32 serial = registry.directory(vNode).base + registry.directory(vNode).count;
        uint32 time = 1 + (epochs % 12);
        Acceptance memory acceptance = Acceptance(uint256(rent) * 1e9, ++_nonce, type(uint256).max, "");
        VM.prank(_owner(who));
        registry.store(
            BucketId.wrap(uint40(1 + (who % OWNERS))),
            vNode,
            segments,
            time,
            type(uint256).max,
            acceptance
        );
        for (uint256 i = 0; i < segments.length; ++i) {
            IRegistry.SegmentRecord memory s = registry.segment(vNode, serial);
            stored.push(Stored(vNode, serial++, s.from, s.end, s.perEpoch));
        }
    }

    function claim(uint16 which) external {
        Stored memory s = stored[which % stored.length];
        registry.claim(s.vNode, s.serial);
    }

    function extend(uint16 which, uint8 epochs) external {
        Stored storage kept = stored[which % stored.length];
        IRegistry.SegmentRecord memory s = registry.segment(kept.vNode, kept.serial);
        // The rent that makes the price which the segment has.
        uint256 rent = (uint256(s.perEpoch) * 1e18) / s.leaves;
        Acceptance memory acceptance = Acceptance(rent, ++_nonce, type(uint256).max, "");
        VM.prank(people[BucketId.unwrap(s.bucket) - 1]);
        registry.extend(kept.vNode, kept.serial, 1 + (epochs % 12), rent, acceptance);
        kept.end = registry.segment(kept.vNode, kept.serial).end;
    }

    function endEarly(uint16 which) external {
        Stored storage kept = stored[which % stored.length];
        BucketId bucket = registry.segment(kept.vNode, kept.serial).bucket;
        VM.prank(people[BucketId.unwrap(bucket) - 1]);
        registry.endEarly(kept.vNode, kept.serial);
        kept.end = registry.segment(kept.vNode, kept.serial).end;
    }

    function claimMany(uint16 which, uint16 more) external {
        Stored memory s = stored[which % stored.length];
        uint32[] memory serials = new uint32[](2);
        (serials[0], serials[1]) = (s.serial, more % (s.serial + 1));
        registry.claimMany(s.vNode, serials);
    }

    /// @dev Without paths only a last segment can be retired: the vNode's segments are made to be one.
    function retireLast(uint8 which) external {
        VNodeId vNode = _vNode(which);
        IRegistry.DirectoryView memory d = registry.directory(vNode);
        for (uint32 serial = d.base; serial < d.base + d.count; ++serial) {
            registry.retire(vNode, serial, 0, new bytes32[3][](0));
        }
    }

    // --------------------------------------------------------------------------------------------------- challenges

    function challenge(uint8 who, uint8 which, uint16 segment) external {
        VNodeId vNode = _vNode(which);
        uint32 serial = segment < 3000 ? stored[segment % stored.length].serial : type(uint32).max;
        VM.prank(_owner(who));
        if (serial == type(uint32).max) challenges.challenge(vNode, type(uint256).max);
        else challenges.challengeSegment(vNode, serial, type(uint256).max);
    }

    function answer(uint8 which) external {
        ChallengeId[] memory open = challenges.openOf(_vNode(which));
        (, uint256[4] memory inputs) = challenges.inputsOf(open[0]);
        challenges.answer(open[0], [inputs[0], inputs[1], inputs[2], inputs[3], 1, 0, 0, 0]);
    }

    /// @dev Whatever is over, of all that are open.
    function expire() external {
        for (uint32 v = 1; v <= VNODES; ++v) {
            ChallengeId[] memory open = challenges.openOf(VNodeId.wrap(v));
            for (uint256 i = 0; i < open.length; ++i) {
                if (audits.currentEpoch() > challenges.challengeOf(open[i]).epoch + 2)
                    challenges.expire(open[i]);
            }
        }
    }

    // ------------------------------------------------------------------------------------------------------- audits

    function prove(uint8 which) external {
        _prove(_vNode(which));
    }

    /// @dev Settles first, so that duty sees what was missed.
    function _prove(VNodeId vNode) private {
        uint32 epoch = audits.currentEpoch();
        audits.settle(vNode, 100);
        if (audits.duty(vNode, epoch).due) audits.prove(vNode, epoch, _proof(vNode, epoch, true));
    }

    function proveBatch(bool[3] calldata hold, bool twice) external {
        uint32 epoch = audits.currentEpoch();
        VNodeId[] memory vNodes = new VNodeId[](3);
        uint256[8][] memory proofs = new uint256[8][](3);
        for (uint8 i = 0; i < 3; ++i) {
            vNodes[i] = VNodeId.wrap(i == 2 ? (twice ? 1 : 9) : i + 1);
            proofs[i] = _proof(i == 2 ? VNodeId.wrap(1) : vNodes[i], epoch, hold[i]);
        }
        audits.proveBatch(vNodes, epoch, proofs);
    }

    function _proof(VNodeId vNode, uint32 epoch, bool holds) private view returns (uint256[8] memory proof) {
        IAudits.Duty memory d = audits.duty(vNode, epoch);
        (proof[0], proof[1], proof[3], proof[4]) = (uint256(d.root), d.seed, d.total, holds ? 1 : 0);
    }

    function settle(uint8 who, uint8 which, uint8 most) external {
        VM.prank(people[who % people.length]);
        audits.settle(_vNode(which), most % 8);
    }

    function assign(uint8 which, uint8 to) external {
        registry.assign(_vNode(which), NodeId.wrap(uint32(to % (NODES + 1))));
    }

    function addStandby(uint8 which) external {
        registry.addStandby(CLUSTER, _node(which));
    }

    function trust(uint8 which, bool trusted) external {
        VM.prank(provider(1 + (which % NODES)));
        registry.trust(address(this), trusted);
    }

    function _owner(uint8 who) private view returns (address) {
        return people[who % OWNERS];
    }

    function _node(uint8 which) private pure returns (NodeId) {
        return NodeId.wrap(uint32(1 + (which % NODES)));
    }

    function _vNode(uint8 which) private pure returns (VNodeId) {
        return VNodeId.wrap(uint32(1 + (which % VNODES)));
    }
}
