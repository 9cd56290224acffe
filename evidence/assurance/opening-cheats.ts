/**
 * Cheats about one sample: another leaf, another entry, another place, a tombstone where there is none.
 */
import { directoryRootOf, entryHash, type Entry } from "../../protocol/directory.ts";
import { inv, mul } from "../../protocol/field.ts";
import { compress16 } from "../../protocol/poseidon2.ts";
import type { HashEngine } from "../../protocol/segment.ts";
import type { CircuitInput } from "../../protocol/statement.ts";
import type { Patch } from "./build.ts";
import type { Cheat } from "./cheat.ts";
import { bytesOf } from "./plans.ts";
import { inOrder, opening as openingAt } from "./statements.ts";

/** The smallest v that chooses this leaf among `leaves`. */
export const choosing = (leaf: number, leaves: number): number => Math.ceil((leaf * 2 ** 34) / leaves);

const LEAVES = 19;
const START = 700;
const WEIGHT = 300;

/** Opens a leaf of the second of two segments (9 and 19 leaves) at a position in its middle. */
export const honestOpening = (
  engine: HashEngine,
  leaf = 5,
  tombstones: readonly number[] = [],
): CircuitInput =>
  openingAt(
    { sizes: [bytesOf(9), bytesOf(LEAVES)], weights: [START, WEIGHT], tombstones },
    { position: START + 123, v: choosing(leaf, LEAVES) },
    engine,
  );
const zeros = (count: number): bigint[] => new Array<bigint>(count).fill(0n);
const value = (input: CircuitInput, name: string): bigint => input[name] as bigint;
const entryOf = (input: CircuitInput): Entry => ({
  root: value(input, "entryRoot"),
  start: Number(value(input, "entryStart")),
  weight: Number(value(input, "entryWeight")),
  leaves: Number(value(input, "entryLeaves")),
});

interface Of {
  readonly tombstones?: readonly number[];
  readonly breaks?: number;
  readonly patches?: readonly Patch[];
}

const opening = (
  claim: string,
  change: (honest: CircuitInput, engine: HashEngine) => CircuitInput,
  { tombstones, ...rest }: Of = {},
): Cheat => ({
  main: "SampleOpening(2, 2)",
  claim,
  ...rest,
  input: (engine) => {
    const honest = honestOpening(engine, 5, tombstones);
    return { ...honest, ...change(honest, engine) };
  },
});
const alone = { breaks: 1 };

/** The same leaf in a directory with a false entry for its segment. */
const inDirectoryOf =
  (change: Partial<Entry>) =>
  (honest: CircuitInput): CircuitInput => {
    const entry = { ...entryOf(honest), ...change };
    return {
      entryWeight: BigInt(entry.weight),
      entryLeaves: BigInt(entry.leaves),
      directoryRoot: directoryRootOf(entry, 1, inOrder(honest["entrySiblings"] as bigint[][], 1)),
    };
  };

/**
 * Values of v that choose another leaf than the opened one. The remainder is made to fit, so that only its range check
 * refuses it.
 */
const OTHER_LEAVES = [
  { claim: "the leaf before the chosen one", opened: 4, leaves: LEAVES, v: choosing(5, LEAVES) + 1 },
  { claim: "the leaf after the chosen one", opened: 6, leaves: LEAVES, v: choosing(5, LEAVES) + 2 },
  { claim: "the first leaf instead of the last", opened: 0, leaves: LEAVES, v: 2 ** 34 - 1 },
  { claim: "the last leaf instead of the first", opened: 18, leaves: LEAVES, v: 0 },
  { claim: "a leaf index that is the number of leaves", opened: 5, leaves: 5, v: 2 ** 34 - 2 },
  { claim: "a leaf index beyond the leaves", opened: 5, leaves: 4, v: 2 ** 34 - 3 },
];
const OTHER_LEAF: readonly Patch[] = [
  [
    "scale.circom",
    "offset <-- (window * size) >> w;",
    `offset <-- ${OTHER_LEAVES.reduce(
      (rest, { v, opened }) => `(window == ${v} ? ${opened} : ${rest})`,
      "(window * size) >> w",
    )};`,
  ] as const,
  ["scale.circom", "(window * size) & (2 ** w - 1)", "window * size - offset * 2 ** w"],
];
const otherLeaves = OTHER_LEAVES.map(({ claim, opened, leaves, v }): Cheat => ({
  main: "SampleOpening(2, 2)",
  claim,
  patches: OTHER_LEAF,
  ...alone,
  input: (engine) => {
    const honest = honestOpening(engine, opened);
    return { ...honest, ...inDirectoryOf({ leaves })(honest), v: BigInt(v) };
  },
}));

