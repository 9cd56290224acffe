/**
 * The prover's WebAssembly module, built where it is missing.
 */
import { HoldfastError } from "../protocol/errors.ts";

export const UNFIT =
  "this machine cannot run the prover in WebAssembly (it needs relaxed SIMD with a fused multiply-add): use snarkjs";

let compiled: Promise<WebAssembly.Module> | undefined;

/** Once in a thread. Needs Node: elsewhere `compileProver` takes the module's bytes. */
export function loadProverModule(): Promise<WebAssembly.Module> {
  return (compiled ??= load().catch((error: unknown) => {
    compiled = undefined; // it may have been a passing failure
    throw error;
  }));
}

async function load(): Promise<WebAssembly.Module> {
  const [{ readFile }, { prepareProver }] = await Promise.all([
    import("node:fs/promises"),
    import("../wasm/prepare.ts"),
  ]);
  return compileProver(await readFile(await prepareProver()));
}

/** Throws "io" if the platform does not know the module's instructions. */
export async function compileProver(bytes: Uint8Array): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(new Uint8Array(bytes));
  } catch (cause) {
    throw new HoldfastError("io", UNFIT, {}, { cause });
  }
}
