/**
 * A thread of the prover: takes tasks one by one.
 */
import { parentPort, workerData } from "node:worker_threads";
import { HoldfastError, type ErrorCode } from "../protocol/errors.ts";
import { createKernel } from "./prover-kernel.ts";
import type { ProverKey } from "./prover-key.ts";
import { runTask, type Task, type TaskResult } from "./prover-tasks.ts";

export interface WorkerData {
  readonly key: ProverKey;
  readonly module: WebAssembly.Module;
}

export type Reply = { readonly result: TaskResult } | { readonly code: ErrorCode; readonly message: string };

const { key, module } = workerData as WorkerData;
const kernel = createKernel(module);
/** Nobody else waits in this thread, and it is ended from outside. */
const pause = (): Promise<void> => Promise.resolve();

async function answer(task: Task, scalars: Uint8Array): Promise<Reply> {
  try {
    return { result: await runTask(kernel, key, task, scalars, pause) };
  } catch (error) {
    if (error instanceof HoldfastError) return { code: error.code, message: error.message };
    throw error;
  }
}

parentPort?.on("message", ({ task, scalars }: { task: Task; scalars: Uint8Array }) => {
  void answer(task, scalars).then((reply) => {
    parentPort?.postMessage(reply, "result" in reply ? [reply.result.buffer as ArrayBuffer] : []);
  });
});
