/**
 * Compiles any template as a main component, as it is or with its source changed, once for each set of sources.
 */
import { createHash } from "node:crypto";
import { access, cp, glob, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { writeConstants } from "../circuits/artifacts.ts";
import { compile, ROOT } from "../circuits/compile.ts";
import { HoldfastError } from "../protocol/errors.ts";

/** Replaces text of a source file, by its name: what a cheating prover changes in the program that computes a witness. */
export type Patch = readonly [file: string, from: string, to: string];

/** Leaves a program that enforces nothing: without every line that is a constraint and nothing else. */
export const UNCONSTRAINED: Patch = ["", "===", ""];

const FOLDER = join(ROOT, "build", "test-circuits");

/**
 * The folder of main.r1cs, main.wasm and main.sym, named by the hash of all that goes in; a second call finds it there.
 *
 * Throws "bad-input" if circom refuses the source, or a patch finds nothing to replace.
 */
export async function build(
  source: string,
  patches: readonly Patch[],
  flags: readonly string[],
): Promise<string> {
  await writeConstants();
  const key = JSON.stringify([source, patches, flags, await sourceTexts()]);
  const folder = join(FOLDER, createHash("sha256").update(key).digest("hex").slice(0, 20));
  if (await exists(join(folder, "main.r1cs"))) return folder;

  const work = `${folder}.${process.pid}`;
  const library = join(work, "library");
  try {
    await copyLibrary(library);
    for (const patch of patches)
      await (patch === UNCONSTRAINED ? dropConstraints(library) : apply(patch, library));
    await writeFile(join(library, "main.circom"), source);
    const made = await compile(join(library, "main.circom"), work, { libraries: [library], flags });
    await rename(made.wasm, join(work, "main.wasm"));
    await rm(library, { recursive: true });
    await rename(work, folder).catch(async (error: unknown) => {
      // Another process was faster, and reads there already: the same goes in, so the same has come out.
      if (!(await exists(join(folder, "main.r1cs")))) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return folder;
}

/** Our circuits and circomlib's, in a folder of their own. */
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

async function sourceTexts(): Promise<string[]> {
  const texts: string[] = [];
  for await (const file of glob(
    ["circuits/{.,generated}/*.circom", "node_modules/circomlib/circuits/*.circom"],
    { cwd: ROOT },
  )) {
    texts.push(file, await readFile(join(ROOT, file), "utf8"));
  }
  return texts;
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
