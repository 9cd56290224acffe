// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IRegistry} from "../../interfaces/IRegistry.sol";
import {Acceptance, BucketId, NodeId, Serial, VNodeId} from "../../interfaces/Types.sol";
import {Consents} from "./Consents.sol";
import {Holdings} from "./Holdings.sol";
import {CheckedOrder, Order, Orders} from "./Orders.sol";
import {Payers} from "./Payers.sol";
import {SegmentWord} from "./SegmentWord.sol";
import {StockWord} from "./StockWord.sol";

/// @title Extending
/// @notice How a segment gets more epochs at its old price, with a consent of the node. See IRegistry.
library Extending {
    using Consents for Consents.Used;
    using Holdings for Holdings.Holding;
    using Payers for mapping(uint256 index => IRegistry.Payer);

    function extend(
        Holdings.BucketsState storage state,
        Holdings.Holding storage h,
        mapping(NodeId node => IRegistry.Node) storage nodes,
        Holdings.Neighbours calldata neighbours,
        Order calldata order,
        Serial serial,
        Acceptance calldata acceptance
    ) internal returns (uint256 amount) {
        (CheckedOrder memory c, IRegistry.Node storage node) = Orders.check(
            state,
            nodes,
            neighbours,
            order,
            acceptance
        );
        (VNodeId id, uint32 epochs) = (order.vNode, order.epochs);
        IRegistry.SegmentRecord memory s = h.existing(id, serial);
        BucketId bucket = s.bucket;
        require(bucket == order.bucket, IRegistry.OtherBucket(bucket, order.bucket));
        (uint32 end, uint256 perEpoch) = (s.end, s.perEpoch);
        // An end with the running epoch makes that epoch due. Nobody takes this back once the randomness is known.
        require(c.current + 1 < end, IRegistry.HasEnded(end, c.current));
        require(
            epochs != 0 && uint256(end) + epochs <= c.current + 1 + Orders.MAX_EPOCHS,
            IRegistry.BadOrder(1, epochs)
        );
        uint256 agreed = Orders.perEpochUp(s.leaves, c.rent, StockWord.quantumBitsOf(h.stock));
        require(agreed == perEpoch, IRegistry.OtherPrice(perEpoch, agreed));
        bytes32 digest = Consents.extensionDigest(c.node, node.revision, id, serial, epochs, acceptance);
        state.used.accept(c.node, node.operator, digest, acceptance);
        require(
            h.payers[serial].extend(s, c.otherPayer, c.current, end + epochs),
            IRegistry.TooManyPayers(id, serial)
        );

        s.end = end + epochs;
        h.segments[serial] = SegmentWord.update(h.segments[serial], s);

        emit IRegistry.SegmentExtended(id, bucket, serial, end + epochs, order.payer);

        amount = perEpoch * epochs;
        Orders.countLock(node, c, neighbours.audits.reschedule(id, perEpoch, end, end + epochs));
        neighbours.ledger.reserve(order.payer, amount);
    }
}
