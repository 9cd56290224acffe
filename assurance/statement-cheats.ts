/**
 * Cheats about the whole statement: samples of something else, and ranges that nobody may ask for.
 */
import { emptyNode, TAG_ENTRY } from "../protocol/directory.ts";
import { P } from "../protocol/field.ts";
import { compress4, permute4 } from "../protocol/poseidon2.ts";
import { TAG_SAMPLE } from "../protocol/sampling.ts";
import type { HashEngine } from "../protocol/segment.ts";
import type { CircuitInput, NestedBigints } from "../protocol/statement.ts";
import type { Patch } from "./build.ts";
import type { Cheat } from "./cheats.ts";
import { bytesOf, statement } from "./statements.ts";

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
  const entries = starts.map((at) => compress4([root, at, 1n, TAG_ENTRY]));
  const empty = [emptyNode(1), emptyNode(1), emptyNode(1)];
  const level = [...entries, 0n, 0n];
  return {
    ...base,
    ...{ directoryRoot: compress4([compress4(level), ...empty]), start, length },
    ...{ entryStart: starts, entryIndex: [0n, 1n] },
    entrySiblings: [0, 1].map((i) => [level.toSpliced(i, 1), empty]),
  };
}

export const STATEMENT_CHEATS: readonly Cheat[] = [
  audit("the samples are swapped", (engine) => pick(honest(engine), [1, 0])),
  audit("the first sample twice", (engine) => pick(honest(engine), [0, 0])),
  audit("the second sample twice", (engine) => pick(honest(engine), [1, 1])),
  audit("the samples of another seed", (engine) => ({ ...honest(engine), seed: 54321n })),
  audit("the samples of another range", (engine) => ({
    ...honest(engine, 12345n, { start: 0, length: 8 }),
    length: 27n,
  })),
  audit("the samples of another start", (engine) => ({ ...honest(engine), start: 1n })),
  audit("the samples of another directory", (engine) => ({ ...honest(engine), directoryRoot: 5n })),
  audit(
    "the samples of another range, drawn by its length",
    (engine) => ({ ...honest(engine, 12345n, { start: 0, length: 8 }), length: 27n }),
    [[AUDIT, "SamplePositions(k)(seed, start, length)", "SamplePositions(k)(seed, start, 8)"]],
  ),
  { ...audit("an empty range", emptied), breaks: 1 },
  audit("an empty range, said not to be empty", emptied, [
    [AUDIT, "signal empty <== IsZero()(length);", "signal empty <-- 0; _ <== IsZero()(length);"],
  ]),
  { ...audit("a start of 2^40", (engine) => madeToFit(engine, 2n ** 40n, 1n)), breaks: 1 },
  { ...audit("a start of -1", (engine) => madeToFit(engine, P - 1n, 1n)), breaks: 1 },
  { ...audit("a length of 2^40", (engine) => madeToFit(engine, 0n, 2n ** 40n)), breaks: 1 },
  audit("a length of 2^40, another one checked", (engine) => madeToFit(engine, 0n, 2n ** 40n), [
    [AUDIT, "RangeCheck(40)(length)", "RangeCheck(40)(7)"],
  ]),
];
