/**
 * Honest statements: the inputs of StorageAudit and SampleOpening for a prover that has the data.
 */
import { Directory } from "../../protocol/directory.ts";
import { maxBytes, PROFILES, type Profile } from "../../protocol/profiles.ts";
import type { Draw } from "../../protocol/sampling.ts";
import {
  GROUP_BYTES,
  openLeaf,
  SegmentHasher,
  type HashEngine,
  type LeafOpening,
  type SegmentTree,
} from "../../protocol/segment.ts";
import {
  circuitInput,
  circuitPath,
  sampleOf,
  samplesOf,
  type CircuitInput,
  type NestedBigints,
  type Sample,
} from "../../protocol/statement.ts";
import type { StatementPlan } from "./plans.ts";

const profile: Profile = PROFILES.tiny;

/** Data as long as the longest segment. Every segment is a part of it. */
const material = Uint8Array.from(
  { length: 2 * maxBytes(profile) },
  (_, i) => (i * i + 7 * i + (i >> 9)) % 251,
);

/** An honest statement of StorageAudit(2, 2, 2). */
export function honest({ sizes, ...asked }: StatementPlan, engine: HashEngine): HonestStatement {
  return honestStatement(pieces(sizes), { profile, ...asked }, engine);
}

/** The inputs of StorageAudit(2, 2, 2). */
export const statement = (plan: StatementPlan, engine: HashEngine): CircuitInput =>
  honest(plan, engine).input;

/** The inputs of SampleOpening(2, 2) for a given draw. */
export const opening = ({ sizes, ...kept }: DirectoryPlan, draw: Draw, engine: HashEngine): CircuitInput =>
  openingIn(pieces(sizes), kept, draw, engine);

/** The same for given segments. */
export function openingIn(
  segments: readonly Uint8Array[],
  kept: Omit<DirectoryPlan, "sizes">,
  draw: Draw,
  engine: HashEngine,
): CircuitInput {
  const { directory, open } = hold(segments, { profile, ...kept }, engine);
  const samples = [sampleOf(directory, draw)];
  const range = { seed: 0n, start: draw.position, length: 1 };
  return openingOf(
    { input: circuitInput(directory, range, samples, samples.map(open), profile), samples },
    0,
  );
}

/** The part of a plan that describes the directory. */
export type DirectoryPlan = Pick<StatementPlan, "sizes" | "weights" | "tombstones">;

const pieces = (sizes: readonly number[]): Uint8Array[] =>
  sizes.map((size, s) => material.subarray(s * 997, s * 997 + size));

export interface StatementRequest extends Omit<StatementPlan, "sizes"> {
  readonly profile: Profile;
}

export interface HonestStatement {
  readonly input: CircuitInput;
  readonly directory: Directory;
  readonly samples: readonly Sample[];
  /** undefined for a tombstone. */
  readonly openings: readonly (LeafOpening | undefined)[];
}

/** The statement of a node that has these segments, one after the other in its directory. */
export function honestStatement(
  segments: readonly Uint8Array[],
  { seed, range, ...kept }: StatementRequest,
  engine: HashEngine,
): HonestStatement {
  const { directory, open } = hold(segments, kept, engine);
  const asked = { seed, start: 0, length: directory.total, ...range };
  const samples = samplesOf(directory, asked, kept.profile);
  const openings = samples.map(open);
  return {
    input: circuitInput(directory, asked, samples, openings, kept.profile),
    directory,
    samples,
    openings,
  };
}

interface Held {
  readonly directory: Directory;
  readonly open: (sample: Sample) => LeafOpening | undefined;
}

function hold(
  segments: readonly Uint8Array[],
  { profile, weights = [], tombstones = [] }: Omit<DirectoryPlan, "sizes"> & { readonly profile: Profile },
  engine: HashEngine,
): Held {
  const trees = segments.map((bytes) =>
    new SegmentHasher({ depth: profile.dataDepth, engine }).update(bytes).finish(),
  );
  const directory = new Directory(profile.directoryDepth);
  for (const [i, { root, leaves }] of trees.entries())
    directory.append({ root, leaves, weight: weights[i] ?? leaves });
  for (const index of tombstones) directory.retire(index);
  const open = ({ entry, entryIndex, leafIndex }: Sample): LeafOpening | undefined => {
    if (entry.root === 0n) return undefined;
    const first = Math.floor(leafIndex / 16) * GROUP_BYTES;
    const group = (segments[entryIndex] as Uint8Array).subarray(first, first + GROUP_BYTES);
    return openLeaf(trees[entryIndex] as SegmentTree, leafIndex, group, engine);
  };
  return { directory, open };
}

const PER_SAMPLE = [
  "entryRoot",
  "entryStart",
  "entryWeight",
  "entryLeaves",
  "entryIndex",
  "entrySiblings",
  "leaf",
  "leafSiblings",
];

/** The inputs of SampleOpening for sample j of a statement. */
export function openingOf(
  { input, samples }: Pick<HonestStatement, "input" | "samples">,
  j: number,
): CircuitInput {
  const { directoryRoot = 0n } = input;
  const { position, v } = samples[j] as Sample;
  const own: Record<string, NestedBigints> = {};
  for (const name of PER_SAMPLE) own[name] = (input[name] as readonly NestedBigints[])[j] ?? 0n;
  return { directoryRoot, position: BigInt(position), v: BigInt(v), ...own };
}

/** A path's siblings in the order of the children, from those in the circuit's order: the inverse of circuitPath. */
export function inOrder(path: readonly (readonly bigint[])[], index: number): bigint[][] {
  const places = circuitPath(
    path.map((siblings) => siblings.map((_, place) => BigInt(place))),
    index,
  );
  return path.map((siblings, level) =>
    siblings.map((_, place) => siblings[places[level]?.indexOf(BigInt(place)) ?? -1] as bigint),
  );
}
