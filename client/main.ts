/**
 * The `holdfast` command. Its exit status is 0 for success, 1 for failure, 2 for wrong usage.
 */
import { INTERRUPTED, runCommand } from "./run.ts";

/** Milliseconds from the first signal until the process ends in any case. */
const MAX_STOP_MS = 8_000;
/** Scripts of package.json that run this in the clone. Paths in their arguments are relative to the caller's folder. */
const SCRIPTS = ["holdfast", "start"];
const { INIT_CWD, npm_lifecycle_event: script = "" } = process.env;
if (INIT_CWD !== undefined && SCRIPTS.includes(script)) process.chdir(INIT_CWD);

const ending = new AbortController();
// A second signal ends the process at once, after the exit handlers that end its child processes.
const stop = (): void => {
  if (ending.signal.aborted) process.exit(INTERRUPTED);
  ending.abort();
  setTimeout(() => process.exit(INTERRUPTED), MAX_STOP_MS).unref();
};
process.on("SIGINT", stop).on("SIGTERM", stop).on("SIGHUP", stop);
// If the reader closes the pipe, the failing write reports it, not a stack trace.
process.stdout.on("error", () => undefined);

await runCommand(process.argv.slice(2), ending.signal);
