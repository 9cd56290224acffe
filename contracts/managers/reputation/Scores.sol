// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IAudits} from "../../interfaces/IAudits.sol";
import {IChallenges} from "../../interfaces/IChallenges.sol";
import {IRegistry} from "../../interfaces/IRegistry.sol";
import {
    ClusterParams,
    FIRST_SERIAL,
    NO_NODE,
    NodeId,
    Serial,
    Unauthorized,
    VNodeId
} from "../../interfaces/Types.sol";
import {Asks} from "../../libraries/settlement/Asks.sol";
import {CreditIndex} from "../../libraries/settlement/CreditIndex.sol";
import {Pay} from "../../libraries/settlement/Pay.sol";
import {Terms} from "../../libraries/settlement/Terms.sol";
import {ClusterManager} from "../ClusterManager.sol";
import {Fading} from "./Fading.sol";
import {ReputationRules, RuleBounds} from "./ReputationRules.sol";

/// @title Scores
/// @notice What nodes have proven and were paid for in this cluster, from what the contracts saw.
///
///     score' = score · (1 - 1/memoryEpochs) in each epoch
///     score' = score + paid · period · odds in an epoch that is sampled
///     score' = score · (15/16)^misses · (1/2)^lost challenges · (1/4)^faults
///
/// paid is the sum over the payers of min(payerCap, what they pay for the vNode in the epoch), times the part of the rate
/// that the node is paid. All is rounded down.
///
/// A vNode is sampled in an epoch that its randomness draws, which is one in `period`, and that asks for a proof by the draw
/// of the cluster's odds, which is one in `odds`. Nobody knows this before the epoch has begun, and then nobody can change
/// what is paid in it. So the expectation is the sum of all that is paid, and it costs the fees of all that is paid.
///
/// A sample counts nothing unless the node was in sync in an earlier epoch that was looked at, and has missed nothing since
/// the last sample. Otherwise a node could store for itself, and leave all epochs unanswered but the sampled ones.
abstract contract Scores is ClusterManager {
    /// @dev A score, as of the epoch in which it was changed.
    struct Point {
        uint32 epoch;
        uint224 score;
    }

    /// @dev What is known of a vNode's service.
    struct Book {
        NodeId node;
        /// The epoch from which the node serves.
        uint32 since;
        /// The epoch in which the node was seen in sync first.
        uint32 opened;
        /// Misses of the service that were cut, and those until the last sample.
        uint32 cut;
        uint32 sampledMisses;
        /// The last epoch that was sampled. Segments from nextSerial on can still be named for it.
        uint32 sampled;
        Serial nextSerial;
        bool counts;
        /// Segments below `known` were there before the epoch knownIn, those below knownNext in it.
        uint32 knownIn;
        Serial known;
        Serial knownNext;
    }

    /// @dev What a payer counts for in the epoch that was sampled last.
    struct Counted {
        uint32 epoch;
        uint80 amount;
    }

    /// @dev A page of a sample.
    struct Page {
        VNodeId vNode;
        NodeId node;
        uint32 epoch;
        /// What a counted token unit adds, times CREDIT_UNIT.
        uint256 each;
    }

    uint256 private constant AFTER_MISS = (15 * Fading.ONE) / 16;
    uint256 private constant AFTER_LOST = Fading.ONE / 2;
    uint256 private constant AFTER_FAULT = Fading.ONE / 4;

    ReputationRules internal _rules;
    uint256 private immutable KEEP;

    /// @dev At most one for each epoch. The last one is what the score fades from.
    mapping(NodeId node => Point[]) private _points;
    /// @dev The faults and lost challenges that were cut.
    mapping(NodeId node => IChallenges.Record) private _seen;
    mapping(VNodeId vNode => Book) private _books;
    mapping(VNodeId vNode => mapping(address payer => Counted)) private _counted;

    /// @param counted token units that count, and what the node's score gained by them.
    event Sampled(
        VNodeId indexed vNode,
        NodeId indexed node,
        uint32 epoch,
        Serial[] serials,
        uint256 counted,
        uint256 gain,
        uint256 score
    );
    /// @notice Emitted when a score is cut for what was not seen before.
    event Cut(NodeId indexed node, uint32 epoch, uint32 misses, uint32 lost, uint32 faults, uint256 score);
    /// @notice Emitted when a node's service is seen for the first time. Samples count from the next epoch on.
    event Opened(VNodeId indexed vNode, NodeId indexed node, uint32 epoch);

    /// @notice Thrown when a vNode is another cluster's.
    error OtherCluster(VNodeId vNode);
    /// @notice Thrown when a node is not on probation with that vNode, nor a member.
    error NoStanding(NodeId node, VNodeId vNode);
    /// @notice Thrown when the epoch is not one that is sampled, or the vNode was not proven in it, or what the node has at
    /// stake was slashed so far that it is not paid.
    error NotDrawn(VNodeId vNode, uint32 epoch);
    error NotProven(VNodeId vNode, uint32 epoch);
    error NotPaid(VNodeId vNode, uint32 epoch);
    /// @notice Thrown when serials do not ascend, over all pages of a sample.
    error NotInOrder(VNodeId vNode, Serial serial);
    /// @notice Thrown when a segment is not paid for in the epoch.
    error NotPaidFor(VNodeId vNode, Serial serial, uint32 epoch);

    constructor(ReputationRules memory rules_) {
        // Whoever gets notice can leave before it is over.
        RuleBounds.check(rules_, audits.changeDelay());
        _rules = rules_;
        KEEP = RuleBounds.keepDown(rules_);
    }

    function rules() external view returns (ReputationRules memory) {
        return _rules;
    }

    // ------------------------------------------------------------------------------------------------------- scores

    /// @notice The score of a node in the running epoch.
    function scoreOf(NodeId node) public view returns (uint256) {
        return scoreSince(node, type(uint32).max);
    }

    /// @notice The part of a node's score that it had before an epoch began, and has still.
    function scoreSince(NodeId node, uint32 epoch) public view returns (uint256 score) {
        Point[] storage points = _points[node];
        score = type(uint256).max;
        for (uint256 i = points.length; i != 0; --i) {
            Point memory then = points[i - 1];
            score = Math.min(score, _fadedDown(then.score, then.epoch));
            if (then.epoch < epoch) return score;
        }
        return 0;
    }

    function _fadedDown(uint256 score, uint32 epoch) private view returns (uint256) {
        return Fading.timesDown(score, Fading.powDown(KEEP, _current() - epoch));
    }

    function _setScore(NodeId node, uint256 score) private {
        Point[] storage points = _points[node];
        uint32 epoch = _current();
        if (points.length == 0 || points[points.length - 1].epoch != epoch) points.push();
        points[points.length - 1] = Point(epoch, uint224(score));
    }

    // -------------------------------------------------------------------------------------------------------- looks

    /// @notice Cuts a node's score for its faults and lost challenges. Anyone may call it.
    function look(NodeId node) public returns (bool isCut) {
        IChallenges.Record memory r = challenges.recordOf(node);
        IChallenges.Record memory seen = _seen[node];
        (uint32 faults, uint32 lost) = (r.faults - seen.faults, r.lost - seen.lost);
        if (faults == 0 && lost == 0) return false;
        _seen[node] = r;
        return _cut(node, 0, lost, faults);
    }

    /// @notice Cuts the score of a vNode's node for the misses of its service as far as the vNode is settled, and notes which
    /// segments there are. Anyone may call it.
    function lookAt(VNodeId vNode) public returns (bool isCut) {
        _expectOwn(vNode);
        IAudits.VNodeState memory s = audits.state(vNode);
        Book storage b = _books[vNode];
        _noteSegments(b, vNode);
        if (s.node == NO_NODE) return false;
        _open(b, vNode, s);
        if (b.node != s.node || b.since != s.servesSince || b.cut == s.servedMisses) return false;
        uint32 misses = s.servedMisses - b.cut;
        b.cut = s.servedMisses;
        return _cut(s.node, misses, 0, 0);
    }

    /// @dev What a node has behind it when it joins first is not counted.
    function _begin(NodeId node) internal {
        if (_points[node].length != 0) return;
        _seen[node] = challenges.recordOf(node);
        _setScore(node, 0);
    }

    function _cut(NodeId node, uint32 misses, uint32 lost, uint32 faults) private returns (bool) {
        uint256 score = scoreOf(node);
        if (score == 0) return false;
        uint256 factor = Fading.timesDown(
            Fading.powDown(AFTER_MISS, misses),
            Fading.timesDown(Fading.powDown(AFTER_LOST, lost), Fading.powDown(AFTER_FAULT, faults))
        );
        score = Fading.timesDown(score, factor);
        _setScore(node, score);

        emit Cut(node, _current(), misses, lost, faults, score);

        return true;
    }

    /// @dev A node that syncs may leave audits unanswered that are no misses.
    function _open(Book storage b, VNodeId vNode, IAudits.VNodeState memory s) private {
        if (s.syncLeft != 0 || (b.node == s.node && b.since == s.servesSince)) return;
        (b.node, b.since, b.opened) = (s.node, s.servesSince, _current());
        (b.cut, b.sampledMisses) = (0, 0);

        emit Opened(vNode, s.node, _current());
    }

    /// @dev A segment that was claimed looks like one that begins with the next epoch, and anyone may claim.
    function _noteSegments(Book storage b, VNodeId vNode) private {
        uint32 current = _current();
        if (b.knownIn == current) return;
        (b.knownIn, b.known, b.knownNext) = (current, b.knownNext, registry.directory(vNode).nextSerial);
    }

    function _expectOwn(VNodeId vNode) internal view {
        require(registry.vNode(vNode).cluster == cluster, OtherCluster(vNode));
    }

    // ------------------------------------------------------------------------------------------------------ samples

    /// @notice Whether an epoch with that randomness is sampled.
    function isDrawn(VNodeId vNode, bytes32 randomness) public view returns (bool) {
        return uint256(keccak256(abi.encode(randomness, vNode, address(this)))) % _rules.period == 0;
    }

    /// @notice Adds what is paid for segments in the running epoch to the score of the node that has proven it. The node's
    /// provider or operator calls it, once or several times in the epoch.
    /// @param serials in ascending order, over all calls.
    function sample(VNodeId vNode, Serial[] calldata serials) external returns (uint256 gain) {
        Page memory p = _drawn(vNode);
        lookAt(vNode);
        Book storage b = _books[vNode];
        if (b.sampled != p.epoch) _beginSample(b, vNode, p.epoch);
        uint256 counted = b.counts ? _count(b, p, serials) : 0;
        gain = (counted * p.each) / CreditIndex.CREDIT_UNIT;
        uint256 score = scoreOf(p.node) + gain;
        if (gain != 0) _setScore(p.node, score);

        emit Sampled(vNode, p.node, p.epoch, serials, counted, gain, score);
    }

    /// @dev Whether the running epoch is sampled, and by what a token unit counts.
    function _drawn(VNodeId vNode) private view returns (Page memory p) {
        _expectOwn(vNode);
        uint32 epoch = _current();
        IAudits.Duty memory d = audits.duty(vNode, epoch);
        require(registry.isOf(d.node, msg.sender), Unauthorized(msg.sender));
        require(_isSampled(d.node, vNode), NoStanding(d.node, vNode));
        (ClusterParams memory terms, , ) = audits.params(cluster);
        // Epochs that are due for another reason than the draw do not stand for those that are not.
        bool drawn =
            d.randomness != 0 && isDrawn(vNode, d.randomness) && Asks.isDrawn(Terms.wrap(terms.odds), d.seed);
        require(drawn, NotDrawn(vNode, epoch));
        require(d.proven, NotProven(vNode, epoch));
        require(!audits.state(vNode).short, NotPaid(vNode, epoch));
        uint256 times = uint256(_rules.period) * terms.odds;
        return Page(vNode, d.node, epoch, times * Pay.paidPartDown(d.rate, d.asked));
    }

    function _beginSample(Book storage b, VNodeId vNode, uint32 epoch) private {
        uint32 misses = audits.state(vNode).servedMisses;
        (b.sampled, b.nextSerial) = (epoch, FIRST_SERIAL);
        b.counts = b.opened < epoch && b.sampledMisses == misses;
        b.sampledMisses = misses;
    }

    function _count(
        Book storage b,
        Page memory p,
        Serial[] calldata serials
    ) private returns (uint256 counted) {
        (Serial next, Serial known, uint256 cap) = (b.nextSerial, b.known, _rules.payerCap);
        for (uint256 i = 0; i < serials.length; ++i) {
            Serial serial = serials[i];
            require(serial >= next, NotInOrder(p.vNode, serial));
            next = serial.following();
            IRegistry.SegmentRecord memory s = registry.segment(p.vNode, serial);
            bool begun = s.from <= p.epoch || serial < known;
            require(begun && p.epoch < s.end, NotPaidFor(p.vNode, serial, p.epoch));
            Counted storage c = _counted[p.vNode][_payerOf(p, serial, s)];
            uint256 before = c.epoch == p.epoch ? c.amount : 0;
            uint256 amount = Math.min(before + s.perEpoch, cap);
            (c.epoch, c.amount) = (p.epoch, uint80(amount));
            counted += amount - before;
        }
        b.nextSerial = next;
    }

    function _payerOf(
        Page memory p,
        Serial serial,
        IRegistry.SegmentRecord memory s
    ) private view returns (address payer) {
        if (s.payers != 0) {
            IRegistry.Payer[] memory payers = registry.payersOf(p.vNode, serial);
            uint256 i;
            while (payers[i].end <= p.epoch) ++i;
            payer = payers[i].account;
        }
        if (payer == address(0)) payer = registry.bucket(s.bucket).owner;
    }

    /// @dev Whether service of a node on a vNode counts.
    function _isSampled(NodeId node, VNodeId vNode) internal view virtual returns (bool);
}
