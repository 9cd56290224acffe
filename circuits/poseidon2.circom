pragma circom 2.2.3;

// The Poseidon2 permutation over BN254 with x^5, width t = 4 or 16 (protocol.md, section 3).
//
// Parameters  t: 4 or 16
// Signals     in[t] -> out[t]
// Enforced    out = permute(in). The signals are the inputs of the S-boxes. The linear layers are invertible, so an
//             S-box's output is a fixed linear expression of the inputs of later ones: it stands on the right of a
//             product, where terms take no room in the key. The layers themselves cost nothing.
// Caller's    nothing: any field elements are fine
// Cost        t = 4: 264, t = 16: 555 (three per S-box: 8 t + internal rounds of them). The time of a witness is mostly
//             spent here: no division, power or remainder (i % 4) is computed, as a counter that was divided is no
//             small number any more in circom's program, and each use of it takes a multiplication in the field.

include "generated/poseidon2_constants.circom";

template Poseidon2(t) {
    signal input in[t];
    signal output out[t];

    var internalRounds = poseidon2InternalRounds(t);
    var boxes = 8 * t + internalRounds;
    var blocks = t / 4;
    var constants[boxes] = poseidon2RoundConstants(t);
    var diagonal[t] = poseidon2InternalDiagonal(t);

    signal boxIn[boxes];
    signal square[boxes];
    signal fourth[boxes];
    var state[t];
    var mixed[t];
    var total[4];
    var box = 0;

    // Forwards, the values. Layer 0 is the external matrix alone; layers 1 to 4 and the last 4 are external rounds.
    for (var i = 0; i < t; i++) state[i] = in[i];
    for (var round = 0; round < 9 + internalRounds; round++) {
        var isInternal = round > 4 && round <= 4 + internalRounds;
        var width = isInternal ? 1 : (round == 0 ? 0 : t);
        for (var i = 0; i < width; i++) {
            if (round == 1) boxIn[box] <== state[i] + constants[box];
            else boxIn[box] <-- state[i] + constants[box]; // bound below
            square[box] <== boxIn[box] * boxIn[box];
            fourth[box] <== square[box] * square[box];
            state[i] = fourth[box] * boxIn[box];
            box++;
        }
        if (isInternal) {
            var sum = state[0];
            for (var i = 1; i < t; i++) sum += state[i];
            for (var i = 0; i < t; i++) state[i] = sum + diagonal[i] * state[i];
        } else {
            // t = 4: M4. t = 16: circ(2 M4, M4, M4, M4) = M4 on each block of four, plus the sum of the blocks.
            // M4 = [5 7 1 3; 4 6 1 1; 1 3 5 7; 1 1 4 6] takes additions only.
            for (var i = 0; i < t; i += 4) {
                var first = state[i] + state[i + 1];
                var second = state[i + 2] + state[i + 3];
                var third = state[i + 1] + state[i + 1] + second;
                var last = state[i + 3] + state[i + 3] + first;
                first += first;
                second += second;
                mixed[i + 1] = first + first + third;
                mixed[i + 3] = second + second + last;
                mixed[i] = mixed[i + 1] + last;
                mixed[i + 2] = mixed[i + 3] + third;
            }
            for (var i = 0; i < 4; i++) {
                total[i] = mixed[i];
                for (var j = i + 4; j < t; j += 4) total[i] += mixed[j];
                for (var j = i; j < t; j += 4) state[j] = t > 4 ? mixed[j] + total[i] : mixed[j];
            }
        }
    }
    for (var i = 0; i < t; i++) out[i] <-- state[i]; // bound below

    // Backwards, the constraints: undo a linear layer of what follows, and the state is what the S-boxes return.
    var inverse[t] = poseidon2InverseDiagonal(t);
    var scale = poseidon2InverseScale(t);
    var inverseM4[4][4] = poseidon2InverseM4();
    var share = poseidon2InverseBlocks(t);
    for (var i = 0; i < t; i++) state[i] = out[i];
    for (var round = 8 + internalRounds; round > 0; round--) {
        var isInternal = round > 4 && round <= 4 + internalRounds;
        var width = isInternal ? 1 : t;
        if (isInternal) {
            var sum = inverse[0] * state[0];
            for (var i = 1; i < t; i++) sum += inverse[i] * state[i];
            sum = scale * sum; // of the state before the layer
            for (var i = 0; i < t; i++) state[i] = inverse[i] * (state[i] - sum);
        } else {
            // t = 16: the blocks together are blocks + 1 times M4 of the sum of what they were.
            for (var i = 0; i < 4; i++) {
                total[i] = state[i];
                for (var j = i + 4; j < t; j += 4) total[i] += state[j];
                total[i] = share * total[i];
                for (var j = i; j < t; j += 4) mixed[j] = state[j] - total[i];
            }
            for (var c = 0; c < t; c += 4) {
                for (var i = 0; i < 4; i++) {
                    state[c + i] = inverseM4[i][0] * mixed[c];
                    for (var j = 1; j < 4; j++) state[c + i] += inverseM4[i][j] * mixed[c + j];
                }
            }
        }
        box -= width;
        for (var i = 0; i < width; i++) {
            fourth[box + i] * boxIn[box + i] === state[i];
            state[i] = boxIn[box + i] - constants[box + i];
        }
    }
}
