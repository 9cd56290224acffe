/**
 * Runs one `holdfast` command.
 */
import { CommanderError } from "commander";
import { createProgram } from "./commands/program.ts";
import { printError } from "./output.ts";

/** The exit status that shells use for SIGINT. */
export const INTERRUPTED = 130;

/**
 * Sets the exit status of this process: 0 for success, 1 for failure, 2 for wrong usage.
 *
 * @param args without the names of Node and of the script
 */
export async function runCommand(args: readonly string[], signal: AbortSignal): Promise<void> {
  const json = args.includes("--json");
  try {
    await createProgram({ json, signal }).parseAsync(args, { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
    else {
      printError(error, json);
      process.exitCode = signal.aborted ? INTERRUPTED : 1;
    }
  }
}
