/**
 * Runs `holdfast` commands one after the other in one process: most of a command's time is that of loading it.
 */
import { runCommand } from "../../client/run.ts";

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(args: readonly string[]): Promise<CliResult> {
  const said = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const)
    process[name].write = (chunk: string | Uint8Array, ...more: unknown[]): boolean => {
      said[name] += typeof chunk === "string" ? chunk : Buffer.from(chunk).toString();
      const done = more.at(-1);
      if (typeof done === "function") (done as () => void)();
      return true;
    };
  process.exitCode = 0;
  await runCommand(args, new AbortController().signal);
  return { code: process.exitCode, ...said };
}

let last: Promise<unknown> = Promise.resolve();
process.on("message", (args: readonly string[]) => {
  last = last.then(async () => process.send?.(await run(args)));
});
process.once("disconnect", () => process.exit());
