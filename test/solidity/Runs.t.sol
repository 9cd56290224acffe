// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {CreditIndex} from "../../contracts/libraries/settlement/CreditIndex.sol";
import {Pauses} from "../../contracts/libraries/settlement/Pauses.sol";

/// @title RunsTest
/// @notice What is kept as runs of epochs is what one would keep for each epoch.
contract RunsTest {
    using CreditIndex for CreditIndex.Index;

    /// @dev Epochs that are looked at.
    uint32 private constant SPAN = 120;

    CreditIndex.Index private _index;
    uint256[SPAN] private _credits;
    bool[SPAN] private _paused;
    bool[SPAN] private _touched;

    /// @dev Runs with gaps between them, and the last epoch of one credited again.
    function testFuzz_TheIndexIsTheSumOfCredits(
        uint8[12] calldata gaps,
        uint8[12] calldata lengths,
        uint64[12] calldata credits
    ) external {
        uint32 last;
        for (uint256 i = 0; i < 12; ++i) {
            if (last != 0 && gaps[i] % 4 == 3) {
                _index.add(last, last, credits[i]);
                _credits[last] += credits[i];
                continue;
            }
            uint32 since = last + 1 + (gaps[i] % 4);
            last = since + (lengths[i] % 6);
            _index.add(since, last, credits[i]);
            for (uint32 e = since; e <= last; ++e) _credits[e] += credits[i];
        }
        uint256 sum;
        for (uint32 e = 0; e < SPAN; ++e) {
            sum += _credits[e];
            assert(_index.upTo(e) == sum);
        }
    }

    function testFuzz_PausesAreTheirEpochs(
        uint8[5] calldata gaps,
        uint8[5] calldata lengths,
        uint8[5] calldata more
    ) external {
        Pauses p;
        uint32 end;
        for (uint256 i = 0; i < 5; ++i) {
            uint32 from = end + 1 + (gaps[i] % 8);
            p = p.pushed(from, 1 + (lengths[i] % 5));
            if (more[i] % 2 == 1) p = p.prolonged(1 + (more[i] % 4));
            (uint32 first, uint32 last) = p.latest();
            assert(first == from);
            end = last;
            for (uint32 e = from; e < end; ++e) _paused[e] = true;
            (_touched[from - 1], _touched[end]) = (true, true);
        }
        uint256 used;
        for (uint32 e = end; e != 0; --e) {
            if (_paused[e]) ++used;
            assert(p.usedSince(e) == used);
            assert(p.covers(e) == _paused[e] && p.touches(e) == (_touched[e] && !_paused[e]));
            _checkQuiet(p, e);
            _checkAnswer(p, e);
        }
    }

    /// @dev The next epoch that a pause covers or touches, or the one that is given.
    function _checkQuiet(Pauses p, uint32 epoch) private view {
        uint32 next = epoch + 1;
        while (next < epoch + 20 && !_paused[next] && !_touched[next]) ++next;
        uint32 quiet = p.quietUntil(epoch, epoch + 20);
        // Never later than that; the epoch after a pause is not quiet as it is entered.
        assert(quiet > epoch && quiet <= next);
    }

    function _checkAnswer(Pauses p, uint32 epoch) private view {
        uint32 last = epoch;
        for (uint256 open = 0; open < 2;) if (!_paused[++last]) ++open;
        assert(p.lastAnswer(epoch, 2) == last);
    }
}
