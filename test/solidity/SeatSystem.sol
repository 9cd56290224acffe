// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {IAudits} from "../../contracts/interfaces/IAudits.sol";
import {ILedger} from "../../contracts/interfaces/ILedger.sol";
import {IRegistry} from "../../contracts/interfaces/IRegistry.sol";
import {
    Acceptance,
    BucketId,
    ClusterId,
    ClusterParams,
    NO_NODE,
    NO_VNODE,
    NodeId,
    Segment,
    VNodeId
} from "../../contracts/interfaces/Types.sol";
import {TestToken} from "../../contracts/local/TestToken.sol";
import {Posted} from "../../contracts/managers/proof/Posted.sol";
import {Member, Rules, Standing, Vacancy} from "../../contracts/managers/proof/ProofTypes.sol";
import {Ring} from "../../contracts/managers/proof/Ring.sol";
import {ProofOfStorageManager} from "../../contracts/managers/ProofOfStorageManager.sol";
import {SettableBeacon} from "../../contracts/test-support/SettableBeacon.sol";
import {Deploying} from "./Deploying.sol";
import {VM} from "./Vm.sol";

/// @title SeatSystem
/// @notice A cluster that proof of storage manages, with providers who have two nodes each, and what they and cranks do. It is
/// itself the first manager, the customer, the sponsor of every candidate and the operator of every node.
contract SeatSystem is IERC1271 {
    uint256 private constant EPOCH = 12 hours;
    uint256 private constant MARGIN = 1 hours;
    uint32 private constant PROVIDERS = 4;
    uint32 private constant NODES = 2 * PROVIDERS;
    uint32 private constant VNODES = 6;
    uint40 private constant OFFERED = 40;
    uint96 private constant RENT = 1e21;
    uint256 private constant BOND = 1e7;
    uint32 private constant STORED_EPOCHS = 8;
    /// @dev The seed of an epoch in which every proof comes.
    uint256 private constant EACH_PROVEN = 1;

    TestToken private immutable _token;
    SettableBeacon private immutable _beacon;
    ILedger private immutable _ledger;
    IRegistry private immutable _registry;
    IAudits private immutable _audits;
    ProofOfStorageManager private immutable _manager;
    BucketId[2] private _buckets;
    uint256 private _roots;

    /// @dev Whether an action has broken a rule; and how often something was done.
    bool public broken;
    uint256 public admitted;
    uint256 public evicted;
    uint256 public seated;

    constructor() {
        _token = new TestToken();
        Deploying.Core memory core = Deploying.core(
            Deploying.Plan({
                token: _token,
                treasury: VM.addr(100),
                unbondSeconds: 4 * EPOCH,
                epochSeconds: EPOCH,
                margin: MARGIN,
                protocolFee: 200,
                minBond: 100,
                directoryDepth: 2
            })
        );
        (_beacon, _ledger, _registry, _audits) = (core.beacon, core.ledger, core.registry, core.audits);
        _token.mint(address(this), 1e30);
        _token.approve(address(_ledger), type(uint256).max);
        _ledger.deposit(address(this), 1e28);

        uint64[] memory tokens = new uint64[](VNODES);
        for (uint256 i = 0; i < VNODES; ++i) tokens[i] = uint64(uint256(keccak256(abi.encode(i))));
        _registry.createCluster(0, 0, 0, _terms(), "");
        _registry.addVNodes(ClusterId.wrap(1), tokens);
        _manager = ProofOfStorageManager(
            Deploying.create(
                "contracts/managers/ProofOfStorageManager.sol:ProofOfStorageManager",
                abi.encode(_audits, ClusterId.wrap(1), _rules())
            )
        );
        _buckets[0] = _registry.createBucket(ClusterId.wrap(1), false);
        _buckets[1] = _registry.createBucket(_manager.probationCluster(), false);
        for (uint32 i = 0; i < NODES; ++i) _addNode(i);
        _registry.proposeManager(ClusterId.wrap(1), address(_manager));
        VM.warp(_audits.epochStart(_registry.cluster(ClusterId.wrap(1)).acceptableFrom));
        _manager.accept();
        for (uint32 i = 1; i <= VNODES; ++i) _manager.enlist(VNodeId.wrap(i), VNodeId.wrap(1));
    }

    /// @notice Makes members of all nodes but two. A contract cannot accept before it is made.
    function begin() external {
        for (uint32 i = 1; i <= NODES - 2; ++i) _join(NodeId.wrap(i));
        _pass(EACH_PROVEN);
        for (uint32 i = 1; i <= NODES - 2; ++i) _storeSegment(NodeId.wrap(i));
        for (uint256 i = 0; i < 2; ++i) _pass(EACH_PROVEN);
        for (uint32 i = 1; i <= NODES - 2; ++i) _manager.admit(NodeId.wrap(i), NO_NODE);
    }

    function _terms() private pure returns (ClusterParams memory) {
        return ClusterParams(1, uint32(EPOCH - MARGIN), 1, 3, 5, 10, 2, 30, 200, 100, 1000);
    }

    function _rules() private pure returns (Rules memory) {
        Posted.Curve memory curve = Posted.Curve(RENT, 2 * RENT, 4 * RENT, 8000, 500);
        return Rules(10, 2, 3, 2, 2, 8, 5, 4, 10, curve);
    }

    function _addNode(uint32 i) private {
        address provider = VM.addr(1 + (i % PROVIDERS));
        VM.prank(provider);
        NodeId node = _registry.registerNode(address(this), "", 200, RENT, 1e12, "");
        VM.prank(provider);
        _registry.trust(address(_manager), true);
        _ledger.bond(node, BOND);
    }

    function isValidSignature(bytes32, bytes calldata) external pure returns (bytes4) {
        return IERC1271.isValidSignature.selector;
    }

    function actions() external pure returns (bytes4[] memory list) {
        list = new bytes4[](12);
        (list[0], list[1], list[2]) = (this.join.selector, this.pass.selector, this.admit.selector);
        (list[3], list[4], list[5]) = (this.quit.selector, this.rent.selector, this.unbond.selector);
        (list[6], list[7], list[8]) = (this.trust.selector, this.announceLeave.selector, this.crank.selector);
        (list[9], list[10], list[11]) = (this.store.selector, this.pass.selector, this.crank.selector);
    }

    // ------------------------------------------------------------------------------------------------ what nodes do

    function join(uint256 seed) external {
        NodeId node = _node(seed);
        _join(node);
        _pass(EACH_PROVEN);
        _storeSegment(node);
    }

    function _join(NodeId node) private {
        bytes32 terms = _manager.termsHash();
        VM.prank(_registry.providerOf(node));
        _manager.join(node, OFFERED, terms);
    }

    function _storeSegment(NodeId node) private {
        _store(_buckets[1], _manager.memberOf(node).vNode, _manager.probationLeaves(OFFERED));
    }

    function quit(uint256 seed) external {
        NodeId node = _node(seed);
        VM.prank(_registry.providerOf(node));
        _manager.quit(node);
    }

    function rent(uint256 seed) external {
        NodeId node = _node(seed);
        uint96 asked = seed % 3 == 0 ? 5 * RENT : RENT;
        VM.prank(_registry.providerOf(node));
        _registry.updateNode(node, address(this), "", 200, asked, 1e12, "");
    }

    function unbond(uint256 seed) external {
        NodeId node = _node(seed);
        uint256 most = seed % 3 == 0 ? _ledger.freeBond(node) : BOND / 16;
        uint256 amount = 1 + ((seed >> 8) % most);
        VM.prank(_registry.providerOf(node));
        _ledger.requestUnbond(node, amount);
    }

    function trust(uint256 seed) external {
        VM.prank(VM.addr(1 + (seed % PROVIDERS)));
        _registry.trust(address(_manager), seed % 4 != 0);
        if (seed % 5 == 0) _ledger.bond(_node(seed), BOND);
    }

    function announceLeave(uint256 seed) external {
        VNodeId vNode = _vNode(seed);
        (NodeId node, , , ) = _audits.outlook(vNode);
        VM.prank(_registry.providerOf(node));
        _audits.announceLeave(vNode);
    }

    function store(uint256 seed) external {
        _store(_buckets[0], _vNode(seed), 1 + uint32((seed >> 8) % 3));
    }

    function _store(BucketId bucket, VNodeId vNode, uint32 leaves) private {
        Segment[] memory segments = new Segment[](1);
        segments[0] = Segment(bytes32(++_roots), leaves);
        Acceptance memory acceptance = Acceptance(RENT, _roots, type(uint64).max, "");
        _registry.store(bucket, vNode, segments, STORED_EPOCHS, RENT, acceptance);
    }

    // ------------------------------------------------------------------------------------------------------- epochs

    /// @notice The next epochs. In some of them some vNode is not proven, or there is no randomness.
    function pass(uint256 seed) external {
        for (uint256 i = 0; i <= seed % 3; ++i) _pass(uint256(keccak256(abi.encode(seed, i))));
    }

    function _pass(uint256 seed) private {
        uint32 epoch = _audits.currentEpoch() + 1;
        VM.warp(_audits.epochStart(epoch) + MARGIN);
        if (seed % 11 == 0) return;
        _audits.recordBeacon(0, epoch, abi.encode(keccak256(abi.encode(seed, epoch))));
        uint32 count = _registry.vNodeCount();
        for (uint32 i = 1; i <= count; ++i) {
            if (seed != EACH_PROVEN && (seed >> 16) % 8 == i % 8) continue;
            _prove(VNodeId.wrap(i), epoch);
        }
    }

    function _prove(VNodeId vNode, uint32 epoch) private {
        _audits.settle(vNode, 64);
        IAudits.Duty memory d = _audits.duty(vNode, epoch);
        uint256[8] memory proof = [uint256(d.root), d.seed, 0, d.total, 1, 0, 0, 0];
        if (d.due && !d.proven) _audits.prove(vNode, epoch, proof);
        proof[1] = d.successorSeed;
        if (d.successor != NO_NODE && d.rate != 0) _audits.takeOver(vNode, epoch, proof);
    }

    // ------------------------------------------------------------------------------------------------------- cranks

    /// @dev What fails in a call is undone with it. So it is written down instead.
    function _expect(bool holds) private {
        if (!holds) broken = true;
    }

    function admit(uint256 seed) external {
        for (uint256 i = 0; i < NODES; ++i) {
            NodeId node = _node((seed % NODES) + i);
            try _manager.admit(node, NO_NODE) {
                // No member without bond.
                _expect(_ledger.freeBond(node) >= _needed(node));
                ++admitted;
                return;
            } catch {
                continue;
            }
        }
    }

    /// @dev As Standings.backingUp.
    function _needed(NodeId node) private view returns (uint256) {
        Member memory m = _manager.memberOf(node);
        uint256 used = _registry.node(node).used;
        uint256 free = m.offered > used ? m.offered - used : 0;
        return (free * m.bondRate + 1e18 - 1) / 1e18;
    }

    /// @notice One of what anybody may do. It fails if there is nothing to do.
    function crank(uint256 seed) external {
        uint256 what = seed % 6;
        if (what == 0) _look(seed >> 8);
        else if (what == 1) _manager.callStandby();
        else if (what == 2) _manager.reprice(4);
        else if (what == 3) _evict(seed >> 8);
        else _seat();
    }

    /// @dev Whoever has lost the bond can be put out by anyone, at once.
    function _evict(uint256 seed) private {
        for (uint256 i = 0; i < NODES; ++i) {
            NodeId node = _node((seed % NODES) + i);
            if (_manager.memberOf(node).standing == Standing.None) continue;
            bool bare = _ledger.freeBond(node) * 2 < _needed(node);
            try _manager.evict(node, new VNodeId[](0)) {
                ++evicted;
                return;
            } catch {
                _expect(!bare);
            }
        }
    }

    function _look(uint256 seed) private {
        for (uint256 i = 0; i < VNODES; ++i) {
            try _manager.look(_vNode((seed % VNODES) + i)) {
                return;
            } catch {
                continue;
            }
        }
    }

    function _seat() private {
        VNodeId vNode = _manager.queue()[0].vNode;
        NodeId before = vNode == NO_VNODE ? NO_NODE : _named(vNode);
        _manager.seat();
        if (vNode == NO_VNODE) return;
        NodeId node = _named(vNode);
        if (node == before) return;
        ++seated;
        // Never next to a seat of the same provider, and only members.
        Ring.Seat memory s = _manager.seatOf(vNode);
        address provider = _registry.providerOf(node);
        _expect(_manager.memberOf(node).standing == Standing.Member);
        _expect(_registry.isTrusted(provider, address(_manager)));
        _expect(_registry.node(node).rent <= _manager.price());
        for (uint256 i = 0; i < 2; ++i) {
            (NodeId a, NodeId b, , ) = _audits.outlook(i == 0 ? s.prev : s.next);
            _expect(a == NO_NODE || _registry.providerOf(a) != provider);
            _expect(b == NO_NODE || _registry.providerOf(b) != provider);
        }
    }

    function _named(VNodeId vNode) private view returns (NodeId) {
        (NodeId node, NodeId successor, , ) = _audits.outlook(vNode);
        return successor == NO_NODE ? node : successor;
    }

    // -------------------------------------------------------------------------------------------------------- rules

    /// @notice The books agree with one another.
    function checkBooks() external view {
        NodeId[] memory list = _manager.members();
        (uint256 leaves, uint256 seats) = _manager.offers();
        for (uint256 i = 0; i < list.length; ++i) {
            Member memory m = _manager.memberOf(list[i]);
            assert(m.standing == Standing.Member && m.index == i);
            (leaves, seats) = (leaves - m.offered, seats - m.quota);
        }
        assert(leaves == 0 && seats == 0);

        uint256 held;
        for (uint32 i = 1; i <= NODES; ++i) held += _manager.memberOf(NodeId.wrap(i)).seats;
        uint256 turns;
        for (uint32 i = 1; i <= VNODES; ++i) {
            VNodeId id = VNodeId.wrap(i);
            Ring.Seat memory s = _manager.seatOf(id);
            Ring.Seat memory next = _manager.seatOf(s.next);
            assert(next.prev == id);
            if (next.token < s.token) ++turns;
            if (s.holder != NO_NODE) --held;
        }
        assert(held == 0 && turns == 1);
    }

    /// @notice Whoever is vacant waits, once.
    function checkQueue() external view {
        Vacancy[] memory waiting = _manager.queue();
        uint256 places;
        uint256 marked;
        for (uint256 i = 0; i < waiting.length; ++i) {
            if (waiting[i].vNode == NO_VNODE) ++places;
            else assert(_manager.seatOf(waiting[i].vNode).vacant);
        }
        for (uint32 i = 1; i <= VNODES; ++i) if (_manager.seatOf(VNodeId.wrap(i)).vacant) ++marked;
        assert(places <= 1 && marked + places == waiting.length);
        assert(_registry.standby(ClusterId.wrap(1)).length <= _manager.rules().standby);
    }

    function _node(uint256 seed) private pure returns (NodeId) {
        return NodeId.wrap(uint32(1 + (seed % NODES)));
    }

    function _vNode(uint256 seed) private pure returns (VNodeId) {
        return VNodeId.wrap(uint32(1 + (seed % VNODES)));
    }
}
