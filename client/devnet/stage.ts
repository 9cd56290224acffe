/**
 * What the steps of the local network's scenario work with.
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
  /** How many proofs the auditor found valid, found invalid, or did not see; and how many contradictions it reported. */
  readonly verdicts: Verdicts;
  /** Empty until the vNodes exist. */
  readonly vNodes: number[];
}

export interface Verdicts {
  valid: number;
  invalid: number;
  unseen: number;
  contradictions: number;
}
