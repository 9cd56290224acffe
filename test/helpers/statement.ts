/**
 * Honest statements about small segments made up on the spot.
 */
import { Directory } from "../../protocol/directory.ts";
import type { Profile } from "../../protocol/profiles.ts";
import {
  openLeaf,
  referenceEngine,
  SegmentHasher,
  type LeafOpening,
  type SegmentTree,
} from "../../protocol/segment.ts";
import { GROUP_BYTES } from "../../protocol/segment.ts";
import { circuitInput, samplesOf, type CircuitInput, type Sample } from "../../protocol/statement.ts";

export interface HonestStatement {
  readonly input: CircuitInput;
  readonly directory: Directory;
  readonly samples: readonly Sample[];
  /** Undefined for a tombstone. */
  readonly openings: readonly (LeafOpening | undefined)[];
  readonly segments: readonly Uint8Array[];
}

export interface HonestOptions {
  readonly profile: Profile;
  readonly seed: bigint;
  /** Bytes of each segment; byte i of segment s is (7 i + s) mod 251. */
  readonly sizes: readonly number[];
  /** Indices of the entries to retire. */
  readonly tombstones?: readonly number[];
  /** Default: all of the directory. */
  readonly range?: { start: number; length: number };
}

export function honestStatement(options: HonestOptions): HonestStatement {
  const { profile, seed, sizes, tombstones = [] } = options;
  const segments = sizes.map((size, s) => Uint8Array.from({ length: size }, (_, i) => (7 * i + s) % 251));
  const trees = segments.map((bytes) => treeOf(bytes, profile.dataDepth));
  const directory = new Directory(profile.directoryDepth);
  for (const tree of trees) directory.append(tree);
  for (const index of tombstones) directory.retire(index);

  const range = { seed, ...(options.range ?? { start: 0, length: directory.total }) };
  const samples = samplesOf(directory, range, profile);
  const openings = samples.map(({ entry, entryIndex, leafIndex }) => {
    if (entry.root === 0n) return undefined;
    const first = Math.floor(leafIndex / 16) * GROUP_BYTES;
    const group = (segments[entryIndex] as Uint8Array).subarray(first, first + GROUP_BYTES);
    return openLeaf(trees[entryIndex] as SegmentTree, leafIndex, group, referenceEngine);
  });
  const input = circuitInput(directory, range, samples, openings, profile);
  return { input, directory, samples, openings, segments };
}

function treeOf(bytes: Uint8Array, depth: number): SegmentTree {
  return new SegmentHasher({ depth, engine: referenceEngine }).update(bytes).finish();
}
