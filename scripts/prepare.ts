/**
 * Builds what the named profiles need: `node scripts/prepare.ts tiny demo`.
 */
import { printError } from "../client/output.ts";
import { prepare } from "../client/prepare.ts";

try {
  await prepare({ profiles: process.argv.slice(2), log: (line) => console.log(line) });
} catch (error) {
  printError(error, false);
  process.exitCode = 1;
}
