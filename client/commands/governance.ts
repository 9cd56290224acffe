/**
 * `governance`: how several decide for a cluster.
 */
import type { Command } from "commander";
import { group } from "./common.ts";
import { addDaoCommands } from "./governance-dao.ts";
import { addSafeCommands } from "./governance-safe.ts";

export function addGovernanceCommands(program: Command): void {
  const governance = group(
    program,
    "governance",
    "lets several decide for a cluster: a Safe, or token holders",
  );
  addSafeCommands(governance);
  addDaoCommands(governance);
}
