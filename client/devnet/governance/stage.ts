/**
 * What all ways of deciding work with in the governance scenario.
 */
import type { Calendar } from "../../governance/time.ts";
import type { Checks } from "../checks.ts";
import type { Network } from "../network.ts";
import type { DevnetOptions } from "../options.ts";
import type { Decision } from "./decisions.ts";
import type { HandOvers } from "./hand-overs.ts";
import type { People } from "./people.ts";
import type { Storing } from "./storing.ts";
import type { Watch } from "./watch.ts";

export interface GovernanceStage {
  readonly options: DevnetOptions;
  /** For files to store. */
  readonly folder: string;
  readonly network: Network;
  readonly calendar: Calendar;
  readonly people: People;
  readonly watch: Watch;
  readonly checks: Checks;
  readonly handOvers: HandOvers;
  readonly storing: Storing;
  readonly cluster: bigint;
  /** Notes and prints a decision, by default one of the running epoch. */
  readonly decide: (decision: Omit<Decision, "epoch">, epoch?: number) => void;
}

/** Epochs that a step may take longer than planned. */
export const PATIENCE = 6;
