/**
 * The `holdfast` command: runs what the arguments ask for and says with the exit status how it went:
 * 0 done, 1 failed, 2 wrong usage.
 */
import { CommanderError } from "commander";
import { createProgram } from "./commands/program.ts";
import { printError } from "./output.ts";

/** As shells have it for SIGINT. */
const INTERRUPTED = 130;
const json = process.argv.includes("--json");
const ending = new AbortController();
// The second time at once, but not without the exit handlers that end child processes.
const stop = (): void => (ending.signal.aborted ? process.exit(INTERRUPTED) : ending.abort());
process.on("SIGINT", stop).on("SIGTERM", stop);

try {
  await createProgram({ json, signal: ending.signal }).parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else {
    printError(error, json);
    process.exitCode = ending.signal.aborted ? INTERRUPTED : 1;
  }
}
