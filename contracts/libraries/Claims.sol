// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "../interfaces/IAudits.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {Serial, Unauthorized, VNodeId} from "../interfaces/Types.sol";
import {Rounding} from "./Rounding.sol";
import {Holdings} from "./segments/Holdings.sol";
import {Payers} from "./segments/Payers.sol";
import {SegmentWord} from "./segments/SegmentWord.sol";
import {CreditIndex} from "./settlement/CreditIndex.sol";

/// @title Claims
/// @notice What a segment's payers and owner get back: the price of epochs that have not begun if it ends early, and the
/// credits of epochs that the node was not paid for.
/// @dev Linked, as Segments is.
library Claims {
    using Holdings for Holdings.Holding;
    using Payers for mapping(uint256 index => IRegistry.Payer);

    /// @dev The credit that was looked up last. Segments that were stored together have the same.
    struct Span {
        uint32 from;
        uint32 end;
        uint32 to;
        uint256 credit;
    }

    /// @dev Epochs after the running one that a node is still paid for when an owner ends a segment early.
    uint32 private constant NOTICE_EPOCHS = 2;

    // ------------------------------------------------------------------------------------------------- ending early

    /// @notice See IRegistry.
    function endEarly(
        Holdings.BucketsState storage state,
        Holdings.Holding storage h,
        Holdings.Neighbours calldata neighbours,
        VNodeId id,
        Serial serial
    ) external {
        IRegistry.SegmentRecord memory s = h.existing(id, serial);
        address owner = state.buckets[s.bucket].owner;
        require(msg.sender == owner, Unauthorized(msg.sender));
        (uint32 end, uint32 newEnd) = (s.end, neighbours.audits.currentEpoch() + 1 + NOTICE_EPOCHS);
        require(newEnd < end, IRegistry.EndsAnyway(end, newEnd));

        Payers.Refund[] memory refunds = h.payers[serial].cut(s, newEnd);
        s.end = newEnd;
        h.segments[serial] = SegmentWord.update(h.segments[serial], s);

        uint256 perEpoch = s.perEpoch;
        emit IRegistry.SegmentEndedEarly(id, s.bucket, serial, newEnd, perEpoch * (end - newEnd));

        neighbours.audits.reschedule(id, perEpoch, end, newEnd);
        for (uint256 i = 0; i < refunds.length; ++i) {
            (address payer, uint256 amount) = (refunds[i].account, perEpoch * refunds[i].epochs);
            if (amount != 0) neighbours.ledger.release(payer == address(0) ? owner : payer, amount);
        }
    }

    // ----------------------------------------------------------------------------------------------------- claiming

    /// @notice See IRegistry.
    function claim(
        Holdings.BucketsState storage state,
        Holdings.Holding storage h,
        Holdings.Neighbours calldata neighbours,
        VNodeId id,
        Serial serial
    ) external returns (uint256 amount) {
        IRegistry.SegmentRecord memory s = h.existing(id, serial);
        Span memory span;
        address owner = state.buckets[s.bucket].owner;
        amount = _take(h, s, id, serial, owner, span, neighbours.audits);
        if (amount != 0) neighbours.ledger.payCredit(owner, amount);
    }

    /// @notice See IRegistry.
    /// @dev Consecutive segments of one owner are paid together.
    function claimMany(
        Holdings.BucketsState storage state,
        Holdings.Holding storage h,
        Holdings.Neighbours calldata neighbours,
        VNodeId id,
        Serial[] calldata serials
    ) external returns (uint256 amount) {
        Span memory span;
        address owner;
        uint256 due;
        for (uint256 i = 0; i < serials.length; ++i) {
            IRegistry.SegmentRecord memory s = h.existing(id, serials[i]);
            address next = state.buckets[s.bucket].owner;
            if (next != owner) {
                if (due != 0) neighbours.ledger.payCredit(owner, due);
                (owner, due) = (next, 0);
            }
            uint256 taken = _take(h, s, id, serials[i], owner, span, neighbours.audits);
            due += taken;
            amount += taken;
        }
        if (due != 0) neighbours.ledger.payCredit(owner, due);
    }

    function _take(
        Holdings.Holding storage h,
        IRegistry.SegmentRecord memory s,
        VNodeId id,
        Serial serial,
        address owner,
        Span memory span,
        IAudits audits
    ) private returns (uint256 amount) {
        (uint32 from, uint32 end) = (s.from, s.end);
        if (from != span.from || end != span.end) {
            (span.from, span.end) = (from, end);
            (span.to, span.credit) = audits.creditBetween(id, from, end);
        }
        if (span.to == from) return 0;
        amount = Rounding.mulDivDown(s.perEpoch, span.credit, CreditIndex.CREDIT_UNIT);

        s.from = span.to;
        h.segments[serial] = SegmentWord.update(h.segments[serial], s);

        emit IRegistry.Claimed(id, serial, owner, amount);
    }
}
