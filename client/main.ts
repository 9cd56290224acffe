/**
 * The `holdfast` command: runs what the arguments ask for and says with the exit status how it went:
 * 0 done, 1 failed, 2 wrong usage.
 */
import { CommanderError } from "commander";
import { createProgram } from "./commands/program.ts";
import { printError } from "./output.ts";

/** As shells have it for SIGINT. */
const INTERRUPTED = 130;
/** Milliseconds from the first signal: whatever is waited for, it is over then. */
const MAX_STOP_MS = 8_000;
/** Scripts of package.json that run this, in the clone: what they are given are paths of the caller's folder. */
const SCRIPTS = ["holdfast", "start"];
const { INIT_CWD, npm_lifecycle_event: script = "" } = process.env;
if (INIT_CWD !== undefined && SCRIPTS.includes(script)) process.chdir(INIT_CWD);

const json = process.argv.includes("--json");
const ending = new AbortController();
// The second time at once, but not without the exit handlers that end child processes.
const stop = (): void => {
  if (ending.signal.aborted) process.exit(INTERRUPTED);
  ending.abort();
  setTimeout(() => process.exit(INTERRUPTED), MAX_STOP_MS).unref();
};
process.on("SIGINT", stop).on("SIGTERM", stop).on("SIGHUP", stop);
// Whoever reads no further is told by the write that fails, not by a stack trace.
process.stdout.on("error", () => undefined);

try {
  await createProgram({ json, signal: ending.signal }).parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else {
    printError(error, json);
    process.exitCode = ending.signal.aborted ? INTERRUPTED : 1;
  }
}
