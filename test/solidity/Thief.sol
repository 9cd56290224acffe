// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "../../contracts/interfaces/IAudits.sol";
import {ILedger} from "../../contracts/interfaces/ILedger.sol";
import {
    Acceptance,
    BucketId,
    ClusterId,
    ClusterParams,
    Grant,
    NO_NODE,
    NodeId,
    Opening,
    Segment,
    VNodeId
} from "../../contracts/interfaces/Types.sol";
import {Chronicle} from "./Chronicle.sol";
import {VM} from "./Vm.sol";

/// @title Thief
/// @notice Somebody without a role, money or consent tries whatever could move what is others'.
abstract contract Thief is Chronicle {
    address private constant THIEF = address(0xbad);

    function steal(uint256 which, uint256 amount) external acts {
        amount = 1 + (amount % MEANS);
        // Whoever reports a miss is paid for it: there is none to report.
        for (uint256 i = 0; i < registry.vNodeCount(); ++i) _settle(_vNode(i));
        _tries();
        _stealFromLedger(which, amount);
        _stealFromBonds(_node(which), amount);
        _stealNodes(_node(which), _cluster(which), _vNode(which));
        _stealBuckets(BucketId.wrap(uint40(1 + (which % registry.bucketCount()))), _vNode(which));
        _stealAudits(_vNode(which), _cluster(which), _node(which), amount);
    }

    function _refused(address target, bytes memory call) private {
        VM.prank(THIEF);
        // solhint-disable-next-line avoid-low-level-calls
        (bool ok, ) = target.call(call);
        if (ok) _fail("whoever has no role is refused");
        _wasRefused();
    }

    function _stealFromLedger(uint256 which, uint256 amount) private {
        address victim = _anyone(which);
        ClusterId cluster = _cluster(which);
        ILedger.Payment[] memory payments = new ILedger.Payment[](1);
        payments[0] = ILedger.Payment(THIEF, cluster, amount, 0, 0, 0);
        _refused(address(ledger), abi.encodeCall(ILedger.withdraw, (THIEF, amount)));
        _refused(address(ledger), abi.encodeCall(ILedger.reserve, (victim, amount)));
        _refused(address(ledger), abi.encodeCall(ILedger.release, (THIEF, amount)));
        _refused(address(ledger), abi.encodeCall(ILedger.pay, (payments[0])));
        _refused(address(ledger), abi.encodeCall(ILedger.payMany, (payments)));
        _refused(address(ledger), abi.encodeCall(ILedger.refund, (amount)));
        _refused(address(ledger), abi.encodeCall(ILedger.payCredit, (THIEF, amount)));
        _refused(address(ledger), abi.encodeCall(ILedger.hold, (victim, amount)));
        _refused(address(ledger), abi.encodeCall(ILedger.payOut, (THIEF, amount)));
        _refused(address(ledger), abi.encodeCall(ILedger.payAuditor, (0, THIEF, 1, 1)));
    }

    function _stealFromBonds(NodeId node, uint256 amount) private {
        _refused(address(ledger), abi.encodeCall(ILedger.bond, (node, amount)));
        _refused(address(ledger), abi.encodeCall(ILedger.requestUnbond, (node, 1)));
        _refused(address(ledger), abi.encodeCall(ILedger.releaseBond, (node)));
        _refused(address(ledger), abi.encodeCall(ILedger.lock, (node, 1)));
        _refused(address(ledger), abi.encodeCall(ILedger.unlock, (node, 1)));
        _refused(address(ledger), abi.encodeCall(ILedger.slash, (node, amount, 0, THIEF, 2000, 0)));
    }

    function _stealNodes(NodeId node, ClusterId cluster, VNodeId vNode) private {
        uint64[] memory tokens = new uint64[](1);
        tokens[0] = 99;
        ClusterParams memory p = _terms(1);
        _refused(
            address(registry),
            abi.encodeCall(registry.updateNode, (node, THIEF, "", CAPACITY, 1, 1, ""))
        );
        _refused(address(registry), abi.encodeCall(registry.proposeProvider, (node, THIEF)));
        _refused(address(registry), abi.encodeCall(registry.acceptProvider, (node)));
        _refused(address(registry), abi.encodeCall(registry.revokeAcceptances, (node)));
        _refused(address(registry), abi.encodeCall(registry.changeCluster, (cluster, 0, 0, p)));
        _refused(address(registry), abi.encodeCall(registry.describeCluster, (cluster, "")));
        _refused(address(registry), abi.encodeCall(registry.proposeManager, (cluster, THIEF)));
        _refused(address(registry), abi.encodeCall(registry.acceptManager, (cluster)));
        _refused(address(registry), abi.encodeCall(registry.addVNodes, (cluster, tokens)));
        _refused(address(registry), abi.encodeCall(registry.addStandby, (cluster, node)));
        _refused(address(registry), abi.encodeCall(registry.removeStandby, (cluster, node)));
        _refused(address(registry), abi.encodeCall(registry.assign, (vNode, NO_NODE)));
        _refused(address(registry), abi.encodeCall(registry.takeStandby, (vNode, node, 0)));
        _refused(address(registry), abi.encodeCall(registry.freeRoom, (vNode, node)));
        _refused(address(audits), abi.encodeCall(audits.announceLeave, (vNode)));
        _refused(address(audits), abi.encodeCall(audits.pause, (vNode, 1)));
    }

    function _stealBuckets(BucketId bucket, VNodeId vNode) private {
        Segment[] memory segments = new Segment[](1);
        segments[0] = Segment(bytes32(uint256(1)), 1);
        Opening[] memory openings = new Opening[](1);
        bytes32[] memory path;
        Acceptance memory a = Acceptance(1, type(uint256).max, type(uint256).max, "");
        address owner = registry.bucket(bucket).owner;
        Grant memory grant = Grant(owner, THIEF, bucket, MEANS, 1, type(uint256).max, 0, new bytes(65));
        _refused(address(registry), abi.encodeCall(registry.transferBucket, (bucket, THIEF)));
        _refused(address(registry), abi.encodeCall(registry.setPublic, (bucket, true)));
        _refused(address(registry), abi.encodeCall(registry.setReader, (bucket, THIEF, true)));
        _refused(address(registry), abi.encodeCall(registry.setWriter, (bucket, THIEF, true)));
        _refused(address(registry), abi.encodeCall(registry.store, (bucket, vNode, segments, 1, 1, a)));
        _refused(address(registry), abi.encodeCall(registry.storeFor, (grant, vNode, segments, 1, 1, a)));
        _refused(address(registry), abi.encodeCall(registry.compact, (vNode, openings, path)));
        if (_stored.length == 0) return;
        Stored storage s = _stored[BucketId.unwrap(bucket) % _stored.length];
        _refused(address(registry), abi.encodeCall(registry.extend, (s.vNode, s.serial, 1, 1, a)));
        _refused(address(registry), abi.encodeCall(registry.endEarly, (s.vNode, s.serial)));
    }

    function _stealAudits(VNodeId vNode, ClusterId cluster, NodeId node, uint256 amount) private {
        IAudits.Profile memory profile = audits.profiles(0);
        IAudits.Verdict memory verdict = IAudits.Verdict(node, amount, 1, THIEF, 10_000, 0);
        ClusterParams memory p = _terms(1);
        uint32 next = _now() + 1;
        _refused(address(audits), abi.encodeCall(audits.addProfile, (profile)));
        _refused(address(audits), abi.encodeCall(audits.addBeacon, (beacon)));
        _refused(address(audits), abi.encodeCall(audits.openCluster, (cluster, 0, 0, p)));
        _refused(address(audits), abi.encodeCall(audits.changeCluster, (cluster, 0, 0, p)));
        _refused(address(audits), abi.encodeCall(audits.openVNode, (vNode, cluster)));
        _refused(address(audits), abi.encodeCall(audits.assign, (vNode, node, THIEF)));
        _refused(address(audits), abi.encodeCall(audits.commit, (vNode, 1, next, next + 1)));
        _refused(address(audits), abi.encodeCall(audits.reschedule, (vNode, 1, next, next + 1)));
        _refused(address(audits), abi.encodeCall(audits.summon, (vNode, THIEF)));
        _refused(address(audits), abi.encodeCall(audits.convict, (vNode, verdict)));
        _refused(address(audits), abi.encodeCall(audits.nextRate, (vNode)));
        _refused(address(challenges), abi.encodeCall(challenges.dismiss, (vNode, node, true)));
        uint256 most = type(uint256).max;
        _refused(address(challenges), abi.encodeCall(challenges.challenge, (vNode, 0, 1, most)));
    }
}
