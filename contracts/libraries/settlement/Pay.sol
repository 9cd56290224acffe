// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {ILedger} from "../../interfaces/ILedger.sol";
import {BASIS_POINTS} from "../../interfaces/Types.sol";
import {Parameters} from "../Parameters.sol";
import {CreditIndex} from "./CreditIndex.sol";
import {Terms} from "./Terms.sol";

/// @title Pay
/// @notice What a proof pays to whom. Everything is rounded down. The owners get what that leaves of the pay, and the provider
/// what it leaves of the fees.
library Pay {
    /// @notice The part of the rate that is paid, times CREDIT_UNIT: min(1, coverage / (3/4)).
    function paidPartDown(uint256 rate, uint256 asked) internal pure returns (uint256 part) {
        part =
            (Parameters.FULL_DENOMINATOR * rate * CreditIndex.CREDIT_UNIT) /
            (Parameters.FULL_NUMERATOR * asked);
        if (part > CreditIndex.CREDIT_UNIT) part = CreditIndex.CREDIT_UNIT;
    }

    /// @notice The fees of an epoch: the part of its rate that does not go to the provider.
    function feesDown(uint256 rate, Terms t, uint256 protocolFee) internal pure returns (uint256) {
        return (rate * (protocolFee + t.managerFee() + t.auditFee())) / BASIS_POINTS;
    }

    /// @notice Splits the cost of epochs, of which a part is paid. p.amount is the cost before and the provider's pay after,
    /// and p.fee the fees of the whole cost before and of the paid part after.
    function splitDown(ILedger.Payment memory p, uint256 part, uint256 protocolFee) internal pure {
        uint256 whole = p.amount;
        uint256 paid = (whole * part) / CreditIndex.CREDIT_UNIT;
        p.fee = (p.fee * part) / CreditIndex.CREDIT_UNIT;
        (p.amount, p.refund) = (paid - p.fee, whole - paid);
        p.protocol = (paid * protocolFee) / BASIS_POINTS;
        // The fees were rounded down for each epoch. Together they may be less than the treasury's part of the whole.
        if (p.protocol > p.fee) p.protocol = p.fee;
    }
}
