pragma circom 2.2.3;

// What an honest prover computes of a Poseidon2 permutation (protocol.md, section 3). Enforces nothing.
//
// Returns the inputs of all S-boxes in round order, and then the t outputs. constants has one element per S-box.

function poseidon2Values(t, in, constants, diagonal, m4) {
    var values[201]; // 8 t + 57 + t for t = 16; the size of an array in a function must be a constant
    var state[16];
    var mixed[16];
    var internalRounds = poseidon2InternalRounds(t);
    var box = 0;

    for (var i = 0; i < t; i++) state[i] = in[i];
    // Layer 0 is the external matrix alone; layers 1 to 4 and the last 4 are external rounds.
    for (var round = 0; round < 9 + internalRounds; round++) {
        var isInternal = round > 4 && round <= 4 + internalRounds;
        var boxes = isInternal ? 1 : (round == 0 ? 0 : t);
        for (var i = 0; i < boxes; i++) {
            var value = state[i] + constants[box];
            var square = value * value;
            values[box] = value;
            state[i] = square * square * value;
            box++;
        }
        if (isInternal) {
            var sum = 0;
            for (var i = 0; i < t; i++) sum += state[i];
            for (var i = 0; i < t; i++) state[i] = sum + diagonal[i] * state[i];
        } else {
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
    for (var i = 0; i < t; i++) values[box + i] = state[i];
    return values;
}
