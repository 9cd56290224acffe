pragma circom 2.2.3;

// A random number of w bits scaled to a size: floor(window * size / 2^w) (protocol.md, section 6).
//
// Parameters  w: bits of the window; n: bits of the offset; w + n <= 253
// Signals     window, size -> bit[n]: the offset's bits, least significant first
// Enforced    every bit is boolean, and offset * 2^w + remainder = window * size with remainder < 2^w. The left side is below
//             2^(w + n) < p: for any field elements window and size there is at most one solution.
// Caller's    window < 2^w and size <= 2^n: the right side does not wrap either, so that the solution is the one over the
//             integers. Then offset < size for size > 0.
// Cost        1 + w + n

include "circomlib/circuits/bitify.circom";
include "range_check.circom";

template Scale(w, n) {
    assert(w + n <= 253);
    signal input window;
    signal input size;

    signal offset <-- (window * size) >> w;
    signal remainder <-- (window * size) & (2 ** w - 1);
    offset * 2 ** w + remainder === window * size;

    signal output bit[n] <== Num2Bits(n)(offset);
    RangeCheck(w)(remainder);
}
