/**
 * Cheats about the whole statement: samples of something else, and invalid ranges.
 */
import { emptyNode, TAG_ENTRY } from "../../protocol/directory.ts";
import { P } from "../../protocol/field.ts";
import { compress4, permute4 } from "../../protocol/poseidon2.ts";
import { TAG_SAMPLE } from "../../protocol/sampling.ts";
import type { HashEngine } from "../../protocol/segment.ts";
import type { CircuitInput, NestedBigints } from "../../protocol/statement.ts";
import type { Patch } from "./build.ts";
import type { Cheat } from "./cheat.ts";
import { choosing } from "./opening-cheats.ts";
import { bytesOf } from "./plans.ts";
import { opening, statement } from "./statements.ts";

const SEED = 12345n;
/** The first segment has a single leaf and most of the weight. */
const KEPT = { sizes: [1, bytesOf(7), bytesOf(19)], weights: [900, 40, 60] };
const honest = (engine: HashEngine, range?: { start: number; length: number }): CircuitInput =>
  statement({ ...KEPT, seed: SEED, ...(range && { range }) }, engine);
/** The ranges of the second and of the third segment. */
const SECOND = { start: 900, length: 40 };
const THIRD = { start: 940, length: 60 };

const PUBLIC = ["directoryRoot", "seed", "start", "length"];

const AUDIT = "storage_audit.circom";
const DRAWS = "sample_draws.circom";
const audit = (
  claim: string,
  input: (engine: HashEngine) => CircuitInput,
  patches: readonly Patch[] = [],
): Cheat => ({ main: "StorageAudit(2, 2, 2)", claim, input, patches });

const each = (
  input: CircuitInput,
  change: (values: readonly NestedBigints[], name: string) => readonly NestedBigints[],
): CircuitInput =>
  Object.fromEntries(
    Object.entries(input).map(([name, values]): [string, NestedBigints] => [
      name,
      PUBLIC.includes(name) ? values : change(values as readonly NestedBigints[], name),
    ]),
  );

const pick = (input: CircuitInput, order: readonly number[]): CircuitInput =>
  each(input, (values) => order.map((i) => values[i] ?? 0n));

/** Answers the first sample of `asked` with another opening of the same directory. */
const answered = (asked: CircuitInput, own: CircuitInput): CircuitInput =>
  each(asked, (values, name) => values.with(0, own[name] ?? 0n));

/** The leaf that was not drawn, and that the cheat opens. */
const LEAF = 3;
const anotherLeaf = (engine: HashEngine): CircuitInput =>
  answered(honest(engine, SECOND), opening(KEPT, { position: 900, v: choosing(LEAF, 7) }, engine));
const anotherEntry = (engine: HashEngine): CircuitInput =>
  answered(honest(engine, SECOND), opening(KEPT, { position: 5, v: 0 }, engine));

/** A directory that no contract builds, with an entry of weight 1 at each sample's position. Only the range is invalid. */
function madeToFit(engine: HashEngine, start: bigint, length: bigint): CircuitInput {
  const base = statement({ seed: SEED, sizes: [1] }, engine);
  const root = (base["entryRoot"] as bigint[])[0] ?? 0n;
  const starts = unbounded(length).map((offset) => (start + offset) % P);
  const entries = starts.map((at) => compress4([root, at, 1n, 2n ** 40n + TAG_ENTRY]));
  const empty = [emptyNode(1), emptyNode(1), emptyNode(1)];
  const level = [...entries, 0n, 0n];
  return {
    ...base,
    directoryRoot: compress4([compress4(level), ...empty]),
    start,
    length,
    entryStart: starts,
    entryIndex: [0n, 1n],
    entryWeight: [1n, 1n],
    entrySiblings: [0, 1].map((i) => [level.toSpliced(i, 1), empty]),
  };
}

/** The two offsets that are drawn for a range of this length, even if the length is invalid. */
function unbounded(length: bigint): bigint[] {
  const element = permute4([SEED, 0n, 0n, TAG_SAMPLE])[0] ?? 0n;
  return [0n, 84n].map((from) => (BigInt.asUintN(50, element >> from) * length) >> 50n);
}

export const STATEMENT_CHEATS: readonly Cheat[] = [
  audit("the samples are swapped", (engine) => pick(honest(engine, SECOND), [1, 0])),
  audit("the first sample twice", (engine) => pick(honest(engine, SECOND), [0, 0])),
  audit("the second sample twice", (engine) => pick(honest(engine, SECOND), [1, 1])),
  audit("the samples of another seed", (engine) => ({ ...honest(engine, SECOND), seed: 54321n })),
  audit("the samples of another range", (engine) => ({ ...honest(engine, SECOND), ...inBigints(THIRD) })),
  audit("the samples of another start", (engine) => ({ ...honest(engine, SECOND), start: 860n })),
  audit("the samples of another directory", (engine) => ({ ...honest(engine), directoryRoot: 5n })),
  audit(
    "the samples of another range, drawn by its start",
    (engine) => ({ ...honest(engine, SECOND), start: 940n }),
    [[AUDIT, "SampleDraws(k)(seed, start, length)", "SampleDraws(k)(seed, 900, length)"]],
  ),
  audit(
    "the samples of another range, drawn by its length",
    (engine) => ({ ...honest(engine, SECOND), length: 100n }),
    [[AUDIT, "SampleDraws(k)(seed, start, length)", "SampleDraws(k)(seed, start, 40)"]],
  ),
  audit("a leaf that the seed does not choose", anotherLeaf, [
    [DRAWS, "v[j] <== choice;", `v[j] <-- j == 0 ? ${choosing(LEAF, 7)} : choice;`],
  ]),
  audit("a leaf that the seed chooses for the other sample", (engine) => honest(engine, SECOND), [
    [DRAWS, "84 * (j % 3) + 50 + i]", "84 * (1 - j) + 50 + i]"],
  ]),
  // The checks of both ends of the entry's range refuse it.
  {
    ...audit("a position that the seed does not draw", anotherEntry, [
      [DRAWS, "position[j] <== start + offset;", "position[j] <-- j == 0 ? 5 : start + offset;"],
    ]),
    breaks: 2,
  },
  { ...audit("an empty range", (engine) => madeToFit(engine, 9n, 0n)), breaks: 1 },
  { ...audit("a start of -1", (engine) => madeToFit(engine, P - 1n, 2n)), breaks: 1 },
  { ...audit("an end beyond 2^40", (engine) => madeToFit(engine, 2n ** 40n - 1n, 2n)), breaks: 1 },
  { ...audit("a start of 2^40", (engine) => madeToFit(engine, 2n ** 40n, 1n)), breaks: 2 },
  { ...audit("a length of 2^40 + 1", (engine) => madeToFit(engine, 0n, 2n ** 40n + 1n)), breaks: 2 },
  {
    ...audit("an empty range, another length checked", (engine) => madeToFit(engine, 9n, 0n), [
      [AUDIT, "RangeCheck(40)(length - 1)", "RangeCheck(40)(7)"],
    ]),
    breaks: 1,
  },
];

function inBigints({ start, length }: typeof THIRD): Pick<CircuitInput, "start" | "length"> {
  return { start: BigInt(start), length: BigInt(length) };
}
