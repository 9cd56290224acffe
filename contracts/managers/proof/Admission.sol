// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IAudits} from "../../interfaces/IAudits.sol";
import {IChallenges} from "../../interfaces/IChallenges.sol";
import {IRegistry} from "../../interfaces/IRegistry.sol";
import {ClusterParams, NO_NODE, NO_VNODE, NodeId, Unauthorized, VNodeId} from "../../interfaces/Types.sol";
import {IProofOfStorage} from "./IProofOfStorage.sol";
import {Member, ProofState, Reason, Standing} from "./ProofTypes.sol";
import {Ring} from "./Ring.sol";
import {Standings} from "./Standings.sol";

/// @title Admission
/// @notice How nodes become candidates and members, and cease to be.
///
///     join ----> candidate -- N epochs of its segment are paid, none missed, still fit ----> member
///                    |                                                                         |
///                    +---- left, or a rule broken ----> barred for `reentry` epochs <----------+
///
/// A candidate stores one segment on its vNode of the probation cluster. It, or a sponsor, pays itself for it, and loses the
/// fees. What the chain proves: the segment has the leaves of the size class, pays the least price at least, is all that the
/// vNode has held since the node joined, and was proven epoch after epoch without a miss. What it does not prove: what the
/// bytes are. They should be the stream of `seedOf`, which nobody can know before it joins. Its root can be computed by
/// anybody and compared with the one on record. Even so, whoever has the seed can make the bytes again when they are asked for.
/// So probation shows that a node works, is bonded and has paid in proportion to what it offers. It is no proof of empty space.
/// @dev Linked, not inlined, since the manager would be too large to deploy.
library Admission {
    using Ring for Ring.Ordered;
    using Standings for ProofState;

    uint256 private constant MAX_MEMBERS = 64;
    /// @dev Epochs that a candidate has, as a multiple of those that it must be paid for, and on top of them.
    uint32 private constant PATIENCE_FACTOR = 4;
    uint32 private constant PATIENCE_EPOCHS = 64;
    /// @dev The most seats whose misses one call counts.
    uint256 private constant MAX_COUNTED = 16;
    /// @dev Epochs that a seed is looked for.
    uint32 private constant MAX_SCAN = 64;

    // ------------------------------------------------------------------------------------------------------- joining

    /// @notice The terms that hold and those announced: whoever joins names them.
    function termsHash(ProofState storage self) public view returns (bytes32) {
        (ClusterParams memory p, uint8 profile, uint8 beacon) = self.core.audits.params(self.core.cluster);
        (uint32 since, ClusterParams memory q, uint8 profile2, uint8 beacon2) = self.core.audits.announced(
            self.core.cluster
        );
        return keccak256(abi.encode(p, profile, beacon, since, q, profile2, beacon2));
    }

    /// @notice The leaves of the probation segment: a part of the largest power of two up to what is offered, at most what a
    /// segment can have.
    function probationLeaves(ProofState storage self, uint40 offered) public view returns (uint32) {
        uint256 class = Math.log2(offered);
        uint256 most = 4 * uint256(self.core.registry.cluster(self.core.cluster).dataDepth);
        uint256 shared = class > self.rules.shareBits ? class - self.rules.shareBits : 0;
        return uint32(1 << Math.min(shared, Math.min(most, 31)));
    }

    /// @notice Makes a node of the caller a candidate. The caller must trust this manager. The node's rent is at most the
    /// price, and its free bond is enough for what it offers at that price.
    /// @param offered leaves, of the node's capacity.
    function join(ProofState storage self, NodeId node, uint40 offered, bytes32 terms) external {
        Member storage m = self.members[node];
        require(msg.sender == self.core.registry.providerOf(node), Unauthorized(msg.sender));
        require(m.standing == Standing.None, IProofOfStorage.AlreadyIn(node));
        uint32 current = self.current();
        require(current >= m.barredUntil, IProofOfStorage.Barred(node, m.barredUntil, current));
        require(terms == termsHash(self), IProofOfStorage.OtherTerms(terms, termsHash(self)));
        require(
            offered >= self.rules.seatLeaves,
            IProofOfStorage.CapacityTooSmall(offered, self.rules.seatLeaves)
        );

        (m.provider, m.offered, m.joined, m.standing) = (msg.sender, offered, current, Standing.Candidate);
        m.bondRate = uint128(uint256(self.price) * self.bondEpochs());
        IChallenges.Record memory r = self.core.challenges.recordOf(node);
        (m.faults, m.lost) = (r.faults, r.lost);
        (m.missed, m.missedIn) = (0, 0);
        m.quota = uint16(Math.min(offered / self.rules.seatLeaves, type(uint16).max));
        (, , m.beacon) = self.core.audits.params(self.core.probation);
        _expectFit(self, node, m);
        VNodeId id = _probationVNode(self);
        m.vNode = id;
        m.serial = self.core.registry.directory(id).nextSerial;

        emit IProofOfStorage.Joined(
            node,
            msg.sender,
            id,
            offered,
            probationLeaves(self, offered),
            m.bondRate,
            terms
        );

        self.core.registry.assign(id, node);
    }

    function _expectFit(ProofState storage self, NodeId node, Member storage m) private view {
        Reason reason = self.unfit(node, m, 0, 0);
        require(reason == Reason.None, IProofOfStorage.NotFit(node, reason));
    }

    function _probationVNode(ProofState storage self) private returns (VNodeId id) {
        uint256 count = self.free.length;
        if (count != 0) {
            id = self.free[count - 1];
            self.free.pop();
            return id;
        }
        uint64[] memory tokens = new uint64[](1);
        tokens[0] = ++self.tokens;
        return self.core.registry.addVNodes(self.core.probation, tokens);
    }

    /// @notice The key of the stream that a candidate should store: 0 until the first epoch after it joined has randomness.
    function seedOf(ProofState storage self, NodeId node) external view returns (bytes32) {
        Member storage m = self.members[node];
        require(m.standing == Standing.Candidate, IProofOfStorage.NotACandidate(node));
        uint256 last = Math.min(self.current(), uint256(m.joined) + MAX_SCAN);
        for (uint32 epoch = m.joined + 1; epoch <= last; ++epoch) {
            bytes32 random = self.core.audits.randomness(m.beacon, epoch);
            if (random == 0) continue;
            return keccak256(abi.encode(self.core.cluster, node, probationLeaves(self, m.offered), random));
        }
        return 0;
    }

    // ----------------------------------------------------------------------------------------------------- admission

    /// @notice Makes a candidate that has proven itself a member. Anyone may call it.
    /// @param instead if there are 64 members, one that offers less and has no seat, and gives way. Otherwise 0.
    function admit(ProofState storage self, NodeId node, NodeId instead) external {
        Member storage m = self.members[node];
        require(m.standing == Standing.Candidate, IProofOfStorage.NotACandidate(node));
        _expectFit(self, node, m);
        (uint256 paid, bytes32 root) = _provenOf(self, node, m);
        if (self.list.length == MAX_MEMBERS) _displace(self, instead, m.offered);

        (m.standing, m.since, m.index) = (Standing.Member, self.current(), uint8(self.list.length));
        self.list.push(node);
        self.offered += m.offered;
        self.quota += m.quota;

        emit IProofOfStorage.Admitted(node, m.provider, paid, root);

        self.pay();
    }

    function _provenOf(
        ProofState storage self,
        NodeId node,
        Member storage m
    ) private returns (uint256 paid, bytes32 root) {
        VNodeId id = m.vNode;
        self.core.audits.settle(id, MAX_SCAN);
        IAudits.VNodeState memory s = self.core.audits.state(id);
        IRegistry.DirectoryView memory d = self.core.registry.directory(id);
        bool alone = d.count == 1 && d.live == 1 && d.nextSerial == m.serial.following();
        require(alone, IProofOfStorage.OtherData(id));
        IRegistry.SegmentRecord memory r = self.core.registry.segment(id, m.serial);
        bool serves = s.node == node && s.servesSince <= r.from && s.servedMisses == 0;
        require(serves, IProofOfStorage.NotFit(node, Reason.FailedProbation));
        uint256 leaves = probationLeaves(self, m.offered);
        bool isOne = r.leaves == leaves && r.perEpoch >= Standings.perEpochUp(leaves, self.rules.curve.least);
        require(isOne, IProofOfStorage.OtherData(id));
        uint256 needed = _neededEpochs(self);
        paid = _paidEpochs(self, id, r.from, r.end);
        require(paid >= needed, IProofOfStorage.NotYetProven(node, paid, needed));
        root = d.root;
    }

    function _neededEpochs(ProofState storage self) private view returns (uint256) {
        (ClusterParams memory p, , ) = self.core.audits.params(self.core.probation);
        return uint256(self.rules.probation) * p.odds;
    }

    /// @dev An epoch that was not paid was credited to the owners, one unit each: missed or paused ones. One that asked for
    /// nothing counts with the proof that pays it.
    function _paidEpochs(
        ProofState storage self,
        VNodeId id,
        uint32 from,
        uint32 end
    ) private view returns (uint256) {
        (uint32 to, uint256 credit) = self.core.audits.creditBetween(id, from, end);
        uint256 unpaid = Math.ceilDiv(credit, 1e18);
        return to - from > unpaid ? to - from - unpaid : 0;
    }

    function _displace(ProofState storage self, NodeId node, uint40 offered) private {
        Member storage m = self.members[node];
        require(m.standing == Standing.Member && m.seats == 0 && m.offered < offered, IProofOfStorage.Full());
        _end(self, node, m, Reason.Displaced);
    }

    /// @notice Takes the vNode of a probation that is over back, once it holds nothing. Anyone may call it.
    function freeProbation(ProofState storage self, NodeId node) external {
        Member storage m = self.members[node];
        VNodeId id = m.vNode;
        require(m.standing != Standing.Candidate && id != NO_VNODE, IProofOfStorage.NothingToDo());
        self.core.audits.settle(id, MAX_SCAN);
        IAudits.VNodeState memory s = self.core.audits.state(id);
        bool empty = s.committed == 0 && self.core.registry.directory(id).count == 0;
        require(empty, IProofOfStorage.OtherData(id));
        (NodeId left, , , ) = self.core.audits.outlook(id);

        m.vNode = NO_VNODE;
        self.free.push(id);

        emit IProofOfStorage.ProbationFreed(id, node);

        if (left != NO_NODE) self.core.registry.assign(id, NO_NODE);
    }

    /// @notice Announces the cluster's newest terms for the probation cluster, too. Anyone may call it.
    function followTerms(ProofState storage self) external {
        (, ClusterParams memory p, uint8 profile, uint8 beacon) = self.core.audits.announced(
            self.core.cluster
        );
        (, ClusterParams memory q, uint8 profile2, uint8 beacon2) = self.core.audits.announced(
            self.core.probation
        );
        bytes32 terms = keccak256(abi.encode(p, profile, beacon));
        require(terms != keccak256(abi.encode(q, profile2, beacon2)), IProofOfStorage.NothingToDo());

        emit IProofOfStorage.TermsFollowed(terms);

        self.core.registry.changeCluster(self.core.probation, profile, beacon, p);
    }

    // ------------------------------------------------------------------------------------------------------- leaving

    /// @notice Ends the membership of a node of the caller, whether this manager manages or not. Its seats go to others, one
    /// by one. Audits.announceLeave leaves a vNode without anybody's help.
    function quit(ProofState storage self, NodeId node) external {
        Member storage m = self.members[node];
        require(m.standing != Standing.None, IProofOfStorage.NotIn(node));
        require(msg.sender == self.core.registry.providerOf(node), Unauthorized(msg.sender));

        _end(self, node, m, Reason.Left);
    }

    /// @notice Ends what breaks a rule. Anyone may call it.
    /// @param vNodes seats of the node whose misses are counted first, at most 16.
    function evict(ProofState storage self, NodeId node, VNodeId[] calldata vNodes) external {
        Member storage m = self.members[node];
        require(m.standing != Standing.None, IProofOfStorage.NotIn(node));
        require(vNodes.length <= MAX_COUNTED, IProofOfStorage.TooMany(vNodes.length));
        (Reason reason, , ) = self.examine(node, m);
        if (reason == Reason.None && m.standing == Standing.Candidate) reason = _failing(self, node, m);
        bool counted;
        for (uint256 i = 0; i < vNodes.length; ++i)
            counted = _countMisses(self, node, m, vNodes[i]) || counted;
        if (reason == Reason.None && m.missed > self.rules.maxMisses) reason = Reason.TooManyMisses;
        require(reason != Reason.None || counted, IProofOfStorage.NothingToDo());
        if (reason == Reason.None) return;

        // A candidate has not paid for its admission yet. So nobody is paid to be one in vain.
        bool wasMember = m.standing == Standing.Member;
        _end(self, node, m, reason);
        if (wasMember) self.pay();
    }

    /// @dev Whether a candidate missed, was replaced, or has had its time.
    function _failing(ProofState storage self, NodeId node, Member storage m) private returns (Reason) {
        VNodeId id = m.vNode;
        self.core.audits.settle(id, MAX_SCAN);
        IAudits.VNodeState memory s = self.core.audits.state(id);
        (NodeId now_, NodeId next, , ) = self.core.audits.outlook(id);
        bool missed = s.node == node && s.servedMisses != 0;
        bool serves = (now_ == node || next == node) && !missed;
        uint32 current = self.current();
        bool inTime = current <= m.joined + PATIENCE_FACTOR * _neededEpochs(self) + PATIENCE_EPOCHS;
        return serves && inTime ? Reason.None : Reason.FailedProbation;
    }

    /// @dev Misses since the last look, beyond what is allowed for the whole periods in between.
    function _countMisses(
        ProofState storage self,
        NodeId node,
        Member storage m,
        VNodeId id
    ) private returns (bool) {
        Ring.Seat storage s = self.ring.seat(id);
        self.core.audits.settle(id, MAX_SCAN);
        IAudits.VNodeState memory v = self.core.audits.state(id);
        if (s.holder != node || v.node != node) return false;
        uint256 seen = v.servesSince == s.serves ? s.misses : 0;
        if (v.servedMisses <= seen) return false;
        uint256 misses = v.servedMisses - seen;
        uint32 current = self.current();
        uint256 allowed = (uint256(current - s.looked) / self.rules.period) * self.rules.maxMisses;
        (s.looked, s.serves, s.misses) = (current, v.servesSince, v.servedMisses);
        self.addMisses(m, misses > allowed ? misses - allowed : 0);

        emit IProofOfStorage.MissesCounted(node, id, misses, allowed, m.missed);

        return true;
    }

    function _end(ProofState storage self, NodeId node, Member storage m, Reason reason) private {
        uint32 until = self.current() + (reason == Reason.Displaced ? 0 : self.rules.reentry);
        if (m.standing == Standing.Member) {
            NodeId last = self.list[self.list.length - 1];
            self.list[m.index] = last;
            self.members[last].index = m.index;
            self.list.pop();
            self.offered -= m.offered;
            self.quota -= m.quota;
        }
        (m.standing, m.owed, m.since, m.barredUntil) = (Standing.None, 0, 0, until);

        emit IProofOfStorage.Ended(node, m.provider, reason, until);

        bool manages = self.core.registry.managerOf(self.core.cluster) == address(this);
        if (manages && self.isStandby(node)) self.core.registry.removeStandby(self.core.cluster, node);
    }
}
