// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {NO_NODE, NO_VNODE, NodeId, VNodeId} from "../../interfaces/Types.sol";
import {IProofOfStorage} from "./IProofOfStorage.sol";

/// @title Ring
/// @notice The vNodes of a cluster in the order of their tokens, and whose seat each is, as far as the manager has looked.
library Ring {
    /// @dev next and prev are the neighbours, around the ring. A lone vNode is its own neighbour.
    struct Seat {
        VNodeId next;
        VNodeId prev;
        uint64 token;
        /// The member that has the seat, and the seat's index in the member's list.
        NodeId holder;
        uint16 place;
        bool listed;
        /// Whether it waits for a draw.
        bool vacant;
        /// The epoch in which it came onto the ring.
        uint32 since;
        /// When the holder was found or named, or its misses were counted last; of which service, and how many.
        uint32 looked;
        uint32 serves;
        uint32 misses;
    }

    struct Ordered {
        VNodeId[] all;
        mapping(VNodeId vNode => Seat) seats;
        mapping(NodeId holder => VNodeId[]) held;
    }

    /// @dev Steps from a hint to the place.
    uint256 private constant MAX_STEPS = 16;

    function seat(Ordered storage self, VNodeId id) internal view returns (Seat storage s) {
        s = self.seats[id];
        require(s.listed, IProofOfStorage.NotOnRing(id));
    }

    /// @param hint a vNode of the ring at or shortly before the place. Ignored for the first vNode.
    function insert(Ordered storage self, VNodeId id, uint64 token, VNodeId hint, uint32 current) internal {
        Seat storage s = self.seats[id];
        require(!s.listed, IProofOfStorage.AlreadyOnRing(id));
        (VNodeId prev, VNodeId next) = (id, id);
        if (self.all.length != 0) {
            prev = _placeOf(self, token, hint);
            next = self.seats[prev].next;
        }
        self.all.push(id);
        (s.token, s.listed, s.since, s.looked) = (token, true, current, current);
        (s.prev, s.next) = (prev, next);
        self.seats[prev].next = id;
        self.seats[next].prev = id;
    }

    /// @dev The vNode after which the token comes.
    function _placeOf(Ordered storage self, uint64 token, VNodeId hint) private view returns (VNodeId prev) {
        prev = hint;
        uint64 from = seat(self, hint).token;
        for (uint256 i = 0; i < MAX_STEPS; ++i) {
            VNodeId next = self.seats[prev].next;
            uint64 to = self.seats[next].token;
            bool wraps = to <= from;
            if (wraps ? from < token || token < to : from < token && token < to) return prev;
            (prev, from) = (next, to);
        }
        revert IProofOfStorage.BadHint(hint, token);
    }

    /// @notice Gives a seat to a member, or to nobody.
    function hold(Ordered storage self, VNodeId id, NodeId holder) internal {
        Seat storage s = self.seats[id];
        if (s.holder != NO_NODE) _release(self, s);
        s.holder = holder;
        if (holder == NO_NODE) return;
        s.place = uint16(self.held[holder].length);
        self.held[holder].push(id);
    }

    function _release(Ordered storage self, Seat storage s) private {
        VNodeId[] storage list = self.held[s.holder];
        VNodeId last = list[list.length - 1];
        list[s.place] = last;
        self.seats[last].place = s.place;
        list.pop();
    }

    /// @notice The neighbours of a vNode: none, one or two.
    function neighbours(Ordered storage self, VNodeId id) internal view returns (VNodeId prev, VNodeId next) {
        Seat storage s = self.seats[id];
        (prev, next) = (s.prev, s.next);
        if (prev == id) prev = NO_VNODE;
        if (next == id || next == prev) next = NO_VNODE;
    }
}
