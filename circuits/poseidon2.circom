pragma circom 2.2.3;

// The Poseidon2 permutation over BN254 with x^5, width t = 4 or 16 (protocol.md, section 3).
//
// Parameters  t: 4 or 16
// Signals     in[t] -> out[t]
// Enforced    out = permute(in). Every S-box is constrained; the linear layers are expressions, not signals,
//             so that only S-boxes cost anything.
// Caller's    nothing: any field elements are fine
// Cost        t = 4: 264, t = 16: 555 (three per S-box: 8 t + internal rounds of them)

include "generated/poseidon2_constants.circom";
include "pow5.circom";

template Poseidon2(t) {
    signal input in[t];
    signal output out[t];

    var internalRounds = poseidon2InternalRounds(t);
    var constants[8 * t + internalRounds] = poseidon2RoundConstants(t);
    var diagonal[t] = poseidon2InternalDiagonal(t);
    var m4[4][4] = [[5, 7, 1, 3], [4, 6, 1, 1], [1, 3, 5, 7], [1, 1, 4, 6]];

    signal external[8][t];
    signal internal[internalRounds];

    var state[t];
    var mixed[t];
    var next = 0; // of the round constants
    for (var i = 0; i < t; i++) state[i] = in[i];

    // Layer 0 is the external matrix alone; layers 1 to 4 and the last 4 are external rounds.
    for (var round = 0; round < 9 + internalRounds; round++) {
        var isInternal = round > 4 && round <= 4 + internalRounds;
        if (isInternal) {
            internal[round - 5] <== Pow5()(state[0] + constants[next]);
            next++;
            state[0] = internal[round - 5];

            var sum = 0;
            for (var i = 0; i < t; i++) sum += state[i];
            for (var i = 0; i < t; i++) state[i] = sum + diagonal[i] * state[i];
        } else {
            if (round > 0) {
                var layer = round <= 4 ? round - 1 : round - internalRounds - 1;
                for (var i = 0; i < t; i++) {
                    external[layer][i] <== Pow5()(state[i] + constants[next]);
                    next++;
                    state[i] = external[layer][i];
                }
            }
            // t = 4: M4. t = 16: circ(2 M4, M4, M4, M4) = M4 on each block of four, plus the sum of the blocks.
            for (var i = 0; i < t; i++) {
                mixed[i] = 0;
                for (var j = 0; j < 4; j++) mixed[i] += m4[i % 4][j] * state[4 * (i \ 4) + j];
            }
            for (var i = 0; i < t; i++) {
                state[i] = mixed[i];
                if (t > 4) for (var block = 0; block < t / 4; block++) state[i] += mixed[4 * block + i % 4];
            }
        }
    }

    for (var i = 0; i < t; i++) out[i] <== state[i];
}
