// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IAudits} from "./interfaces/IAudits.sol";
import {IChallenges} from "./interfaces/IChallenges.sol";
import {ILedger} from "./interfaces/ILedger.sol";
import {IRegistry} from "./interfaces/IRegistry.sol";
import {BucketId, ChallengeId, NO_CHALLENGE, NO_NODE, NodeId, VNodeId} from "./interfaces/Types.sol";

/// @title Challenges
/// @notice See IChallenges.
contract Challenges is IChallenges {
    /// @dev What is asked for, before it is known of whom.
    struct Range {
        bytes32 root;
        uint40 start;
        uint40 leaves;
        BucketId bucket;
    }

    uint256 private constant MAX_OPEN = 4;
    /// @dev Epochs of a vNode's rate: half of it pays for the proof, and makes squatting on an own node dear.
    uint256 private constant BOND_EPOCHS = 8;
    /// @dev The randomness comes with the next epoch, and is known for all of the one after that.
    uint32 private constant RESPONSE_EPOCHS = 2;

    ILedger public immutable ledger;
    IRegistry public immutable registry;
    IAudits public immutable audits;
    uint256 public immutable minBond;

    uint64 public challengeCount;
    mapping(ChallengeId id => Challenge) private _challenges;
    /// @dev In no order, with gaps.
    mapping(VNodeId vNode => ChallengeId[MAX_OPEN]) private _open;

    constructor(ILedger ledger_, IRegistry registry_, IAudits audits_, uint80 minBond_) {
        require(
            ledger_.challenges() == address(this) &&
                address(audits_.ledger()) == address(ledger_) &&
                address(audits_.registry()) == address(registry_),
            BadDeployment()
        );
        require(
            minBond_ != 0 && (RESPONSE_EPOCHS + 1) * audits_.epochSeconds() < ledger_.unbondSeconds(),
            BadDeployment()
        );
        (ledger, registry, audits, minBond) = (ledger_, registry_, audits_, minBond_);
    }

    // -------------------------------------------------------------------------------------------------- challenging

    /// @inheritdoc IChallenges
    function challenge(VNodeId vNode, uint256 maxBond) external returns (ChallengeId) {
        IRegistry.DirectoryView memory d = registry.directory(vNode);
        return _challenge(vNode, Range(d.root, 0, d.total, BucketId.wrap(0)), maxBond);
    }

    /// @inheritdoc IChallenges
    function challengeSegment(VNodeId vNode, uint32 serial, uint256 maxBond) external returns (ChallengeId) {
        IRegistry.SegmentRecord memory s = registry.segment(vNode, serial);
        require(s.leaves != 0 && audits.currentEpoch() < s.end, SegmentNotLive(vNode, serial));

        bytes32 root = registry.directory(vNode).root;
        return _challenge(vNode, Range(root, s.start, s.leaves, s.bucket), maxBond);
    }

    function _challenge(VNodeId vNode, Range memory range, uint256 maxBond) private returns (ChallengeId id) {
        IAudits.Subject memory s = audits.summon(vNode, msg.sender);
        require(s.node != NO_NODE, NotAssigned(vNode));
        require(!s.pausing, Pausing(vNode, s.node));
        require(s.rate != 0, NothingStored(vNode));
        require(!s.syncing, StillSyncing(vNode, s.node));
        IRegistry.Node memory n = registry.node(s.node);
        require(msg.sender != n.provider && msg.sender != n.operator, OwnNode(s.node, msg.sender));
        id = ChallengeId.wrap(challengeCount + 1);
        uint256 bond = Math.max(minBond, BOND_EPOCHS * s.rate) << _enlist(vNode, id);
        require(bond <= maxBond, BondTooHigh(bond, maxBond));

        challengeCount = ChallengeId.unwrap(id);
        Challenge memory c = Challenge({
            vNode: vNode,
            node: s.node,
            epoch: audits.currentEpoch(),
            rate: s.rate,
            faultMultiple: s.faultMultiple,
            reporterShare: s.reporterShare,
            bucket: range.bucket,
            beacon: s.beacon,
            challenger: msg.sender,
            bond: uint96(bond),
            root: range.root,
            verifier: audits.profiles(s.profile).verifier,
            start: range.start,
            leaves: range.leaves,
            status: Status.Open
        });
        _challenges[id] = c;

        emit Challenged(id, vNode, s.node, c);

        ledger.hold(msg.sender, bond);
    }

    /// @return others how many are open already.
    function _enlist(VNodeId vNode, ChallengeId id) private returns (uint256 others) {
        ChallengeId[MAX_OPEN] storage list = _open[vNode];
        uint256 gap = MAX_OPEN;
        for (uint256 i = 0; i < MAX_OPEN; ++i) {
            if (list[i] == NO_CHALLENGE) gap = i;
            else ++others;
        }
        require(gap != MAX_OPEN, TooManyOpen(vNode));
        list[gap] = id;
    }

    // ---------------------------------------------------------------------------------------------------- resolving

    /// @inheritdoc IChallenges
    function answer(ChallengeId id, uint256[8] calldata proof) external {
        Challenge memory c = _running(id);
        uint32 last = c.epoch + RESPONSE_EPOCHS;
        require(audits.currentEpoch() <= last, ResponseOver(id, last));
        bytes32 random = audits.randomness(c.beacon, c.epoch + 1);
        require(random != 0, NoRandomness(id, c.epoch + 1));
        require(c.verifier.verify(proof, _inputs(id, c, random)), ProofInvalid(id));

        _resolve(id, c, Status.Answered);
        uint256 toProvider = c.bond / 2;

        emit Answered(id, c.vNode, c.node, toProvider, c.bond - toProvider);

        ledger.payOut(registry.providerOf(c.node), toProvider);
        ledger.payOut(ledger.treasury(), c.bond - toProvider);
        audits.absolve(c.vNode, c.node);
    }

    /// @inheritdoc IChallenges
    function expire(ChallengeId id) external {
        Challenge memory c = _running(id);
        uint32 last = c.epoch + RESPONSE_EPOCHS;
        require(audits.currentEpoch() > last, ResponseRuns(id, last));
        bool void = audits.randomness(c.beacon, c.epoch + 1) == 0;

        _resolve(id, c, void ? Status.Void : Status.Failed);
        ledger.payOut(c.challenger, c.bond);
        if (void) {
            audits.absolve(c.vNode, c.node);

            emit Voided(id, c.vNode, c.node);
        } else {
            BucketId bucket = c.bucket;
            address owner = BucketId.unwrap(bucket) == 0 ? address(0) : registry.bucket(bucket).owner;
            (uint256 taken, uint256 reward) = audits.convict(
                c.vNode,
                IAudits.Verdict({
                    node: c.node,
                    rate: c.rate,
                    multiple: c.faultMultiple,
                    challenger: c.challenger,
                    share: c.reporterShare,
                    owner: owner
                })
            );

            emit Failed(id, c.vNode, c.node, taken, reward, owner);
        }
    }

    function _running(ChallengeId id) private view returns (Challenge memory c) {
        c = _challenges[id];
        require(c.status == Status.Open, NotOpen(id, c.status));
    }

    function _resolve(ChallengeId id, Challenge memory c, Status status) private {
        _challenges[id].status = status;
        ChallengeId[MAX_OPEN] storage list = _open[c.vNode];
        for (uint256 i = 0; i < MAX_OPEN; ++i) {
            if (list[i] == id) list[i] = NO_CHALLENGE;
        }
    }

    /// @dev The public inputs of StorageAudit: directoryRoot, seed, start, length (circuits/storage_audit.circom). The seed
    /// is protocol/statement.ts's auditSeed, with the challenge's id for the epoch.
    function _inputs(
        ChallengeId id,
        Challenge memory c,
        bytes32 random
    ) private view returns (uint256[4] memory) {
        uint256 seed =
            uint256(keccak256(abi.encode(block.chainid, address(this), c.vNode, c.node, id, random))) >> 8;
        return [uint256(c.root), seed, c.start, c.leaves];
    }

    // -------------------------------------------------------------------------------------------------------- views

    /// @inheritdoc IChallenges
    function challengeOf(ChallengeId id) external view returns (Challenge memory c) {
        c = _challenges[id];
        require(c.status != Status.None, NotOpen(id, c.status));
    }

    /// @inheritdoc IChallenges
    function inputsOf(ChallengeId id) external view returns (bytes32 randomness, uint256[4] memory inputs) {
        Challenge memory c = _running(id);
        randomness = audits.randomness(c.beacon, c.epoch + 1);
        inputs = _inputs(id, c, randomness);
        if (randomness == 0) inputs[1] = 0;
    }

    /// @inheritdoc IChallenges
    function openOf(VNodeId vNode) external view returns (ChallengeId[] memory ids) {
        ids = new ChallengeId[](MAX_OPEN);
        uint256 count;
        for (uint256 i = 0; i < MAX_OPEN; ++i) {
            ChallengeId id = _open[vNode][i];
            if (!(id == NO_CHALLENGE)) ids[count++] = id;
        }
        ChallengeId[] memory all = ids;
        ids = new ChallengeId[](count);
        for (uint256 i = 0; i < count; ++i) ids[i] = all[i];
    }

    /// @inheritdoc IChallenges
    function openAgainst(VNodeId vNode, NodeId node) external view returns (uint256 count) {
        for (uint256 i = 0; i < MAX_OPEN; ++i) {
            ChallengeId id = _open[vNode][i];
            if (!(id == NO_CHALLENGE) && _challenges[id].node == node) ++count;
        }
    }
}
