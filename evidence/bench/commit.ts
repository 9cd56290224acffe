/**
 * How fast bytes become a segment's tree: on one core, and on all of them.
 */
import { randomBytes } from "node:crypto";
import { availableParallelism } from "node:os";
import { loadHashEngine } from "../../circuits/artifacts.ts";
import { referenceEngine, SegmentHasher, type HashEngine } from "../../protocol/segment.ts";

export interface CommitSpeed {
  readonly engine: string;
  readonly threads: number;
  /** 10^6 bytes in each second of processor time. */
  readonly mbPerSecondPerCore: number;
  /** 10^6 bytes in each second: less than it could be on a machine that does something else as well. */
  readonly mbPerSecond: number;
}

/** Depth of a tree for all of the data. */
const DEPTH = 6;
const RUNS = 7;
const REFERENCE_BYTES = 100_000;
const WASM_BYTES = 8_000_000;
/** For each thread. */
const SPREAD_BYTES = 32_000_000;

export async function benchCommit(): Promise<CommitSpeed[]> {
  const threads = availableParallelism();
  return [
    await speed(referenceEngine, { threads: 1, bytes: REFERENCE_BYTES }),
    await speed(await loadHashEngine({ threads: 1 }), { threads: 1, bytes: WASM_BYTES }),
    await speed(await loadHashEngine({ threads }), { threads, bytes: threads * SPREAD_BYTES }),
  ];
}

/** Medians of several runs, after one that starts the threads and lets the compiler finish. */
async function speed(
  engine: HashEngine,
  { threads, bytes }: { threads: number; bytes: number },
): Promise<CommitSpeed> {
  const data = randomBytes(bytes);
  const runs: Run[] = [];
  for (let run = 0; run <= RUNS; run++) runs.push(await commit(engine, data));
  const median = (of: keyof Run): number => {
    const sorted = runs.slice(1).map((run) => bytes / run[of]);
    return sorted.sort((a, b) => a - b)[RUNS >> 1] ?? 0;
  };
  return {
    ...{ engine: engine.name, threads },
    ...{ mbPerSecondPerCore: median("cpuMicroseconds"), mbPerSecond: median("microseconds") },
  };
}

interface Run {
  /** Of all threads: what else runs on the machine does not count. */
  readonly cpuMicroseconds: number;
  readonly microseconds: number;
}

async function commit(engine: HashEngine, data: Uint8Array): Promise<Run> {
  const [before, start] = [process.cpuUsage(), performance.now()];
  const hasher = new SegmentHasher({ depth: DEPTH, engine });
  await hasher.push(data);
  await hasher.end();
  const { user, system } = process.cpuUsage(before);
  return { cpuMicroseconds: user + system, microseconds: (performance.now() - start) * 1e3 };
}

if (import.meta.main) console.table(await benchCommit());
