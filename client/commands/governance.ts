/**
 * `governance`: who decides for a cluster.
 */
import type { Command } from "commander";
import { group } from "./common.ts";
import { addElectCommand } from "./governance-elect.ts";
import { addNominationCommands } from "./governance-nomination.ts";

export function addGovernanceCommands(program: Command): void {
  const governance = group(program, "governance", "decides for a cluster");
  addElectCommand(governance);
  addNominationCommands(governance);
}
