// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {IAudits} from "../../contracts/interfaces/IAudits.sol";
import {IChallenges} from "../../contracts/interfaces/IChallenges.sol";
import {ILedger} from "../../contracts/interfaces/ILedger.sol";
import {IRegistry} from "../../contracts/interfaces/IRegistry.sol";
import {ClusterId, ClusterParams, NodeId, VNodeId} from "../../contracts/interfaces/Types.sol";
import {HostileToken} from "../../contracts/test-support/HostileToken.sol";
import {SettableBeacon} from "../../contracts/test-support/SettableBeacon.sol";
import {Deploying} from "./Deploying.sol";
import {VM} from "./Vm.sol";

/// @title World
/// @notice A deployment with its people: two owners, three providers with a node each, two managers, a treasury, and
/// somebody who has no part in it. It is itself the first manager, and the operator of every node.
abstract contract World is IERC1271 {
    struct Setting {
        /// 1 % of every transfer is burnt.
        bool tokenTakes;
        uint256 protocolFee;
        /// Of the first cluster.
        ClusterParams params;
        /// Token units, of each node.
        uint256 bond;
    }

    /// @dev Long enough that a quarter's budget for pauses is spent soon.
    uint256 internal constant EPOCH = 12 hours;
    uint256 internal constant MARGIN = 1 hours;
    uint256 internal constant UNBOND_EPOCHS = 4;
    uint256 internal constant MIN_BOND = 100;
    uint256 internal constant OWNERS = 2;
    uint32 internal constant NODES = 3;
    uint32 internal constant CLUSTERS = 2;
    uint32 internal constant MAX_VNODES = 5;
    uint256 internal constant DEPTH = 2;
    /// @dev Leaves: less than the segments that could be stored would need.
    uint40 internal constant CAPACITY = 400;
    /// @dev Token units per 1e18 leaves and epoch: what makes prices of 1 to 10^12 token units.
    uint96 internal constant RENT = 2e28;
    /// @dev Token units: less than the segments that could be stored would cost.
    uint256 internal constant MEANS = 1e14;

    HostileToken public immutable token;
    SettableBeacon public immutable beacon;
    ILedger public immutable ledger;
    IRegistry public immutable registry;
    IAudits public immutable audits;
    IChallenges public immutable challenges;

    /// @dev Owners, providers by their nodes, the second manager, this contract, the treasury, the stranger.
    address[] internal _people;

    constructor(Setting memory setting) {
        token = new HostileToken();
        token.behave(
            setting.tokenTakes ? HostileToken.Manner.Fee : HostileToken.Manner.Honest,
            address(0),
            ""
        );
        address treasury = VM.addr(100);
        Deploying.Core memory core = Deploying.core(
            Deploying.Plan({
                token: token,
                treasury: treasury,
                unbondSeconds: UNBOND_EPOCHS * EPOCH,
                epochSeconds: EPOCH,
                margin: MARGIN,
                protocolFee: setting.protocolFee,
                minBond: uint80(MIN_BOND),
                directoryDepth: uint8(DEPTH)
            })
        );
        (beacon, ledger, registry) = (core.beacon, core.ledger, core.registry);
        (audits, challenges) = (core.audits, core.challenges);

        for (uint256 i = 0; i < OWNERS + NODES + 1; ++i) _people.push(VM.addr(1 + i));
        _people.push(address(this));
        _people.push(treasury);
        _people.push(VM.addr(200));
        for (uint256 i = 0; i < _people.length; ++i) _endow(_people[i]);
        _addClusters(setting);
        _addNodes(setting.bond);
        registry.assign(VNodeId.wrap(1), NodeId.wrap(1));
        registry.assign(VNodeId.wrap(2), NodeId.wrap(2));
        registry.assign(VNodeId.wrap(3), NodeId.wrap(3));
    }

    function _endow(address who) private {
        token.mint(who, 1e24);
        VM.prank(who);
        token.approve(address(ledger), type(uint256).max);
        VM.prank(who);
        ledger.deposit(who, MEANS);
    }

    function _addClusters(Setting memory setting) private {
        registry.createCluster(0, 0, _quantumBits(ClusterId.wrap(1)), setting.params, "");
        registry.createCluster(0, 0, _quantumBits(ClusterId.wrap(2)), _terms(7), "");
        uint64[] memory tokens = new uint64[](2);
        tokens[1] = 1;
        registry.addVNodes(ClusterId.wrap(1), tokens);
        registry.addVNodes(ClusterId.wrap(2), new uint64[](1));
        for (uint32 cluster = 1; cluster <= CLUSTERS; ++cluster) {
            for (uint256 i = 0; i < OWNERS; ++i) {
                VM.prank(_people[i]);
                registry.createBucket(ClusterId.wrap(cluster), false);
            }
        }
    }

    function _addNodes(uint256 bond) private {
        for (uint32 i = 1; i <= NODES; ++i) {
            address provider = _people[OWNERS + i - 1];
            VM.prank(provider);
            registry.registerNode(address(this), "", CAPACITY, RENT, uint96(bond / 4), "");
            VM.prank(provider);
            registry.trust(address(this), true);
            VM.prank(provider);
            registry.trust(_secondManager(), true);
            VM.prank(provider);
            ledger.deposit(provider, 2 * bond);
            VM.prank(provider);
            ledger.bond(NodeId.wrap(i), bond);
        }
    }

    /// @dev What is signed is its own signature.
    function isValidSignature(bytes32 hash, bytes calldata signature) external pure returns (bytes4) {
        bool signed = signature.length == 32 && bytes32(signature) == hash;
        return signed ? IERC1271.isValidSignature.selector : bytes4(0);
    }

    // ------------------------------------------------------------------------------------------------ who and what

    function _owner(uint256 seed) internal view returns (address) {
        return _people[seed % OWNERS];
    }

    function _anyone(uint256 seed) internal view returns (address) {
        return _people[seed % _people.length];
    }

    function _provider(uint256 seed) internal view returns (address) {
        return _people[OWNERS + (seed % NODES)];
    }

    function _providerOf(NodeId node) internal view returns (address) {
        return registry.providerOf(node);
    }

    function _treasury() internal view returns (address) {
        return _people[_people.length - 2];
    }

    function _secondManager() internal view returns (address) {
        return _people[OWNERS + NODES];
    }

    function _stranger() internal view returns (address) {
        return _people[_people.length - 1];
    }

    function _node(uint256 seed) internal pure returns (NodeId) {
        return NodeId.wrap(uint32(1 + (seed % NODES)));
    }

    function _vNode(uint256 seed) internal view returns (VNodeId) {
        return VNodeId.wrap(uint32(1 + (seed % registry.vNodeCount())));
    }

    function _cluster(uint256 seed) internal pure returns (ClusterId) {
        return ClusterId.wrap(uint32(1 + (seed % CLUSTERS)));
    }

    /// @dev 32 and 4,096 token units.
    function _quantumBits(ClusterId cluster) internal pure returns (uint8) {
        return ClusterId.unwrap(cluster) == 1 ? 5 : 12;
    }

    /// @dev Terms within the bounds, of many kinds.
    function _terms(uint256 seed) internal pure returns (ClusterParams memory p) {
        p.odds = uint16(1 + (seed % 3));
        p.window = uint32(seed % 2 == 0 ? EPOCH - MARGIN : EPOCH / 2);
        p.maxMisses = uint8(1 + ((seed >> 8) % 4));
        p.grace = uint8((seed >> 16) % p.maxMisses);
        p.slashMultiple = uint16((seed >> 24) % 8);
        p.faultMultiple = 32 * p.odds + uint16((seed >> 32) % 20);
        p.syncEpochs = uint8(1 + ((seed >> 40) % 3));
        p.bondEpochs = (p.maxMisses - p.grace) * p.slashMultiple + p.faultMultiple + uint16((seed >> 48) % 3);
        p.managerFee = uint16((seed >> 56) % 2001);
        p.auditFee = uint16((seed >> 72) % 1001);
        p.reporterShare = uint16((seed >> 88) % 2001);
    }

    function _nextEpoch() internal {
        VM.warp(audits.epochStart(_now() + 1));
    }

    function _now() internal view returns (uint32) {
        return audits.currentEpoch();
    }
}
