// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {NO_VNODE, NodeId, VNodeId} from "../../interfaces/Types.sol";
import {IProofOfStorage} from "./IProofOfStorage.sol";
import {ProofState, Vacancy, Why} from "./ProofTypes.sol";
import {Standings} from "./Standings.sol";

/// @title Queue
/// @notice What is vacant, in the order in which it is drawn, and the randomness that draws it. See SeatDraws.
library Queue {
    using Standings for ProofState;

    uint32 private constant MAX_SCAN = 64;

    function push(ProofState storage self, VNodeId id, NodeId node, Why why) internal {
        uint64 number = ++self.tail;
        if (self.head == 0) self.head = number;
        (, , uint8 beacon) = self.core.audits.params(self.core.cluster);
        self.queue[number] = Vacancy(id, self.current(), beacon);

        emit IProofOfStorage.Vacant(number, id, node, why, self.current());
    }

    function pop(ProofState storage self) internal returns (Vacancy memory v) {
        v = self.queue[self.head];
        delete self.queue[self.head];
        self.head = self.head == self.tail ? 0 : self.head + 1;
        if (v.vNode == NO_VNODE) self.standbyQueued = false;
        else self.ring.seats[v.vNode].vacant = false;
    }

    /// @dev The randomness of the first epoch after the vacancy was found that has any. An epoch that has none yet may still get
    /// it. 0 if none was found in 64 epochs: the next call goes on from there.
    function drawnOf(ProofState storage self, uint64 number) internal returns (bytes32 seed, uint32 epoch) {
        Vacancy storage v = self.queue[number];
        uint32 current = self.current();
        (, , uint8 beacon) = self.core.audits.params(self.core.cluster);
        if (v.beacon != beacon) {
            // What the new beacon has said already must not count.
            (v.beacon, v.since) = (beacon, current);

            emit IProofOfStorage.BeaconChanged(number, beacon);

            return (0, 0);
        }
        for (uint256 i = 0; i < MAX_SCAN; ++i) {
            epoch = v.since + 1;
            require(epoch <= current, IProofOfStorage.NotDrawnYet(number, epoch));
            bytes32 random = self.core.audits.randomness(beacon, epoch);
            if (random != 0) return (keccak256(abi.encode(random, address(this), number)), epoch);
            require(epoch < current, IProofOfStorage.NotDrawnYet(number, epoch));
            v.since = epoch;
        }
    }
}
