// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "../interfaces/IAudits.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {Unauthorized, VNodeId} from "../interfaces/Types.sol";
import {Holdings} from "./Holdings.sol";
import {Payers} from "./Payers.sol";
import {SegmentWord} from "./SegmentWord.sol";

/// @title Claims
/// @notice What comes back to those who paid for a segment: of epochs that have not begun, if it ends early, and of epochs
/// that the node was not paid for.
/// @dev Linked, as Segments is.
library Claims {
    using Holdings for Holdings.Holding;
    using Payers for mapping(uint256 index => IRegistry.Payer);

    /// @dev A credit that was looked up: segments that were stored together ask for the same.
    struct Span {
        uint32 from;
        uint32 end;
        uint32 to;
        uint256 credit;
    }

    /// @dev Epochs that a node is still paid for once an owner has had enough, besides the running one.
    uint32 private constant NOTICE_EPOCHS = 2;
    /// @dev Of a credit.
    uint256 private constant UNIT = 1e18;

    // ------------------------------------------------------------------------------------------------- ending early

    /// @notice See IRegistry.
    function endEarly(
        Holdings.Book storage book,
        Holdings.Holding storage h,
        Holdings.Context calldata context,
        VNodeId id,
        uint32 serial
    ) external {
        IRegistry.SegmentRecord memory s = h.existing(id, serial);
        address owner = book.buckets[s.bucket].owner;
        require(msg.sender == owner, Unauthorized(msg.sender));
        (uint32 end, uint32 newEnd) = (s.end, context.audits.currentEpoch() + 1 + NOTICE_EPOCHS);
        require(newEnd < end, IRegistry.EndsAnyway(end, newEnd));

        Payers.Refund[] memory refunds = h.payers[serial].cut(s, newEnd);
        s.end = newEnd;
        h.segments[serial] = SegmentWord.update(h.segments[serial], s);

        uint256 perEpoch = s.perEpoch;
        emit IRegistry.SegmentEndedEarly(id, s.bucket, serial, newEnd, perEpoch * (end - newEnd));

        context.audits.reschedule(id, perEpoch, end, newEnd);
        for (uint256 i = 0; i < refunds.length; ++i) {
            (address payer, uint256 amount) = (refunds[i].account, perEpoch * refunds[i].epochs);
            if (amount != 0) context.ledger.release(payer == address(0) ? owner : payer, amount);
        }
    }

    // ----------------------------------------------------------------------------------------------------- claiming

    /// @notice See IRegistry.
    function claim(
        Holdings.Book storage book,
        Holdings.Holding storage h,
        Holdings.Context calldata context,
        VNodeId id,
        uint32 serial
    ) external returns (uint256 amount) {
        IRegistry.SegmentRecord memory s = h.existing(id, serial);
        Span memory span;
        address owner = book.buckets[s.bucket].owner;
        amount = _take(h, s, id, serial, owner, span, context.audits);
        if (amount != 0) context.ledger.payCredit(owner, amount);
    }

    /// @notice See IRegistry.
    /// @dev One payment per run of segments of one owner.
    function claimMany(
        Holdings.Book storage book,
        Holdings.Holding storage h,
        Holdings.Context calldata context,
        VNodeId id,
        uint32[] calldata serials
    ) external returns (uint256 amount) {
        Span memory span;
        address owner;
        uint256 due;
        for (uint256 i = 0; i < serials.length; ++i) {
            IRegistry.SegmentRecord memory s = h.existing(id, serials[i]);
            address next = book.buckets[s.bucket].owner;
            if (next != owner) {
                if (due != 0) context.ledger.payCredit(owner, due);
                (owner, due) = (next, 0);
            }
            uint256 taken = _take(h, s, id, serials[i], owner, span, context.audits);
            due += taken;
            amount += taken;
        }
        if (due != 0) context.ledger.payCredit(owner, due);
    }

    function _take(
        Holdings.Holding storage h,
        IRegistry.SegmentRecord memory s,
        VNodeId id,
        uint32 serial,
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
        amount = (s.perEpoch * span.credit) / UNIT;

        s.from = span.to;
        h.segments[serial] = SegmentWord.update(h.segments[serial], s);

        emit IRegistry.Claimed(id, serial, owner, amount);
    }
}
