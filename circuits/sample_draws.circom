pragma circom 2.2.3;

// What a seed asks for: k positions of [start, start + length), and for each a number that chooses a leaf (protocol.md,
// section 6).
//
// Parameters  k: samples
// Signals     seed, start, length -> position[k], v[k]
// Enforced    position[j] = start + floor(u_j * length / 2^50), where u_j and v[j] are bits 84 * (j mod 3) and on, 50 and
//             34 of them, of the canonical form of element (j div 3) mod 4 of permute4(seed, j div 12, 0, TAG_SAMPLE):
//             there is nothing to choose.
// Caller's    0 < length and start + length <= 2^40 (positions are then below 2^40); the seed is fixed by the statement
//             (the contract's are < 2^248)
// Cost        264 for each 12 samples or part, 353 for each 3 samples or part, 91 for each sample

include "canonical_bits.circom";
include "poseidon2.circom";
include "scale.circom";

template SampleDraws(k) {
    var TAG_SAMPLE = 0x73616d706c65; // "sample"
    var blocks = (k + 11) \ 12;
    var elements = (k + 2) \ 3;
    signal input seed;
    signal input start;
    signal input length;

    signal random[blocks][4];
    for (var block = 0; block < blocks; block++) random[block] <== Poseidon2(4)([seed, block, 0, TAG_SAMPLE]);

    signal bit[elements][254];
    for (var e = 0; e < elements; e++) bit[e] <== CanonicalBits()(random[e \ 4][e % 4]);

    signal offsetBit[k][40];
    signal output position[k];
    signal output v[k];
    for (var j = 0; j < k; j++) {
        var u = 0;
        var choice = 0;
        for (var i = 49; i >= 0; i--) u += u + bit[j \ 3][84 * (j % 3) + i];
        for (var i = 33; i >= 0; i--) choice += choice + bit[j \ 3][84 * (j % 3) + 50 + i];
        offsetBit[j] <== Scale(50, 40)(u, length);
        var offset = 0;
        for (var i = 39; i >= 0; i--) offset += offset + offsetBit[j][i];
        position[j] <== start + offset;
        v[j] <== choice;
    }
}
