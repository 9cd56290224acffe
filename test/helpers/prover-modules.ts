/**
 * The prover's and the verifier's modules and the kernels, compiled so that they check what they rely on (wasm/assembly/bounds.ts).
 */
import { readFile } from "node:fs/promises";
import { compileProver } from "../../groth16/prover-module.ts";
import { FUSED, prepareTarget } from "../../wasm/prepare.ts";

const CHECKED = FUSED.filter((flag) => flag !== "--noAssert");

async function compiled(name: "prover" | "kernels" | "verifier"): Promise<WebAssembly.Module> {
  const path = await prepareTarget({
    record: `${name}-checked.json`,
    log: `compiling ${name} with checks`,
    source: `wasm/assembly/${name}.ts`,
    variants: [{ file: `${name}-checked.wasm`, flags: CHECKED }],
  });
  return compileProver(await readFile(path));
}

let prover: Promise<WebAssembly.Module> | undefined;
let verifier: Promise<WebAssembly.Module> | undefined;
let kernels: Promise<WebAssembly.Module> | undefined;

export const checkedProver = (): Promise<WebAssembly.Module> => (prover ??= compiled("prover"));
export const checkedVerifier = (): Promise<WebAssembly.Module> => (verifier ??= compiled("verifier"));
export const checkedKernels = (): Promise<WebAssembly.Module> => (kernels ??= compiled("kernels"));
