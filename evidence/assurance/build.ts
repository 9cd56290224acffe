/**
 * Compiles any template as a main component, with or without changes of its source. The same sources are compiled once.
 */
import { access, cp, glob, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { writeConstants } from "../../circuits/artifacts.ts";
import { compile, compilerVersion, ROOT } from "../../circuits/compile.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import { sha256 } from "../../system/files.ts";

/** Replaces text in a source file: a cheating prover changes the program that computes a witness. */
export type Patch = readonly [file: string, from: string, to: string];

/** Removes every line that is only a constraint, so that the program enforces nothing. */
export const UNCONSTRAINED: Patch = ["", "===", ""];

const FOLDER = join(ROOT, "build", "test-circuits");

/** Milliseconds to wait for another process: ten times the compilation of the largest circuit on a busy machine. */
const PATIENCE_MS = 120_000;

/**
 * The folder of main.r1cs, main.wasm and main.sym. Its name is the hash of the sources and the compiler's version, so that a
 * second call finds it.
 *
 * @throws HoldfastError "bad-input" if circom refuses the source, or a patch finds nothing to replace
 */
export async function build(
  source: string,
  patches: readonly Patch[],
  flags: readonly string[],
): Promise<string> {
  library ??= hashLibrary();
  const key = JSON.stringify([source, patches, flags, await library]);
  const folder = join(FOLDER, sha256(Buffer.from(key)).slice(0, 20));
  const isMade = (): Promise<boolean> => exists(join(folder, "main.r1cs"));
  if (await isMade()) return folder;
  await awaitOthers(folder);
  if (await isMade()) return folder;

  const work = `${folder}.${process.pid}`;
  const copy = join(work, "library");
  try {
    await copyLibrary(copy);
    for (const patch of patches) await (patch === UNCONSTRAINED ? dropConstraints(copy) : apply(patch, copy));
    await writeFile(join(copy, "main.circom"), source);
    const made = await compile(join(copy, "main.circom"), work, { libraries: [copy], flags });
    await rename(made.wasm, join(work, "main.wasm"));
    await rm(copy, { recursive: true });
    await rename(work, folder).catch(async (error: unknown) => {
      // Another process was faster, and uses its folder already. Same sources, same result.
      if (!(await isMade())) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return folder;
}

/** Copies our circuits and circomlib's into one folder. */
export async function copyLibrary(library: string): Promise<void> {
  await mkdir(library, { recursive: true });
  await cp(join(ROOT, "circuits"), library, { recursive: true, filter: (path) => !path.endsWith(".ts") });
  await cp(join(ROOT, "node_modules/circomlib/circuits"), join(library, "circomlib/circuits"), {
    recursive: true,
  });
}

async function apply([file, from, to]: Patch, library: string): Promise<void> {
  const path = join(library, file);
  const text = await readFile(path, "utf8");
  if (!text.includes(from)) throw new HoldfastError("bad-input", `${file} has no ${JSON.stringify(from)}`);
  await writeFile(
    path,
    text.replace(from, () => to),
  );
}

async function dropConstraints(library: string): Promise<void> {
  for await (const file of glob("**/*.circom", { cwd: library })) {
    const path = join(library, file);
    const text = await readFile(path, "utf8");
    await writeFile(path, text.replaceAll(/^[^/\n]*===[^\n]*;$/gm, ""));
  }
}

/** Hash of all sources and the compiler's version. Computed once, as nobody edits them during a run. */
let library: Promise<string> | undefined;

async function hashLibrary(): Promise<string> {
  await writeConstants();
  const texts = [await compilerVersion()];
  for await (const file of glob(
    ["circuits/{.,generated}/*.circom", "node_modules/circomlib/circuits/*.circom"],
    { cwd: ROOT },
  )) {
    texts.push(file, await readFile(join(ROOT, file), "utf8"));
  }
  return sha256(Buffer.from(JSON.stringify(texts)));
}

/** Waits until no other running process compiles the same, so that it is compiled once. */
async function awaitOthers(folder: string): Promise<void> {
  await mkdir(FOLDER, { recursive: true });
  const isAtWork = (name: string): boolean => {
    const [made, pid] = name.split(".");
    return made === basename(folder) && isAlive(Number(pid));
  };
  const deadline = Date.now() + PATIENCE_MS;
  while (Date.now() < deadline && (await readdir(FOLDER)).some(isAtWork)) await setTimeout(50);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
