pragma circom 2.2.3;

// The k positions that a seed draws from [start, start + length) (protocol.md, section 6).
//
// Parameters  k: samples
// Signals     seed, start, length -> position[k]
// Enforced    position[j] = start + floor(w_j * length / 2^60), where w_j are the 60-bit windows of the canonical
//             254-bit forms of the elements of permute4(seed, block, 0, TAG_SAMPLE): there is nothing to choose.
// Caller's    start < 2^40, 0 < length < 2^40; the seed is fixed by the statement (the contract's are < 2^248)
// Cost        264 for each 16 samples or part, 353 for each 4 samples or part, 101 for each sample

include "canonical_bits.circom";
include "poseidon2.circom";
include "scale.circom";

template SamplePositions(k) {
    var TAG_SAMPLE = 0x73616d706c65; // "sample"
    var blocks = (k + 15) \ 16;
    var elements = (k + 3) \ 4;
    signal input seed;
    signal input start;
    signal input length;

    signal random[blocks][4];
    for (var block = 0; block < blocks; block++) random[block] <== Poseidon2(4)([seed, block, 0, TAG_SAMPLE]);

    signal bit[elements][254];
    for (var e = 0; e < elements; e++) bit[e] <== CanonicalBits()(random[e \ 4][e % 4]);

    signal offset[k];
    signal output position[k];
    for (var j = 0; j < k; j++) {
        var window = 0;
        for (var i = 0; i < 60; i++) window += bit[j \ 4][60 * (j % 4) + i] * 2 ** i;
        offset[j] <== Scale()(window, length);
        position[j] <== start + offset[j];
    }
}
