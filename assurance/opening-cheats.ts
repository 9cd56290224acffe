/**
 * Cheats about one sample: another leaf, another entry, another place, a tombstone where there is none.
 */
import { directoryRootOf } from "../protocol/directory.ts";
import { compress16, compress4 } from "../protocol/poseidon2.ts";
import type { HashEngine } from "../protocol/segment.ts";
import type { CircuitInput } from "../protocol/statement.ts";
import type { Patch } from "./build.ts";
import type { Cheat } from "./cheats.ts";
import { bytesOf, inOrder, openingOf, statement } from "./statements.ts";

/** Decomposes `value` into n bits of which the first is this, and the second what is left. */
const digits = (n: number, value: bigint, first: string): Patch => [
  "circomlib/circuits/bitify.circom",
  "out[i] <-- (in >> i) & 1;",
  `if (n == ${n} && in == ${value}) { out[i] <-- i == 0 ? ${first} : (i == 1 ? (in - (${first})) / 2 : 0); } else { out[i] <-- (in >> i) & 1; }`,
];

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

export const OPENING_CHEATS: readonly Cheat[] = [
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
