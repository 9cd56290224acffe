// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";
import {IAudits} from "./interfaces/IAudits.sol";
import {IBeacon} from "./interfaces/IBeacon.sol";
import {ILedger} from "./interfaces/ILedger.sol";
import {IRegistry} from "./interfaces/IRegistry.sol";
import {
    BASIS_POINTS,
    ClusterId,
    ClusterParams,
    NO_NODE,
    NodeId,
    Unauthorized,
    VNodeId
} from "./interfaces/Types.sol";
import {IVerifier} from "./interfaces/IVerifier.sol";
import {Directory} from "./libraries/Directory.sol";
import {Parameters} from "./libraries/Parameters.sol";
import {Schedule} from "./libraries/Schedule.sol";
import {Terms, TermsWord} from "./libraries/Terms.sol";
import {VNode, VNodeWord} from "./libraries/VNodeWord.sol";

/// @title Audits
/// @notice See IAudits. `multicall` lets a proof bring its epoch's randomness along.
contract Audits is IAudits, Multicall {
    using Checkpoints for Checkpoints.Trace224;
    using Schedule for Schedule.Changes;

    /// @dev Bond behind a vNode. lock = committed · bondEpochs, less what was slashed; as agreed when the node was assigned.
    struct Stake {
        uint80 committed;
        uint16 bondEpochs;
        uint96 lock;
        NodeId nextNode;
        uint96 nextLock;
        uint16 nextBondEpochs;
        /// Whether the next node takes over data that it has not accepted itself.
        bool nextSyncs;
    }

    /// @dev What a run of epochs adds up to, before it goes to the ledger.
    struct Tally {
        uint256 paid;
        uint256 fees;
        uint256 refunded;
    }

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
        Terms terms;
        address provider;
        IVerifier verifier;
        /// Its index in the batch.
        uint256 place;
    }

    /// @dev Epochs that a proof settles before itself.
    uint256 private constant MAX_LAG = 64;
    /// @dev Verified one by one if need be, they stay below the 2^24 gas of a transaction.
    uint256 private constant MAX_BATCH = 64;
    uint256 private constant MAX_CHOICES = 4;
    bytes32 private constant TAG_DUE = "due";
    uint256 private constant CREDIT_UNIT = 1e18;

    ILedger public immutable ledger;
    IRegistry public immutable registry;
    IERC20 public immutable token;
    uint256 public immutable genesis;
    uint256 public immutable epochSeconds;
    uint256 public immutable protocolFee;

    uint256 public immutable profileCount;
    uint256 private immutable PROFILE_0;
    uint256 private immutable PROFILE_1;
    uint256 private immutable PROFILE_2;
    uint256 private immutable PROFILE_3;

    uint256 public immutable beaconCount;
    IBeacon private immutable BEACON_0;
    IBeacon private immutable BEACON_1;
    IBeacon private immutable BEACON_2;
    IBeacon private immutable BEACON_3;

    mapping(ClusterId cluster => Terms) private _terms;
    /// @dev VNodeWord.
    mapping(VNodeId vNode => uint256) private _words;
    mapping(VNodeId vNode => Stake) private _stakes;
    mapping(VNodeId vNode => Schedule.Changes) private _changes;
    /// @dev Per vNode, after which epoch: credit of one unit of rate so far, times CREDIT_UNIT.
    mapping(VNodeId vNode => Checkpoints.Trace224) private _creditIndex;

    modifier onlyRegistry() {
        require(msg.sender == address(registry), Unauthorized(msg.sender));
        _;
    }

    // ------------------------------------------------------------------------------------------------- construction

    constructor(
        ILedger ledger_,
        IRegistry registry_,
        Profile[] memory profiles_,
        IBeacon[] memory beacons_,
        uint256 genesis_,
        uint256 epochSeconds_,
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
                protocolFee_ <= Parameters.MAX_PROTOCOL_FEE,
            BadDeployment()
        );
        (ledger, registry, token) = (ledger_, registry_, ledger_.token());
        (genesis, epochSeconds, protocolFee) = (genesis_, epochSeconds_, protocolFee_);

        profileCount = profiles_.length;
        require(profileCount != 0 && profileCount <= MAX_CHOICES, BadDeployment());
        PROFILE_0 = _pack(profiles_, 0);
        PROFILE_1 = _pack(profiles_, 1);
        PROFILE_2 = _pack(profiles_, 2);
        PROFILE_3 = _pack(profiles_, 3);

        beaconCount = beacons_.length;
        require(beaconCount != 0 && beaconCount <= MAX_CHOICES, BadDeployment());
        BEACON_0 = beacons_[0];
        BEACON_1 = beaconCount > 1 ? beacons_[1] : IBeacon(address(0));
        BEACON_2 = beaconCount > 2 ? beacons_[2] : IBeacon(address(0));
        BEACON_3 = beaconCount > 3 ? beacons_[3] : IBeacon(address(0));
    }

    function _pack(Profile[] memory list, uint256 index) private view returns (uint256) {
        if (index >= list.length) return 0;
        Profile memory p = list[index];
        require(
            address(p.verifier).code.length != 0 &&
                p.samples != 0 &&
                // A segment's leaves are counted in 32 bits.
                p.dataDepth != 0 &&
                p.dataDepth < 8 &&
                p.directoryDepth != 0 &&
                p.directoryDepth <= Directory.MAX_DEPTH,
            BadDeployment()
        );
        return
            (uint256(uint160(address(p.verifier))) << 32) |
            (uint256(p.samples) << 16) |
            (uint256(p.dataDepth) << 8) |
            p.directoryDepth;
    }

    /// @inheritdoc IAudits
    function profiles(uint256 index) external view returns (Profile memory) {
        uint256 p = _profile(index);
        return Profile(IVerifier(address(uint160(p >> 32))), uint16(p >> 16), uint8(p >> 8), uint8(p));
    }

    function _profile(uint256 index) private view returns (uint256) {
        require(index < profileCount, NoSuchProfile(index));
        if (index == 0) return PROFILE_0;
        if (index == 1) return PROFILE_1;
        return index == 2 ? PROFILE_2 : PROFILE_3;
    }

    /// @inheritdoc IAudits
    function beacons(uint256 index) public view returns (IBeacon) {
        require(index < beaconCount, NoSuchBeacon(index));
        if (index == 0) return BEACON_0;
        if (index == 1) return BEACON_1;
        return index == 2 ? BEACON_2 : BEACON_3;
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
        IBeacon b = beacons(beacon);
        if (b.randomness(epoch) != 0) return;

        bytes32 value = b.record(epoch, evidence);
        uint256 reward = ledger.payAuditor(beacon, msg.sender);

        emit BeaconRecorded(beacon, epoch, value, msg.sender, reward);
    }

    /// @inheritdoc IAudits
    function randomness(uint8 beacon, uint32 epoch) public view returns (bytes32) {
        return beacons(beacon).randomness(epoch);
    }

    // ------------------------------------------------------------------------------------------------------- proofs

    /// @inheritdoc IAudits
    function prove(VNodeId id, uint32 epoch, uint256[8] calldata proof) external {
        Candidate memory c;
        uint256[4] memory inputs;
        Refusal refusal = _examine(id, epoch, _present(), c, inputs);
        require(refusal == Refusal.None, ProofRefused(id, epoch, refusal));
        require(c.verifier.verify(proof, inputs), ProofInvalid(id, epoch));

        (uint256 amount, uint256 fee) = _accept(c, epoch);
        ledger.pay(c.provider, VNodeWord.clusterOf(c.word), amount, fee);
    }

    /// @inheritdoc IAudits
    function proveBatch(ProofItem[] calldata items) external returns (bool[] memory accepted) {
        uint256 length = items.length;
        require(length != 0 && length <= MAX_BATCH, BadBatch(length));
        Candidate[] memory candidates = new Candidate[](length);
        uint256[8][] memory proofs = new uint256[8][](length);
        uint256[4][] memory inputs = new uint256[4][](length);

        Present memory present = _present();
        uint256 count;
        for (uint256 i = 0; i < length; ++i) {
            ProofItem calldata item = items[i];
            Candidate memory c = candidates[count];
            if (_examine(item.vNode, item.epoch, present, c, inputs[count]) != Refusal.None) continue;
            if (address(c.verifier) != address(candidates[0].verifier)) continue;
            (c.place, proofs[count]) = (i, item.proof);
            ++count;
        }
        accepted = new bool[](length);
        if (count == 0) return accepted;
        if (count < length) (proofs, inputs) = _first(count, proofs, inputs);
        _acceptThoseThatHold(candidates, proofs, inputs, accepted);
    }

    function _first(
        uint256 count,
        uint256[8][] memory proofs,
        uint256[4][] memory inputs
    ) private pure returns (uint256[8][] memory someProofs, uint256[4][] memory someInputs) {
        (someProofs, someInputs) = (new uint256[8][](count), new uint256[4][](count));
        for (uint256 i = 0; i < count; ++i) (someProofs[i], someInputs[i]) = (proofs[i], inputs[i]);
    }

    /// @dev If not all hold, each is looked at by itself.
    function _acceptThoseThatHold(
        Candidate[] memory candidates,
        uint256[8][] memory proofs,
        uint256[4][] memory inputs,
        bool[] memory accepted
    ) private {
        IVerifier verifier = candidates[0].verifier;
        bool allHold = verifier.verifyBatch(proofs, inputs);
        uint32 epoch = currentEpoch();
        ILedger.Payment[] memory payments = new ILedger.Payment[](proofs.length);
        for (uint256 i = 0; i < proofs.length; ++i) {
            Candidate memory c = candidates[i];
            if (!allHold && !verifier.verify(proofs[i], inputs[i])) continue;
            // Twice in one batch counts once.
            if (_words[c.id] != c.word) continue;
            (payments[i].amount, payments[i].fee) = _accept(c, epoch);
            (payments[i].to, payments[i].cluster) = (c.provider, VNodeWord.clusterOf(c.word));
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
        Candidate memory c,
        uint256[4] memory inputs
    ) private returns (Refusal) {
        if (epoch == 0 || epoch != present.epoch) return Refusal.NotCurrentEpoch;
        uint256 word = _words[id];
        ClusterId cluster = VNodeWord.clusterOf(word);
        if (ClusterId.unwrap(cluster) == 0) return Refusal.NoSuchVNode;
        if (VNodeWord.settledOf(word) + 1 < epoch) {
            _settle(id, VNodeWord.unpack(word), epoch - 1, MAX_LAG, msg.sender);
            word = _words[id];
            if (VNodeWord.settledOf(word) + 1 < epoch) return Refusal.SettleFirst;
        }
        if (VNodeWord.settledOf(word) >= epoch) return Refusal.AlreadyProven;
        Terms t = _terms[cluster];
        if (present.elapsed >= t.window()) return Refusal.WindowClosed;
        bytes32 random = _draw(present, t.beacon());
        if (random == 0) return Refusal.NoRandomness;

        (NodeId node, uint256 rate, bool syncing) = VNodeWord.isQuiet(word, epoch)
            ? (VNodeWord.nodeOf(word), VNodeWord.rateOf(word), VNodeWord.isSyncing(word))
            : _preview(id, VNodeWord.unpack(word), epoch);
        uint256 seed = _seed(id, node, epoch, random);
        if (!_isDue(node, rate, syncing, t, seed)) return Refusal.NotDue;
        (c.id, c.word, c.node, c.rate, c.terms) = (id, word, node, rate, t);
        c.verifier = IVerifier(address(uint160(_profile(t.profile()) >> 32)));
        c.provider = _setInputs(inputs, id, node, epoch, seed);
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
    ) private view returns (address) {
        (bytes32 root, uint40 total, address provider) = registry.statement(id, epoch, node);
        (inputs[0], inputs[1], inputs[2], inputs[3]) = (uint256(root), seed, 0, total);
        return provider;
    }

    /// @dev protocol/statement.ts, auditSeed.
    function _seed(VNodeId id, NodeId node, uint32 epoch, bytes32 random) private view returns (uint256) {
        return uint256(keccak256(abi.encode(block.chainid, address(this), id, node, epoch, random))) >> 8;
    }

    /// @dev A node that takes over is asked every time. protocol/statement.ts, isDue.
    function _isDue(
        NodeId node,
        uint256 rate,
        bool syncing,
        Terms t,
        uint256 seed
    ) private pure returns (bool) {
        if (node == NO_NODE || rate == 0) return false;
        if (syncing || t.odds() == 1) return true;
        return uint256(keccak256(abi.encode(seed, TAG_DUE))) % t.odds() == 0;
    }

    /// @dev Settles the epoch as proven.
    function _accept(Candidate memory c, uint32 epoch) private returns (uint256 amount, uint256 fee) {
        (VNodeId id, uint256 word) = (c.id, c.word);
        _words[id] =
            VNodeWord.isQuiet(word, epoch)
                ? VNodeWord.proven(word, epoch)
                : _enterProven(id, word, c.terms, epoch);

        emit Proven(id, c.node, epoch, msg.sender);

        return _payEpoch(id, c.node, c.rate, c.terms, epoch);
    }

    function _enterProven(VNodeId id, uint256 word, Terms t, uint32 epoch) private returns (uint256) {
        VNode memory v = VNodeWord.unpack(word);
        Tally memory none;
        _enter(id, v, t, none, epoch);
        return VNodeWord.proven(VNodeWord.pack(v), epoch);
    }

    // ----------------------------------------------------------------------------------------------------- settling

    /// @inheritdoc IAudits
    function settle(VNodeId id, uint256 maxEpochs) external returns (uint32) {
        VNode memory v = _existing(id);
        uint32 current = currentEpoch();
        if (current != 0) _settle(id, v, current - 1, maxEpochs, msg.sender);
        return v.settled;
    }

    /// @dev Settles up to limit epochs until last, which is over, and saves v.
    function _settle(VNodeId id, VNode memory v, uint32 last, uint256 limit, address reporter) private {
        Terms t = _terms[v.cluster];
        Tally memory tally;
        for (uint32 epoch = v.settled + 1; epoch <= last && limit != 0; ++epoch) {
            if (v.rate == 0 && _stakes[id].committed == 0) {
                _skipIdle(id, v, t, tally, last);
                break;
            }
            --limit;
            _enter(id, v, t, tally, epoch);
            v.settled = epoch;
            if (v.rate != 0) _settleEpoch(id, v, t, tally, epoch, reporter);
        }
        _flush(v, tally);
        _words[id] = VNodeWord.pack(v);
    }

    function _settleEpoch(
        VNodeId id,
        VNode memory v,
        Terms t,
        Tally memory tally,
        uint32 epoch,
        address reporter
    ) private {
        if (v.node == NO_NODE) return _refundEpoch(id, v, tally, epoch);
        bytes32 random = randomness(t.beacon(), epoch);
        bool missed =
            random != 0 && _isDue(v.node, v.rate, v.syncLeft != 0, t, _seed(id, v.node, epoch, random));
        if (!missed && v.syncLeft == 0) {
            (uint256 amount, uint256 fee) = _payEpoch(id, v.node, v.rate, t, epoch);
            (tally.paid, tally.fees) = (tally.paid + amount, tally.fees + fee);
            return;
        }
        _refundEpoch(id, v, tally, epoch);
        if (!missed) return;

        if (v.syncLeft == 0) _miss(id, v, t, tally, epoch, reporter);
        else if (--v.syncLeft == 0) {
            emit SyncDropped(id, v.node, epoch);

            _vacate(id, v, t, tally);
        }
    }

    /// @dev Nothing is stored and nothing will be: every epoch until last is the same.
    function _skipIdle(VNodeId id, VNode memory v, Terms t, Tally memory tally, uint32 last) private {
        if (v.nextSince != 0 && v.nextSince <= last) _switch(id, v, t, tally);
        v.settled = last;
    }

    /// @dev What the start of an epoch changes: who is responsible, and the rate.
    function _enter(VNodeId id, VNode memory v, Terms t, Tally memory tally, uint32 epoch) private {
        if (epoch == v.nextSince) _switch(id, v, t, tally);
        if (epoch < v.nextChange) return;
        (uint256 raise, uint256 lower) = _changes[id].changeAt(epoch);
        (v.rate, v.nextChange) = (uint80(v.rate + raise - lower), _changes[id].quietUntil(epoch));
        if (lower != 0) _shrink(id, v, lower);
    }

    /// @dev What entering each epoch from the next one to this one would make of v.
    function _preview(
        VNodeId id,
        VNode memory v,
        uint32 epoch
    ) private view returns (NodeId node, uint256 rate, bool syncing) {
        (node, rate, syncing) = (v.node, v.rate, v.syncLeft != 0);
        if (v.nextSince != 0 && v.nextSince <= epoch) {
            (node, syncing) = (_stakes[id].nextNode, _stakes[id].nextSyncs);
        }
        for (uint32 e = v.settled + 1; e <= epoch; ++e) {
            (uint256 raise, uint256 lower) = _changes[id].changeAt(e);
            rate = rate + raise - lower;
        }
    }

    /// @dev Some segments ended: their part of the bond is free.
    function _shrink(VNodeId id, VNode memory v, uint256 lower) private {
        Stake storage s = _stakes[id];
        s.committed = uint80(s.committed - lower);
        if (s.committed == 0) v.syncLeft = 0;
        if (v.node != NO_NODE) _trim(v.node, s);
    }

    function _trim(NodeId node, Stake storage s) private {
        uint256 needed = uint256(s.committed) * s.bondEpochs;
        uint256 locked = s.lock;
        if (locked <= needed) return;
        s.lock = uint96(needed);
        ledger.unlock(node, locked - needed);
    }

    function _payEpoch(
        VNodeId id,
        NodeId node,
        uint256 rate,
        Terms t,
        uint32 epoch
    ) private returns (uint256 amount, uint256 fee) {
        fee = (rate * (protocolFee + t.managerFee() + t.auditFee())) / BASIS_POINTS;
        amount = rate - fee;

        emit EpochPaid(id, node, epoch, amount, fee);
    }

    function _refundEpoch(VNodeId id, VNode memory v, Tally memory tally, uint32 epoch) private {
        tally.refunded += v.rate;
        _credit(id, epoch, CREDIT_UNIT);

        emit EpochRefunded(id, epoch, v.rate);
    }

    /// @dev Credits every segment that is active in the epoch with perEpoch · credit / CREDIT_UNIT.
    function _credit(VNodeId id, uint32 epoch, uint256 credit) private {
        Checkpoints.Trace224 storage index = _creditIndex[id];
        index.push(epoch, uint224(index.latest() + credit));
    }

    function _flush(VNode memory v, Tally memory tally) private {
        if (tally.paid + tally.fees != 0) {
            ledger.pay(registry.providerOf(v.node), v.cluster, tally.paid, tally.fees);
        }
        if (tally.refunded != 0) ledger.refund(tally.refunded);
        (tally.paid, tally.fees, tally.refunded) = (0, 0, 0);
    }

    // ---------------------------------------------------------------------------------------------------- penalties

    function _miss(
        VNodeId id,
        VNode memory v,
        Terms t,
        Tally memory tally,
        uint32 epoch,
        address reporter
    ) private {
        ++v.misses;

        emit Missed(id, v.node, epoch, v.misses);

        bool faulted = v.misses >= t.maxMisses();
        uint256 multiple = v.misses > t.grace() ? t.slashMultiple() : 0;
        if (faulted) multiple += t.faultMultiple();
        if (multiple != 0) _slash(id, v, epoch, multiple * v.rate, reporter, t.reporterShare());
        if (faulted) {
            emit Faulted(id, v.node, epoch);

            _vacate(id, v, t, tally);
        }
    }

    /// @dev Takes what is locked for this vNode, then what the node has not locked at all, and never what is locked for
    /// another.
    function _slash(
        VNodeId id,
        VNode memory v,
        uint32 epoch,
        uint256 amount,
        address reporter,
        uint256 reporterShare
    ) private {
        Stake storage s = _stakes[id];
        uint256 fromLock = Math.min(amount, s.lock);
        s.lock -= uint96(fromLock);
        (uint256 taken, uint256 reward) = ledger.slash(v.node, amount, fromLock, reporter, reporterShare);
        _credit(id, epoch, ((taken - reward) * CREDIT_UNIT) / v.rate);

        emit Slashed(id, v.node, epoch, taken, reporter, reward);
    }

    /// @dev Removes the node. Unless the manager has named the next one already, a standby node takes over in the next
    /// epoch.
    function _vacate(VNodeId id, VNode memory v, Terms t, Tally memory tally) private {
        _flush(v, tally);
        NodeId old = v.node;
        (v.node, v.misses, v.syncLeft) = (NO_NODE, 0, 0);
        Stake storage s = _stakes[id];
        _unlock(old, s.lock);
        s.lock = 0;
        if (v.nextSince != 0) return;

        uint256 needed = uint256(s.committed) * t.bondEpochs();
        NodeId next = registry.replaceNode(id, old, needed);
        if (next == NO_NODE) return;
        _appoint(v, s, t, next, needed);

        emit TookOver(id, next, v.nextSince);
    }

    // ---------------------------------------------------------------------------------------------- responsibility

    /// @inheritdoc IAudits
    function responsible(VNodeId id) external view returns (NodeId) {
        VNode memory v = VNodeWord.unpack(_words[id]);
        return v.nextSince == 0 ? v.node : _stakes[id].nextNode;
    }

    /// @inheritdoc IAudits
    function openVNode(VNodeId id, ClusterId cluster) external onlyRegistry {
        VNode memory v;
        (v.cluster, v.settled) = (cluster, currentEpoch());
        _words[id] = VNodeWord.pack(v);
    }

    /// @inheritdoc IAudits
    function assign(
        VNodeId id,
        NodeId node,
        address reporter
    ) external onlyRegistry returns (NodeId previous, uint32 since) {
        VNode memory v = _settledForChange(id, reporter);
        Terms t = _terms[v.cluster];
        Stake storage s = _stakes[id];
        bool pending = v.nextSince != 0;
        previous = pending ? s.nextNode : v.node;
        require(node != previous, AlreadyAssigned(id, node));

        if (pending) {
            _unlock(previous, s.nextLock);
            s.nextLock = 0;
        }
        since = currentEpoch() + 1;
        _appoint(v, s, t, node, uint256(s.committed) * t.bondEpochs());
        _words[id] = VNodeWord.pack(v);
    }

    /// @dev Settled to the last epoch that is over, with the running epoch's node in its place.
    function _settledForChange(VNodeId id, address reporter) private returns (VNode memory v) {
        v = _existing(id);
        uint32 current = currentEpoch();
        if (current == 0) return v;
        if (v.settled + 1 < current) _settle(id, v, current - 1, MAX_LAG, reporter);
        require(v.settled + 1 >= current, SettleFirst(id, v.settled, current - 1));
        Tally memory none;
        if (v.nextSince == current) _switch(id, v, _terms[v.cluster], none);
    }

    /// @dev Makes a node responsible from the next epoch on, with its bond locked.
    function _appoint(VNode memory v, Stake storage s, Terms t, NodeId node, uint256 needed) private {
        (s.nextNode, v.nextSince) = (node, currentEpoch() + 1);
        (s.nextBondEpochs, s.nextSyncs) = (t.bondEpochs(), s.committed != 0);
        if (node == NO_NODE || needed == 0) return;
        s.nextLock = uint96(needed);
        ledger.lock(node, needed);
    }

    /// @dev The next node becomes the node.
    function _switch(VNodeId id, VNode memory v, Terms t, Tally memory tally) private {
        _flush(v, tally);
        Stake storage s = _stakes[id];
        _unlock(v.node, s.lock);
        (s.lock, s.bondEpochs, s.nextLock) = (s.nextLock, s.nextBondEpochs, 0);
        (v.node, v.nextSince, v.misses) = (s.nextNode, 0, 0);
        v.syncLeft = s.nextSyncs && v.node != NO_NODE ? t.syncEpochs() : 0;
        s.nextNode = NO_NODE;
        // What has ended since it was appointed.
        _trim(v.node, s);
    }

    function _unlock(NodeId node, uint256 amount) private {
        if (amount != 0) ledger.unlock(node, amount);
    }

    /// @inheritdoc IAudits
    function commit(VNodeId id, uint256 perEpoch, uint32 from, uint32 end) external onlyRegistry {
        VNode memory v = _existing(id);
        Stake storage s = _stakes[id];
        uint256 committed = s.committed + perEpoch;
        require(committed <= type(uint80).max, RateTooHigh(id, committed));
        if (s.committed == 0 && v.rate == 0) {
            Tally memory none;
            _skipIdle(id, v, _terms[v.cluster], none, from - 1);
        }
        if (from < v.nextChange) v.nextChange = from;
        _words[id] = VNodeWord.pack(v);

        s.committed = uint80(committed);
        _changes[id].add(from, end, uint128(perEpoch));
        if (v.nextSince == 0) _topUp(s, v.node, s.lock, false);
        else _topUp(s, s.nextNode, s.nextLock, true);
    }

    /// @dev Locks what is missing for what is committed, slashed bond included.
    function _topUp(Stake storage s, NodeId node, uint256 locked, bool next) private {
        uint256 needed = uint256(s.committed) * (next ? s.nextBondEpochs : s.bondEpochs);
        if (needed <= locked) return;
        if (next) s.nextLock = uint96(needed);
        else s.lock = uint96(needed);
        ledger.lock(node, needed - locked);
    }

    // ----------------------------------------------------------------------------------------------------- clusters

    /// @inheritdoc IAudits
    /// @dev The registry has checked the parameters.
    function openCluster(
        ClusterId id,
        uint8 profile,
        uint8 beacon,
        ClusterParams calldata p
    ) external onlyRegistry {
        _profile(profile);
        beacons(beacon);

        _terms[id] = TermsWord.pack(p, profile, beacon);
    }

    /// @inheritdoc IAudits
    function params(
        ClusterId id
    ) external view returns (ClusterParams memory params_, uint8 profile, uint8 beacon) {
        Terms t = _terms[id];
        return (TermsWord.unpack(t), t.profile(), t.beacon());
    }

    // -------------------------------------------------------------------------------------------------------- views

    /// @inheritdoc IAudits
    function state(VNodeId id) external view returns (VNodeState memory) {
        VNode memory v = _existing(id);
        Stake storage s = _stakes[id];
        return
            VNodeState({
                node: v.node,
                settled: v.settled,
                misses: v.misses,
                syncLeft: v.syncLeft,
                rate: v.rate,
                nextNode: s.nextNode,
                nextSince: v.nextSince,
                committed: s.committed,
                locked: s.lock,
                nextLocked: s.nextLock
            });
    }

    /// @inheritdoc IAudits
    function duty(VNodeId id, uint32 epoch) external view returns (Duty memory d) {
        uint32 current = currentEpoch();
        require(epoch == current, NotCurrentEpoch(epoch, current));
        VNode memory v = _existing(id);
        Terms t = _terms[v.cluster];
        d.deadline = epochStart(epoch) + t.window();
        d.randomness = randomness(t.beacon(), epoch);
        bool settled = v.settled >= epoch;
        bool syncing;
        uint256 rate;
        (d.node, rate, syncing) = _preview(id, v, epoch);
        (d.root, d.total) = registry.snapshot(id, epoch);
        if (d.randomness == 0) return d;
        d.seed = _seed(id, d.node, epoch, d.randomness);
        // The running epoch is settled by its proof, or has nothing to prove.
        d.proven = settled && rate != 0;
        d.due = d.proven || (!settled && _isDue(d.node, rate, syncing, t, d.seed));
    }

    /// @inheritdoc IAudits
    function creditBetween(
        VNodeId id,
        uint32 from,
        uint32 end
    ) external view returns (uint32 to, uint256 credit) {
        uint32 unsettled = VNodeWord.unpack(_words[id]).settled + 1;
        to = unsettled < end ? unsettled : end;
        if (to <= from) return (from, 0);
        Checkpoints.Trace224 storage index = _creditIndex[id];
        credit = index.upperLookupRecent(to - 1) - index.upperLookupRecent(from - 1);
    }

    function _existing(VNodeId id) private view returns (VNode memory v) {
        v = VNodeWord.unpack(_words[id]);
        require(ClusterId.unwrap(v.cluster) != 0, NoSuchVNode(id));
    }
}
