// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "../../interfaces/IAudits.sol";
import {IRegistry} from "../../interfaces/IRegistry.sol";
import {NO_NODE, NO_VNODE, NodeId, VNodeId} from "../../interfaces/Types.sol";
import {IProofOfStorage} from "./IProofOfStorage.sol";
import {Lots} from "./Lots.sol";
import {Member, ProofState, Reason, Standing, Vacancy, Why} from "./ProofTypes.sol";
import {Queue} from "./Queue.sol";
import {Ring} from "./Ring.sol";
import {Standings} from "./Standings.sol";

/// @title SeatDraws
/// @notice How vNodes and places on the standby list go to members.
///
/// What is vacant waits in one queue, and the first that waits is drawn first. The draw is that of the first epoch after the one
/// in which the vacancy was found whose randomness is on record. A lot is weighed by the seats that a member has still free. So
/// nobody knows the draw when the vacancy is found, and nobody can choose between draws afterwards: neither the order, nor the
/// epoch, nor the weights. A member can only decline, by not being fit.
///
/// No two neighbours on the ring go to one provider. A member whose lot wins next to its own seat gets the next seat that
/// another wins and that is not next to its own. So it has as many seats as it would have in parts, and gains nothing by
/// pretending to be many providers.
/// @dev Linked, not inlined, since the manager would be too large to deploy.
library SeatDraws {
    using Queue for ProofState;
    using Ring for Ring.Ordered;
    using Standings for ProofState;

    /// @dev A draw that is under way.
    struct Draw {
        VNodeId vNode;
        uint64 number;
        uint32 epoch;
        bytes32 seed;
        /// What a node must have, and the providers next to it.
        uint256 leaves;
        uint256 bond;
        /// Who serves, who is named or else serves, and who leaves.
        NodeId serving;
        NodeId incumbent;
        NodeId leaver;
        address[4] neighbours;
    }

    uint256 private constant MAX_VNODES = 128;
    uint256 private constant MAX_SETTLED = 64;
    uint8 private constant MAX_OWED = 15;

    // ---------------------------------------------------------------------------------------------------------- ring

    /// @notice Puts a vNode of the cluster on the ring. Anyone may call it.
    /// @param hint a vNode on the ring, at most 16 places before it. Any value for the first one.
    function enlist(ProofState storage self, VNodeId id, VNodeId hint) external {
        IRegistry.VNodeView memory v = self.core.registry.vNode(id);
        require(v.cluster == self.core.cluster, IProofOfStorage.NotOfCluster(id));
        _enlist(self, id, v.token, hint);
        self.pay();
    }

    function _enlist(ProofState storage self, VNodeId id, uint64 token, VNodeId hint) private {
        require(self.ring.all.length < MAX_VNODES, IProofOfStorage.RingFull());
        self.ring.insert(id, token, hint, self.current());
        Ring.Seat storage s = self.ring.seats[id];

        emit IProofOfStorage.Enlisted(id, token, s.prev, s.next);
    }

    /// @notice Adds a vNode to the cluster while members offer twice as many seats as there are vNodes, one in an epoch, at the
    /// place that the running epoch's randomness says. Anyone may call it.
    /// @param hint as for enlist.
    function grow(ProofState storage self, VNodeId hint) external {
        uint32 current = self.current();
        uint256 count = self.ring.all.length;
        require(2 * (count + 1) <= self.quota && self.grownIn != current, IProofOfStorage.NothingToDo());
        (, , uint8 beacon) = self.core.audits.params(self.core.cluster);
        bytes32 random = self.core.audits.randomness(beacon, current);
        require(random != 0, IProofOfStorage.NotDrawnYet(0, current));

        self.grownIn = current;
        uint64[] memory tokens = new uint64[](1);
        tokens[0] = uint64(uint256(keccak256(abi.encode(random, address(this), count))));
        VNodeId id = self.core.registry.addVNodes(self.core.cluster, tokens);
        _enlist(self, id, tokens[0], hint);
        self.pay();
    }

    // --------------------------------------------------------------------------------------------------------- looks

    /// @notice Looks whose seat a vNode is, and queues it if it is vacant. Anyone may call it.
    function look(ProofState storage self, VNodeId id) external {
        Ring.Seat storage s = self.ring.seat(id);
        require(!s.vacant, IProofOfStorage.NothingToDo());
        self.core.audits.settle(id, MAX_SETTLED);
        (NodeId node, Why why) = _whose(self, id);
        bool changed = _find(self, id, s, node);
        require(changed || why != Why.Served, IProofOfStorage.NothingToDo());
        if (why != Why.Served) {
            s.vacant = true;
            self.push(id, node, why);
        }
        self.pay();
    }

    /// @dev The node that has the seat, or is about to.
    function _whose(ProofState storage self, VNodeId id) private view returns (NodeId node, Why why) {
        NodeId successor;
        (node, successor, , ) = self.core.audits.outlook(id);
        if (successor != NO_NODE) node = successor;
        if (node == NO_NODE) return (node, Why.Nobody);
        Member storage m = self.members[node];
        if (m.standing != Standing.Member)
            return (node, _isPatient(self, id, m) ? Why.Served : Why.NotAMember);
        (NodeId leaver, ) = self.core.audits.leaveOf(id);
        if (leaver == node) return (node, Why.Leaving);
        // Only the first of two neighbours moves, and none if the other one moves already.
        (VNodeId prev, VNodeId next) = self.ring.neighbours(id);
        VNodeId other = next == NO_VNODE && VNodeId.unwrap(id) < VNodeId.unwrap(prev) ? prev : next;
        bool isNext =
            other != NO_VNODE && !self.ring.seats[other].vacant && _providerOf(self, other) == m.provider;
        return (node, isNext ? Why.NextToItself : Why.Served);
    }

    /// @dev The provider of the node that has the seat, or is about to.
    function _providerOf(ProofState storage self, VNodeId id) private view returns (address) {
        (address a, address b) = _providersAt(self, id);
        return b == address(0) ? a : b;
    }

    /// @dev Nodes from before this manager came are given time to join.
    function _isPatient(ProofState storage self, VNodeId id, Member storage m) private view returns (bool) {
        return m.barredUntil == 0 && self.current() < self.ring.seats[id].since + self.rules.patience;
    }

    function _providersAt(ProofState storage self, VNodeId id) private view returns (address a, address b) {
        if (id == NO_VNODE) return (a, b);
        (NodeId node, NodeId successor, , ) = self.core.audits.outlook(id);
        if (node != NO_NODE) a = self.core.registry.providerOf(node);
        if (successor != NO_NODE) b = self.core.registry.providerOf(successor);
    }

    /// @dev Writes down whose seat it is. If the same node serves as before the holder was named, the holder has not taken over,
    /// which counts as a miss.
    function _find(
        ProofState storage self,
        VNodeId id,
        Ring.Seat storage s,
        NodeId node
    ) private returns (bool) {
        NodeId holder = self.members[node].standing == Standing.Member ? node : NO_NODE;
        NodeId old = s.holder;
        if (holder == old) return false;
        IAudits.VNodeState memory v = self.core.audits.state(id);
        bool declined = v.node == node && node != NO_NODE && v.servesSince <= s.looked;
        if (old != NO_NODE && declined) self.addMisses(self.members[old], 1);
        bool serves = v.node == holder;
        (s.looked, s.serves, s.misses) = (
            self.current(),
            serves ? v.servesSince : 0,
            serves ? v.servedMisses : 0
        );
        self.hold(id, holder);

        emit IProofOfStorage.Found(id, holder, declined ? old : NO_NODE);

        return true;
    }

    /// @notice Queues a place on the standby list, if one is free and none waits. Anyone may call it. The draw is what is paid.
    function callStandby(ProofState storage self) external {
        bool free = self.core.registry.standby(self.core.cluster).length < self.rules.standby;
        require(free && !self.standbyQueued, IProofOfStorage.NothingToDo());
        self.standbyQueued = true;
        self.push(NO_VNODE, NO_NODE, Why.Nobody);
    }

    /// @notice Takes a node off the standby list that is no member, or is not fit. That counts as a miss. Anyone may call it.
    function unlist(ProofState storage self, NodeId node) external {
        require(self.isStandby(node), IProofOfStorage.NothingToDo());
        Member storage m = self.members[node];
        Reason reason = m.standing == Standing.Member ? self.unfit(node, m, 0, 0) : Reason.Left;
        require(reason != Reason.None, IProofOfStorage.NothingToDo());

        self.addMisses(m, 1);

        emit IProofOfStorage.PassedOver(0, node, reason);

        self.core.registry.removeStandby(self.core.cluster, node);
        self.pay();
    }

    // --------------------------------------------------------------------------------------------------------- draws

    /// @notice The vacancies in the order in which they are drawn.
    function queued(ProofState storage self) external view returns (Vacancy[] memory list) {
        if (self.head == 0) return list;
        list = new Vacancy[](self.tail - self.head + 1);
        for (uint256 i = 0; i < list.length; ++i) list[i] = self.queue[uint64(self.head + i)];
    }

    /// @notice Draws who gets what has waited for the longest time. Anyone may call it.
    function seat(ProofState storage self) external {
        uint64 number = self.head;
        require(number != 0, IProofOfStorage.NothingToDo());
        Draw memory d;
        (d.number, d.vNode) = (number, self.queue[number].vNode);
        (d.seed, d.epoch) = self.drawnOf(number);
        if (d.seed == 0) return;
        if (d.vNode == NO_VNODE) _seatStandby(self, d);
        else _seatVNode(self, d);
    }

    function _seatVNode(ProofState storage self, Draw memory d) private {
        VNodeId id = d.vNode;
        self.core.audits.settle(id, MAX_SETTLED);
        (NodeId node, Why why) = _whose(self, id);
        Ring.Seat storage s = self.ring.seats[id];
        _find(self, id, s, node);
        if (why == Why.Served) {
            self.pop();

            emit IProofOfStorage.Filled(d.number, id, node);

            return;
        }

        _prepare(self, d, node);
        (NodeId winner, NodeId least) = _drawSeat(self, d);
        self.pop();
        if (winner == NO_NODE) {
            s.vacant = true;

            emit IProofOfStorage.Unfilled(d.number, id, d.epoch);

            return self.push(id, node, why);
        }
        self.hold(id, winner);
        (s.looked, s.serves, s.misses) = (self.current(), 0, 0);

        emit IProofOfStorage.Seated(d.number, id, winner, d.epoch, d.seed, least);

        self.core.registry.assign(id, winner);
        self.pay();
    }

    function _seatStandby(ProofState storage self, Draw memory d) private {
        self.pop();
        NodeId[] memory listed = self.core.registry.standby(self.core.cluster);
        if (listed.length >= self.rules.standby) return;
        Lot[] memory lots = _lots(self, d);
        for (uint256 i = 0; i < lots.length; ++i) {
            for (uint256 j = 0; j < listed.length; ++j) {
                if (lots[i].node == listed[j]) lots[i].weight = 0;
            }
        }
        NodeId winner = _nextFit(self, d, lots, false);
        if (winner == NO_NODE) {
            emit IProofOfStorage.Unfilled(d.number, NO_VNODE, d.epoch);

            return;
        }

        emit IProofOfStorage.Seated(d.number, NO_VNODE, winner, d.epoch, d.seed, winner);

        self.core.registry.addStandby(self.core.cluster, winner);
        self.pay();
    }

    /// @dev What the core asks of a node that is named for the vNode, after it is settled.
    function _prepare(ProofState storage self, Draw memory d, NodeId incumbent) private view {
        IAudits.VNodeState memory v = self.core.audits.state(d.vNode);
        d.leaves = self.core.registry.vNode(d.vNode).held;
        d.bond = uint256(v.committed) * self.bondEpochs();
        (d.serving, , , ) = self.core.audits.outlook(d.vNode);
        (d.leaver, ) = self.core.audits.leaveOf(d.vNode);
        d.incumbent = incumbent;
        (VNodeId prev, VNodeId next) = self.ring.neighbours(d.vNode);
        (d.neighbours[0], d.neighbours[1]) = _providersAt(self, prev);
        (d.neighbours[2], d.neighbours[3]) = _providersAt(self, next);
    }

    function _drawSeat(ProofState storage self, Draw memory d) private returns (NodeId winner, NodeId least) {
        Lot[] memory lots = _lots(self, d);
        least = _nextFit(self, d, lots, false);
        if (least == NO_NODE) return (NO_NODE, NO_NODE);
        if (_isNeighbour(self, d, least)) {
            do {
                winner = _nextFit(self, d, lots, false);
            } while (winner != NO_NODE && _isPassedAsNeighbour(self, d, winner));
            if (winner != NO_NODE) _owe(self, d, least);
            return (winner, least);
        }
        do {
            winner = _nextFit(self, d, lots, true);
        } while (winner != NO_NODE && _isNeighbour(self, d, winner));
        if (winner == NO_NODE) return (least, least);
        --self.members[winner].owed;
    }

    function _owe(ProofState storage self, Draw memory d, NodeId node) private {
        Member storage m = self.members[node];
        if (m.owed < MAX_OWED) ++m.owed;

        emit IProofOfStorage.Conflicted(d.number, node, m.owed);
    }

    function _isNeighbour(ProofState storage self, Draw memory d, NodeId node) private view returns (bool) {
        address provider = self.members[node].provider;
        for (uint256 i = 0; i < 4; ++i) {
            if (d.neighbours[i] == provider) return true;
        }
        return false;
    }

    function _isPassedAsNeighbour(
        ProofState storage self,
        Draw memory d,
        NodeId node
    ) private returns (bool) {
        if (!_isNeighbour(self, d, node)) return false;

        emit IProofOfStorage.PassedOver(d.number, node, Reason.Neighbour);

        return true;
    }

    // ---------------------------------------------------------------------------------------------------------- lots

    /// @dev A member's lot. Without a weight it does not take part, or has been looked at.
    struct Lot {
        NodeId node;
        uint256 cost;
        uint256 weight;
        bool owed;
    }

    function _lots(ProofState storage self, Draw memory d) private view returns (Lot[] memory lots) {
        lots = new Lot[](self.list.length);
        for (uint256 i = 0; i < lots.length; ++i) {
            NodeId node = self.list[i];
            Member storage m = self.members[node];
            uint256 weight = _weightIn(m, d.epoch);
            if (weight != 0) lots[i] = Lot(node, Lots.costUp(d.seed, node), weight, m.owed != 0);
        }
    }

    /// @dev The seats that a member had free before the randomness of an epoch was known.
    function _weightIn(Member storage m, uint32 epoch) private view returns (uint256) {
        if (m.since >= epoch) return 0;
        uint256 taken = m.seats;
        if (epoch <= m.freedIn && m.seatsBefore > taken) taken = m.seatsBefore;
        return m.quota > taken ? m.quota - taken : 0;
    }

    /// @dev Takes the least lot of a node that is fit out of the lots.
    function _nextFit(
        ProofState storage self,
        Draw memory d,
        Lot[] memory lots,
        bool owedOnly
    ) private returns (NodeId) {
        while (true) {
            uint256 best = lots.length;
            for (uint256 i = 0; i < lots.length; ++i) {
                Lot memory lot = lots[i];
                if (lot.weight == 0 || (owedOnly && !lot.owed)) continue;
                if (
                    best == lots.length ||
                    Lots.isLess(lot.cost, lot.weight, lots[best].cost, lots[best].weight)
                ) best = i;
            }
            if (best == lots.length) return NO_NODE;
            lots[best].weight = 0;
            NodeId node = lots[best].node;
            Reason reason = _unfitFor(self, d, node);
            if (reason == Reason.None) return node;

            emit IProofOfStorage.PassedOver(d.number, node, reason);
        }
        return NO_NODE;
    }

    function _unfitFor(ProofState storage self, Draw memory d, NodeId node) private view returns (Reason) {
        if (d.vNode == NO_VNODE) return self.unfit(node, self.members[node], 0, 0);
        if (node == d.incumbent || node == d.leaver) return Reason.Incumbent;
        // A node that serves already has the room and the bond.
        if (node == d.serving) return self.unfit(node, self.members[node], 0, 0);
        return self.unfit(node, self.members[node], d.leaves, d.bond);
    }
}
