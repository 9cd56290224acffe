pragma circom 2.2.3;

// Poseidon2 as a compression function from t field elements to one: permute(in)[0] + in[0] (protocol.md, section 3).
//
// Parameters  t: 4 or 16
// Signals     in[t] -> out
// Enforced    out = compress(in)
// Caller's    that a value hashed for one purpose cannot be taken for another (fixed depth, TAG_ENTRY)
// Cost        as the permutation: t = 4: 264, t = 16: 555

include "poseidon2.circom";

template Compress(t) {
    signal input in[t];

    signal permuted[t] <== Poseidon2(t)(in);
    signal output out <== permuted[0] + in[0];
}
