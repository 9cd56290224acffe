/**
 * Runs circom2 (circom compiled to WebAssembly, from npm) on one main file, in a child process.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { open, readFile } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { HoldfastError } from "../protocol/errors.ts";

export const ROOT = fileURLToPath(new URL("..", import.meta.url));
const COMPILER = join(ROOT, "node_modules/circom2");

export async function compilerVersion(): Promise<string> {
  const { version } = JSON.parse(await readFile(join(COMPILER, "package.json"), "utf8")) as {
    version: string;
  };
  return `circom2 ${version}`;
}

export interface CompileOptions {
  /** Instead of the repository's circuits and node_modules. */
  readonly libraries?: readonly string[];
  /** Instead of full simplification and inspection. */
  readonly flags?: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

/** The files that circom writes. `sym` exists only with the flag `--sym`. */
export interface CompiledFiles {
  readonly r1cs: string;
  readonly wasm: string;
  readonly sym: string;
}

const LIBRARIES = [join(ROOT, "circuits"), join(ROOT, "node_modules")];

/** Compiles `source` into the existing folder `out`. */
export async function compile(
  source: string,
  out: string,
  options: CompileOptions = {},
): Promise<CompiledFiles> {
  const { libraries = LIBRARIES, flags = ["--O2", "--inspect"], signal } = options;
  // circom2 accepts only paths relative to its working directory.
  const local = (path: string): string => relative(ROOT, path);
  const output = await runCompiler(
    [
      local(source),
      "--r1cs",
      "--wasm",
      ...flags,
      "-o",
      local(out),
      ...libraries.flatMap((path) => ["-l", local(path)]),
    ],
    join(out, "circom.log"),
    signal,
  );
  const warning = output.split("\n").find((line) => line.startsWith("warning"));
  if (warning)
    throw new HoldfastError(
      "bad-input",
      `circom warns about ${source}: ${warning}; change the circuit so that it does not`,
      { output },
    );

  const name = basename(source, ".circom");
  const file = (path: string): string => join(out, path);
  return { r1cs: file(`${name}.r1cs`), wasm: file(`${name}_js/${name}.wasm`), sym: file(`${name}.sym`) };
}

/** Returns circom's output. It goes through the file `log`, because circom2 panics when a pipe is full. */
async function runCompiler(args: string[], log: string, signal?: AbortSignal): Promise<string> {
  const output = await open(log, "w");
  let code: number | null;
  try {
    const child = spawn(process.execPath, [join(COMPILER, "cli.js"), ...args], {
      cwd: ROOT,
      stdio: ["ignore", output.fd, output.fd],
      ...(signal && { signal }),
    });
    [code] = (await once(child, "close")) as [number | null];
  } finally {
    await output.close();
  }
  // eslint-disable-next-line no-control-regex -- circom colours its output
  const plain = (await readFile(log, "utf8")).replaceAll(/\u001b\[[0-9;]*m/g, "");
  if (code !== 0)
    throw new HoldfastError("bad-input", `circom cannot compile ${args[0] ?? ""}:\n${plain}`, { code });
  return plain;
}
