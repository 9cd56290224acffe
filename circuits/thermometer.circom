pragma circom 2.2.3;

// The unary form of a number given by its bits: above[i] = 1 if the number is greater than i, else 0.
//
// Parameters  b: 1 or an even number of bits whose half is again allowed (1, 2, 4)
// Signals     bit[b], least significant first -> above[2^b - 1]
// Enforced    above is the thermometer of the number that the bits spell
// Caller's    every bit is boolean
// Cost        b = 1: 0, b = 2: 1, b = 4: 11

template Thermometer(b) {
    signal input bit[b];
    signal output above[2 ** b - 1];

    if (b == 1) {
        above[0] <== bit[0];
    } else {
        // number = high * half + low: it exceeds a * half + j if high > a, or high = a and low > j.
        var half = 2 ** (b / 2);
        var low[b / 2];
        var high[b / 2];
        for (var i = 0; i < b / 2; i++) {
            low[i] = bit[i];
            high[i] = bit[b / 2 + i];
        }
        signal lowAbove[half - 1] <== Thermometer(b / 2)(low);
        signal highAbove[half - 1] <== Thermometer(b / 2)(high);

        signal both[half - 1][half - 1]; // high = a and low > j
        for (var a = 0; a < half; a++) {
            var atLeastA = a == 0 ? 1 : highAbove[a - 1];
            var aboveA = a == half - 1 ? 0 : highAbove[a];
            for (var j = 0; j < half - 1; j++) {
                if (a < half - 1) {
                    both[a][j] <== (atLeastA - aboveA) * lowAbove[j];
                    above[a * half + j] <== aboveA + both[a][j];
                } else {
                    // Exactly one a is right, so the last product is what the others leave.
                    var rest = lowAbove[j];
                    for (var c = 0; c < a; c++) rest -= both[c][j];
                    above[a * half + j] <== rest;
                }
            }
            if (a < half - 1) above[a * half + half - 1] <== aboveA;
        }
    }
}
