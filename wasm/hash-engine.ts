/**
 * The fast hash for segments, as this machine can run it.
 */
import { readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { HoldfastError } from "../protocol/errors.ts";
import type { HashEngine } from "../protocol/segment.ts";
import { createWasmEngine } from "./hash-module.ts";
import { createHashThreads } from "./hash-threads.ts";
import { prepareWasm, type PrepareWasmOptions } from "./prepare.ts";

export interface HashEngineOptions extends PrepareWasmOptions {
  /** That hash long segments; default: one for each core. One is the calling thread. */
  readonly threads?: number;
}

/** Builds what is missing. Each call makes an engine of its own, with its own memory. */
export async function loadHashEngine({
  threads = availableParallelism(),
  ...options
}: HashEngineOptions = {}): Promise<HashEngine> {
  const path = await prepareWasm(options);
  const { engine, module } = await fittingEngine(path);
  return threads > 1 ? { ...engine, spread: createHashThreads({ threads, module }, { engine }) } : engine;
}

async function fittingEngine(path: string): Promise<{ engine: HashEngine; module: Uint8Array }> {
  const module = await readFile(path);
  try {
    return { engine: createWasmEngine(module), module };
  } catch (error) {
    const unfit = error instanceof WebAssembly.CompileError || error instanceof HoldfastError;
    if (!unfit) throw error;
    const unfused = await readFile(join(dirname(path), "hash-unfused.wasm"));
    return { engine: createWasmEngine(unfused), module: unfused };
  }
}
