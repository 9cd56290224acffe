/**
 * How fast one core computes a segment's tree.
 */
import { randomBytes } from "node:crypto";
import { loadHashEngine } from "../../circuits/artifacts.ts";
import { referenceEngine, SegmentHasher, type HashEngine } from "../../protocol/segment.ts";

export interface CommitSpeed {
  readonly engine: string;
  /** 10^6 bytes per second of processor time. */
  readonly mbPerSecondPerCore: number;
}

/** Depth of a tree for all of the data. */
const DEPTH = 6;
const RUNS = 7;
const REFERENCE_BYTES = 100_000;
const WASM_BYTES = 8_000_000;

export async function benchCommit(): Promise<CommitSpeed[]> {
  return [
    { engine: "reference", mbPerSecondPerCore: speed(referenceEngine, REFERENCE_BYTES) },
    { engine: "wasm", mbPerSecondPerCore: speed(await loadHashEngine(), WASM_BYTES) },
  ];
}

/** The median of several runs, after a first one to warm up. */
function speed(engine: HashEngine, bytes: number): number {
  const data = randomBytes(bytes);
  const runs = Array.from({ length: RUNS + 1 }, () => bytes / commitMicroseconds(engine, data)).slice(1);
  return runs.sort((a, b) => a - b)[RUNS >> 1] ?? 0;
}

/** Processor time instead of elapsed time, so that other work on the machine does not count. */
function commitMicroseconds(engine: HashEngine, data: Uint8Array): number {
  const before = process.cpuUsage();
  new SegmentHasher({ depth: DEPTH, engine }).update(data).finish();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

if (import.meta.main) console.table(await benchCommit());
