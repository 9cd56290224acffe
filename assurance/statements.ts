/**
 * Honest statements about random segments in random directories, and those at every limit.
 */
import { Directory } from "../protocol/directory.ts";
import { LEAF_BYTES } from "../protocol/field.ts";
import { maxBytes, maxLeaves, maxSegments, PROFILES, type Profile } from "../protocol/profiles.ts";
import {
  GROUP_BYTES,
  openLeaf,
  SegmentHasher,
  type HashEngine,
  type LeafOpening,
  type SegmentTree,
} from "../protocol/segment.ts";
import {
  circuitInput,
  circuitPath,
  samplesOf,
  type CircuitInput,
  type NestedBigints,
  type Sample,
} from "../protocol/statement.ts";
import type { Random } from "./random.ts";

const profile: Profile = PROFILES.tiny;

export interface Plan {
  readonly seed: bigint;
  /** Bytes of each segment. */
  readonly sizes: readonly number[];
  /** Indices of the entries to retire. */
  readonly tombstones?: readonly number[];
  /** Default: everything. */
  readonly range?: { readonly start: number; readonly length: number };
}

/** As long as the longest segment, so that every segment is a piece of it. */
const material = Uint8Array.from(
  { length: 2 * maxBytes(profile) },
  (_, i) => (i * i + 7 * i + (i >> 9)) % 251,
);

/** The inputs of StorageAudit(2, 2, 2). */
export function statement({ sizes, ...asked }: Plan, engine: HashEngine): CircuitInput {
  const segments = sizes.map((size, s) => material.subarray(s * 997, s * 997 + size));
  return honestStatement(segments, { profile, ...asked }, engine).input;
}

export interface Asked extends Omit<Plan, "sizes"> {
  readonly profile: Profile;
}

export interface HonestStatement {
  readonly input: CircuitInput;
  readonly directory: Directory;
  readonly samples: readonly Sample[];
  /** Undefined for a tombstone. */
  readonly openings: readonly (LeafOpening | undefined)[];
}

/** What a node proves that has these segments, one after the other in its directory. */
export function honestStatement(
  segments: readonly Uint8Array[],
  { profile, seed, tombstones = [], range }: Asked,
  engine: HashEngine,
): HonestStatement {
  const trees = segments.map((bytes) =>
    new SegmentHasher({ depth: profile.dataDepth, engine }).update(bytes).finish(),
  );
  const directory = new Directory(profile.directoryDepth);
  for (const tree of trees) directory.append(tree);
  for (const index of tombstones) directory.retire(index);

  const asked = { seed, start: 0, length: directory.total, ...range };
  const samples = samplesOf(directory, asked, profile);
  const openings = samples.map(({ entry, entryIndex, leafIndex }) => {
    if (entry.root === 0n) return undefined;
    const first = Math.floor(leafIndex / 16) * GROUP_BYTES;
    const group = (segments[entryIndex] as Uint8Array).subarray(first, first + GROUP_BYTES);
    return openLeaf(trees[entryIndex] as SegmentTree, leafIndex, group, engine);
  });
  return { input: circuitInput(directory, asked, samples, openings, profile), directory, samples, openings };
}

/** Of the longest segment with so many leaves. */
export const bytesOf = (leaves: number): number => leaves * LEAF_BYTES - 1;
const MAX_LEAVES = maxLeaves(profile);
const FULL_DIRECTORY = Array.from({ length: maxSegments(profile) }, (_, i) => bytesOf(1 + (i % 3)));

