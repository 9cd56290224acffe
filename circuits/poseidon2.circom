pragma circom 2.2.3;

// The Poseidon2 permutation over BN254 with x^5, width t = 4 or 16 (protocol.md, section 3).
//
// Parameters  t: 4 or 16
// Signals     in[t] -> out[t]
// Enforced    out = permute(in). The signals are the inputs of the S-boxes. The linear layers are invertible, so an
//             S-box's output is a fixed linear expression of the inputs of later ones: it stands on the right of a
//             product, where terms take no room in the key. The layers themselves cost nothing.
// Caller's    nothing: any field elements are fine
// Cost        t = 4: 264, t = 16: 555 (three per S-box: 8 t + internal rounds of them)

include "generated/poseidon2_constants.circom";
include "poseidon2_values.circom";

template Poseidon2(t) {
    signal input in[t];
    signal output out[t];

    var internalRounds = poseidon2InternalRounds(t);
    var boxes = 8 * t + internalRounds;
    var blocks = t / 4;
    var constants[boxes] = poseidon2RoundConstants(t);
    var diagonal[t] = poseidon2InternalDiagonal(t);
    var m4[4][4] = [[5, 7, 1, 3], [4, 6, 1, 1], [1, 3, 5, 7], [1, 1, 4, 6]];
    var inverseM4Times8[4][4] = [[-1, 3, -6, 7], [1, -1, 4, -5], [-6, 7, -1, 3], [4, -5, 1, -1]];

    var values[201] = poseidon2Values(t, in, constants, diagonal, m4);
    signal boxIn[boxes];
    signal square[boxes];
    signal fourth[boxes];
    for (var box = 0; box < boxes; box++) {
        // Those of the first round are linear in the input; the others are bound below.
        if (box < t) boxIn[box] <== values[box];
        else boxIn[box] <-- values[box];
        square[box] <== boxIn[box] * boxIn[box];
        fourth[box] <== square[box] * square[box];
    }
    for (var i = 0; i < t; i++) out[i] <-- values[boxes + i]; // bound below

    // From the output back to the input: undo a linear layer, and the state is what the S-boxes before it return.
    var state[t];
    var mixed[t];
    var scale = 1; // 1 + the sum of 1 / diagonal[i], for the inverse of all-ones + diag(diagonal)
    for (var i = 0; i < t; i++) scale += 1 / diagonal[i];
    var box = boxes;
    for (var i = 0; i < t; i++) state[i] = out[i];
    for (var round = 8 + internalRounds; round > 0; round--) {
        var isInternal = round > 4 && round <= 4 + internalRounds;
        if (isInternal) {
            var sum = 0; // of the state before the layer
            for (var i = 0; i < t; i++) sum += state[i] / diagonal[i] / scale;
            for (var i = 0; i < t; i++) state[i] = (state[i] - sum) / diagonal[i];
        } else {
            for (var i = 0; i < t; i++) {
                mixed[i] = state[i];
                // Each block is M4 of itself plus the sum of all: the blocks together are blocks + 1 times M4 of the sum.
                if (t > 4) for (var c = 0; c < blocks; c++) mixed[i] -= state[4 * c + i % 4] / (blocks + 1);
            }
            for (var i = 0; i < t; i++) {
                state[i] = 0;
                for (var j = 0; j < 4; j++) state[i] += inverseM4Times8[i % 4][j] / 8 * mixed[4 * (i \ 4) + j];
            }
        }
        var width = isInternal ? 1 : t;
        box -= width;
        for (var i = 0; i < width; i++) {
            fourth[box + i] * boxIn[box + i] === state[i];
            state[i] = boxIn[box + i] - constants[box + i];
        }
    }
}
