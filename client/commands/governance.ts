/**
 * `governance`: how several decide for a cluster.
 */
import type { Command } from "commander";
import { group } from "./common.ts";
import { addBallotCommands } from "./governance-ballot.ts";
import { addDaoCommands } from "./governance-dao.ts";
import { addElectCommand } from "./governance-elect.ts";
import { addNominationCommands } from "./governance-nomination.ts";
import { addProofCommands } from "./governance-proof.ts";
import { addReputationCommands } from "./governance-reputation.ts";
import { addSafeCommands } from "./governance-safe.ts";

export function addGovernanceCommands(program: Command): void {
  const governance = group(
    program,
    "governance",
    "lets several decide for a cluster: a Safe, token holders, stakers, or rules alone",
  );
  addSafeCommands(governance);
  addDaoCommands(governance);
  addElectCommand(governance);
  addNominationCommands(governance);
  addReputationCommands(governance);
  addProofCommands(governance);
  addBallotCommands(governance);
}
