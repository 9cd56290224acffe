pragma circom 2.2.3;

// The Poseidon2 S-box, x^5.
//
// Signals     in -> out
// Enforced    out = in^5
// Caller's    nothing
// Cost        3

template Pow5() {
    signal input in;

    signal square <== in * in;
    signal fourth <== square * square;
    signal output out <== fourth * in;
}
