/**
 * Builds what the named profiles need, and all contracts or only those of a deployment:
 * `node scripts/prepare.ts [--deployed] tiny demo`.
 */
import { parseArgs } from "node:util";
import { printError } from "../client/output.ts";
import { prepare } from "../client/prepare.ts";

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { deployed: { type: "boolean", default: false } },
  });
  const contracts = values.deployed ? "deployed" : "all";
  await prepare({ profiles: positionals, contracts, log: (line) => console.log(line) });
} catch (error) {
  printError(error, false);
  process.exitCode = 1;
}
