// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {ClusterParams} from "../interfaces/Types.sol";
import {Schedule} from "../libraries/Schedule.sol";
import {SegmentWord} from "../libraries/SegmentWord.sol";
import {Stock, StockWord} from "../libraries/StockWord.sol";
import {Terms, TermsWord} from "../libraries/Terms.sol";
import {VNode, VNodeWord} from "../libraries/VNodeWord.sol";

/// @title WordsTest
/// @notice Whatever goes into a packed word comes out of it, and the schedule finds every change.
contract WordsTest {
    using Schedule for Schedule.Changes;

    struct Stored {
        uint32 from;
        uint32 end;
        uint72 rate;
    }

    Schedule.Changes private _changes;
    Stored[] private _stored;
    uint256 private _rate;
    uint32 private _settled;
    uint32 private _quiet;

    function testFuzz_SegmentSurvivesPacking(IRegistry.SegmentRecord memory s) external pure {
        IRegistry.SegmentRecord memory back = SegmentWord.unpack(SegmentWord.pack(s));
        assert(keccak256(abi.encode(back)) == keccak256(abi.encode(s)));
    }

    function testFuzz_StockSurvivesPacking(Stock memory s, uint32 epoch) external pure {
        s.latest %= 2;
        uint256 word = StockWord.pack(s);
        assert(keccak256(abi.encode(StockWord.unpack(word))) == keccak256(abi.encode(s)));
        assert(StockWord.heldOf(word) == s.held);
        (uint8 which, uint40 total) = StockWord.at(word, epoch);
        bool changed = s.changedEpoch >= epoch;
        assert(which == (changed ? 1 - s.latest : s.latest));
        assert(total == (changed ? s.prevTotal : s.total));
    }

    function testFuzz_VNodeSurvivesPacking(VNode memory v) public pure {
        VNode memory same = VNodeWord.unpack(VNodeWord.pack(v));
        assert(keccak256(abi.encode(same)) == keccak256(abi.encode(v)));
    }

    function testFuzz_ProvenChangesThreeMembers(VNode memory v, uint32 epoch) public pure {
        VNode memory proven = VNodeWord.unpack(VNodeWord.proven(VNodeWord.pack(v), epoch));
        (v.settled, v.misses, v.syncLeft) = (epoch, 0, 0);
        assert(keccak256(abi.encode(proven)) == keccak256(abi.encode(v)));
    }

    function testFuzz_QuietIsBeforeEveryChange(VNode memory v, uint32 epoch) public pure {
        bool changes = epoch >= v.nextChange || (v.nextSince != 0 && epoch >= v.nextSince);
        assert(VNodeWord.isQuiet(VNodeWord.pack(v), epoch) != changes);
    }

    function testFuzz_TermsSurvivePacking(ClusterParams calldata p, uint8 profile, uint8 beacon) public pure {
        Terms t = TermsWord.pack(p, profile, beacon);
        assert(keccak256(abi.encode(TermsWord.unpack(t))) == keccak256(abi.encode(p)));
        assert(t.profile() == profile && t.beacon() == beacon);
    }

    /// @dev Walking from change to change, however far behind, gives the same rate as adding up all that began and did not
    /// end.
    function testFuzz_ScheduleFindsEveryChange(
        uint8[12] calldata steps,
        uint8[12] calldata walks,
        uint16[12] calldata lengths,
        uint72[12] calldata rates
    ) external {
        uint32 from = 1;
        for (uint256 i = 0; i < 12; ++i) {
            from += steps[i] % 3;
            _walk(uint32(Math.min(_settled + (walks[i] % 4), from - 1)));
            uint32 end = from + 1 + (lengths[i] % 700);
            _stored.push(Stored(from, end, rates[i]));
            _changes.add(_settled, from, end, rates[i]);
            if (from < _quiet) _quiet = from;
        }
        _walk(1000);
        assert(_rate == 0);
    }

    function _walk(uint32 until) private {
        for (uint32 epoch = _settled + 1; epoch <= until; ++epoch) {
            (uint256 raise, uint256 lower) = _changes.changeAt(epoch);
            if (epoch < _quiet) assert(raise == 0 && lower == 0);
            else _quiet = _changes.quietUntil(epoch);
            assert(_quiet > epoch && _quiet <= epoch + 256);
            _rate = _rate + raise - lower;
            assert(_rate == _rateAt(epoch));
            _settled = epoch;
        }
    }

    function _rateAt(uint32 epoch) private view returns (uint256 rate) {
        for (uint256 i = 0; i < _stored.length; ++i) {
            Stored storage s = _stored[i];
            if (s.from <= epoch && epoch < s.end) rate += s.rate;
        }
    }
}
