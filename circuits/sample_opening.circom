pragma circom 2.2.3;

// One sample answered: the leaf at a position of the vNode, or the tombstone that covers it (protocol.md, section 7).
//
// Parameters  D: depth of a segment's tree; G: depth of the directory
// Signals     directoryRoot, position;
//             entryRoot, entryStart, entryLeaves, entryIndex, entrySiblings[G][3]: the entry that covers the position;
//             leafIndex, leaf[16], leafSiblings[D][15]: the leaf within that entry's segment
// Enforced    - the entry is in the directory at entryIndex, whose bits are the path's bits
//             - position = entryStart + leafIndex, and leafIndex < entryLeaves
//             - entryRoot = 0 (a tombstone), or the leaf hashes up to entryRoot at leafIndex, whose bits are the path's
// Caller's    directoryRoot commits to entries that cover disjoint ranges below 2^40 with at most 16^D leaves each,
//             as the contract builds it; position < 2^41
// Cost        820 + 269 G + 578 D

include "circomlib/circuits/bitify.circom";
include "compress.circom";
include "directory_entry.circom";
include "merkle_path.circom";
include "range_check.circom";

template SampleOpening(D, G) {
    signal input directoryRoot;
    signal input position;
    signal input entryRoot;
    signal input entryStart;
    signal input entryLeaves;
    signal input entryIndex;
    signal input entrySiblings[G][3];
    signal input leafIndex;
    signal input leaf[16];
    signal input leafSiblings[D][15];

    signal entryBits[2 * G] <== Num2Bits(2 * G)(entryIndex);
    signal entry <== DirectoryEntry()(entryRoot, entryStart, entryLeaves);
    signal pathRoot <== MerklePath(G, 2)(entry, entryBits, entrySiblings);
    pathRoot === directoryRoot;

    signal leafBits[4 * D] <== Num2Bits(4 * D)(leafIndex);
    entryStart + leafIndex === position;
    // entryLeaves = leafIndex + 1 + (something below 2^4D): nothing wraps, so no range check of entryLeaves is needed.
    RangeCheck(4 * D)(entryLeaves - 1 - leafIndex);

    signal leafHash <== Compress(16)(leaf);
    signal segmentRoot <== MerklePath(D, 4)(leafHash, leafBits, leafSiblings);
    // A product in a field is zero only if a factor is: no root but 0 excuses from opening the leaf.
    entryRoot * (segmentRoot - entryRoot) === 0;
}
