pragma circom 2.2.3;

// A range check.
//
// Parameters  n: bits, at most 253 (beyond that two decompositions exist)
// Signals     in
// Enforced    in, read as an integer in [0, p), is below 2^n
// Caller's    n <= 253
// Cost        n where `in` is a free signal or expression

include "circomlib/circuits/bitify.circom";

template RangeCheck(n) {
    assert(n <= 253);
    signal input in;

    signal bit[n] <== Num2Bits(n)(in);
}