/** Gives the hashes of the first 16 leaves as if they were a leaf, with these siblings above. */
const innerNode =
  (above: (upper: bigint[]) => bigint[]) =>
  (_: CircuitInput, engine: HashEngine): CircuitInput => {
    const { leaf, leafSiblings } = honestOpening(engine, 0);
    const [group = [], upper = []] = leafSiblings as bigint[][];
    return {
      v: 0n,
      leaf: [compress16(leaf as bigint[]), ...group],
      leafSiblings: [upper, above(upper)],
    };
  };

export const OPENING_CHEATS: readonly Cheat[] = [
  opening("the entry is in another directory", () => ({ directoryRoot: 5n })),

  opening("the position before the entry", () => ({ position: BigInt(START) - 1n }), alone),
  opening("the position at the entry's end", () => ({ position: BigInt(START + WEIGHT) }), alone),
  opening("a position within the entry, from its start", () => ({ position: 123n }), alone),
  opening("a position 2^40 after the entry's start", () => ({ position: BigInt(START) + 2n ** 40n })),
  opening("the position at the entry's end, by a weight that is one more", () => ({
    position: BigInt(START + WEIGHT),
    entryWeight: BigInt(WEIGHT) + 1n,
  })),
  opening("the position before the entry, by a start that is one less", () => ({
    position: BigInt(START) - 1n,
    entryStart: BigInt(START) - 1n,
  })),
  opening(
    "the position of an entry without weight",
    (honest) => ({ ...inDirectoryOf({ weight: 0 })(honest), position: BigInt(START) }),
    alone,
  ),
  opening(
    "the position before an entry without weight",
    (honest) => ({ ...inDirectoryOf({ weight: 0 })(honest), position: BigInt(START) - 1n }),
    alone,
  ),
  opening("one leaf fewer, for 2^40 more of weight", (honest) => ({
    entryWeight: BigInt(WEIGHT) + 2n ** 40n,
    entryLeaves: value(honest, "entryLeaves") - 1n,
  })),

  ...otherLeaves,
  opening("the leaf beside the chosen one, by its path", () => ({ v: BigInt(choosing(4, LEAVES)) })),
  opening("the leaf of another choice, by a number of leaves that wraps", () => ({
    v: 12345n,
    entryLeaves: mul(inv(12345n), 5n * 2n ** 34n),
  })),
  opening(
    "a leaf index beyond the tree",
    (honest) => ({ ...inDirectoryOf({ leaves: 300 })(honest), v: BigInt(choosing(256 + 5, 300)) }),
    alone,
  ),
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
    return {
      entryIndex: 0n,
      entrySiblings: [[entryHash(entryOf(honest)), ...(level ?? []).slice(1)], above ?? []],
    };
  }),
  opening(
    "an inner node as a leaf",
    innerNode((upper) => upper),
    alone,
  ),
  opening(
    "an inner node as a leaf, beside empty ones",
    innerNode(() => zeros(15)),
    alone,
  ),
  opening("a tombstone in the place of a live segment", () => ({ entryRoot: 0n })),
  opening(
    "a live segment without its leaf",
    () => ({ leaf: zeros(16), leafSiblings: [zeros(15), zeros(15)] }),
    alone,
  ),
  opening(
    "a live segment in the place of its tombstone",
    (_, engine) => ({ entryRoot: value(honestOpening(engine), "entryRoot") }),
    { tombstones: [1] },
  ),
  opening("a tombstone before its position", () => ({ position: BigInt(START) - 1n }), {
    tombstones: [1],
    ...alone,
  }),
  opening("a tombstone at its end", () => ({ position: BigInt(START + WEIGHT) }), {
    tombstones: [1],
    ...alone,
  }),
];
