// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {IAudits} from "./interfaces/IAudits.sol";
import {IBeacon} from "./interfaces/IBeacon.sol";
import {IChallenges} from "./interfaces/IChallenges.sol";
import {IFactory} from "./interfaces/IFactory.sol";
import {ILedger} from "./interfaces/ILedger.sol";
import {IRegistry} from "./interfaces/IRegistry.sol";
import {ClusterId, ClusterParams, NO_NODE, NodeId, Unauthorized, VNodeId} from "./interfaces/Types.sol";
import {IVerifier} from "./interfaces/IVerifier.sol";
import {AuditViews} from "./libraries/AuditViews.sol";
import {Choices} from "./libraries/Choices.sol";
import {Parameters} from "./libraries/Parameters.sol";
import {Responsibility} from "./libraries/Responsibility.sol";
import {Schedule} from "./libraries/Schedule.sol";
import {Settlement} from "./libraries/Settlement.sol";
import {Asks} from "./libraries/settlement/Asks.sol";
import {Book, Context, Kept, Leave, Stake} from "./libraries/settlement/Book.sol";
import {CreditIndex} from "./libraries/settlement/CreditIndex.sol";
import {Epochs} from "./libraries/settlement/Epochs.sol";
import {Terms} from "./libraries/Terms.sol";
import {VNode, VNodeWord} from "./libraries/VNodeWord.sol";

