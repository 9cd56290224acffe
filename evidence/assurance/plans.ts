/**
 * The subjects of honest statements: random segments, prices and directories, and cases at every limit.
 */
import { MAX_TOTAL } from "../../protocol/directory.ts";
import { LEAF_BYTES } from "../../protocol/field.ts";
import { maxLeaves, maxSegments, PROFILES, type Profile } from "../../protocol/profiles.ts";
import type { Random } from "./random.ts";

const profile: Profile = PROFILES.tiny;

export interface StatementPlan {
  readonly seed: bigint;
  /** Bytes of each segment. */
  readonly sizes: readonly number[];
  /** Weight of each segment. Default: its number of leaves. */
  readonly weights?: readonly number[];
  /** Indices of the entries to retire. */
  readonly tombstones?: readonly number[];
  /** The range that is asked for. Default: everything. */
  readonly range?: { readonly start: number; readonly length: number };
}

/** Bytes of the longest segment with this many leaves. */
export const bytesOf = (leaves: number): number => leaves * LEAF_BYTES - 1;
const MAX_LEAVES = maxLeaves(profile);
const FULL_DIRECTORY = Array.from({ length: maxSegments(profile) }, (_, i) => bytesOf(1 + (i % 3)));

/** The largest weight that leaves a place for another one. */
const MAX_WEIGHT = MAX_TOTAL - 2;

/** The cases at a limit, by their descriptions. */
export const BOUNDARIES: Readonly<Record<string, StatementPlan>> = {
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
  "the first position of a segment": {
    seed: 10n,
    sizes: [bytesOf(5), bytesOf(9)],
    range: { start: 5, length: 1 },
  },
  "the last position of a segment": {
    seed: 11n,
    sizes: [bytesOf(5), bytesOf(9)],
    range: { start: 4, length: 1 },
  },
  "the last position of all": {
    seed: 12n,
    sizes: [bytesOf(5), bytesOf(MAX_LEAVES)],
    range: { start: 260, length: 1 },
  },
  "a weight of 1 for 16^D leaves": { seed: 15n, sizes: [bytesOf(MAX_LEAVES)], weights: [1] },
  "the largest weight for 1 leaf": { seed: 16n, sizes: [1, 1], weights: [MAX_WEIGHT, 1] },
  "the last position that a directory can have": {
    seed: 17n,
    sizes: [1, bytesOf(3)],
    weights: [MAX_WEIGHT, 1],
    range: { start: MAX_WEIGHT, length: 1 },
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

/** A random statement: a few segments of any size and weight, some of them retired, and any range. */
export function drawPlan(random: Random): StatementPlan {
  const count = 1 + random.below(random.below(4) === 0 ? maxSegments(profile) : 3);
  const leaves = Array.from(
    { length: count },
    () => 1 + random.below(random.below(8) === 0 ? MAX_LEAVES : 20),
  );
  const weights = leaves.map(() => 1 + Number(random.bits(1 + random.below(35))));
  const total = weights.reduce((sum, n) => sum + n, 0);
  const start = random.below(total);
  return {
    seed: random.bits(248),
    sizes: leaves.map((n) => Math.max(1, bytesOf(n) - random.below(LEAF_BYTES))),
    weights,
    tombstones: leaves.flatMap((_, i) => (random.below(4) === 0 ? [i] : [])),
    ...(random.below(2) === 0 && { range: { start, length: 1 + random.below(total - start) } }),
  };
}
