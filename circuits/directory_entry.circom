pragma circom 2.2.3;

// The hash of one entry of a vNode's directory (protocol.md, section 5).
//
// Signals     root, start, leaves -> out
// Enforced    out = compress4(root, start, leaves, TAG_ENTRY)
// Caller's    nothing
// Cost        264

include "compress.circom";

template DirectoryEntry() {
    var TAG_ENTRY = 0x656e747279; // "entry"
    signal input root;
    signal input start;
    signal input leaves;

    signal output out <== Compress(4)([root, start, leaves, TAG_ENTRY]);
}
