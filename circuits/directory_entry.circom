pragma circom 2.2.3;

// The hash of one entry of a vNode's directory (protocol.md, section 5).
//
// Signals     root, start, weight, leaves -> out
// Enforced    out = compress4(root, start, weight, leaves * 2^40 + TAG_ENTRY). Each of the four is an input of the hash, or
//             an invertible linear function of one: as field elements none can be another for the same out.
// Caller's    nothing
// Cost        264

include "compress.circom";

template DirectoryEntry() {
    var TAG_ENTRY = 0x656e747279; // "entry", 40 bits
    signal input root;
    signal input start;
    signal input weight;
    signal input leaves;

    signal output out <== Compress(4)([root, start, weight, leaves * 2 ** 40 + TAG_ENTRY]);
}
