/**
 * Runs simulations in child processes, one per core at a time. A chain's memory grows with every block, and is freed with the
 * process.
 */
import { fork, type ChildProcess } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import type { Outcome } from "./outcome.ts";

export interface Job {
  readonly names: readonly string[];
  readonly epochs: number;
  readonly seed: number;
}

export type Answer =
  | { readonly kind: "progress"; readonly epochs: number }
  | { readonly kind: "done"; readonly outcomes: Outcome[] }
  | { readonly kind: "failed"; readonly message: string };

export interface PoolOptions {
  readonly names: readonly string[];
  readonly epochs: number;
  readonly seeds: number;
  /** Gets the number of strategies' epochs that were played since the last report. */
  readonly onProgress?: (epochs: number) => void;
}

/** The most strategies on one chain. */
const TOGETHER = 24;
const WORKERS = 2;
const WORKER = fileURLToPath(new URL("./worker.ts", import.meta.url));

export async function runAll({ names, epochs, seeds, onProgress }: PoolOptions): Promise<Outcome[]> {
  const jobs: Job[] = [];
  for (let seed = 1; seed <= seeds; seed++)
    for (let i = 0; i < names.length; i += TOGETHER)
      jobs.push({ names: names.slice(i, i + TOGETHER), epochs, seed });
  const outcomes: Outcome[] = [];
  const running = new Set<ChildProcess>();
  const next = async (): Promise<void> => {
    for (let job = jobs.shift(); job; job = jobs.shift())
      outcomes.push(...(await runOne(job, running, onProgress ?? (() => undefined))));
  };
  try {
    await Promise.all(Array.from({ length: Math.min(WORKERS, availableParallelism()) }, next));
  } finally {
    for (const child of running) child.kill();
  }
  return outcomes;
}

function runOne(
  job: Job,
  running: Set<ChildProcess>,
  onProgress: (epochs: number) => void,
): Promise<Outcome[]> {
  const child = fork(WORKER, { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  running.add(child);
  return new Promise<Outcome[]>((resolve, reject) => {
    child.on("message", (answer: Answer) => {
      if (answer.kind === "progress") onProgress(answer.epochs);
      else if (answer.kind === "done") resolve(answer.outcomes);
      else reject(new Error(answer.message));
    });
    child.on("error", reject);
    child.on("exit", (code) => reject(new Error(`a run ended with status ${code ?? "none"}`)));
    child.send(job);
  }).finally(() => {
    running.delete(child);
    child.kill();
  });
}
