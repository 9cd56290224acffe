/**
 * Hashes a segment's batches on threads of their own, each with an instance of the module. What a thread does not do, because
 * it dies or does not even start, the calling thread does.
 */
import { setImmediate } from "node:timers/promises";
import { Piscina } from "piscina";
import { ELEMENT_BYTES } from "../protocol/field.ts";
import { BATCH_GROUPS, GROUP_BYTES, groupNodes, type HashEngine, type Spread } from "../protocol/segment.ts";
import type { HashTask, HashThreadData } from "./hash-worker.ts";

export interface HashThreadsOptions {
  readonly threads: number;
  /** The bytes of the module that they run. */
  readonly module: Uint8Array;
  /** Batches that the calling thread hashes before it starts the others: to start them takes longer than to hash little. */
  readonly after?: number;
}

/** What a test replaces. */
export interface HashThreadsModules {
  /** Of the calling thread. */
  readonly engine: HashEngine;
  /** The module that a thread runs. */
  readonly worker?: URL;
}

/** Batches for each thread: one that it hashes, and one that is there when it is done. */
const BATCHES_PER_THREAD = 2;
/** Pools that were given up, because a thread failed, before the calling thread does it all. */
const MAX_FAILURES = 3;
/** Threads that have nothing to do for so long are ended. */
const IDLE_MS = 10_000;
/** 8 MB. */
const AFTER = 16;

/** Starts no thread before there is something to hash, and keeps no process alive. */
export function createHashThreads(
  { threads, module, after = AFTER }: HashThreadsOptions,
  { engine, worker = new URL("./hash-worker.ts", import.meta.url) }: HashThreadsModules,
): Spread {
  const free: HashTask[] = [];
  const waiting: (() => void)[] = [];
  let made = 0;
  let hashedHere = 0;
  let failures = 0;
  let pool: Piscina | undefined;
  let idle: NodeJS.Timeout | undefined;

  const takeBatch = async (): Promise<HashTask> => {
    for (;;) {
      const task = free.pop();
      if (task) return task;
      if (made < threads * BATCHES_PER_THREAD) {
        const batch = {
          groups: new Uint8Array(new SharedArrayBuffer(BATCH_GROUPS * GROUP_BYTES)),
          nodes: new Uint8Array(new SharedArrayBuffer(BATCH_GROUPS * ELEMENT_BYTES)),
        };
        made++;
        return batch;
      }
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
  };
  /** A batch that a thread was given when it was ended is not used again: the thread may still write into it. */
  const giveBack = (task: HashTask, isLost: boolean): void => {
    if (isLost) made--;
    else free.push(task);
    waiting.shift()?.();
    if (free.length === made) idle = setTimeout(endPool, IDLE_MS).unref();
  };
  const startPool = (): Piscina => {
    const data: HashThreadData = { module };
    // By name: of a default export Node makes a module that ends the process when the thread is ended meanwhile.
    // All at once: piscina would keep a task for ever that waits for a thread which then does not start.
    const started = new Piscina({
      ...{ filename: worker.href, name: "hash", minThreads: threads, maxThreads: threads, workerData: data },
      concurrentTasksPerWorker: BATCHES_PER_THREAD,
    });
    started.on("error", () => undefined);
    return started;
  };
  const endPool = (): void => {
    void pool?.destroy();
    pool = undefined;
    hashedHere = 0;
  };
  /** Whether a thread was given the task and did not finish it. */
  const hash = async (task: HashTask): Promise<boolean> => {
    let isLost = false;
    if (failures < MAX_FAILURES && (pool || hashedHere >= after)) {
      const used = (pool ??= startPool());
      try {
        await used.run(task);
        return false;
      } catch {
        isLost = true;
        // With it go the other tasks that it has.
        if (pool === used) failures++;
        if (pool === used) endPool();
      }
    }
    await setImmediate(); // what else there is to do comes between two batches
    hashedHere++;
    task.nodes.set(groupNodes(task.groups, false, engine));
    return isLost;
  };

  return async (groups, nodes) => {
    const batch = await takeBatch();
    clearTimeout(idle);
    batch.groups.set(groups);
    const count = groups.length / GROUP_BYTES;
    const task = {
      groups: batch.groups.subarray(0, groups.length),
      nodes: batch.nodes.subarray(0, count * ELEMENT_BYTES),
    };
    const hashed = hash(task).then(
      (isLost) => {
        nodes.set(task.nodes);
        giveBack(batch, isLost);
      },
      (error: unknown) => {
        giveBack(batch, true);
        throw error;
      },
    );
    return { hashed };
  };
}
