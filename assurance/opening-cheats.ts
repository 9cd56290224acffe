/**
 * Cheats about one sample: another leaf, another entry, another place, a tombstone where there is none.
 */
import { directoryRootOf, entryHash, type Entry } from "../protocol/directory.ts";
import { compress16 } from "../protocol/poseidon2.ts";
import type { HashEngine } from "../protocol/segment.ts";
import type { CircuitInput } from "../protocol/statement.ts";
import type { Cheat } from "./cheats.ts";
import { bytesOf, inOrder, openingOf, statement } from "./statements.ts";

/** A leaf of the second of two segments, of 9 and 19 leaves. */
export const honestOpening = (
  engine: HashEngine,
  leaf = 5,
  tombstones: readonly number[] = [],
): CircuitInput =>
  openingOf(
    statement(
      { seed: 1n, sizes: [bytesOf(9), bytesOf(19)], tombstones, range: { start: 9 + leaf, length: 1 } },
      engine,
    ),
    0,
  );
const zeros = (count: number): bigint[] => new Array<bigint>(count).fill(0n);
const value = (input: CircuitInput, name: string): bigint => input[name] as bigint;
const entryOf = (input: CircuitInput): Entry => ({
  root: value(input, "entryRoot"),
  start: Number(value(input, "entryStart")),
  leaves: Number(value(input, "entryLeaves")),
});

interface Of {
  readonly tombstones?: readonly number[];
  readonly breaks?: number;
}

const opening = (
  claim: string,
  change: (honest: CircuitInput, engine: HashEngine) => CircuitInput,
  { tombstones, ...breaks }: Of = {},
): Cheat => ({
  ...{ main: "SampleOpening(2, 2)", claim, ...breaks },
  input: (engine) => {
    const honest = honestOpening(engine, 5, tombstones);
    return { ...honest, ...change(honest, engine) };
  },
});
const alone = { breaks: 1 };

/** The same leaf of a directory that says that its segment has so many leaves. */
const withLeaves =
  (leaves: number) =>
  (honest: CircuitInput): CircuitInput => ({
    entryLeaves: BigInt(leaves),
    directoryRoot: directoryRootOf(
      { ...entryOf(honest), leaves },
      1,
      inOrder(honest["entrySiblings"] as bigint[][], 1),
    ),
  });

/** The hashes of the first 16 leaves in the place of a leaf; above them is a level of these siblings. */
const innerNode =
  (above: (upper: bigint[]) => bigint[]) =>
  (honest: CircuitInput, engine: HashEngine): CircuitInput => {
    const { leaf, leafSiblings } = honestOpening(engine, 0);
    const [group = [], upper = []] = leafSiblings as bigint[][];
    return {
      ...{ leafIndex: 0n, position: value(honest, "entryStart") },
      ...{ leaf: [compress16(leaf as bigint[]), ...group], leafSiblings: [upper, above(upper)] },
    };
  };

export const OPENING_CHEATS: readonly Cheat[] = [
  opening("the entry is in another directory", () => ({ directoryRoot: 5n })),
  opening("the leaf of another position", (honest) => ({ position: value(honest, "position") + 1n })),
  opening("a position within the segment", (honest) => ({ position: value(honest, "leafIndex") })),
  opening("a leaf index that is the number of leaves", withLeaves(5), alone),
  opening("a leaf index beyond the leaves", withLeaves(4), alone),
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
  opening("a tombstone at another position", (honest) => ({ position: value(honest, "leafIndex") }), {
    tombstones: [1],
  }),
  opening(
    "a leaf index that is the number of leaves of a tombstone",
    (honest) => ({ leafIndex: 19n, position: value(honest, "entryStart") + 19n }),
    { tombstones: [1], ...alone },
  ),
];
