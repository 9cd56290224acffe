// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "../../interfaces/IAudits.sol";
import {NO_NODE, NodeId, VNodeId} from "../../interfaces/Types.sol";
import {Asks} from "./Asks.sol";
import {Decisions} from "./Decisions.sol";
import {Schedule} from "./Schedule.sol";
import {Stakes} from "./Stakes.sol";
import {AuditsState, Context, Deferred, Run, Stake} from "./State.sol";
import {Succession} from "./Succession.sol";
import {Terms} from "./Terms.sol";
import {VNode, VNodeWord} from "./VNodeWord.sol";

/// @title Epochs
/// @notice How the epochs of a vNode are entered and decided, one after the other.
library Epochs {
    using Asks for AuditsState;
    using Decisions for AuditsState;
    using Schedule for Schedule.Changes;
    using Stakes for AuditsState;
    using Succession for AuditsState;

    /// @dev The most epochs that a change settles before it is made.
    uint256 internal constant MAX_LAG = 64;

    // ------------------------------------------------------------------------------------------------------ running

    function open(
        AuditsState storage self,
        Context memory context,
        VNodeId id
    ) internal view returns (Run memory r) {
        r = Run(context, id, self.existing(id), Terms.wrap(0), 0);
        r.terms = self.termsAt(r.v.cluster, r.v.settled + 1);
    }

    function close(AuditsState storage self, Run memory r) internal returns (uint32 settled) {
        if (r.refunded != 0) r.context.ledger.refund(r.refunded);
        self.words[r.id] = VNodeWord.pack(r.v);
        return r.v.settled;
    }

    /// @notice Opens a vNode and settles all epochs that are over. Then its node is the running epoch's, and its terms are the
    /// next epoch's.
    function openSettled(
        AuditsState storage self,
        Context memory context,
        VNodeId id
    ) internal returns (Run memory r) {
        r = open(self, context, id);
        uint32 current = context.current;
        if (r.v.settled < current) {
            settle(self, r, current - 1, MAX_LAG);
            require(r.v.settled + 1 >= current, IAudits.SettleFirst(id, r.v.settled, current - 1));
            r.terms = self.termsAt(r.v.cluster, current);
            _handOver(self, r, current);
        }
        r.terms = self.termsAt(r.v.cluster, current + 1);
    }

    /// @notice Settles up to `limit` epochs until `last`, which is over.
    function settle(AuditsState storage self, Run memory r, uint32 last, uint256 limit) internal {
        VNode memory v = r.v;
        for (uint32 epoch = v.settled + 1; epoch <= last && limit != 0; ++epoch) {
            if (v.rate == 0 && self.stakes[r.id].committed == 0) return _skipIdle(self, r, last);
            --limit;
            enter(self, r, epoch);
            v.settled = epoch;
            self.decide(r, epoch);
        }
    }

    /// @dev Nothing is stored and nothing will be, so that all epochs until last are alike.
    function _skipIdle(AuditsState storage self, Run memory r, uint32 last) private {
        r.terms = self.termsAt(r.v.cluster, last);
        _handOver(self, r, last);
        r.v.settled = last;
    }

    // ----------------------------------------------------------------------------------------------------- entering

    /// @notice Makes the changes that come with an epoch: of the terms, the rate and the responsible node.
    function enter(AuditsState storage self, Run memory r, uint32 epoch) internal {
        VNode memory v = r.v;
        r.terms = self.termsAt(v.cluster, epoch);
        bool changes = epoch >= v.nextChange;
        if (changes) _changeRate(self, r, epoch);
        if (changes || v.nextSince != 0) _handOver(self, r, epoch);
        if (epoch >= v.nextChange) v.nextChange = _quietUntil(self, r, epoch);
    }

    /// @notice Notes that something may change in an epoch, so that nobody takes it for a plain one.
    function expectChange(Run memory r, uint32 epoch) internal pure {
        if (epoch < r.v.nextChange) r.v.nextChange = epoch;
    }

    function _changeRate(AuditsState storage self, Run memory r, uint32 epoch) private {
        VNode memory v = r.v;
        (uint256 raise, uint256 lower) = self.changes[r.id].changeAt(epoch);
        uint256 rate = v.rate + raise - lower;
        if (rate == 0 && v.deferring) self.refund(r, epoch - 1, 0);
        if (lower != 0 && v.deferring) {
            Deferred storage d = self.deferred[r.id];
            (d.ended, d.endedSince) = (uint96(Asks.endedIn(d) + lower), d.since);
        }
        v.rate = uint80(rate);
        if (lower != 0) self.shrink(r, lower);
    }

    /// @dev Drops a successor that has waited for too long, lets go a node that has announced to leave, and lets the next node
    /// take over, each if its time has come. A second call for the same epoch changes nothing.
    function _handOver(AuditsState storage self, Run memory r, uint32 epoch) private {
        VNode memory v = r.v;
        if (self.isOverdue(r.id, v, epoch)) self.dropNext(r, epoch);
        if (self.leavesIn(r.id, v, epoch)) _depart(self, r, epoch);
        if (v.nextSince == 0 || v.nextSince > epoch) return;
        Stake storage s = self.stakes[r.id];
        if (v.node != NO_NODE && s.nextSyncs && !s.nextReady) return;
        if (v.deferring) self.refund(r, epoch - 1, 0);
        self.switchNode(r, epoch);
    }

    function _depart(AuditsState storage self, Run memory r, uint32 epoch) private {
        NodeId node = r.v.node;
        if (r.v.deferring) self.refund(r, epoch - 1, 0);
        self.keepStake(r, epoch);

        emit IAudits.Left(r.id, node, epoch);

        self.vacate(r);
    }

    /// @dev The next epoch in which something may change. It is the very next one in a notice to leave, around a pause, and while
    /// owners are owed. The last epoch before a change of the rate counts, too, since it may be due.
    function _quietUntil(
        AuditsState storage self,
        Run memory r,
        uint32 epoch
    ) private view returns (uint32 quiet) {
        NodeId node = r.v.node;
        if (node != NO_NODE && self.leaves[r.id].node == node) return epoch + 1;
        if (self.owed[r.id].amount != 0) return epoch + 1;
        quiet = self.changes[r.id].quietUntil(epoch) - 1;
        return self.pauses[r.id][node].quietUntil(epoch, quiet);
    }
}
