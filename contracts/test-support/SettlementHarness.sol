// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {ClusterId} from "../interfaces/Types.sol";
import {Asks} from "../libraries/settlement/Asks.sol";
import {CreditIndex} from "../libraries/settlement/CreditIndex.sol";
import {Pauses} from "../libraries/settlement/Pauses.sol";
import {AuditsState} from "../libraries/settlement/State.sol";
import {Terms} from "../libraries/settlement/Terms.sol";
import {VNode, VNodeWord} from "../libraries/settlement/VNodeWord.sol";

/// @title SettlementHarness
/// @notice Lets tests compare the parts of settling with plain lists.
contract SettlementHarness {
    using Asks for AuditsState;
    using CreditIndex for CreditIndex.Index;

    struct Credit {
        uint32 since;
        uint32 epoch;
        uint256 credit;
    }

    struct Pause {
        uint32 from;
        uint32 epochs;
    }

    struct Seen {
        uint32 from;
        uint32 end;
        uint256 used;
        bool full;
        bool covers;
        bool touches;
        uint32 quiet;
        uint32 last;
    }

    ClusterId private constant CLUSTER = ClusterId.wrap(1);

    CreditIndex.Index private _index;
    AuditsState private _state;

    // -------------------------------------------------------------------------------------------------- CreditIndex

    /// @notice The index up to the end of each epoch from 0 to last, and its number of ramps.
    function credits(
        Credit[] calldata list,
        uint32 last
    ) external returns (uint256[] memory sums, uint256 ramps) {
        for (uint256 i = 0; i < list.length; ++i) _index.add(list[i].since, list[i].epoch, list[i].credit);
        sums = new uint256[](last + 1);
        for (uint32 epoch = 0; epoch <= last; ++epoch) sums[epoch] = _index.upTo(epoch);
        ramps = _index.ramps.length;
    }

    // ------------------------------------------------------------------------------------------------------- Pauses

    /// @notice What the word of these pauses says about an epoch.
    function pauses(
        Pause[] calldata list,
        uint32 prolonged,
        uint32 epoch,
        uint32 quiet
    ) external pure returns (Seen memory seen) {
        Pauses p;
        for (uint256 i = 0; i < list.length; ++i) p = p.pushed(list[i].from, list[i].epochs);
        if (prolonged != 0) p = p.prolonged(prolonged);
        (seen.from, seen.end) = p.latest();
        (seen.used, seen.full) = (p.usedSince(epoch), p.isFullSince(epoch));
        (seen.covers, seen.touches) = (p.covers(epoch), p.touches(epoch));
        (seen.quiet, seen.last) = (p.quietUntil(epoch, quiet), p.lastAnswer(epoch, 2));
    }

    // ---------------------------------------------------------------------------------------------------- VNodeWord

    function pack(VNode calldata v) external pure returns (uint256) {
        return VNodeWord.pack(v);
    }

    function unpack(uint256 word) external pure returns (VNode memory) {
        return VNodeWord.unpack(word);
    }

    function isPlain(uint256 word, uint32 epoch) external pure returns (bool) {
        return VNodeWord.isPlain(word, epoch);
    }

    /// @notice The words that VNodeWord makes of a word, unpacked.
    function made(
        uint256 word,
        uint32 epoch
    ) external pure returns (VNode memory proven, VNode memory topped, VNode memory changing) {
        proven = VNodeWord.unpack(VNodeWord.proven(word, epoch));
        topped = VNodeWord.unpack(VNodeWord.topped(word));
        changing = VNodeWord.unpack(VNodeWord.changingAt(word, epoch));
    }

    // -------------------------------------------------------------------------------------------------------- terms

    /// @notice Sets terms that hold from each of `sinces` on. Returns from when on the terms hold that each of `epochs` has.
    function termsAt(
        uint32[] calldata sinces,
        uint32[] calldata epochs
    ) external returns (uint32[] memory found, uint256[] memory used) {
        for (uint32 i = 0; i < sinces.length; ++i) {
            if (i != 0) _state.pastTerms[CLUSTER][i - 1] = _state.terms[CLUSTER];
            _state.terms[CLUSTER] = Terms.wrap(0).dated(sinces[i], i);
        }
        (found, used) = (new uint32[](epochs.length), new uint256[](epochs.length));
        for (uint256 i = 0; i < epochs.length; ++i) {
            uint256 before = gasleft();
            found[i] = _state.termsAt(CLUSTER, epochs[i]).since();
            used[i] = before - gasleft();
        }
    }
}
