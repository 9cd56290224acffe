/**
 * Measures the memory for hashing a segment, in a separate process. The engine does not really hash, so that gigabytes take
 * seconds. It allocates as much as a real engine.
 */
import { execFile } from "node:child_process";
import { setImmediate } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { SegmentHasher, type HashEngine, type Spread } from "../../protocol/segment.ts";

interface Segment {
  readonly bytes: number;
  readonly depth: number;
  /** Whether other threads hash, or claim to. */
  readonly spread: boolean;
}

/** The most bytes by which the process grows. */
export async function hashingMemory(segment: Segment): Promise<number> {
  const args = [fileURLToPath(import.meta.url), JSON.stringify(segment)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return Number(stdout);
}

/** Seen whenever nodes are hashed. (maxRSS would be the parent's, if that was larger when it started us.) */
let peak = 0;
const look = (): void => {
  peak = Math.max(peak, process.memoryUsage.rss());
};

const engine: HashEngine = {
  name: "idle",
  hashLeaves: (leaves, output) => (output ?? new Uint8Array((leaves.length / 496) * 32)).fill(1),
  hashNodes(children, output) {
    look();
    return (output ?? new Uint8Array((children.length / 512) * 32)).fill(1);
  },
};
/** Room for one batch at a time. */
const spread: Spread = async (_, nodes) => {
  await setImmediate();
  look();
  nodes.fill(1);
  return { hashed: Promise.resolve() };
};

async function measure({ bytes, depth, spread: isSpread }: Segment): Promise<number> {
  const chunk = new Uint8Array(2 ** 16).fill(7);
  const before = process.memoryUsage.rss();
  const hasher = new SegmentHasher({ depth, engine: isSpread ? { ...engine, spread } : engine });
  for (let rest = bytes; rest > 0; rest -= chunk.length)
    await hasher.push(chunk.subarray(0, Math.min(rest, chunk.length)));
  const { leaves } = await hasher.end();
  if (leaves !== Math.floor(bytes / 496) + 1) throw new Error(`${leaves} leaves`);
  look();
  return peak - before;
}

if (import.meta.main)
  process.stdout.write(String(await measure(JSON.parse(process.argv[2] ?? "") as Segment)));
