/**
 * A thread that helps another one with its proofs.
 */
import { parentPort, workerData } from "node:worker_threads";
import { HoldfastError, type ErrorCode } from "../protocol/errors.ts";
import { createKernel } from "./prover-kernel.ts";
import type { ProverKey } from "./prover-key.ts";
import { takeTasks, type Part, type Share } from "./prover-tasks.ts";

export interface WorkerData {
  readonly key: ProverKey;
  readonly module: WebAssembly.Module;
}

export type Reply = { readonly parts: Part[] } | { readonly code: ErrorCode; readonly message: string };

const { key, module } = workerData as WorkerData;
const kernel = createKernel(module);
/** Nobody else waits in this thread, and it is ended from outside. */
const pause = (): Promise<void> => Promise.resolve();

async function answer(share: Share): Promise<Reply> {
  try {
    return { parts: await takeTasks(kernel, key, share, pause) };
  } catch (error) {
    if (error instanceof HoldfastError) return { code: error.code, message: error.message };
    throw error;
  }
}

parentPort?.on("message", (share: Share) => {
  void answer(share).then((reply) => {
    const sums = "parts" in reply ? reply.parts.map(({ sum }) => sum.buffer as ArrayBuffer) : [];
    parentPort?.postMessage(reply, sums);
  });
});
