pragma circom 2.2.3;

// The 2^b children of a tree node, from one child, its digit, and the other children in order.
//
// Parameters  b: bits of the digit (2 or 4)
// Signals     node, digit[b] (least significant bit first), sibling[2^b - 1] -> child[2^b]
// Enforced    child[digit] = node, and the siblings fill the other places in order
// Caller's    every bit of the digit is boolean
// Cost        b = 2: 4, b = 4: 26 (one per sibling, and the thermometer)

include "thermometer.circom";

template InsertChild(b) {
    var arity = 2 ** b;
    signal input node;
    signal input digit[b];
    signal input sibling[arity - 1];
    signal output child[arity];

    signal above[arity - 1] <== Thermometer(b)(digit);

    // moved[i] is sibling[i] - node where sibling i keeps its place, in front of the node; 0 where it moves up one.
    signal moved[arity - 1];
    for (var i = 0; i < arity - 1; i++) moved[i] <== above[i] * (sibling[i] - node);

    child[0] <== node + moved[0];
    for (var i = 1; i < arity - 1; i++) child[i] <== sibling[i - 1] - moved[i - 1] + moved[i];
    child[arity - 1] <== sibling[arity - 2] - moved[arity - 2];
}
