/**
 * Cheats about numbers: their range, their canonical bits, their scaling.
 */
import { P } from "../protocol/field.ts";
import type { Patch } from "./build.ts";
import type { Cheat } from "./cheats.ts";

const BITIFY = "circomlib/circuits/bitify.circom";
const BITS = "canonical_bits.circom";

const rangeChecks: readonly Cheat[] = [
  { main: "RangeCheck(40)", claim: "2^40 is below 2^40", input: () => ({ in: 2n ** 40n }) },
  { main: "RangeCheck(40)", claim: "-1 is below 2^40", input: () => ({ in: P - 1n }) },
  {
    ...{ main: "RangeCheck(40)", claim: "2^40 is below 2^40, by a bit that is 2" },
    ...{ input: () => ({ in: 2n ** 40n }) },
    patches: [[BITIFY, "out[i] <-- (in >> i) & 1;", "out[i] <-- i == n - 1 ? 2 : 0;"]],
  },
];

const BIT = "bit[i] <-- (in >> i) & 1;";
const ALIAS: readonly Patch[] = [
  // The bits of in + p, with carry: p = (p - 1) + 1, and p - 1 is what -1 stands for.
  [
    ...[BITS, "var value = 0;"],
    `var value = 0; var alias[254]; var carry = 1;
     for (var i = 0; i < 254; i++) {
       var sum = ((in >> i) & 1) + ((-1 >> i) & 1) + carry;
       alias[i] = sum & 1;
       carry = sum >> 1;
     }`,
  ] as const,
  [BITS, BIT, "bit[i] <-- alias[i];"],
];
const aliased = (claim: string, patches: readonly Patch[] = []): Cheat => ({
  ...{ main: "CanonicalBits()", claim, input: () => ({ in: 5n }), patches: [...ALIAS, ...patches] },
});
/** One bit at this place and the one above it are others, so that the sum stays. */
const odd = (place: number, bit: string, above: string, input: bigint): Cheat => ({
  ...{
    main: "CanonicalBits()",
    claim: `${input}, by bit ${place} that is ${bit}`,
    input: () => ({ in: input }),
  },
  patches: [
    [BITS, BIT, `bit[i] <-- i == ${place} ? ${bit} : (i == ${place + 1} ? ${above} : (in >> i) & 1);`],
  ],
});
const canonical: readonly Cheat[] = [
  aliased("5 is 5 + p, every other wire as it follows"),
  aliased("5 is 5 + p, said to be smaller at each 1 of p - 1", [
    [BITS, "equal[i] <== equal[i + 1] * bit[i];", "equal[i] <-- 0;"],
  ]),
  aliased("5 is 5 + p, said to be smaller at each 0 of p - 1", [
    [BITS, "equal[i] <== equal[i + 1];", "equal[i] <-- 0;"],
  ]),
  aliased("5 is 5 + p, said to be smaller from the start", [
    [BITS, "equal[254] <== 1;", "equal[254] <-- 0;"],
  ]),
  {
    ...{ main: "CanonicalBits()", claim: "5 has the bits of 6", input: () => ({ in: 5n }) },
    patches: [[BITS, BIT, "bit[i] <-- (6 >> i) & 1;"]],
  },
  // p - 1 has a 0 at place 0 and a 1 at place 28.
  ...[0, 28].flatMap((place) => [
    odd(place, "2", "0", 2n ** BigInt(place + 1)),
    odd(place, "-1", "1", 2n ** BigInt(place)),
  ]),
];

const PRODUCT = "(window * length)";
const scaled = (claim: string, offset: string, remainder: string): Cheat => ({
  ...{ main: "Scale()", claim, input: () => ({ window: 2n ** 59n + 12345n, length: 1_000_003n }) },
  patches: [
    ["scale.circom", `offset <-- ${PRODUCT} >> 60`, `offset <-- ${offset}`],
    ["scale.circom", `remainder <-- ${PRODUCT} & (2 ** 60 - 1)`, `remainder <-- ${remainder}`],
  ],
});
const scalings: readonly Cheat[] = [
  scaled("the next offset, with the same remainder", `(${PRODUCT} >> 60) + 1`, `${PRODUCT} & (2 ** 60 - 1)`),
  scaled(
    "the next offset, with a negative remainder",
    `(${PRODUCT} >> 60) + 1`,
    `${PRODUCT} - offset * 2 ** 60`,
  ),
  scaled(
    "the offset before, with a remainder above 2^60",
    `(${PRODUCT} >> 60) - 1`,
    `${PRODUCT} - offset * 2 ** 60`,
  ),
  scaled("an offset that wraps, with a small remainder", `(${PRODUCT} - 7) / (2 ** 60)`, "7"),
];

export const NUMBER_CHEATS: readonly Cheat[] = [...rangeChecks, ...canonical, ...scalings];
