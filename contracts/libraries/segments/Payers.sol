// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IRegistry} from "../../interfaces/IRegistry.sol";

/// @title Payers
/// @notice Who paid for which epochs of a segment, so that the right account gets back what is not needed. Nothing is on
/// record while the bucket's owner paid for all of them.
library Payers {
    /// @dev What a payer gets back.
    struct Refund {
        address account;
        uint256 epochs;
    }

    uint256 internal constant MAX = 8;

    /// @notice Records who pays for a new segment, if that is not the bucket's owner.
    function begin(
        mapping(uint256 index => IRegistry.Payer) storage spans,
        IRegistry.SegmentRecord memory s,
        address account
    ) internal {
        spans[0] = IRegistry.Payer(account, s.end);
        s.payers = 1;
    }

    /// @notice Records who pays for the epochs from the segment's end until before a later one.
    /// @return fits whether there was room for it.
    function extend(
        mapping(uint256 index => IRegistry.Payer) storage spans,
        IRegistry.SegmentRecord memory s,
        address account,
        uint32 current,
        uint32 end
    ) internal returns (bool fits) {
        uint256 count = s.payers;
        if (count == 0) {
            if (account == address(0)) return true;
            spans[count++] = IRegistry.Payer(address(0), s.end);
        } else if (spans[count - 1].account == account) {
            spans[count - 1].end = end;
            return true;
        }
        if (count == MAX) count = _forgetPast(spans, count, current);
        if (count == MAX) return false;
        spans[count] = IRegistry.Payer(account, end);
        s.payers = uint8(count + 1);
        return true;
    }

    /// @dev Past epochs are never paid back. The last span is not past.
    function _forgetPast(
        mapping(uint256 index => IRegistry.Payer) storage spans,
        uint256 count,
        uint32 current
    ) private returns (uint256 left) {
        uint256 past;
        while (spans[past].end <= current) ++past;
        left = count - past;
        for (uint256 i = 0; past != 0 && i < left; ++i) spans[i] = spans[past + i];
    }

    /// @notice Lets the paid epochs end earlier.
    /// @return refunds what is paid back for the epochs from there on.
    function cut(
        mapping(uint256 index => IRegistry.Payer) storage spans,
        IRegistry.SegmentRecord memory s,
        uint32 end
    ) internal returns (Refund[] memory refunds) {
        uint256 count = s.payers;
        if (count == 0) {
            refunds = new Refund[](1);
            refunds[0].epochs = s.end - end;
            return refunds;
        }
        uint256 last;
        while (spans[last].end < end) ++last;
        refunds = new Refund[](count - last);
        uint32 from = end;
        for (uint256 i = last; i < count; ++i) {
            IRegistry.Payer memory span = spans[i];
            refunds[i - last] = Refund(span.account, span.end - from);
            from = span.end;
        }
        spans[last].end = end;
        s.payers = last == 0 && spans[0].account == address(0) ? 0 : uint8(last + 1);
    }
}
