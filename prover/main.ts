/**
 * The storage node's process.
 */
import { pino } from "pino";
import { HoldfastError } from "../protocol/errors.ts";
import { describeOptions, readConfig } from "./config.ts";
import { startNode } from "./node.ts";

const argv = process.argv.slice(2);
if (argv.includes("--help")) {
  console.log(
    `Runs a storage node.\n\n  --config FILE         JSON file with the options below in camelCase\n${describeOptions()}`,
  );
  process.exit(0);
}

const controller = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => controller.abort());
try {
  const config = readConfig(argv, process.env);
  const log = pino({ level: config.logLevel, redact: ["privateKey", "authorization"] });
  const { url, adminUrl, done } = await startNode(config, { log, signal: controller.signal });
  log.info({ url, adminUrl, node: config.node }, "ready");
  await done;
  log.info("stopped");
} catch (error) {
  if (!(error instanceof HoldfastError)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 1;
}
// Curve and pool threads of snarkjs would keep the process.
process.exit();