/** Every case that is at a limit, by what is special about it. */
export const BOUNDARIES: Readonly<Record<string, Plan>> = {
  "a segment of 1 leaf": { seed: 1n, sizes: [1] },
  "a segment of 16^D - 1 leaves": { seed: 2n, sizes: [bytesOf(MAX_LEAVES - 1)] },
  "a segment of 16^D leaves": { seed: 3n, sizes: [bytesOf(MAX_LEAVES)] },
  "1 segment": { seed: 4n, sizes: [bytesOf(20)] },
  "4^G segments": { seed: 5n, sizes: FULL_DIRECTORY },
  "the last of 4^G segments": {
    seed: 6n,
    sizes: FULL_DIRECTORY,
    range: { start: FULL_DIRECTORY.reduce((sum, _, i) => (i < 15 ? sum + 1 + (i % 3) : sum), 0), length: 1 },
  },
  "length 1": { seed: 7n, sizes: [bytesOf(5), bytesOf(9)], range: { start: 3, length: 1 } },
  "start above 0": { seed: 8n, sizes: [bytesOf(5), bytesOf(9)], range: { start: 5, length: 9 } },
  "the same position twice": { seed: 9n, sizes: [bytesOf(7)], range: { start: 6, length: 1 } },
  "the first leaf of a segment": {
    seed: 10n,
    sizes: [bytesOf(5), bytesOf(9)],
    range: { start: 5, length: 1 },
  },
  "the last leaf of a segment": {
    seed: 11n,
    sizes: [bytesOf(5), bytesOf(9)],
    range: { start: 4, length: 1 },
  },
  "the last leaf of all": {
    seed: 12n,
    sizes: [bytesOf(5), bytesOf(MAX_LEAVES)],
    range: { start: 260, length: 1 },
  },
  "a tombstone": {
    seed: 13n,
    sizes: [bytesOf(5), bytesOf(9)],
    tombstones: [1],
    range: { start: 5, length: 9 },
  },
  "nothing but tombstones": { seed: 14n, sizes: [1, 1, 1], tombstones: [0, 1, 2] },
  "seed 0": { seed: 0n, sizes: [bytesOf(17)] },
  "seed 2^248 - 1": { seed: (1n << 248n) - 1n, sizes: [bytesOf(17)] },
};

/** A statement as they come: a few segments of any size, some retired, any range. */
export function drawPlan(random: Random): Plan {
  const count = 1 + random.below(random.below(4) === 0 ? maxSegments(profile) : 3);
  const leaves = Array.from(
    { length: count },
    () => 1 + random.below(random.below(8) === 0 ? MAX_LEAVES : 20),
  );
  const total = leaves.reduce((sum, n) => sum + n, 0);
  const start = random.below(total);
  return {
    seed: random.bits(248),
    sizes: leaves.map((n) => Math.max(1, bytesOf(n) - random.below(LEAF_BYTES))),
    tombstones: leaves.flatMap((_, i) => (random.below(4) === 0 ? [i] : [])),
    ...(random.below(2) === 0 && { range: { start, length: 1 + random.below(total - start) } }),
  };
}

const PER_SAMPLE = [
  ...["entryRoot", "entryStart", "entryLeaves", "entryIndex", "entrySiblings"],
  ...["leafIndex", "leaf", "leafSiblings"],
];

/** What SampleOpening takes, from sample j of a statement; its position is where the leaf lies. */
export function openingOf(input: CircuitInput, j: number): CircuitInput {
  const { directoryRoot = 0n } = input;
  const own: Record<string, NestedBigints> = {};
  for (const name of PER_SAMPLE) own[name] = (input[name] as readonly NestedBigints[])[j] ?? 0n;
  return { directoryRoot, position: (own["entryStart"] as bigint) + (own["leafIndex"] as bigint), ...own };
}

/** A path's siblings in the order of the children, from those in the circuit's order: what circuitPath does, undone. */
export function inOrder(path: readonly (readonly bigint[])[], index: number): bigint[][] {
  const places = circuitPath(
    path.map((siblings) => siblings.map((_, place) => BigInt(place))),
    index,
  );
  return path.map((siblings, level) =>
    siblings.map((_, place) => siblings[places[level]?.indexOf(BigInt(place)) ?? -1] as bigint),
  );
}
