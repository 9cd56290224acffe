/**
 * The prover's and the verifier's WebAssembly modules, built where they are missing.
 */
import { HoldfastError } from "../protocol/errors.ts";

export const UNFIT =
  "this machine cannot run the prover in WebAssembly (it needs relaxed SIMD with a fused multiply-add): use snarkjs";

const compiled = new Map<"prepareProver" | "prepareVerifier", Promise<WebAssembly.Module>>();

/** Once in a thread. Needs Node: elsewhere `compileProver` takes the module's bytes. */
export function loadProverModule(): Promise<WebAssembly.Module> {
  return loadOnce("prepareProver");
}

/** The same of the verifier's module. */
export function loadVerifierModule(): Promise<WebAssembly.Module> {
  return loadOnce("prepareVerifier");
}

function loadOnce(prepare: "prepareProver" | "prepareVerifier"): Promise<WebAssembly.Module> {
  const before = compiled.get(prepare);
  if (before) return before;
  const loading = load(prepare).catch((error: unknown) => {
    compiled.delete(prepare); // it may have been a passing failure
    throw error;
  });
  compiled.set(prepare, loading);
  return loading;
}

async function load(prepare: "prepareProver" | "prepareVerifier"): Promise<WebAssembly.Module> {
  const [{ readFile }, modules] = await Promise.all([
    import("node:fs/promises"),
    import("../wasm/prepare.ts"),
  ]);
  return compileProver(await readFile(await modules[prepare]()));
}

/** Throws "io" if the platform does not know the module's instructions. */
export async function compileProver(bytes: Uint8Array): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(new Uint8Array(bytes));
  } catch (cause) {
    throw new HoldfastError("io", UNFIT, {}, { cause });
  }
}
