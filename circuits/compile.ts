/**
 * Runs circom2 (circom compiled to WebAssembly, from npm) on one main file, in a child process.
 */
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { HoldfastError } from "../protocol/errors.ts";

export const ROOT = fileURLToPath(new URL("..", import.meta.url));
const COMPILER = join(ROOT, "node_modules/circom2");

/**
 * `--inspect` reports every signal that no constraint reads. circomlib's CompConstant takes one bit of the 135-bit
 * form of a sum and leaves the other 134 unread: they are constrained where they are made. Nothing else is excused.
 */
const EXPECTED_WARNING = /^warning\[CA02\]: In template "CompConstant\(\d+\)": .*num2bits\.out contains a total of 134 /;

export async function compilerVersion(): Promise<string> {
  const { version } = JSON.parse(await readFile(join(COMPILER, "package.json"), "utf8")) as { version: string };
  return `circom2 ${version}`;
}

/** Compiles `source` into the existing folder `out`; returns the paths of the r1cs and the witness calculator. */
export async function compile(source: string, out: string, signal?: AbortSignal): Promise<{ r1cs: string; wasm: string }> {
  // circom2 sees only paths relative to its working directory.
  const args = ["--O2", "--r1cs", "--wasm", "--inspect", "-o", relative(ROOT, out), "-l", "node_modules", "-l", "circuits"];
  const output = await runCompiler([relative(ROOT, source), ...args], signal);
  const surprise = output.split("\n").find((line) => line.startsWith("warning") && !EXPECTED_WARNING.test(line));
  if (surprise) {
    throw new HoldfastError("bad-input", `circom warns about ${source}: ${surprise}`, { output });
  }
  const name = basename(source, ".circom");
  return { r1cs: join(out, `${name}.r1cs`), wasm: join(out, `${name}_js`, `${name}.wasm`) };
}

function runCompiler(args: string[], signal?: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(COMPILER, "cli.js"), ...args], {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "pipe"],
      ...(signal && { signal }),
    });
    let output = "";
    const collect = (chunk: Buffer): void => void (output += chunk.toString());
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.on("error", reject);
    child.on("close", (code) => {
      // eslint-disable-next-line no-control-regex -- circom colours its output
      const plain = output.replaceAll(/\u001b\[[0-9;]*m/g, "");
      if (code === 0) resolve(plain);
      else reject(new HoldfastError("bad-input", `circom fails on ${args[0] ?? ""}:\n${plain}`, { code }));
    });
  });
}
