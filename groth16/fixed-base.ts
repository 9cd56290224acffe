/**
 * Multiplies the generators of G1 and G2 by many scalars, on several threads.
 */
import { Worker } from "node:worker_threads";
import { bn254 } from "./bn254.ts";
import type { FixedBaseData, FixedBaseTask, GroupName } from "./fixed-base-worker.ts";

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

const SCALAR_BYTES = 32;
const CHUNK = 2048; // scalars in a task

export async function createFixedBase({ threads, expected, signal }: FixedBaseOptions): Promise<FixedBase> {
  const { tm, G1, G2 } = await bn254();
  const workerData: FixedBaseData = {
    code: tm.code,
    generators: { G1: G1.toAffine(G1.g), G2: G2.toAffine(G2.g) },
  };
  const window = bestWindow(expected / threads);
  const url = new URL("./fixed-base-worker.ts", import.meta.url);
  const workers = Array.from({ length: threads }, () => new Worker(url, { workerData }));
  const close = async (): Promise<void> => {
    await Promise.all(workers.map((worker) => worker.terminate()));
  };

  return {
    async multiply(group, scalars, progress) {
      const count = scalars.length / SCALAR_BYTES;
      const points = new Uint8Array(count * (group === "G1" ? 64 : 128));
      let next = 0;
      let done = 0;
      const drain = async (worker: Worker): Promise<void> => {
        while (next < count) {
          signal?.throwIfAborted();
          const first = next;
          const last = Math.min(count, first + CHUNK);
          next = last;
          const chunk = new Uint8Array(scalars.subarray(first * SCALAR_BYTES, last * SCALAR_BYTES));
          const result = await ask(worker, { group, window, scalars: chunk }, signal);
          points.set(result, first * (points.length / count));
          done += last - first;
          progress?.(done);
        }
      };
      await Promise.all(workers.map(drain));
      return points;
    },
    close,
  };
}

/**
 * The window with the fewest additions: digits times (additions for the tables + additions for the multiplications).
 */
function bestWindow(multiplications: number): number {
  const cost = (window: number): number => Math.ceil(254 / window) * (2 ** window + multiplications);
  let best = 4;
  for (let window = 5; window <= 13; window++) if (cost(window) < cost(best)) best = window;
  return best;
}

function ask(worker: Worker, task: FixedBaseTask, signal?: AbortSignal): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      worker.off("message", onMessage).off("error", onError).off("exit", onExit);
      signal?.removeEventListener("abort", onAbort);
      act();
    };
    const onMessage = (points: Uint8Array): void => settle(() => resolve(points));
    const onError = (error: Error): void => settle(() => reject(error));
    const onExit = (code: number): void =>
      settle(() => reject(new Error(`a key worker exited with ${code}`)));
    const onAbort = (): void => settle(() => reject(signal?.reason as Error));
    worker.once("message", onMessage).once("error", onError).once("exit", onExit);
    signal?.addEventListener("abort", onAbort, { once: true });
    worker.postMessage(task, [task.scalars.buffer as ArrayBuffer]);
  });
}
