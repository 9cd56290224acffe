pragma circom 2.2.3;

// The statement that a node proves: it holds the leaves that a seed samples from its directory (protocol.md, section 7).
//
// Parameters  k: samples; D: depth of a segment's tree; G: depth of the directory
// Signals     public directoryRoot, seed, start, length, in this order;
//             private, for each sample, what SampleOpening lists
// Enforced    0 <= start, 0 < length and start + length <= 2^40, and sample j of (seed, start, length) is answered from
//             the directory, for every j < k
// Caller's    the contract builds directoryRoot, gives a seed below 2^248 that binds chain, contract, vNode, node and
//             time, and asks for a range within the directory's total
// Cost        120 + SampleDraws(k) + k SampleOpening(D, G)

include "range_check.circom";
include "sample_draws.circom";
include "sample_opening.circom";

template StorageAudit(k, D, G) {
    signal input directoryRoot;
    signal input seed;
    signal input start;
    signal input length;
    signal input entryRoot[k];
    signal input entryStart[k];
    signal input entryWeight[k];
    signal input entryLeaves[k];
    signal input entryIndex[k];
    signal input entrySiblings[k][G][3];
    signal input leaf[k][16];
    signal input leafSiblings[k][D][15];

    RangeCheck(40)(start);
    RangeCheck(40)(length - 1);
    RangeCheck(40)(start + length - 1);

    signal position[k];
    signal v[k];
    (position, v) <== SampleDraws(k)(seed, start, length);
    for (var j = 0; j < k; j++) {
        SampleOpening(D, G)(
            directoryRoot, position[j], v[j],
            entryRoot[j], entryStart[j], entryWeight[j], entryLeaves[j], entryIndex[j], entrySiblings[j],
            leaf[j], leafSiblings[j]
        );
    }
}
