pragma circom 2.2.3;

// The statement that a node proves: it holds the leaves that a seed samples from its directory (protocol.md, section 7).
//
// Parameters  k: samples; D: depth of a segment's tree; G: depth of the directory
// Signals     public directoryRoot, seed, start, length, in this order;
//             private, for each sample, what SampleOpening lists
// Enforced    start < 2^40 and 0 < length < 2^40, and sample j of (seed, start, length) is answered from the directory,
//             for every j < k
// Caller's    the contract builds directoryRoot, gives a seed below 2^248 that binds chain, contract, vNode, node and
//             time, and asks for a range within the directory's total
// Cost        81 + SamplePositions(k) + k SampleOpening(D, G)

include "circomlib/circuits/comparators.circom";
include "range_check.circom";
include "sample_opening.circom";
include "sample_positions.circom";

template StorageAudit(k, D, G) {
    signal input directoryRoot;
    signal input seed;
    signal input start;
    signal input length;
    signal input entryRoot[k];
    signal input entryStart[k];
    signal input entryLeaves[k];
    signal input entryIndex[k];
    signal input entrySiblings[k][G][3];
    signal input leafIndex[k];
    signal input leaf[k][16];
    signal input leafSiblings[k][D][15];

    RangeCheck(40)(start);
    RangeCheck(40)(length);
    signal empty <== IsZero()(length);
    empty === 0;

    signal position[k] <== SamplePositions(k)(seed, start, length);
    for (var j = 0; j < k; j++) {
        SampleOpening(D, G)(
            directoryRoot, position[j],
            entryRoot[j], entryStart[j], entryLeaves[j], entryIndex[j], entrySiblings[j],
            leafIndex[j], leaf[j], leafSiblings[j]
        );
    }
}
