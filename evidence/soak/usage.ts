/**
 * Memory and open files of processes over time, and whether they grow.
 */
import { readdir, readFile } from "node:fs/promises";

export interface Usage {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Megabytes. */
  readonly memory: number;
  readonly descriptors: number;
}

export interface Flatness {
  readonly early: number;
  readonly late: number;
  readonly isFlat: boolean;
}

/** Growth allowed from the second quarter of the run to the last, as a factor, and differences too small to count. */
const GROWTH = 1.25;
export const BOUNDS = {
  memory: { slack: 64, most: 1024 },
  descriptors: { slack: 16, most: 512 },
} as const;

/** undefined for a process that has ended, and on systems without /proc. */
export async function usageOf(pid: number): Promise<Usage | undefined> {
  try {
    const [status, open] = await Promise.all([
      readFile(`/proc/${pid}/status`, "utf8"),
      readdir(`/proc/${pid}/fd`),
    ]);
    const kilobytes = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]);
    if (!Number.isFinite(kilobytes)) return undefined;
    return { at: Date.now(), memory: Math.round(kilobytes / 1024), descriptors: open.length };
  } catch {
    return undefined;
  }
}

/** @param samples in the order of their times */
export function flatness(samples: readonly Usage[], of: "memory" | "descriptors"): Flatness {
  const [first, last] = [samples[0]?.at ?? 0, samples.at(-1)?.at ?? 0];
  const quarter = (last - first) / 4;
  const inQuarter = (n: number): number[] =>
    samples
      .filter(({ at }) => at >= first + n * quarter && at <= first + (n + 1) * quarter)
      .map((sample) => sample[of]);
  const [early, late] = [median(inQuarter(1)), median(inQuarter(3))];
  const { slack, most } = BOUNDS[of];
  const isFlat = late <= most && (late <= GROWTH * early || late - early <= slack);
  return { early, late, isFlat };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
