/**
 * Makes the sums of a proof: in the calling thread, which computes the quotient first, and in worker threads beside it.
 */
import type { Worker } from "node:worker_threads";
import { HoldfastError } from "../protocol/errors.ts";
import type { Kernel, Pause } from "./prover-kernel.ts";
import type { ProverKey, SectionName } from "./prover-key.ts";
import { computeQuotient, STATES, takeTasks, type Part, type Share } from "./prover-tasks.ts";
import type { Reply, WorkerData } from "./prover-worker.ts";
import { sharedBytes } from "./shared.ts";

/** For each section the bits of its sum, in parts. */
export type Sums = Readonly<Record<SectionName, Float64Array[]>>;

export interface Team {
  /** Throws "aborted" after `close`, also if that comes meanwhile. */
  sums(
    scalars: Uint8Array,
    options: { readonly signal: AbortSignal | undefined; readonly threads: number },
  ): Promise<Sums>;
  close(): Promise<void>;
}

export function createTeam(key: ProverKey, module: WebAssembly.Module, kernel: Kernel): Team {
  const workers = new Set<Worker>();
  let closed = false;
  const refuseClosed = (): void => {
    if (closed) throw new HoldfastError("aborted", "the prover is closed: create another one");
  };
  const dismiss = async (): Promise<void> => {
    const ending = [...workers];
    workers.clear();
    await Promise.all(ending.map((worker) => worker.terminate()));
  };
  const start = async (): Promise<void> => {
    const threads = await import("node:worker_threads");
    refuseClosed();
    const workerData: WorkerData = { key, module };
    const worker = new threads.Worker(new URL("./prover-worker.ts", import.meta.url), { workerData });
    workers.add(worker);
    // One that ends between two proofs is replaced; without a listener its error would end the process.
    worker.on("error", () => undefined).once("exit", () => void workers.delete(worker));
  };

  return {
    async sums(scalars, { signal, threads }) {
      refuseClosed();
      const count = "process" in globalThis ? threads : 1;
      while (workers.size < count - 1) await start();
      const share: Share = {
        scalars,
        quotient: sharedBytes(32 * 2 ** key.domain),
        state: new Int32Array(sharedBytes(4 * STATES).buffer),
        parts: count <= 1 ? 1 : 2 * count, // the last ones are short
      };
      let failure: { readonly error: unknown } | undefined;
      /** All end with the first that fails: who computes here at the next pause, the others at once. */
      const endingAll = async (parts: Promise<Part[]>): Promise<Part[]> =>
        parts.catch(async (error: unknown) => {
          failure ??= { error };
          await dismiss();
          return [];
        });
      const pause = createPause(() => {
        refuseClosed();
        signal?.throwIfAborted();
        if (failure) throw failure.error;
      });
      const helpers = [...workers].slice(0, count - 1).map((worker) => ask(worker, share, signal));
      const own = computeQuotient(kernel, key, share, pause).then(() => takeTasks(kernel, key, share, pause));
      const parts = (await Promise.all([own, ...helpers].map(endingAll))).flat();
      refuseClosed();
      if (failure) throw failure.error;
      const sums: Sums = { a: [], b1: [], b2: [], c: [], h: [] };
      for (const { section, part, sum } of parts) sums[section][part] = sum;
      return sums;
    },
    async close() {
      closed = true;
      await dismiss();
    },
  };
}

/** How long the calling thread computes before others have their turn. */
const TURN_MS = 20;

/** @param check throws to end the work */
function createPause(check: () => void): Pause {
  const turn: (done: () => void) => void = "setImmediate" in globalThis ? setImmediate : setTimeout;
  let began = performance.now();
  return async () => {
    if (performance.now() - began < TURN_MS) return;
    await new Promise<void>((done) => turn(done));
    check();
    began = performance.now();
  };
}

function ask(worker: Worker, share: Share, signal?: AbortSignal): Promise<Part[]> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      worker.off("message", onMessage).off("error", onError).off("exit", onExit);
      signal?.removeEventListener("abort", onAbort);
      act();
    };
    const onMessage = (reply: Reply): void =>
      settle(() => {
        if ("parts" in reply) resolve(reply.parts);
        else reject(new HoldfastError(reply.code, reply.message));
      });
    const onError = (error: Error): void => settle(() => reject(error));
    const onExit = (code: number): void =>
      settle(() => reject(new HoldfastError("io", `a thread of the prover ended with ${code}`)));
    const onAbort = (): void => settle(() => reject(signal?.reason as Error));
    worker.once("message", onMessage).once("error", onError).once("exit", onExit);
    signal?.addEventListener("abort", onAbort, { once: true });
    if (signal?.aborted) onAbort();
    else worker.postMessage(share);
  });
}
