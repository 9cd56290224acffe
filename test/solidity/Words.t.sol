// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IRegistry} from "../../contracts/interfaces/IRegistry.sol";
import {ClusterParams} from "../../contracts/interfaces/Types.sol";
import {CompactionWord, Progress} from "../../contracts/libraries/segments/CompactionWord.sol";
import {Schedule} from "../../contracts/libraries/settlement/Schedule.sol";
import {SegmentWord} from "../../contracts/libraries/segments/SegmentWord.sol";
import {Stock, StockWord} from "../../contracts/libraries/segments/StockWord.sol";
import {Terms, TermsWord} from "../../contracts/libraries/settlement/Terms.sol";
import {VNode, VNodeWord} from "../../contracts/libraries/settlement/VNodeWord.sol";

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
        s.index = 0;
        IRegistry.SegmentRecord memory back = SegmentWord.unpack(SegmentWord.pack(s));
        assert(keccak256(abi.encode(back)) == keccak256(abi.encode(s)));
    }

    /// @dev One index for each of two trees; neither changes anything else, and a new record keeps both.
    function testFuzz_IndicesSurviveOthers(
        IRegistry.SegmentRecord memory s,
        IRegistry.SegmentRecord memory other,
        uint16 first,
        uint16 second
    ) external pure {
        s.index = 0;
        other.index = 0;
        uint256 word = SegmentWord.withIndex(SegmentWord.pack(s), 0, first);
        word = SegmentWord.withIndex(SegmentWord.withIndex(word, 1, ~second), 1, second);
        assert(keccak256(abi.encode(SegmentWord.unpack(word))) == keccak256(abi.encode(s)));
        word = SegmentWord.update(word, other);
        assert(keccak256(abi.encode(SegmentWord.unpack(word))) == keccak256(abi.encode(other)));
        assert(SegmentWord.indexIn(word, 0) == first && SegmentWord.indexIn(word, 1) == second);
    }

    function testFuzz_ProgressSurvivesPacking(Progress memory c) external pure {
        c.count %= 1 << 24;
        Progress memory back = CompactionWord.unpack(CompactionWord.pack(c));
        assert(keccak256(abi.encode(back)) == keccak256(abi.encode(c)));
    }

    function testFuzz_StockSurvivesPacking(Stock memory s, uint32 epoch) external pure {
        s.latest %= 2;
        s.tree %= 2;
        s.count %= 1 << 24;
        s.live %= 1 << 24;
        uint256 word = StockWord.pack(s);
        assert(keccak256(abi.encode(StockWord.unpack(word))) == keccak256(abi.encode(s)));
        assert(StockWord.heldOf(word) == s.held);
        (uint8 which, uint40 total) = StockWord.asOf(word, epoch);
        bool changed = s.changedEpoch >= epoch;
        assert(which == (changed ? 1 - s.latest : s.latest));
        assert(total == (changed ? s.prevTotal : s.total));
    }

    function testFuzz_VNodeSurvivesPacking(VNode memory v) public pure {
        v.misses %= 64;
        VNode memory same = VNodeWord.unpack(VNodeWord.pack(v));
        assert(keccak256(abi.encode(same)) == keccak256(abi.encode(v)));
    }

    function testFuzz_ProvenChangesTwoMembers(VNode memory v, uint32 epoch) public pure {
        (v.misses, v.short, v.deferring, v.syncLeft) = (v.misses % 64, false, false, 0);
        VNode memory proven = VNodeWord.unpack(VNodeWord.proven(VNodeWord.pack(v), epoch));
        (v.settled, v.misses) = (epoch, 0);
        assert(keccak256(abi.encode(proven)) == keccak256(abi.encode(v)));
    }

    function testFuzz_PlainIsBeforeEveryChange(VNode memory v, uint32 epoch) public pure {
        v.misses %= 64;
        bool changes = epoch >= v.nextChange || (v.nextSince != 0 && epoch >= v.nextSince);
        bool special = v.short || v.deferring || v.syncLeft != 0;
        assert(VNodeWord.isPlain(VNodeWord.pack(v), epoch) == !(changes || special));
    }

    function testFuzz_ChangingAndToppedChangeOneMember(VNode memory v, uint32 epoch) public pure {
        v.misses %= 64;
        VNode memory changing = VNodeWord.unpack(VNodeWord.changingAt(VNodeWord.pack(v), epoch));
        uint32 before = v.nextChange;
        v.nextChange = before < epoch ? before : epoch;
        assert(keccak256(abi.encode(changing)) == keccak256(abi.encode(v)));
        VNode memory topped = VNodeWord.unpack(VNodeWord.topped(VNodeWord.pack(v)));
        v.short = false;
        assert(keccak256(abi.encode(topped)) == keccak256(abi.encode(v)));
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
