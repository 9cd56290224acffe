/**
 * Multiplies the generators of G1 and G2 by many scalars, on several threads.
 */
import { Piscina } from "piscina";
import { bestWindow, BLOCK, POINT_BYTES, type GroupName } from "./fixed-base-kernel.ts";
import type { FixedBaseData, FixedBaseTask } from "./fixed-base-worker.ts";
import { SCALAR } from "./prover-instance.ts";
import { loadSetupModule } from "./setup-module.ts";
import { shared } from "./shared.ts";

export interface FixedBase {
  /** One affine point (Montgomery form, 64 or 128 bytes) for each 32-byte little-endian scalar. */
  multiply(group: GroupName, scalars: Uint8Array, progress?: (points: number) => void): Promise<Uint8Array>;
  close(): Promise<void>;
}

export interface FixedBaseOptions {
  readonly threads: number;
  /** Rough number of multiplications in one group: decides the size of the tables. */
  readonly expected: number;
  readonly signal?: AbortSignal | undefined;
}

export async function createFixedBase({ threads, expected, signal }: FixedBaseOptions): Promise<FixedBase> {
  const data: FixedBaseData = { module: await loadSetupModule(), bits: bestWindow(expected / threads) };
  const filename = new URL("./fixed-base-worker.ts", import.meta.url).href;
  // By name, and all at once, as in wasm/hash-threads.ts.
  const pool = new Piscina({
    ...{ filename, name: "multiply", minThreads: threads, maxThreads: threads, workerData: data },
  });
  pool.on("error", () => undefined); // of a thread that dies between tasks, which is replaced

  return {
    async multiply(group, given, progress) {
      signal?.throwIfAborted();
      const scalars = shared(given);
      const count = scalars.length / SCALAR;
      const points = shared(new Uint8Array(count * POINT_BYTES[group]));
      let done = 0;
      const run = async (first: number): Promise<void> => {
        const last = Math.min(count, first + BLOCK);
        const task: FixedBaseTask = {
          group,
          scalars: scalars.subarray(first * SCALAR, last * SCALAR),
          points: points.subarray(first * POINT_BYTES[group], last * POINT_BYTES[group]),
        };
        await pool.run(task, signal && { signal });
        done += last - first;
        progress?.(done);
      };
      const blocks = Array.from({ length: Math.ceil(count / BLOCK) }, (_, i) => run(i * BLOCK));
      await Promise.all(blocks).catch((error: unknown) => {
        signal?.throwIfAborted();
        throw error;
      });
      return points;
    },
    close: () => pool.destroy(),
  };
}
