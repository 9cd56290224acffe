pragma circom 2.2.3;

// The bits of a field element: those of the one integer in [0, p) that it stands for.
//
// Signals     in -> bit[254], least significant first
// Enforced    every bit is boolean, and the bits spell in as an integer below p. (254 bits alone have two forms for the
//             elements below 2^254 - p.)
// Caller's    nothing
// Cost        353: one for each bit, and for each 1 of p - 1 but the first

template CanonicalBits() {
    signal input in;
    signal output bit[254];

    // From the top: equal[i] = 1 while every bit from i on is that of p - 1 where that is 1. Where it is 0, the bit must
    // then be 0 too; otherwise the number is smaller already, and the bit need only be boolean.
    signal equal[255];
    equal[254] <== 1;
    var value = 0;
    for (var i = 253; i >= 0; i--) {
        bit[i] <-- (in >> i) & 1;
        if ((-1 >> i) & 1) {
            bit[i] * (bit[i] - 1) === 0;
            equal[i] <== equal[i + 1] * bit[i];
        } else {
            bit[i] * (1 - equal[i + 1] - bit[i]) === 0;
            equal[i] <== equal[i + 1];
        }
        value += value + bit[i];
    }
    value === in;
}
