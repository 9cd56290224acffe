pragma circom 2.2.3;

// One sample answered: a leaf of the segment that has a position of the vNode, or the tombstone that has it (protocol.md,
// section 7).
//
// Parameters  D: depth of a segment's tree; G: depth of the directory
// Signals     directoryRoot, position, v;
//             entryRoot, entryStart, entryWeight, entryLeaves, entryIndex, entrySiblings[G][3]: the entry that has the
//             position;
//             leaf[16], leafSiblings[D][15]: the leaf that v chooses of that entry's segment
// Enforced    - the entry is in the directory at entryIndex, whose bits are the path's bits
//             - entryStart <= position < entryStart + entryWeight: position - entryStart and what is left of the weight
//               after position are both below 2^40
//             - entryRoot = 0 (a tombstone), or the leaf hashes up to entryRoot at index floor(v * entryLeaves / 2^34),
//               whose bits are the path's
// Caller's    position < 2^40, v < 2^34, and directoryRoot is of entries as the contract appends them: each starts where
//             the one before it ends, 1 <= weight, start + weight < 2^40, 1 <= leaves <= 16^D. The hash binds these
//             numbers, so none needs a range check of its own: no difference above is below -2^40, and v * entryLeaves
//             is below 2^62
// Cost        935 + 269 G + 574 D

include "circomlib/circuits/bitify.circom";
include "compress.circom";
include "directory_entry.circom";
include "merkle_path.circom";
include "range_check.circom";
include "scale.circom";

template SampleOpening(D, G) {
    signal input directoryRoot;
    signal input position;
    signal input v;
    signal input entryRoot;
    signal input entryStart;
    signal input entryWeight;
    signal input entryLeaves;
    signal input entryIndex;
    signal input entrySiblings[G][3];
    signal input leaf[16];
    signal input leafSiblings[D][15];

    signal entryBits[2 * G] <== Num2Bits(2 * G)(entryIndex);
    signal entry <== DirectoryEntry()(entryRoot, entryStart, entryWeight, entryLeaves);
    signal pathRoot <== MerklePath(G, 2)(entry, entryBits, entrySiblings);
    pathRoot === directoryRoot;

    RangeCheck(40)(position - entryStart);
    RangeCheck(40)(entryStart + entryWeight - 1 - position);

    signal leafBits[4 * D] <== Scale(34, 4 * D)(v, entryLeaves);
    signal leafHash <== Compress(16)(leaf);
    signal segmentRoot <== MerklePath(D, 4)(leafHash, leafBits, leafSiblings);
    // A product in a field is zero only if a factor is: no root but 0 excuses from opening the leaf.
    entryRoot * (segmentRoot - entryRoot) === 0;
}
