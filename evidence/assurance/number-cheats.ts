/**
 * Cheats about numbers: their range, their canonical bits, their scaling, and the positions that follow.
 */
import { P } from "../../protocol/field.ts";
import { permute4 } from "../../protocol/poseidon2.ts";
import { TAG_SAMPLE } from "../../protocol/sampling.ts";
import type { Patch } from "./build.ts";
import type { Cheat } from "./cheat.ts";

/** A circom expression with the value `values[x]` where the signal is x, so that one program serves several cheats. */
const choose = (signal: string, values: ReadonlyMap<bigint, string>, otherwise: string): string =>
  [...values].reduce((rest, [x, value]) => `(${signal} == ${x} ? ${value} : ${rest})`, otherwise);

const TOP_BIT: Patch = [
  "circomlib/circuits/bitify.circom",
  "out[i] <-- (in >> i) & 1;",
  "out[i] <-- i == n - 1 ? in / 2 ** i : 0;",
] as const;
const range = (claim: string, value: bigint, patches: readonly Patch[] = []): Cheat => ({
  main: "RangeCheck(40)",
  claim,
  input: () => ({ in: value }),
  patches,
});
const ranges: readonly Cheat[] = [
  range("2^40 is below 2^40", 2n ** 40n),
  range("-1 is below 2^40", P - 1n),
  // The sum is right. Only the constraint that a bit is 0 or 1 refuses it.
  { ...range("2^40 is below 2^40, by a bit that is 2", 2n ** 40n, [TOP_BIT]), breaks: 1 },
  { ...range("-1 is below 2^40, by a bit that is -1 / 2^39", P - 1n, [TOP_BIT]), breaks: 1 },
  { ...range("6, by a bit that is 6 / 2^39", 6n, [TOP_BIT]), breaks: 1 },
];

const BITS = "canonical_bits.circom";
const BIT = "bit[i] <-- (in >> i) & 1;";
/** Elements that have two forms with 254 bits, among them the largest. */
const ALIASED = [0n, 1n, 5n, 12345n, 2n ** 254n - P - 1n];
/** Inputs at which the comparison with p - 1 is made to say that the bits are smaller. */
const SMALLER = { atOnes: ALIASED, atZeros: [8n], fromTheStart: [9n] };
const silenced = (at: readonly bigint[], to: string): string =>
  choose("in", new Map(at.map((value) => [value, "0"])), to);
const ALIAS: readonly Patch[] = [
  // The bits of in + p, with carry. In circom -1 is p - 1, so p = -1 + 1.
  [
    BITS,
    "var value = 0;",
    `var value = 0; var alias[254]; var carry = 1;
     for (var i = 0; i < 254; i++) {
       var sum = ((in >> i) & 1) + ((-1 >> i) & 1) + carry;
       alias[i] = sum & 1;
       carry = sum >> 1;
     }`,
  ] as const,
  [BITS, BIT, "bit[i] <-- alias[i];"],
];
const SILENCED: readonly Patch[] = [
  [BITS, "<== equal[i + 1] * bit[i];", `<-- ${silenced(SMALLER.atOnes, "equal[i + 1] * bit[i]")};`],
  [BITS, "<== equal[i + 1];", `<-- ${silenced(SMALLER.atZeros, "equal[i + 1]")};`],
  [BITS, "equal[254] <== 1;", `equal[254] <-- ${silenced(SMALLER.fromTheStart, "1")};`],
];
const aliased = (value: bigint, how: string, patches: readonly Patch[]): Cheat => ({
  main: "CanonicalBits()",
  claim: `${value} is ${value} + p, ${how}`,
  input: () => ({ in: value }),
  patches: [...ALIAS, ...patches],
});
const smaller = (where: string, values: readonly bigint[]): Cheat[] =>
  values.map((value) => ({ ...aliased(value, `said to be smaller ${where}`, SILENCED), breaks: 1 }));
const aliases = [
  ...ALIASED.map((value) => aliased(value, "every other wire as it follows", [])),
  ...smaller("at each 1 of p - 1", SMALLER.atOnes),
  ...smaller("at each 0 of p - 1", SMALLER.atZeros),
  ...smaller("from the start", SMALLER.fromTheStart),
];

