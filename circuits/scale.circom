pragma circom 2.2.3;

// A 60-bit random number scaled to a range: floor(window * length / 2^60) (protocol.md, section 6).
//
// Signals     window, length -> offset
// Enforced    offset * 2^60 + remainder = window * length with offset < 2^40 and remainder < 2^60. Both sides are
//             below 2^101, so the equation holds over the integers and has exactly one solution.
// Caller's    window < 2^60 and length < 2^40; then offset < length for length > 0
// Cost        101

include "range_check.circom";

template Scale() {
    signal input window;
    signal input length;

    signal output offset <-- (window * length) >> 60;
    signal remainder <-- (window * length) & (2 ** 60 - 1);
    offset * 2 ** 60 + remainder === window * length;

    RangeCheck(40)(offset);
    RangeCheck(60)(remainder);
}
