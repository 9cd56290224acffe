/**
 * `npm test`: the tests in TypeScript, and at the same time those in Solidity, whose output comes last. With arguments, only
 * the TypeScript tests that they name.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..");
const HARDHAT = join(ROOT, "node_modules", "hardhat", "dist", "src", "cli.js");

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

interface TestResult {
  readonly passed: boolean;
  readonly output: string;
}

async function hardhat(args: readonly string[], stdout: "inherit" | "pipe"): Promise<TestResult> {
  const child = spawn(process.execPath, [HARDHAT, ...args], {
    cwd: ROOT,
    stdio: ["ignore", stdout, stdout === "pipe" ? "pipe" : "inherit"],
  });
  // A signal to this process also ends its child.
  const stop = (signal: NodeJS.Signals): void => void child.kill(signal);
  for (const signal of SIGNALS) process.on(signal, stop);
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding("utf8").on("data", (text: string) => (output += text));
  const [code] = (await once(child, "close")) as [number | null];
  for (const signal of SIGNALS) process.off(signal, stop);
  return { passed: code === 0, output };
}

const names = process.argv.slice(2);
const solidity =
  names.length === 0
    ? hardhat(["--build-profile", "tests", "test", "solidity", "--no-compile"], "pipe")
    : Promise.resolve({ passed: true, output: "" });
const typescript = await hardhat(["test", "mocha", "--no-compile", ...names], "inherit");
const { passed, output } = await solidity;
process.stdout.write(output);
process.exitCode = typescript.passed && passed ? 0 : 1;
