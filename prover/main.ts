/**
 * The storage node's process: `node prover/main.ts --config FILE`.
 */
import { pino } from "pino";
import { HoldfastError } from "../protocol/errors.ts";
import { describeSettings, readConfig } from "./config.ts";
import { createNode } from "./node.ts";

/** The longest time from a signal to the end of the process, even if something hangs. */
const MAX_STOPPING_MS = 8_000;
const LAST_LINE_MS = 500;

const args = process.argv.slice(2);
if (args.includes("--help")) {
  console.log(
    [
      "Usage: holdfast node run -- [--config FILE] [--NAME VALUE]...",
      "",
      "Runs a storage node. Settings: default < file < environment < flag.",
      "",
      "--config FILE  JSON with the settings",
    ]
      .concat(describeSettings())
      .join("\n"),
  );
} else {
  process.exitCode = await run();
}

async function run(): Promise<number> {
  const ending = new AbortController();
  let log = pino();
  const end = (): void => {
    ending.abort();
    setTimeout(() => {
      log.fatal("something hangs: ending the process by force");
      // process.exit would wait for hanging threads. The log's last line is also written by a thread, which gets a
      // moment.
      setTimeout(() => process.kill(process.pid, "SIGKILL"), LAST_LINE_MS);
    }, MAX_STOPPING_MS).unref();
  };
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, end);
  try {
    const config = readConfig(args, process.env);
    log = pino({ level: config.logLevel });
    const { url, adminUrl, done } = await createNode(config, { log, signal: ending.signal });
    log.info({ url, admin: adminUrl, node: config.node }, "ready");
    await done;
    log.info("stopped");
    return 0;
  } catch (error) {
    if (ending.signal.aborted) return 0;
    if (error instanceof HoldfastError)
      log.fatal({ code: error.code, details: error.details }, error.message);
    else log.fatal({ err: error }, "the node has failed");
    return 1;
  }
}
