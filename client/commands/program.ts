/**
 * All commands in one tree.
 */
import { Command } from "commander";
import { toJson } from "../../protocol/json.ts";
import { addAppCommands } from "./app.ts";
import { addChallengeCommands } from "./challenges.ts";
import { addDaemonCommands } from "./daemons.ts";
import { addDeploymentCommands } from "./deployment.ts";
import { addDevnetCommand } from "./devnet.ts";
import { addExploreCommands } from "./explore.ts";
import { addGovernanceCommands } from "./governance.ts";
import { addKeyCommands } from "./keys.ts";
import { addManagerCommands } from "./manager.ts";
import { addProviderCommands } from "./provider.ts";
import { addToolCommands } from "./tools.ts";

export interface ProgramOptions {
  /** Whether errors of usage are printed as JSON. */
  readonly json: boolean;
  readonly signal: AbortSignal;
}

/** The program throws a CommanderError instead of ending the process. */
export function createProgram({ json, signal }: ProgramOptions): Command {
  const program = new Command("holdfast")
    .description("Proof of storage for decentralized data clusters")
    .configureOutput({
      outputError: (text, write) => {
        const message = text.replace(/^error: /, "").trim();
        write(json ? `${toJson({ error: { code: "usage", message, details: {} } })}\n` : text);
      },
    })
    .exitOverride();
  if (!json) program.showHelpAfterError("(add --help for what it takes)");
  const add = [
    addToolCommands,
    addKeyCommands,
    addProviderCommands,
    addManagerCommands,
    addGovernanceCommands,
    addAppCommands,
    addChallengeCommands,
    addExploreCommands,
    addDaemonCommands,
    addDeploymentCommands,
    addDevnetCommand,
  ];
  program.hook("preAction", (_, action) => void action.setOptionValue("signal", signal));
  for (const addCommands of add) addCommands(program, signal);
  return program;
}
