pragma circom 2.2.3;

// The root of a 2^b-ary tree of fixed depth, from one node at its bottom (protocol.md, sections 4 and 5).
//
// Parameters  depth: levels; b: bits of a digit (2: directory, 4: segment)
// Signals     node, bit[depth * b] (the index, least significant first), sibling[depth][2^b - 1] -> root;
//             each level's siblings in InsertChild's order
// Enforced    root is the root of a tree with the node at exactly the index that the bits spell
// Caller's    every bit is boolean; the depth never varies for one tree, so an inner node cannot pass for a leaf
// Cost        depth times b = 2: 267, b = 4: 570

include "compress.circom";
include "insert_child.circom";

template MerklePath(depth, b) {
    var arity = 2 ** b;
    signal input node;
    signal input bit[depth * b];
    signal input sibling[depth][arity - 1];

    signal digit[depth][b];
    signal children[depth][arity];
    signal level[depth + 1];
    level[0] <== node;
    for (var i = 0; i < depth; i++) {
        for (var j = 0; j < b; j++) digit[i][j] <== bit[i * b + j];
        children[i] <== InsertChild(b)(level[i], digit[i], sibling[i]);
        level[i + 1] <== Compress(arity)(children[i]);
    }

    signal output root <== level[depth];
}
