/**
 * A pool of proving threads with a bounded queue, earliest deadline first.
 *
 * Piscina is handed no more tasks than it has threads, so that the order of the queue is ours alone. While few proofs wait,
 * one takes part of the threads that would stand idle: it is there sooner. While many wait, each has one thread: more are
 * made in an hour.
 */
import { Piscina } from "piscina";
import type { EngineArtifacts, ProofResult } from "../groth16/engine.ts";
import { loadBackend, openProver, unfitMessage, type Backend } from "../groth16/engines.ts";
import type { CircuitInput } from "../groth16/witness.ts";
import { HoldfastError } from "../protocol/errors.ts";
import type { ProvingTask, ThreadData, WorkerAnswer } from "./worker.ts";

export interface ProverPoolOptions {
  readonly artifacts: EngineArtifacts;
  /** In this process once, and shared with every thread. */
  readonly backend: Backend;
  readonly threads: number;
  /** Tasks that may wait; more are refused as "busy". */
  readonly maxQueue: number;
  /** A task that runs longer is taken for hung: its thread, or the program that proves, is killed. */
  readonly taskTimeoutMs: number;
  readonly signal?: AbortSignal;
}

/** What a test replaces. */
export interface ProverPoolModules {
  /** The module that a thread runs. */
  readonly worker?: URL;
  /** A signal that aborts after so many milliseconds. */
  readonly timeout?: (ms: number) => AbortSignal;
  /** A line for whoever runs it. */
  readonly warn?: (line: string) => void;
}

export interface ProverPool {
  /**
   * @param deadlineMs when the proof is due, in any one unit of time: tasks with the least start first
   * @throws HoldfastError "busy" if the queue is full, "proof" or "bad-input" if the inputs are wrong,
   *   "io" if a program that proves fails, "unreachable" if a thread or a program died or hung twice on this task,
   *   "aborted" if the pool closes first
   */
  prove(input: CircuitInput, options: { deadlineMs: number }): Promise<ProofResult>;
  /** Kills what runs, rejects what waits. */
  close(): Promise<void>;
}

interface Task {
  readonly input: CircuitInput;
  readonly deadlineMs: number;
  readonly resolve: (result: ProofResult) => void;
  readonly reject: (error: Error) => void;
  attempts: number;
}

const MAX_ATTEMPTS = 2;

export function createProverPool(
  { artifacts, backend: given, threads, maxQueue, taskTimeoutMs, signal }: ProverPoolOptions,
  {
    worker = new URL("./worker.ts", import.meta.url),
    timeout = (ms) => AbortSignal.timeout(ms),
    warn = () => undefined,
  }: ProverPoolModules = {},
): ProverPool {
  const start = (count: number): Piscina => {
    const data: ThreadData = { wasm: artifacts.wasm };
    const started = new Piscina({
      // By name: of a default export Node makes a module that ends the process when the thread is ended meanwhile.
      ...{ filename: worker.href, name: "prove", minThreads: count, maxThreads: count },
      // snarkjs loads web-worker, which takes any thread for one of its own and runs the script `mod`: an empty one.
      workerData: { ...data, mod: "data:," },
    });
    // A thread that dies between tasks is replaced by piscina; without a listener its error would end the process.
    started.on("error", () => undefined);
    return started;
  };
  const narrow = start(threads);
  /** A thread that has others help it, which each take the memory of a prover: there is one such at most. */
  let wide: Piscina | undefined;
  let isWideBusy = false;
  const closing = new AbortController();
  const waiting: Task[] = [];
  const running = new Set<Promise<void>>();
  let backend = given;
  let replacing: Promise<void> | undefined;
  /** Threads that take part in proofs. */
  let busy = 0;
  let closed: Promise<void> | undefined;

  const enqueue = (task: Task): void => {
    const later = waiting.findIndex(({ deadlineMs }) => deadlineMs > task.deadlineMs);
    waiting.splice(later < 0 ? waiting.length : later, 0, task);
    dispatch();
  };
  const dispatch = (): void => {
    while (busy < threads && !closed) {
      const share = Math.max(1, Math.floor((threads - busy) / waiting.length));
      const task = waiting.shift();
      if (!task) return;
      const taken = backend.kind === "wasm" && !isWideBusy ? share : 1;
      busy += taken;
      if (taken > 1) isWideBusy = true;
      const attempted = attempt(task, taken).finally(() => {
        running.delete(attempted);
        busy -= taken;
        if (taken > 1) isWideBusy = false;
        dispatch();
      });
      running.add(attempted);
    }
  };
  const attempt = async (task: Task, share: number): Promise<void> => {
    task.attempts++;
    try {
      task.resolve(await run(task.input, share, timeout(taskTimeoutMs)));
    } catch (error) {
      if (closed) task.reject(closedError());
      else if (error instanceof HoldfastError) task.reject(error);
      else if (task.attempts < MAX_ATTEMPTS) enqueue(task);
      else task.reject(givenUp(error));
    }
  };
  const run = async (input: CircuitInput, share: number, late: AbortSignal): Promise<ProofResult> => {
    if (closed) throw closedError(); // another engine may have taken long to load
    const used = backend;
    const task: ProvingTask = { input, backend: used, threads: share };
    const pool = share > 1 ? (wide ??= start(1)) : narrow;
    const answer = (await pool.run(task, { signal: late })) as WorkerAnswer;
    if ("result" in answer) return answer.result;
    if ("failure" in answer) throw new HoldfastError(answer.failure.code, answer.failure.message);
    if ("unfit" in answer) {
      await (replacing ??= replace(answer.unfit));
      return run(input, share, late);
    }
    const began = performance.now();
    const program = await openProver(used);
    const stopping = AbortSignal.any([late, closing.signal]);
    const proved = await program.prove(answer.witness, { signal: stopping });
    return { ...proved, witnessMs: answer.witnessMs, proveMs: performance.now() - began };
  };
  const replace = async (reason: string): Promise<void> => {
    warn(unfitMessage(reason));
    backend = await loadBackend("snarkjs", artifacts);
  };
  const close = (): Promise<void> => {
    signal?.removeEventListener("abort", onAbort);
    closed ??= Promise.all([narrow.destroy(), wide?.destroy(), ...running]).then(() => undefined);
    closing.abort();
    for (const task of waiting.splice(0)) task.reject(closedError());
    return closed;
  };
  const onAbort = (): void => void close();
  if (signal?.aborted) onAbort();
  else signal?.addEventListener("abort", onAbort, { once: true });

  return {
    prove(input, { deadlineMs }) {
      return new Promise((resolve, reject) => {
        if (closed) reject(closedError());
        else if (busy >= threads && waiting.length >= maxQueue) {
          reject(
            new HoldfastError("busy", `${waiting.length} proofs are waiting already; try again later`, {
              maxQueue,
            }),
          );
        } else enqueue({ input, deadlineMs, resolve, reject, attempts: 0 });
      });
    },
    close,
  };
}

function givenUp(cause: unknown): HoldfastError {
  return new HoldfastError("unreachable", "the proving thread died or hung twice", {}, { cause });
}

function closedError(): HoldfastError {
  return new HoldfastError("aborted", "the proving pool is closed");
}
