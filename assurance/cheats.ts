/**
 * Cheating witnesses, written by hand: what a dishonest prover would like to claim, and the part that is to refuse it.
 */
import { directoryRootOf, emptyNode } from "../protocol/directory.ts";
import { P } from "../protocol/field.ts";
import { compress16, compress4, permute4 } from "../protocol/poseidon2.ts";
import { TAG_SAMPLE } from "../protocol/sampling.ts";
import type { HashEngine } from "../protocol/segment.ts";
import type { CircuitInput, NestedBigints } from "../protocol/statement.ts";
import type { Patch } from "./build.ts";
import { inOrder, openingOf, statement } from "./statements.ts";

export interface Cheat {
  readonly main: string;
  readonly claim: string;
  readonly input: (engine: HashEngine) => CircuitInput;
  /** What the cheat's program computes otherwise. */
  readonly patches?: readonly Patch[];
}

const BITIFY = "circomlib/circuits/bitify.circom";
const BITS = "canonical_bits.circom";
const BIT = "out[i] <-- (in >> i) & 1;";

// ------------------------------------------------------------------------------------------- range checks, scaling

const digits = (n: number, value: bigint, first: string): Patch => [
  BITIFY,
  BIT,
  `if (n == ${n} && in == ${value}) { out[i] <-- i == 0 ? ${first} : (i == 1 ? (in - (${first})) / 2 : 0); } else { out[i] <-- (in >> i) & 1; }`,
];

const rangeChecks: readonly Cheat[] = [
  { main: "RangeCheck(40)", claim: "2^40 is below 2^40", input: () => ({ in: 2n ** 40n }) },
  { main: "RangeCheck(40)", claim: "-1 is below 2^40", input: () => ({ in: P - 1n }) },
  {
    ...{ main: "RangeCheck(40)", claim: "2^40 is below 2^40, by a bit that is 2" },
    ...{ input: () => ({ in: 2n ** 40n }) },
    patches: [[BITIFY, BIT, "out[i] <-- i == n - 1 ? 2 : 0;"]],
  },
];

const BIT_OF = "bit[i] <-- (in >> i) & 1;";
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
  [BITS, BIT_OF, "bit[i] <-- alias[i];"],
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
    [BITS, BIT_OF, `bit[i] <-- i == ${place} ? ${bit} : (i == ${place + 1} ? ${above} : (in >> i) & 1);`],
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
    patches: [[BITS, BIT_OF, "bit[i] <-- (6 >> i) & 1;"]],
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

// --------------------------------------------------------------------------------------------------------- openings

const bytesOf = (leaves: number): number => leaves * 496 - 1;
/** Leaf 5 of the second of two segments, of 9 and 19 leaves. */
const honestOpening = (engine: HashEngine, tombstones: readonly number[] = []): CircuitInput =>
  openingOf(
    statement(
      { seed: 1n, sizes: [bytesOf(9), bytesOf(19)], tombstones, range: { start: 14, length: 1 } },
      engine,
    ),
    0,
  );
const zeros = (count: number): bigint[] => new Array<bigint>(count).fill(0n);
const value = (input: CircuitInput, name: string): bigint => input[name] as bigint;

const opening = (
  claim: string,
  change: (honest: CircuitInput, engine: HashEngine) => CircuitInput,
  patches: readonly Patch[] = [],
): Cheat => ({
  ...{ main: "SampleOpening(2, 2)", claim, patches },
  input: (engine) => {
    const honest = honestOpening(engine);
    return { ...honest, ...change(honest, engine) };
  },
});

/** The same leaf of a directory that says that its segment has so many leaves. */
const withLeaves =
  (leaves: number) =>
  (honest: CircuitInput): CircuitInput => {
    const entry = { root: value(honest, "entryRoot"), start: Number(value(honest, "entryStart")), leaves };
    return {
      entryLeaves: BigInt(leaves),
      directoryRoot: directoryRootOf(entry, 1, inOrder(honest["entrySiblings"] as bigint[][], 1)),
    };
  };

const openings: readonly Cheat[] = [
  opening("the entry is in another directory", () => ({ directoryRoot: 5n })),
  opening("the leaf of another position", (honest) => ({ position: value(honest, "position") + 1n })),
  opening("a leaf index that is the number of leaves", withLeaves(5)),
  opening("a leaf index beyond the leaves", withLeaves(4)),
  opening("a leaf of an entry without leaves", withLeaves(0)),
  opening("a leaf index beyond the tree", (honest) => ({
    leafIndex: 256n + 5n,
    position: value(honest, "entryStart") + 256n + 5n,
  })),
  opening("the leaf beside it, by its path", (honest) => ({
    leafIndex: 4n,
    position: value(honest, "entryStart") + 4n,
  })),
  opening("siblings of a leaf in the order of the children", (honest) => ({
    leafSiblings: inOrder(honest["leafSiblings"] as bigint[][], 5),
  })),
  opening("siblings of an entry, neighbours swapped", (honest) => ({
    entrySiblings: (honest["entrySiblings"] as bigint[][]).map(([a = 0n, b = 0n, c = 0n]) => [b, a, c]),
  })),
  opening("an entry index beyond the directory", () => ({ entryIndex: 17n })),
  opening("the entry of another slot", () => ({ entryIndex: 0n })),
  opening("the entry of another slot, with that slot's path", (honest) => {
    const [level, above] = honest["entrySiblings"] as bigint[][];
    const own = compress4([
      ...[value(honest, "entryRoot"), value(honest, "entryStart")],
      ...[value(honest, "entryLeaves"), 0x656e747279n],
    ]);
    return { entryIndex: 0n, entrySiblings: [[own, ...(level ?? []).slice(1)], above ?? []] };
  }),
  opening("an inner node as a leaf", (honest, engine) => {
    const { leaf, leafSiblings } = openingOf(
      statement({ seed: 1n, sizes: [bytesOf(9), bytesOf(19)], range: { start: 9, length: 1 } }, engine),
      0,
    );
    const [group, upper] = leafSiblings as bigint[][];
    return {
      ...{ leafIndex: 0n, position: value(honest, "entryStart") },
      ...{ leaf: [compress16(leaf as bigint[]), ...(group ?? [])], leafSiblings: [upper ?? [], upper ?? []] },
    };
  }),
  opening("a tombstone in the place of a live segment", () => ({ entryRoot: 0n })),
  opening("a live segment without its leaf", () => ({
    leaf: zeros(16),
    leafSiblings: [zeros(15), zeros(15)],
  })),
  {
    ...{ main: "SampleOpening(2, 2)", claim: "a live segment in the place of its tombstone" },
    input: (engine) => ({
      ...honestOpening(engine, [1]),
      entryRoot: honestOpening(engine)["entryRoot"] ?? 0n,
    }),
  },
  ...["2", "-1", "1 / 2"].map((bit) =>
    opening(`a path bit of ${bit.replaceAll(" ", "")}`, () => ({}), [digits(8, 5n, bit)]),
  ),
];

