/**
 * Builds the WebAssembly hash from wasm/assembly/, unless build/ has what this source and compiler make.
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
const SOURCE = `${FOLDER}/hash.ts`;
/** -O3 computes all products of a row before it adds any of them, and spills them: 12 % slower. */
const FLAGS = ["-O2", "--runtime", "stub", "--noAssert", "--enable", "simd"];
/** The second is for machines without a fused multiply-add: it computes the same, more slowly. */
const VARIANTS = [
  { file: "hash.wasm", flags: [...FLAGS, "--enable", "relaxed-simd"] },
  { file: "hash-unfused.wasm", flags: FLAGS },
] as const;

export interface PrepareWasmOptions {
  /** One line for people per step. */
  readonly log?: (line: string) => void;
  /** Folder of all artifacts; default `build/` of the repository. */
  readonly build?: string;
}

/** The path of hash.wasm; hash-unfused.wasm lies beside it. */
export async function prepareWasm({
  log,
  build = join(ROOT, "build"),
}: PrepareWasmOptions = {}): Promise<string> {
  const record = join(build, "hash.json");
  const madeFrom = await hashOfInputs();
  const [fused] = VARIANTS;
  if (!(await isUpToDate(build, record, madeFrom))) {
    log?.("compiling the hash to WebAssembly");
    await mkdir(build, { recursive: true });
    const hashes: Record<string, string> = {};
    for (const { file, flags } of VARIANTS) {
      const partial = join(build, `${file}.${randomUUID()}.partial`);
      try {
        await compile(flags, partial);
        hashes[file] = await sha256File(partial);
        await rename(partial, join(build, file));
      } finally {
        await rm(partial, { force: true });
      }
    }
    await writeJson(record, { madeFrom, hashes });
  }
  return join(build, fused.file);
}

/** SHA-256 over the sources, the compiler's version and the flags. */
async function hashOfInputs(): Promise<string> {
  const { version } = JSON.parse(await readFile(join(COMPILER, "package.json"), "utf8")) as {
    version: string;
  };
  const hash = createHash("sha256").update(JSON.stringify([version, VARIANTS]));
  for (const file of (await readdir(join(ROOT, FOLDER))).sort()) {
    const text = await readFile(join(ROOT, FOLDER, file));
    hash.update(`${file}\0${text.length}\0`).update(text);
  }
  return hash.digest("hex");
}

async function isUpToDate(build: string, record: string, madeFrom: string): Promise<boolean> {
  try {
    const made = JSON.parse(await readFile(record, "utf8")) as {
      madeFrom: string;
      hashes: Record<string, string>;
    };
    if (made.madeFrom !== madeFrom) return false;
    for (const { file } of VARIANTS) {
      if ((await sha256File(join(build, file))) !== made.hashes[file]) return false;
    }
    return true;
  } catch {
    return false; // missing or unreadable: it is made anew
  }
}

/** In a process of its own: the compiler's types would add its globals to every file here. */
async function compile(flags: readonly string[], out: string): Promise<void> {
  const args = [join(COMPILER, "bin/asc.js"), SOURCE, "--outFile", out, "--baseDir", ROOT, ...flags];
  try {
    const { stderr } = await promisify(execFile)(process.execPath, args, { cwd: ROOT });
    if (stderr !== "") throw new HoldfastError("io", `${SOURCE} compiles with warnings:\n${stderr}`);
  } catch (cause) {
    if (cause instanceof HoldfastError) throw cause;
    throw new HoldfastError("io", `${SOURCE} does not compile: ${(cause as Error).message}`, {}, { cause });
  }
}

if (import.meta.main) await prepareWasm({ log: (line) => console.log(line) });
