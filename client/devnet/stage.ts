/**
 * What the story of the main job is played with.
 */
import type { Checks } from "./checks.ts";
import type { History } from "./history.ts";
import type { Network } from "./network.ts";
import type { DevnetOptions } from "./options.ts";

export interface Stage {
  readonly options: DevnetOptions;
  readonly folder: string;
  readonly network: Network;
  readonly history: History;
  readonly checks: Checks;
  /** How many proofs the auditor found valid and invalid by its own way, or did not see; and what it objected to. */
  readonly verdicts: Verdicts;
  /** Fills in as soon as it is known. */
  readonly vNodes: number[];
}

export interface Verdicts {
  valid: number;
  invalid: number;
  unseen: number;
  contradictions: number;
}
