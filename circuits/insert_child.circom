pragma circom 2.2.3;

// The 2^b children of a tree node, from one child, its digit, and the other children.
//
// Parameters  b: bits of the digit (2 or 4)
// Signals     node, digit[b] (least significant bit first), sibling[2^b - 1] -> child[2^b]
//             The siblings are in the order in which the node meets them: its neighbour, then the two of the pair beside
//             theirs, then the four beside those, then eight, each group in the order of the children.
// Enforced    child[digit] = node, and the siblings fill the other places in that order
// Caller's    every bit of the digit is boolean
// Cost        2^b - 1, one per sibling

template InsertChild(b) {
    var arity = 2 ** b;
    signal input node;
    signal input digit[b];
    signal input sibling[arity - 1];
    signal output child[arity];

    // The block of 2^j children around the node and the one beside it, swapped if the bit is 1, are the block of 2^(j+1).
    signal swap[arity - 1];
    var block[arity];
    block[0] = node;
    for (var j = 0; j < b; j++) {
        var size = 2 ** j;
        for (var i = 0; i < size; i++) {
            var s = size - 1 + i;
            swap[s] <== digit[j] * (sibling[s] - block[i]);
            block[size + i] = sibling[s] - swap[s];
            block[i] += swap[s];
        }
    }
    for (var i = 0; i < arity; i++) child[i] <== block[i];
}