// ------------------------------------------------------------------------------------------------------- statements

const SIZES = [bytesOf(7), 1, bytesOf(19)];
const honest = (engine: HashEngine, seed = 12345n, range?: { start: number; length: number }): CircuitInput =>
  statement({ seed, sizes: SIZES, ...(range && { range }) }, engine);

const PUBLIC = ["directoryRoot", "seed", "start", "length"];

const AUDIT = "storage_audit.circom";
const audit = (
  claim: string,
  input: (engine: HashEngine) => CircuitInput,
  patches: readonly Patch[] = [],
): Cheat => ({ main: "StorageAudit(2, 2, 2)", claim, input, patches });

/** A range of one leaf, but for its length: both samples are at its start. */
const emptied = (engine: HashEngine): CircuitInput => ({
  ...honest(engine, 5n, { start: 9, length: 1 }),
  length: 0n,
});

const pick = (input: CircuitInput, order: readonly number[]): CircuitInput =>
  Object.fromEntries(
    Object.entries(input).map(([name, values]): [string, NestedBigints] => [
      name,
      PUBLIC.includes(name) ? values : order.map((i) => (values as readonly NestedBigints[])[i] ?? 0n),
    ]),
  );

/** A directory that no contract builds, with an entry of one leaf at each sample's position: all but the range holds. */
function madeToFit(engine: HashEngine, start: bigint, length: bigint): CircuitInput {
  const base = statement({ seed: 12345n, sizes: [1] }, engine);
  const root = (base["entryRoot"] as bigint[])[0] ?? 0n;
  const element = permute4([12345n, 0n, 0n, TAG_SAMPLE])[0] ?? 0n;
  const starts = [0n, 60n].map(
    (shift) => (start + ((BigInt.asUintN(60, element >> shift) * length) >> 60n)) % P,
  );
  const entries = starts.map((at) => compress4([root, at, 1n, 0x656e747279n]));
  const empty = [emptyNode(1), emptyNode(1), emptyNode(1)];
  const level = [...entries, 0n, 0n];
  return {
    ...base,
    ...{ directoryRoot: compress4([compress4(level), ...empty]), start, length },
    ...{ entryStart: starts, entryIndex: [0n, 1n] },
    entrySiblings: [0, 1].map((i) => [level.toSpliced(i, 1), empty]),
  };
}

const statements: readonly Cheat[] = [
  audit("the samples are swapped", (engine) => pick(honest(engine), [1, 0])),
  audit("the first sample twice", (engine) => pick(honest(engine), [0, 0])),
  audit("the second sample twice", (engine) => pick(honest(engine), [1, 1])),
  audit("the samples of another seed", (engine) => ({ ...honest(engine), seed: 54321n })),
  audit("the samples of another range", (engine) => ({
    ...honest(engine, 12345n, { start: 0, length: 8 }),
    length: 27n,
  })),
  audit("the samples of another directory", (engine) => ({ ...honest(engine), directoryRoot: 5n })),
  audit(
    "the samples of another range, drawn by its length",
    (engine) => ({ ...honest(engine, 12345n, { start: 0, length: 8 }), length: 27n }),
    [[AUDIT, "SamplePositions(k)(seed, start, length)", "SamplePositions(k)(seed, start, 8)"]],
  ),
  audit("an empty range", emptied),
  audit("an empty range, said not to be empty", emptied, [
    [AUDIT, "signal empty <== IsZero()(length);", "signal empty <-- 0; _ <== IsZero()(length);"],
  ]),
  audit("a start of 2^40", (engine) => madeToFit(engine, 2n ** 40n, 1n)),
  audit("a start of -1", (engine) => madeToFit(engine, P - 1n, 1n)),
  audit("a length of 2^40", (engine) => madeToFit(engine, 0n, 2n ** 40n)),
  audit("a length of 2^40, another one checked", (engine) => madeToFit(engine, 0n, 2n ** 40n), [
    [AUDIT, "RangeCheck(40)(length)", "RangeCheck(40)(7)"],
  ]),
];

export const CHEATS: readonly Cheat[] = [
  ...rangeChecks,
  ...canonical,
  ...scalings,
  ...openings,
  ...statements,
];
