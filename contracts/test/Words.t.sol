// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

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

    Schedule.Changes private _changes;

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

    /// @dev Walking from change to change gives the same rate as adding up all that began and did not end.
    function testFuzz_ScheduleFindsEveryChange(
        uint8[8] calldata froms,
        uint16[8] calldata lengths,
        uint80[8] calldata rates
    ) public {
        for (uint256 i = 0; i < 8; ++i) {
            _changes.add(froms[i], uint32(froms[i]) + 1 + (lengths[i] % 700), rates[i]);
        }
        uint256 rate;
        uint32 quiet;
        for (uint32 epoch = 0; epoch < 1000; ++epoch) {
            (uint256 raise, uint256 lower) = _changes.changeAt(epoch);
            if (epoch < quiet) assert(raise == 0 && lower == 0);
            else quiet = _changes.quietUntil(epoch);
            assert(quiet > epoch && quiet <= epoch + 256);
            rate = rate + raise - lower;
            uint256 expected;
            for (uint256 i = 0; i < 8; ++i) {
                uint256 end = uint256(froms[i]) + 1 + (lengths[i] % 700);
                if (froms[i] <= epoch && epoch < end) expected += rates[i];
            }
            assert(rate == expected);
        }
    }
}
