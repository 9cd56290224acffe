// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {ClusterParams} from "../../interfaces/Types.sol";

/// @dev A cluster's parameters, profile and beacon in one word, with the epoch from which they hold and the number of terms
/// before them. A proof reads a few of them. Lowest bits first: odds 16, window 32, grace 8, maxMisses 8, slashMultiple 16,
/// faultMultiple 16, syncEpochs 8, bondEpochs 16, managerFee 16, auditFee 16, reporterShare 16, profile 8, beacon 8, since 32,
/// version 32.
type Terms is uint256;

using {
    TermsWord.odds,
    TermsWord.window,
    TermsWord.grace,
    TermsWord.maxMisses,
    TermsWord.slashMultiple,
    TermsWord.faultMultiple,
    TermsWord.syncEpochs,
    TermsWord.bondEpochs,
    TermsWord.managerFee,
    TermsWord.auditFee,
    TermsWord.reporterShare,
    TermsWord.profile,
    TermsWord.beacon,
    TermsWord.dated,
    TermsWord.since,
    TermsWord.version
} for Terms global;

/// @title TermsWord
/// @notice Reads and writes Terms.
library TermsWord {
    function pack(ClusterParams calldata p, uint8 profile_, uint8 beacon_) internal pure returns (Terms) {
        uint256 word = uint256(p.odds) | (uint256(p.window) << 16);
        word |= (uint256(p.grace) << 48) | (uint256(p.maxMisses) << 56);
        word |= (uint256(p.slashMultiple) << 64) | (uint256(p.faultMultiple) << 80);
        word |= (uint256(p.syncEpochs) << 96) | (uint256(p.bondEpochs) << 104);
        word |= (uint256(p.managerFee) << 120) | (uint256(p.auditFee) << 136);
        word |= (uint256(p.reporterShare) << 152) | (uint256(profile_) << 168) | (uint256(beacon_) << 176);
        return Terms.wrap(word);
    }

    /// @notice The same terms, with since and version.
    function dated(Terms t, uint32 since_, uint32 version_) internal pure returns (Terms) {
        return Terms.wrap(Terms.unwrap(t) | (uint256(since_) << 184) | (uint256(version_) << 216));
    }

    function unpack(Terms t) internal pure returns (ClusterParams memory) {
        return
            ClusterParams({
                odds: odds(t),
                window: window(t),
                grace: grace(t),
                maxMisses: maxMisses(t),
                slashMultiple: slashMultiple(t),
                faultMultiple: faultMultiple(t),
                syncEpochs: syncEpochs(t),
                bondEpochs: bondEpochs(t),
                managerFee: managerFee(t),
                auditFee: auditFee(t),
                reporterShare: reporterShare(t)
            });
    }

    function odds(Terms t) internal pure returns (uint16) {
        return uint16(Terms.unwrap(t));
    }

    function window(Terms t) internal pure returns (uint32) {
        return uint32(Terms.unwrap(t) >> 16);
    }

    function grace(Terms t) internal pure returns (uint8) {
        return uint8(Terms.unwrap(t) >> 48);
    }

    function maxMisses(Terms t) internal pure returns (uint8) {
        return uint8(Terms.unwrap(t) >> 56);
    }

    function slashMultiple(Terms t) internal pure returns (uint16) {
        return uint16(Terms.unwrap(t) >> 64);
    }

    function faultMultiple(Terms t) internal pure returns (uint16) {
        return uint16(Terms.unwrap(t) >> 80);
    }

    function syncEpochs(Terms t) internal pure returns (uint8) {
        return uint8(Terms.unwrap(t) >> 96);
    }

    function bondEpochs(Terms t) internal pure returns (uint16) {
        return uint16(Terms.unwrap(t) >> 104);
    }

    function managerFee(Terms t) internal pure returns (uint16) {
        return uint16(Terms.unwrap(t) >> 120);
    }

    function auditFee(Terms t) internal pure returns (uint16) {
        return uint16(Terms.unwrap(t) >> 136);
    }

    function reporterShare(Terms t) internal pure returns (uint16) {
        return uint16(Terms.unwrap(t) >> 152);
    }

    function profile(Terms t) internal pure returns (uint8) {
        return uint8(Terms.unwrap(t) >> 168);
    }

    function beacon(Terms t) internal pure returns (uint8) {
        return uint8(Terms.unwrap(t) >> 176);
    }

    function since(Terms t) internal pure returns (uint32) {
        return uint32(Terms.unwrap(t) >> 184);
    }

    function version(Terms t) internal pure returns (uint32) {
        return uint32(Terms.unwrap(t) >> 216);
    }
}
