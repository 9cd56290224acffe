/**
 * The prover's module for making keys, on every machine: where multiply-adds are not fused, a variant that does without them.
 */
import { readFile } from "node:fs/promises";
import { HoldfastError } from "../protocol/errors.ts";
import { prepareUnfusedProver } from "../wasm/prepare.ts";
import { checkKernel } from "./prover-check.ts";
import { createKernel } from "./prover-kernel.ts";
import { compileProver, loadProverModule, UNFIT } from "./prover-module.ts";

let loaded: Promise<WebAssembly.Module> | undefined;

/** Once in a thread. Throws "io" if neither computes rightly here. */
export function loadSetupModule(): Promise<WebAssembly.Module> {
  return (loaded ??= fitModule(loadProverModule).catch((error: unknown) => {
    loaded = undefined; // it may have been a passing failure
    throw error;
  }));
}

/** What `load` gives if it computes rightly here, and otherwise the variant, which takes three times as long. */
export async function fitModule(load: Load, loadVariant: Load = loadUnfused): Promise<WebAssembly.Module> {
  try {
    return await checked(await load());
  } catch (error) {
    if (!isUnfit(error)) throw error;
  }
  try {
    return await checked(await loadVariant());
  } catch (cause) {
    if (!isUnfit(cause)) throw cause;
    const message =
      "this machine cannot make keys in WebAssembly (it needs SIMD): make the key on another one";
    throw new HoldfastError("io", message, {}, { cause });
  }
}

const isUnfit = (error: unknown): boolean => error instanceof HoldfastError && error.message === UNFIT;

type Load = () => Promise<WebAssembly.Module>;

async function loadUnfused(): Promise<WebAssembly.Module> {
  return compileProver(await readFile(await prepareUnfusedProver()));
}

async function checked(module: WebAssembly.Module): Promise<WebAssembly.Module> {
  await checkKernel(createKernel(module));
  return module;
}
