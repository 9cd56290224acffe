// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IAudits} from "./interfaces/IAudits.sol";
import {IChallenges} from "./interfaces/IChallenges.sol";
import {ILedger} from "./interfaces/ILedger.sol";
import {IRegistry} from "./interfaces/IRegistry.sol";
import {ChallengeId, NO_CHALLENGE, NO_NODE, NodeId, Unauthorized, VNodeId} from "./interfaces/Types.sol";
import {Parameters} from "./libraries/Parameters.sol";
import {Rounding} from "./libraries/Rounding.sol";

/// @title Challenges
/// @notice See IChallenges.
contract Challenges is IChallenges {
    uint256 private constant MAX_OPEN = 4;
    /// @dev Epochs of the vNode's rate. Half of the bond pays for the proof. The other half makes it expensive for a provider to
    /// fill the places for challenges with its own.
    uint256 private constant BOND_EPOCHS = 8;

    ILedger public immutable ledger;
    IRegistry public immutable registry;
    IAudits public immutable audits;
    uint256 public immutable minBond;

    uint64 public challengeCount;
    mapping(ChallengeId id => Challenge) private _challenges;
    mapping(NodeId node => Record) private _records;
    /// @dev In no order, and with gaps.
    mapping(VNodeId vNode => ChallengeId[MAX_OPEN]) private _open;

    constructor(ILedger ledger_, IRegistry registry_, IAudits audits_, uint80 minBond_) {
        require(
            ledger_.challenges() == address(this) &&
                address(audits_.ledger()) == address(ledger_) &&
                address(audits_.registry()) == address(registry_),
            BadDeployment()
        );
        require(
            // The randomness comes in the epoch after the challenge, and is known during all of the next one. A node cannot
            // take its bond back before that.
            minBond_ != 0 &&
                (Parameters.RESPONSE_EPOCHS + 1) * audits_.epochSeconds() < ledger_.unbondSeconds(),
            BadDeployment()
        );
        (ledger, registry, audits, minBond) = (ledger_, registry_, audits_, minBond_);
    }

    // -------------------------------------------------------------------------------------------------- challenging

    /// @inheritdoc IChallenges
    function challenge(
        VNodeId vNode,
        uint40 start,
        uint40 length,
        uint256 maxBond
    ) external returns (ChallengeId id) {
        IRegistry.DirectoryView memory d = registry.directory(vNode);
        bool within = length != 0 && uint256(start) + length <= d.total;
        require(within, BadRange(vNode, start, length, d.total));
        IAudits.Subject memory s = audits.summon(vNode, msg.sender);
        require(s.node != NO_NODE, NotAssigned(vNode));
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
            // A challenge of a small part brings a small share, so that nobody wins much by challenging a segment of its own.
            reporterShare: uint16(Rounding.mulDivDown(s.reporterShare, length, d.total)),
            beacon: s.beacon,
            challenger: msg.sender,
            bond: uint96(bond),
            root: d.root,
            verifier: audits.profiles(s.profile).verifier,
            start: start,
            length: length,
            status: Status.Open
        });
        _challenges[id] = c;

        emit Challenged(id, vNode, s.node, c);

        ledger.hold(msg.sender, bond);
    }

    /// @return others how many other challenges of the vNode are open.
    function _enlist(VNodeId vNode, ChallengeId id) private returns (uint256 others) {
        ChallengeId[MAX_OPEN] storage list = _open[vNode];
        uint256 gap = MAX_OPEN;
        for (uint256 i = 0; i < MAX_OPEN; ++i) {
            if (list[i] == NO_CHALLENGE) {
                gap = i;
                continue;
            }
            require(_challenges[list[i]].challenger != msg.sender, OneEach(vNode, msg.sender));
            ++others;
        }
        require(gap != MAX_OPEN, TooManyOpen(vNode));
        list[gap] = id;
    }

    // ---------------------------------------------------------------------------------------------------- resolving

    /// @inheritdoc IChallenges
    function answer(ChallengeId id, uint256[8] calldata proof) external {
        Challenge memory c = _running(id);
        uint32 last = audits.lastAnswer(c.vNode, c.node, c.epoch);
        require(audits.currentEpoch() <= last, ResponseOver(id, last));
        bytes32 random = audits.randomness(c.beacon, c.epoch + 1);
        require(random != 0, NoRandomness(id, c.epoch + 1));
        require(c.verifier.verify(proof, _inputs(id, c, random)), ProofInvalid(id));

        _resolve(id, c, Status.Answered);
        ++_records[c.node].answered;
        // If the bond is odd, the treasury gets the unit that is left.
        uint256 toProvider = c.bond / 2;

        emit Answered(id, c.vNode, c.node, toProvider, c.bond - toProvider);

        ledger.payOut(registry.providerOf(c.node), toProvider);
        ledger.payOut(ledger.treasury(), c.bond - toProvider);
        audits.unlockKept(c.vNode, c.node);
    }

    /// @inheritdoc IChallenges
    function expire(ChallengeId id) external {
        Challenge memory c = _running(id);
        uint32 last = audits.lastAnswer(c.vNode, c.node, c.epoch);
        require(audits.currentEpoch() > last, ResponseRuns(id, last));
        bool void = audits.randomness(c.beacon, c.epoch + 1) == 0;
        if (!void) {
            // Settling may bring a fault to light. That is penalty enough, and dismisses the challenge.
            audits.summon(c.vNode, c.challenger);
            if (_challenges[id].status != Status.Open) return;
        }

        _resolve(id, c, void ? Status.Void : Status.Failed);
        ledger.payOut(c.challenger, c.bond);
        if (void) {
            emit Voided(id, c.vNode, c.node);

            audits.unlockKept(c.vNode, c.node);
        } else {
            ++_records[c.node].lost;
            (uint256 taken, uint256 reward) = audits.convict(
                c.vNode,
                IAudits.Verdict(c.node, c.rate, c.faultMultiple, c.challenger, c.reporterShare, c.epoch)
            );

            emit Failed(id, c.vNode, c.node, taken, reward);
        }
    }

    /// @inheritdoc IChallenges
    /// @dev A node pays one penalty for all its open challenges of a vNode.
    function dismiss(VNodeId vNode, NodeId node, bool isFault) external {
        require(msg.sender == address(audits), Unauthorized(msg.sender));
        if (isFault) ++_records[node].faults;
        for (uint256 i = 0; i < MAX_OPEN; ++i) {
            ChallengeId id = _open[vNode][i];
            if (id == NO_CHALLENGE) continue;
            Challenge memory c = _challenges[id];
            if (c.node != node) continue;

            _open[vNode][i] = NO_CHALLENGE;
            _challenges[id].status = Status.Dismissed;

            emit Dismissed(id, vNode, node);

            ledger.payOut(c.challenger, c.bond);
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
    /// is auditSeed of protocol/statement.ts, with the challenge's id in the place of the epoch.
    function _inputs(
        ChallengeId id,
        Challenge memory c,
        bytes32 random
    ) private view returns (uint256[4] memory) {
        uint256 seed =
            uint256(keccak256(abi.encode(block.chainid, address(this), c.vNode, c.node, id, random))) >> 8;
        return [uint256(c.root), seed, c.start, c.length];
    }

    // -------------------------------------------------------------------------------------------------------- views

    /// @inheritdoc IChallenges
    function challengeOf(ChallengeId id) external view returns (Challenge memory c) {
        c = _challenges[id];
        require(c.status != Status.None, NotOpen(id, c.status));
    }

    /// @inheritdoc IChallenges
    function recordOf(NodeId node) external view returns (Record memory) {
        return _records[node];
    }

    /// @inheritdoc IChallenges
    function lastAnswer(ChallengeId id) external view returns (uint32) {
        Challenge memory c = _running(id);
        return audits.lastAnswer(c.vNode, c.node, c.epoch);
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
            if (id != NO_CHALLENGE) ids[count++] = id;
        }
        ChallengeId[] memory all = ids;
        ids = new ChallengeId[](count);
        for (uint256 i = 0; i < count; ++i) ids[i] = all[i];
    }

    /// @inheritdoc IChallenges
    function openAgainst(VNodeId vNode, NodeId node) external view returns (uint256 count) {
        for (uint256 i = 0; i < MAX_OPEN; ++i) {
            ChallengeId id = _open[vNode][i];
            if (id != NO_CHALLENGE && _challenges[id].node == node) ++count;
        }
    }
}
