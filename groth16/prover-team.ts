/**
 * Takes the parts of a proof in the calling thread, or hands them to worker threads.
 */
import type { Worker } from "node:worker_threads";
import { HoldfastError } from "../protocol/errors.ts";
import type { Kernel, Pause } from "./prover-kernel.ts";
import type { ProverKey, SectionName } from "./prover-key.ts";
import { runTask, type Task, type TaskResult } from "./prover-tasks.ts";
import type { Reply, WorkerData } from "./prover-worker.ts";
import { shared } from "./shared.ts";

/** For each section the bits of its sum, in parts. */
export type Sums = Readonly<Record<SectionName, Float64Array[]>>;

export interface Team {
  sums(
    scalars: Uint8Array,
    options: { readonly signal: AbortSignal | undefined; readonly threads: number },
  ): Promise<Sums>;
  close(): Promise<void>;
}

type Run = (task: Task, scalars: Uint8Array) => Promise<TaskResult>;

/** From long to short; `h` waits for the quotient. */
const SECTIONS = ["b2", "a", "c", "b1"] as const;

export function createTeam(key: ProverKey, module: WebAssembly.Module, kernel: Kernel): Team {
  const workers: Worker[] = [];
  const dismiss = async (): Promise<void> => {
    await Promise.all(workers.splice(0).map((worker) => worker.terminate()));
  };
  return {
    async sums(scalars, { signal, threads }) {
      if (threads <= 1 || !("process" in globalThis)) {
        const pause = createPause(signal);
        const run: Run = (task, of) => runTask(kernel, key, task, of, pause);
        return takeTasks([run], scalars);
      }
      const data: WorkerData = { key, module };
      while (workers.length < threads) workers.push(await startWorker(data));
      try {
        const runs = workers.slice(0, threads).map(
          (worker): Run =>
            (task, of) =>
              ask(worker, task, of, signal),
        );
        return await takeTasks(runs, scalars);
      } catch (error) {
        await dismiss(); // they may still be at work, or dead
        throw error;
      }
    },
    close: dismiss,
  };
}

async function startWorker(workerData: WorkerData): Promise<Worker> {
  const threads = await import("node:worker_threads");
  return new threads.Worker(new URL("./prover-worker.ts", import.meta.url), { workerData });
}

/** Each thread takes what is next; at the end the parts of `h`, which need the quotient. */
async function takeTasks(runs: readonly Run[], scalars: Uint8Array): Promise<Sums> {
  const parts = runs.length === 1 ? 1 : 2 * runs.length; // the last ones are short
  const partsOf = (section: SectionName): Task[] =>
    Array.from({ length: parts }, (_, part) => ({ kind: "multiExp", section, part, parts }));
  const sums: Sums = { a: [], b1: [], b2: [], c: [], h: [] };
  const quotient = Promise.withResolvers<Uint8Array>();
  quotient.promise.catch(() => undefined); // who waits for it is told
  const early: Task[] = [{ kind: "quotient" }, ...SECTIONS.flatMap(partsOf)];
  const late = partsOf("h");

  const take = async (run: Run, task: Task, of: Uint8Array): Promise<void> => {
    try {
      const result = await run(task, of);
      if (task.kind === "quotient") quotient.resolve(shared(result as Uint8Array));
      else sums[task.section][task.part] = result as Float64Array;
    } catch (error) {
      quotient.reject(error);
      throw error;
    }
  };
  const drain = async (run: Run): Promise<void> => {
    for (let task = early.shift(); task; task = early.shift()) await take(run, task, scalars);
    const values = await quotient.promise;
    for (let task = late.shift(); task; task = late.shift()) await take(run, task, values);
  };
  await Promise.all(runs.map(drain));
  return sums;
}

/** How long the calling thread computes before others have their turn. */
const TURN_MS = 20;

function createPause(signal: AbortSignal | undefined): Pause {
  const turn: (done: () => void) => void = "setImmediate" in globalThis ? setImmediate : setTimeout;
  let began = performance.now();
  return async () => {
    if (performance.now() - began < TURN_MS) return;
    await new Promise<void>((done) => turn(done));
    signal?.throwIfAborted();
    began = performance.now();
  };
}

function ask(worker: Worker, task: Task, scalars: Uint8Array, signal?: AbortSignal): Promise<TaskResult> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      worker.off("message", onMessage).off("error", onError).off("exit", onExit);
      signal?.removeEventListener("abort", onAbort);
      act();
    };
    const onMessage = (reply: Reply): void =>
      settle(() => {
        if ("result" in reply) resolve(reply.result);
        else reject(new HoldfastError(reply.code, reply.message));
      });
    const onError = (error: Error): void => settle(() => reject(error));
    const onExit = (code: number): void =>
      settle(() => reject(new HoldfastError("io", `a thread of the prover ended with ${code}`)));
    const onAbort = (): void => settle(() => reject(signal?.reason as Error));
    worker.once("message", onMessage).once("error", onError).once("exit", onExit);
    signal?.addEventListener("abort", onAbort, { once: true });
    if (signal?.aborted) onAbort();
    else worker.postMessage({ task, scalars });
  });
}
