/**
 * Builds the WebAssembly hash, prover and verifier from wasm/assembly/, unless build/ has what this source and compiler make.
 */
import { execFile } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { HoldfastError } from "../protocol/errors.ts";
import { sha256File, writeJson } from "../system/files.ts";

const ROOT = join(import.meta.dirname, "..");
const COMPILER = join(ROOT, "node_modules/assemblyscript");
const FOLDER = "wasm/assembly";
/** -O3 computes all products of a row before it adds any of them, and spills them: 12 % slower. */
const FLAGS = ["-O2", "--runtime", "stub", "--noAssert", "--enable", "simd"];
/** Of modules that need a fused multiply-add. */
export const FUSED: readonly string[] = [...FLAGS, "--enable", "relaxed-simd"];

/** Modules that are made from one source. */
export interface WasmTarget {
  /** Of the record of what it was made from. */
  readonly record: string;
  readonly log: string;
  readonly source: string;
  readonly variants: readonly [WasmVariant, ...WasmVariant[]];
}
export interface WasmVariant {
  readonly file: string;
  readonly flags: readonly string[];
}

const HASH: WasmTarget = {
  record: "hash.json",
  log: "compiling the hash to WebAssembly",
  source: `${FOLDER}/hash.ts`,
  variants: [
    { file: "hash.wasm", flags: FUSED },
    // For machines without a fused multiply-add: it computes the same, more slowly.
    { file: "hash-unfused.wasm", flags: FLAGS },
  ],
};
const PROVER: WasmTarget = {
  record: "prover.json",
  log: "compiling the prover to WebAssembly",
  source: `${FOLDER}/prover.ts`,
  variants: [{ file: "prover.wasm", flags: FUSED }],
};
const VERIFIER: WasmTarget = {
  record: "verifier.json",
  log: "compiling the verifier to WebAssembly",
  source: `${FOLDER}/verifier.ts`,
  variants: [{ file: "verifier.wasm", flags: FUSED }],
};
const ERASURE: WasmTarget = {
  record: "erasure.json",
  log: "compiling the erasure code to WebAssembly",
  source: `${FOLDER}/erasure.ts`,
  variants: [{ file: "erasure.wasm", flags: FLAGS }],
};
/** Made where it is needed. */
const UNFUSED_PROVER: WasmTarget = {
  record: "prover-unfused.json",
  log: "compiling the prover to WebAssembly, without a fused multiply-add",
  source: `${FOLDER}/prover.ts`,
  variants: [{ file: "prover-unfused.wasm", flags: FLAGS }],
};

export interface PrepareWasmOptions {
  /** One line for people per step. */
  readonly log?: (line: string) => void;
  /** Folder of all artifacts; default `build/` of the repository. */
  readonly build?: string;
}

/** The path of hash.wasm; hash-unfused.wasm lies beside it. */
export function prepareWasm(options?: PrepareWasmOptions): Promise<string> {
  return prepareTarget(HASH, options);
}

/** The path of prover.wasm. */
export function prepareProver(options?: PrepareWasmOptions): Promise<string> {
  return prepareTarget(PROVER, options);
}

/** The path of verifier.wasm. */
export function prepareVerifier(options?: PrepareWasmOptions): Promise<string> {
  return prepareTarget(VERIFIER, options);
}

/** The path of erasure.wasm. */
export function prepareErasure(options?: PrepareWasmOptions): Promise<string> {
  return prepareTarget(ERASURE, options);
}

/** The path of prover-unfused.wasm, for machines without a fused multiply-add: it computes the same, more slowly. */
export function prepareUnfusedProver(options?: PrepareWasmOptions): Promise<string> {
  return prepareTarget(UNFUSED_PROVER, options);
}

/** The path of the target's first module; builds what is missing or out of date. */
export async function prepareTarget(
  target: WasmTarget,
  { log, build = join(ROOT, "build") }: PrepareWasmOptions = {},
): Promise<string> {
  const record = join(build, target.record);
  const madeFrom = await hashOfInputs(target);
  if (!(await isUpToDate(target, build, madeFrom))) {
    log?.(target.log);
    await mkdir(build, { recursive: true });
    const hashes: Record<string, string> = {};
    for (const { file, flags } of target.variants) {
      const partial = join(build, `${file}.${randomUUID()}.partial`);
      try {
        await compileAssembly(target.source, flags, partial);
        hashes[file] = await sha256File(partial);
        await rename(partial, join(build, file));
      } finally {
        await rm(partial, { force: true });
      }
    }
    await writeJson(record, { madeFrom, hashes });
  }
  return join(build, target.variants[0].file);
}

/** SHA-256 over the sources, the compiler's version and the flags. */
async function hashOfInputs({ source, variants }: WasmTarget): Promise<string> {
  const { version } = JSON.parse(await readFile(join(COMPILER, "package.json"), "utf8")) as {
    version: string;
  };
  const hash = createHash("sha256").update(JSON.stringify([version, source, variants]));
  for (const file of (await readdir(join(ROOT, FOLDER))).sort()) {
    const text = await readFile(join(ROOT, FOLDER, file));
    hash.update(`${file}\0${text.length}\0`).update(text);
  }
  return hash.digest("hex");
}

async function isUpToDate(
  { record, variants }: WasmTarget,
  build: string,
  madeFrom: string,
): Promise<boolean> {
  try {
    const made = JSON.parse(await readFile(join(build, record), "utf8")) as {
      madeFrom: string;
      hashes: Record<string, string>;
    };
    if (made.madeFrom !== madeFrom) return false;
    for (const { file } of variants) {
      if ((await sha256File(join(build, file))) !== made.hashes[file]) return false;
    }
    return true;
  } catch {
    return false; // missing or unreadable: it is made anew
  }
}

/** In a process of its own: the compiler's types would add its globals to every file here. */
async function compileAssembly(source: string, flags: readonly string[], out: string): Promise<void> {
  const args = [join(COMPILER, "bin/asc.js"), source, "--outFile", out, "--baseDir", ROOT, ...flags];
  try {
    const { stderr } = await promisify(execFile)(process.execPath, args, { cwd: ROOT });
    if (stderr !== "") throw new HoldfastError("io", `${source} compiles with warnings:\n${stderr}`);
  } catch (cause) {
    if (cause instanceof HoldfastError) throw cause;
    throw new HoldfastError("io", `${source} does not compile: ${(cause as Error).message}`, {}, { cause });
  }
}

if (import.meta.main) {
  const log = (line: string): void => console.log(line);
  await prepareWasm({ log });
  await prepareProver({ log });
  await prepareVerifier({ log });
  await prepareErasure({ log });
}
