/**
 * A pool of proving threads with a bounded queue, earliest deadline first. The only file that knows piscina.
 *
 * Piscina is handed no more tasks than it has threads, so that the order of the queue is ours alone.
 */
import { Piscina } from "piscina";
import type { EngineArtifacts, ProofResult } from "../groth16/engine.ts";
import type { CircuitInput } from "../groth16/witness.ts";
import { HoldfastError } from "../protocol/errors.ts";
import type { WorkerAnswer } from "./worker.ts";

export interface ProverPoolOptions {
  /** Shared with every thread without a copy if they lie in SharedArrayBuffers, as `loadProvingArtifacts` gives them. */
  readonly artifacts: EngineArtifacts;
  readonly threads: number;
  /** Tasks that may wait; more are refused as "busy". */
  readonly maxQueue: number;
  /** A task that runs longer is taken for hung: its thread is killed. */
  readonly taskTimeoutMs: number;
  readonly signal?: AbortSignal;
}

/** What a test replaces. */
export interface ProverPoolModules {
  /** The module that a thread runs. */
  readonly worker?: URL;
  /** A signal that aborts after so many milliseconds. */
  readonly timeout?: (ms: number) => AbortSignal;
}

export interface ProverPool {
  /**
   * @param deadlineMs when the proof is due, in any one unit of time: tasks with the least start first
   * @throws HoldfastError "busy" if the queue is full, "proof" or "bad-input" if the inputs are wrong,
   *   "unreachable" if a thread died or hung twice on this task, "aborted" if the pool closes first
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
  { artifacts, threads, maxQueue, taskTimeoutMs, signal }: ProverPoolOptions,
  {
    worker = new URL("./worker.ts", import.meta.url),
    timeout = (ms) => AbortSignal.timeout(ms),
  }: ProverPoolModules = {},
): ProverPool {
  const piscina = new Piscina({
    filename: worker.href,
    minThreads: threads,
    maxThreads: threads,
    // snarkjs loads web-worker, which takes any thread for one of its own and runs the script `mod`: an empty one.
    workerData: { ...artifacts, mod: "data:," },
  });
  // A thread that dies between tasks is replaced by piscina; without a listener its error would end the process.
  piscina.on("error", () => undefined);
  const waiting: Task[] = [];
  let running = 0;
  let closed: Promise<void> | undefined;

  const enqueue = (task: Task): void => {
    const later = waiting.findIndex(({ deadlineMs }) => deadlineMs > task.deadlineMs);
    waiting.splice(later < 0 ? waiting.length : later, 0, task);
    dispatch();
  };
  const dispatch = (): void => {
    while (running < threads && !closed) {
      const task = waiting.shift();
      if (!task) return;
      running++;
      void attempt(task).finally(() => {
        running--;
        dispatch();
      });
    }
  };
  const attempt = async (task: Task): Promise<void> => {
    task.attempts++;
    try {
      const answer = (await piscina.run(task.input, {
        signal: timeout(taskTimeoutMs),
      })) as WorkerAnswer;
      if ("result" in answer) task.resolve(answer.result);
      else task.reject(new HoldfastError(answer.failure.code, answer.failure.message));
    } catch (cause) {
      if (closed) task.reject(closedError());
      else if (task.attempts < MAX_ATTEMPTS) enqueue(task);
      else
        task.reject(new HoldfastError("unreachable", "the proving thread died or hung twice", {}, { cause }));
    }
  };
  const close = (): Promise<void> => {
    signal?.removeEventListener("abort", onAbort);
    closed ??= piscina.destroy();
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
        else if (running >= threads && waiting.length >= maxQueue) {
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

function closedError(): HoldfastError {
  return new HoldfastError("aborted", "the proving pool is closed");
}
