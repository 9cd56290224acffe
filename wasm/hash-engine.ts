/**
 * The fast hash for segments, as this machine can run it.
 */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { HoldfastError } from "../protocol/errors.ts";
import type { HashEngine } from "../protocol/segment.ts";
import { createWasmEngine } from "./hash-module.ts";
import { prepareWasm, type PrepareWasmOptions } from "./prepare.ts";

/** Builds what is missing. Each call makes an engine of its own, with its own memory. */
export async function loadHashEngine(options?: PrepareWasmOptions): Promise<HashEngine> {
  const path = await prepareWasm(options);
  try {
    return createWasmEngine(await readFile(path));
  } catch (error) {
    const unfit = error instanceof WebAssembly.CompileError || error instanceof HoldfastError;
    if (!unfit) throw error;
    return createWasmEngine(await readFile(join(dirname(path), "hash-unfused.wasm")));
  }
}