/// @title Audits
/// @notice See IAudits. `multicall` lets a proof bring its epoch's randomness along.
contract Audits is IAudits, Multicall {
    using Asks for Book;
    using AuditViews for Book;
    using Responsibility for Book;
    using Schedule for Schedule.Changes;
    using Settlement for Book;

    /// @dev The running epoch, seconds since its start, and the randomness that was looked up last.
    struct Present {
        uint32 epoch;
        uint256 elapsed;
        bool drawn;
        uint8 beacon;
        bytes32 random;
    }

    /// @dev A proof that is worth a look: the vNode's word as it is settled before the running epoch, and what that makes
    /// of it.
    struct Candidate {
        VNodeId id;
        uint256 word;
        NodeId node;
        uint256 rate;
        /// Token units per epoch that the directory's total stands for.
        uint256 asked;
        Terms terms;
        address provider;
        IVerifier verifier;
        /// Its index in the batch.
        uint256 place;
    }

    /// @dev Epochs that a proof settles before itself, alone and in a batch.
    uint256 private constant MAX_LAG = 64;
    uint256 private constant MAX_BATCH_LAG = 2;
    /// @dev Verified one by one if need be, with misses behind them, they stay below the 2^24 gas of a transaction.
    uint256 private constant MAX_BATCH = 32;
    /// @dev What a beacon may use to answer: ours need a tenth.
    uint256 private constant BEACON_GAS = 50_000;
    /// @dev Profiles, and beacons, at deployment and in all.
    uint256 private constant MAX_FIRST = 4;
    uint256 private constant MAX_CHOICES = 256;

    ILedger public immutable ledger;
    IRegistry public immutable registry;
    IChallenges public immutable challenges;
    IERC20 public immutable token;
    IFactory public immutable factory;
    uint256 public immutable genesis;
    uint256 public immutable epochSeconds;
    uint256 public immutable margin;
    uint256 public immutable protocolFee;
    uint32 public immutable changeDelay;

    /// @dev What every proof reads is part of the code; what came later is not.
    uint256 private immutable FIRST_PROFILES;
    uint256 private immutable PROFILE_0;
    uint256 private immutable PROFILE_1;
    uint256 private immutable PROFILE_2;
    uint256 private immutable PROFILE_3;

    uint256 private immutable FIRST_BEACONS;
    IBeacon private immutable BEACON_0;
    IBeacon private immutable BEACON_1;
    IBeacon private immutable BEACON_2;
    IBeacon private immutable BEACON_3;

    uint256 public profileCount;
    uint256 public beaconCount;
    mapping(uint256 index => uint256) private _laterProfiles;
    mapping(uint256 index => IBeacon) private _laterBeacons;

    Book private _book;

    modifier onlyRegistry() {
        require(msg.sender == address(registry), Unauthorized(msg.sender));
        _;
    }

    modifier onlyChallenges() {
        require(msg.sender == address(challenges), Unauthorized(msg.sender));
        _;
    }

    // ------------------------------------------------------------------------------------------------- construction

    constructor(
        ILedger ledger_,
        IRegistry registry_,
        IFactory factory_,
        Profile[] memory profiles_,
        IBeacon[] memory beacons_,
        uint256 genesis_,
        uint256 epochSeconds_,
        uint256 margin_,
        uint256 protocolFee_
    ) {
        require(
            ledger_.registry() == address(registry_) &&
                ledger_.audits() == address(this) &&
                address(registry_.ledger()) == address(ledger_) &&
                address(registry_.audits()) == address(this),
            BadDeployment()
        );
        require(
            genesis_ <= block.timestamp &&
                epochSeconds_ != 0 &&
                epochSeconds_ <= type(uint32).max &&
                2 * epochSeconds_ <= ledger_.unbondSeconds() &&
                margin_ <= epochSeconds_ / 4 &&
                protocolFee_ >= Parameters.MIN_PROTOCOL_FEE &&
                protocolFee_ <= Parameters.MAX_PROTOCOL_FEE,
            BadDeployment()
        );
        (ledger, registry, token, factory) = (ledger_, registry_, ledger_.token(), factory_);
        challenges = IChallenges(ledger_.challenges());
        (genesis, epochSeconds, margin, protocolFee) = (genesis_, epochSeconds_, margin_, protocolFee_);
        changeDelay = uint32(Math.ceilDiv(ledger_.unbondSeconds(), epochSeconds_)) + Parameters.EXIT_EPOCHS;

        (profileCount, FIRST_PROFILES) = (profiles_.length, profiles_.length);
        require(profiles_.length != 0 && profiles_.length <= MAX_FIRST, BadDeployment());
        PROFILE_0 = _pack(factory_, profiles_, 0);
        PROFILE_1 = _pack(factory_, profiles_, 1);
        PROFILE_2 = _pack(factory_, profiles_, 2);
        PROFILE_3 = _pack(factory_, profiles_, 3);

        uint256 count = beacons_.length;
        (beaconCount, FIRST_BEACONS) = (count, count);
        require(count != 0 && count <= MAX_FIRST, BadDeployment());
        for (uint256 i = 0; i < count; ++i) {
            Choices.check(address(factory_), address(beacons_[i]), genesis_, epochSeconds_, margin_);
        }
        BEACON_0 = beacons_[0];
        // Those from count on are not read.
        BEACON_1 = beacons_[count > 1 ? 1 : 0];
        BEACON_2 = beacons_[count > 2 ? 2 : 0];
        BEACON_3 = beacons_[count > 3 ? 3 : 0];
    }

    function _pack(IFactory factory_, Profile[] memory list, uint256 index) private view returns (uint256) {
        return index < list.length ? _packOne(factory_, list[index]) : 0;
    }

    function _packOne(IFactory factory_, Profile memory p) private view returns (uint256) {
        return
            Choices.packed(address(factory_), address(p.verifier), p.samples, p.dataDepth, p.directoryDepth);
    }

    /// @inheritdoc IAudits
    function profiles(uint256 index) external view returns (Profile memory) {
        uint256 p = _profile(index);
        return Profile(IVerifier(address(uint160(p >> 32))), uint16(p >> 16), uint8(p >> 8), uint8(p));
    }

    function _profile(uint256 index) private view returns (uint256) {
        if (index >= FIRST_PROFILES) {
            uint256 later = _laterProfiles[index];
            require(later != 0, NoSuchProfile(index));
            return later;
        }
        if (index == 0) return PROFILE_0;
        if (index == 1) return PROFILE_1;
        return index == 2 ? PROFILE_2 : PROFILE_3;
    }

    /// @inheritdoc IAudits
    function beacons(uint256 index) public view returns (IBeacon) {
        if (index >= FIRST_BEACONS) {
            IBeacon later = _laterBeacons[index];
            require(address(later) != address(0), NoSuchBeacon(index));
            return later;
        }
        if (index == 0) return BEACON_0;
        if (index == 1) return BEACON_1;
        return index == 2 ? BEACON_2 : BEACON_3;
    }

    modifier onlyTreasury() {
        require(msg.sender == ledger.treasury(), Unauthorized(msg.sender));
        _;
    }

    /// @inheritdoc IAudits
    function addProfile(Profile calldata profile) external onlyTreasury returns (uint256 index) {
        index = profileCount;
        require(index < MAX_CHOICES, BadDeployment());

        _laterProfiles[index] = _packOne(factory, profile);
        profileCount = index + 1;

        emit ProfileAdded(
            index,
            profile.verifier,
            profile.samples,
            profile.dataDepth,
            profile.directoryDepth
        );
    }

    /// @inheritdoc IAudits
    function addBeacon(IBeacon beacon) external onlyTreasury returns (uint256 index) {
        index = beaconCount;
        require(index < MAX_CHOICES, BadDeployment());
        Choices.check(address(factory), address(beacon), genesis, epochSeconds, margin);

        _laterBeacons[index] = beacon;
        beaconCount = index + 1;

        emit BeaconAdded(index, beacon);
    }

    // -------------------------------------------------------------------------------------------- time, randomness

    /// @inheritdoc IAudits
    function currentEpoch() public view returns (uint32) {
        return uint32((block.timestamp - genesis) / epochSeconds);
    }

    /// @inheritdoc IAudits
    function epochStart(uint32 epoch) public view returns (uint256) {
        return genesis + uint256(epoch) * epochSeconds;
    }

    /// @inheritdoc IAudits
    function recordBeacon(uint8 beacon, uint32 epoch, bytes calldata evidence) external {
        address ledger_ = address(ledger);
        uint256 source = epochStart(epoch) + margin;
        Choices.record(ledger_, address(beacons(beacon)), beacon, epoch, source, epochSeconds, evidence);
    }

    /// @inheritdoc IAudits
    function randomness(uint8 beacon, uint32 epoch) public view returns (bytes32 value) {
        (bool answered, uint256 word) = _askBeacon(
            beacons(beacon),
            abi.encodeCall(IBeacon.randomness, (epoch))
        );
        if (answered) value = bytes32(word);
    }

    /// @inheritdoc IAudits
    function recordedAfter(uint8 beacon, uint32 epoch) external view returns (uint256) {
        (bool answered, uint256 word) = _askBeacon(
            beacons(beacon),
            abi.encodeCall(IBeacon.recordedAfter, (epoch))
        );
        return answered ? word : type(uint256).max;
    }

    /// @dev A beacon that fails, or does not end, has no randomness, and stops nothing. One that was given too little gas has
    /// not failed: a caller could choose so.
    function _askBeacon(
        IBeacon beacon,
        bytes memory question
    ) private view returns (bool answered, uint256 word) {
        // A 64th stays here.
        require(gasleft() > BEACON_GAS + BEACON_GAS / 32, NotEnoughGas());
        assembly ("memory-safe") {
            answered := staticcall(BEACON_GAS, beacon, add(question, 32), mload(question), 0, 32)
            answered := and(answered, gt(returndatasize(), 31))
            if answered {
                word := mload(0)
            }
        }
    }

    // ------------------------------------------------------------------------------------------------------- proofs

    /// @inheritdoc IAudits
    function prove(VNodeId id, uint32 epoch, uint256[8] calldata proof) external {
        Candidate memory c;
        uint256[4] memory inputs;
        Refusal refusal = _examine(id, epoch, _present(), MAX_LAG, c, inputs);
        require(refusal == Refusal.None, ProofRefused(id, epoch, refusal));
        require(c.verifier.verify(proof, inputs), ProofInvalid(id, epoch));

        ledger.pay(_accept(c, epoch));
    }

    /// @inheritdoc IAudits
    function takeOver(VNodeId id, uint32 epoch, uint256[8] calldata proof) external {
        _book.takeOver(_context(msg.sender), id, epoch, epochStart(epoch) + margin, proof);
    }

    /// @inheritdoc IAudits
    function proveBatch(
        VNodeId[] calldata vNodes,
        uint32 epoch,
        uint256[8][] calldata proofs
    ) external returns (bool[] memory accepted) {
        uint256 length = vNodes.length;
        require(
            length != 0 && length <= MAX_BATCH && length == proofs.length,
            BadBatch(length, proofs.length)
        );
        Candidate[] memory candidates = new Candidate[](length);
        uint256[4][] memory inputs = new uint256[4][](length);

        Present memory present = _present();
        uint256 count;
        for (uint256 i = 0; i < length; ++i) {
            Candidate memory c = candidates[count];
            Refusal refusal = _examine(vNodes[i], epoch, present, MAX_BATCH_LAG, c, inputs[count]);
            if (refusal != Refusal.None) continue;
            if (address(c.verifier) != address(candidates[0].verifier)) continue;
            c.place = i;
            ++count;
        }
        accepted = new bool[](length);
        if (count == 0) return accepted;
        uint256[8][] memory someProofs = new uint256[8][](count);
        uint256[4][] memory someInputs = new uint256[4][](count);
        for (uint256 i = 0; i < count; ++i) {
            (someProofs[i], someInputs[i]) = (proofs[candidates[i].place], inputs[i]);
        }
        bool allHold = candidates[0].verifier.verifyBatch(someProofs, someInputs);
        _acceptThoseThatHold(allHold, candidates, someProofs, someInputs, accepted);
    }

    /// @dev If not all hold, each is looked at by itself.
    function _acceptThoseThatHold(
        bool allHold,
        Candidate[] memory candidates,
        uint256[8][] memory proofs,
        uint256[4][] memory inputs,
        bool[] memory accepted
    ) private {
        uint32 epoch = currentEpoch();
        ILedger.Payment[] memory payments = new ILedger.Payment[](proofs.length);
        for (uint256 i = 0; i < proofs.length; ++i) {
            Candidate memory c = candidates[i];
            if (!allHold && !c.verifier.verify(proofs[i], inputs[i])) continue;
            // Twice in one batch counts once.
            if (_book.words[c.id] != c.word) continue;
            payments[i] = _accept(c, epoch);
            accepted[c.place] = true;
        }
        ledger.payMany(payments);
    }

    function _present() private view returns (Present memory present) {
        present.epoch = currentEpoch();
        present.elapsed = block.timestamp - epochStart(present.epoch);
    }

    /// @dev Settles what is over, and says in c and inputs what a proof of the running epoch must show.
    function _examine(
        VNodeId id,
        uint32 epoch,
        Present memory present,
        uint256 lag,
        Candidate memory c,
        uint256[4] memory inputs
    ) private returns (Refusal) {
        if (epoch == 0 || epoch != present.epoch) return Refusal.NotCurrentEpoch;
        uint256 word = _book.words[id];
        ClusterId cluster = VNodeWord.clusterOf(word);
        if (ClusterId.unwrap(cluster) == 0) return Refusal.NoSuchVNode;
        if (VNodeWord.settledOf(word) + 1 < epoch) {
            _book.settle(_context(msg.sender), id, epoch - 1, lag);
            word = _book.words[id];
            if (VNodeWord.settledOf(word) + 1 < epoch) return Refusal.SettleFirst;
        }
        if (VNodeWord.settledOf(word) >= epoch) return Refusal.AlreadyProven;
        c.terms = _book.termsAt(cluster, epoch);
        if (present.elapsed >= margin + c.terms.window()) return Refusal.WindowClosed;
        bytes32 random = _draw(present, c.terms.beacon());
        if (random == 0) return Refusal.NoRandomness;

        bool must;
        (c.id, c.word, c.node, c.rate) = (id, word, VNodeWord.nodeOf(word), VNodeWord.rateOf(word));
        if (!VNodeWord.isPlain(word, epoch)) {
            bool paused;
            bool consented;
            (c.node, c.rate, paused, must, consented) = _book.ask(id, epoch);
            if (paused) return Refusal.NotDue;
            if (!consented) return Refusal.NotConsented;
        }
        if (c.node == NO_NODE || c.rate == 0) return Refusal.NotDue;
        uint256 seed = Asks.seedOf(id, c.node, epoch, random);
        if (!must && !Asks.isDrawn(c.terms, seed)) return Refusal.NotDue;
        c.verifier = IVerifier(address(uint160(_profile(c.terms.profile()) >> 32)));
        (c.asked, c.provider) = _setInputs(inputs, id, c.node, epoch, seed);
        return Refusal.None;
    }

    function _draw(Present memory present, uint8 beacon) private view returns (bytes32) {
        if (!present.drawn || present.beacon != beacon) {
            (present.drawn, present.beacon) = (true, beacon);
            present.random = randomness(beacon, present.epoch);
        }
        return present.random;
    }

    /// @dev The public inputs of StorageAudit: directoryRoot, seed, start, length (circuits/storage_audit.circom).
    function _setInputs(
        uint256[4] memory inputs,
        VNodeId id,
        NodeId node,
        uint32 epoch,
        uint256 seed
    ) private view returns (uint256 asked, address provider) {
        bytes32 root;
        uint40 total;
        (root, total, asked, provider) = registry.statement(id, epoch, node);
        (inputs[0], inputs[1], inputs[2], inputs[3]) = (uint256(root), seed, 0, total);
    }

    /// @dev Settles the epoch as proven.
    function _accept(Candidate memory c, uint32 epoch) private returns (ILedger.Payment memory p) {
        uint256 part = Settlement.covered(c.rate, c.asked);
        if (VNodeWord.isPlain(c.word, epoch) && part == CreditIndex.CREDIT_UNIT) {
            _book.words[c.id] = VNodeWord.proven(c.word, epoch);
            (p.amount, p.fee) = (c.rate, Epochs.feesOf(c.rate, c.terms, protocolFee));
            Settlement.split(p, part, protocolFee);
            p.cluster = VNodeWord.clusterOf(c.word);

            emit Proven(c.id, c.node, epoch, epoch, p.amount, p.fee, 0);
        } else {
            p = _book.enterProven(_context(msg.sender), c.id, c.node, epoch, c.asked);
        }
        p.to = c.provider;
    }

    // ----------------------------------------------------------------------------------------------------- settling

    /// @inheritdoc IAudits
    function settle(VNodeId id, uint256 maxEpochs) external returns (uint32) {
        uint32 current = currentEpoch();
        return _book.settle(_context(msg.sender), id, current == 0 ? 0 : current - 1, maxEpochs);
    }

    function _context(address caller) private view returns (Context memory) {
        return Context(ledger, registry, challenges, protocolFee, currentEpoch(), caller);
    }

    // ---------------------------------------------------------------------------------------------- responsibility

    /// @inheritdoc IAudits
    function outlook(
        VNodeId id
    ) external view returns (NodeId node, NodeId successor, bool handingOver, uint32 epoch) {
        uint256 word = _book.words[id];
        (node, epoch) = (VNodeWord.nodeOf(word), currentEpoch());
        bool syncing = VNodeWord.isSyncing(word);
        if (VNodeWord.nextSinceOf(word) == 0) return (node, NO_NODE, syncing, epoch);
        Stake storage s = _book.stakes[id];
        // Who is named where nobody and nothing is, is there from the next epoch on.
        if (node == NO_NODE && !s.nextSyncs) return (s.nextNode, NO_NODE, false, epoch);
        return (node, s.nextNode, true, epoch);
    }

    /// @inheritdoc IAudits
    function nextRate(VNodeId id) external onlyRegistry returns (uint256) {
        return _book.nextRate(_context(address(0)), id);
    }

    /// @inheritdoc IAudits
    function openVNode(VNodeId id, ClusterId cluster) external onlyRegistry {
        VNode memory v;
        (v.cluster, v.settled) = (cluster, currentEpoch());
        _book.words[id] = VNodeWord.pack(v);
    }

    /// @inheritdoc IAudits
    function assign(
        VNodeId id,
        NodeId node,
        address reporter
    ) external onlyRegistry returns (NodeId previous, uint32 since) {
        return _book.assign(_context(reporter), id, node);
    }

    /// @inheritdoc IAudits
    function announceLeave(VNodeId id) external {
        _book.announceLeave(_context(msg.sender), id);
    }

    /// @inheritdoc IAudits
    function pause(VNodeId id, uint32 epochs) external returns (uint32 from, uint32 end) {
        return _book.pause(_context(msg.sender), id, epochs, quarterEpochs());
    }

    /// @inheritdoc IAudits
    function topUp(VNodeId id) external {
        _book.topUp(_context(msg.sender), id);
    }

    /// @inheritdoc IAudits
    function unlockKept(VNodeId id, NodeId node) external {
        _book.unlockKept(_context(msg.sender), id, node);
    }

    /// @inheritdoc IAudits
    function quarterEpochs() public view returns (uint32) {
        return uint32(Math.max(1, Parameters.QUARTER_SECONDS / epochSeconds));
    }

    /// @inheritdoc IAudits
    /// @dev Nothing is asked of a vNode without data: it is settled before something is.
    function commit(
        VNodeId id,
        uint256 perEpoch,
        uint32 from,
        uint32 end
    ) external onlyRegistry returns (uint256 locked) {
        Stake storage s = _book.stakes[id];
        if (s.committed == 0) _settleIdle(id, from - 1);
        uint256 word = VNodeWord.changingAt(_book.words[id], from);
        uint256 committed = s.committed + perEpoch;
        require(committed <= type(uint80).max, RateTooHigh(id, committed));

        _book.words[id] = word;
        _book.changes[id].add(VNodeWord.settledOf(word), from, end, uint80(perEpoch));
        s.committed = uint80(committed);
        return _book.back(ledger, s, id, word);
    }

    /// @dev Whoever has announced to leave, and has accepted all the same, may be gone then: nobody else has accepted.
    function _settleIdle(VNodeId id, uint32 epoch) private {
        NodeId node = VNodeWord.nodeOf(_book.words[id]);
        _book.settle(_context(address(0)), id, epoch, 1);
        bool same = node == NO_NODE || node == VNodeWord.nodeOf(_book.words[id]);
        require(same, IRegistry.HandingOver(id));
    }

    /// @inheritdoc IAudits
    function reschedule(
        VNodeId id,
        uint256 perEpoch,
        uint32 end,
        uint32 newEnd
    ) external onlyRegistry returns (uint256) {
        return _book.reschedule(ledger, id, perEpoch, end, newEnd);
    }

    // --------------------------------------------------------------------------------------------------- challenges

    /// @inheritdoc IAudits
    function summon(VNodeId id, address challenger) external onlyChallenges returns (Subject memory) {
        return _book.summon(_context(challenger), id);
    }

    /// @inheritdoc IAudits
    function convict(
        VNodeId id,
        Verdict calldata verdict
    ) external onlyChallenges returns (uint256 taken, uint256 reward) {
        return _book.convict(_context(verdict.challenger), id, verdict);
    }

    /// @inheritdoc IAudits
    function lastAnswer(VNodeId id, NodeId node, uint32 epoch) external view returns (uint32) {
        return _book.lastAnswer(id, node, epoch);
    }

    /// @inheritdoc IAudits
    function keptOf(VNodeId id, NodeId node) external view returns (uint256 amount, uint32 until) {
        Kept storage k = _book.kept[id][node];
        return (k.amount, _book.takenOver[id] < k.since ? k.until : 0);
    }

    /// @inheritdoc IAudits
    function owedOf(VNodeId id) external view returns (uint256) {
        return _book.owed[id].amount;
    }

    // ----------------------------------------------------------------------------------------------------- clusters

    /// @inheritdoc IAudits
    function openCluster(
        ClusterId id,
        uint8 profile,
        uint8 beacon,
        ClusterParams calldata p
    ) external onlyRegistry {
        _book.terms[id] = _termsOf(profile, beacon, p);
    }

    function _termsOf(uint8 profile, uint8 beacon, ClusterParams calldata p) private view returns (Terms) {
        _profile(profile);
        beacons(beacon);
        return Settlement.checkedTerms(profile, beacon, p, epochSeconds, margin);
    }

    /// @inheritdoc IAudits
    function changeCluster(
        ClusterId id,
        uint8 profile,
        uint8 beacon,
        ClusterParams calldata p
    ) external onlyRegistry returns (uint32 since) {
        // Segments and directories keep their depths.
        uint256 depths = _profile(_book.terms[id].profile()) & 0xffff;
        require(_profile(profile) & 0xffff == depths, OtherDepths(profile));

        return _book.changeTerms(id, _termsOf(profile, beacon, p), currentEpoch(), changeDelay);
    }

    /// @inheritdoc IAudits
    function params(
        ClusterId id
    ) external view returns (ClusterParams memory params_, uint8 profile, uint8 beacon) {
        return _book.params(id, currentEpoch());
    }

    /// @inheritdoc IAudits
    function announced(
        ClusterId id
    ) external view returns (uint32 since, ClusterParams memory params_, uint8 profile, uint8 beacon) {
        return _book.announced(id);
    }

    // -------------------------------------------------------------------------------------------------------- views

    /// @inheritdoc IAudits
    function state(VNodeId id) external view returns (VNodeState memory) {
        return _book.state(id);
    }

    /// @inheritdoc IAudits
    function duty(VNodeId id, uint32 epoch) external view returns (Duty memory) {
        uint32 current = currentEpoch();
        require(epoch == current, NotCurrentEpoch(epoch, current));
        return _book.duty(registry, id, epoch, epochStart(epoch) + margin);
    }

    /// @inheritdoc IAudits
    function pauseOf(VNodeId id, NodeId node) external view returns (uint32 from, uint32 end, uint32 used) {
        return _book.pauseOf(id, node, quarterEpochs());
    }

    /// @inheritdoc IAudits
    function leaveOf(VNodeId id) external view returns (NodeId node, uint32 epoch) {
        Leave storage l = _book.leaves[id];
        return (l.node, l.epoch);
    }

    /// @inheritdoc IAudits
    function creditBetween(
        VNodeId id,
        uint32 from,
        uint32 end
    ) external view returns (uint32 to, uint256 credit) {
        return _book.creditBetween(id, from, end);
    }
}