/** Two neighbouring bits change so that the sum stays. p - 1 has a 0 at place 0 and a 1 at place 28. */
const ODD = [0, 28].flatMap((place) => [
  { value: 2n ** BigInt(place + 1), place, bit: "2", above: "0" },
  { value: 2n ** BigInt(place), place, bit: "-1", above: "1" },
]);
const OTHER_BITS: Patch = [
  BITS,
  BIT,
  `bit[i] <-- ${choose(
    "in",
    new Map([
      [5n, "(6 >> i) & 1"],
      ...ODD.map(({ value, place, bit, above }): [bigint, string] => [
        value,
        `(i == ${place} ? ${bit} : (i == ${place + 1} ? ${above} : 0))`,
      ]),
    ]),
    "(in >> i) & 1",
  )};`,
] as const;
const canonical: readonly Cheat[] = [
  ...aliases,
  ...[
    { value: 5n, claim: "5 has the bits of 6" },
    ...ODD.map(({ value, place, bit }) => ({ value, claim: `${value}, by bit ${place} that is ${bit}` })),
  ].map(({ value, claim }) => ({
    main: "CanonicalBits()",
    claim,
    input: () => ({ in: value }),
    patches: [OTHER_BITS],
  })),
];

const PRODUCT = "(window * size)";
const OTHER_SCALINGS = [
  {
    claim: "the next offset, with the same remainder",
    offset: `(${PRODUCT} >> w) + 1`,
    remainder: `${PRODUCT} & (2 ** w - 1)`,
  },
  {
    claim: "the next offset, with a negative remainder",
    offset: `(${PRODUCT} >> w) + 1`,
    remainder: `${PRODUCT} - offset * 2 ** w`,
  },
  {
    claim: "the offset before, with a remainder above 2^w",
    offset: `(${PRODUCT} >> w) - 1`,
    remainder: `${PRODUCT} - offset * 2 ** w`,
  },
  {
    claim: "an offset that wraps, with a small remainder",
    offset: `(${PRODUCT} - 7) / (2 ** w)`,
    remainder: "7",
  },
].map((scaling, i) => ({ ...scaling, size: 1_000_003n + BigInt(i) }));
const scaled = (part: "offset" | "remainder"): string =>
  choose("size", new Map(OTHER_SCALINGS.map((scaling) => [scaling.size, scaling[part]])), "0");
const scalings = [
  { main: "Scale(50, 40)", window: 2n ** 49n + 12345n },
  { main: "Scale(34, 28)", window: 2n ** 33n + 12345n },
].flatMap(({ main, window }) =>
  OTHER_SCALINGS.map(({ claim, size }): Cheat => ({
    main,
    claim,
    input: () => ({ window, size }),
    breaks: 1,
    patches: [
      ["scale.circom", `offset <-- ${PRODUCT} >> w`, `offset <-- ${scaled("offset")}`],
      ["scale.circom", `remainder <-- ${PRODUCT} & (2 ** w - 1)`, `remainder <-- ${scaled("remainder")}`],
    ],
  })),
);

/** A seed whose first random element has two forms. */
function seedOfTwoForms(): bigint {
  for (let seed = 1n; ; seed++)
    if ((permute4([seed, 0n, 0n, TAG_SAMPLE])[0] ?? P) < 2n ** 254n - P) return seed;
}
const DRAWS = "sample_draws.circom";
const draws: readonly Cheat[] = [
  {
    main: "SampleDraws(2)",
    claim: "draws by the second form of an element",
    patches: ALIAS,
    input: () => ({ seed: seedOfTwoForms(), start: 0n, length: 2n ** 40n }),
  },
  {
    main: "SampleDraws(2)",
    claim: "draws by the second form, said to be smaller than p",
    patches: [...ALIAS, [BITS, "equal[254] <== 1;", "equal[254] <-- 0;"]],
    input: () => ({ seed: seedOfTwoForms(), start: 0n, length: 2n ** 40n }),
    breaks: 1,
  },
  ...Object.entries({
    "the first sample's position twice": ["84 * (j % 3) + i]", "84 * 0 + i]"],
    "the second sample's position twice": ["84 * (j % 3) + i]", "84 * 1 + i]"],
    "positions from windows of 60 bits": ["84 * (j % 3) + i]", "60 * (j % 3) + i]"],
    "the first sample's choice of a leaf twice": ["84 * (j % 3) + 50 + i]", "84 * 0 + 50 + i]"],
    "a choice of a leaf by a position's bits": ["84 * (j % 3) + 50 + i]", "84 * (1 - j) + i]"],
    "a position beside the one drawn": [
      "position[j] <== start + offset",
      "position[j] <-- start + offset + j",
    ],
    "a choice of a leaf of one's own": ["v[j] <== choice", "v[j] <-- j == 1 ? 5 : choice"],
  } as const).map(([claim, [from, to]]): Cheat => ({
    main: "SampleDraws(2)",
    claim,
    patches: [[DRAWS, from, to]],
    input: () => ({ seed: 5n, start: 3n, length: 1_000_003n }),
  })),
];

export const NUMBER_CHEATS: readonly Cheat[] = [...ranges, ...canonical, ...scalings, ...draws];
