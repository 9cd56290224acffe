/**
 * The summary of the governance scenario.
 */
import type { Conservation } from "../accounting.ts";
import type { Check } from "../checks.ts";
import type { Decision } from "./decisions.ts";
import type { HandOver } from "./hand-overs.ts";
import type { EpochService } from "./service.ts";

export interface GovernanceReport {
  readonly profile: string;
  readonly epochSeconds: number;
  /** Epochs from an offer of the cluster until it can be accepted. */
  readonly changeDelay: number;
  readonly decisions: readonly Decision[];
  readonly handOvers: readonly HandOver[];
  readonly epochs: readonly EpochService[];
  readonly money: Conservation;
  readonly seconds: number;
  readonly checks: readonly Check[];
  readonly passed: boolean;
}

export function renderGovernance({ decisions, handOvers, seconds, checks }: GovernanceReport): string {
  const ways = handOvers.map(({ to, accepted }) => `${to} (epoch ${accepted ?? "-"})`);
  const failed = checks.filter(({ passed }) => !passed);
  const verdict =
    failed.length === 0
      ? [`all ${checks.length} expectations held`]
      : [
          `${failed.length} of ${checks.length} expectations FAILED:`,
          ...failed.map(({ name, found }) => `  ${name}: ${found}`),
        ];
  return [
    `${handOvers.length} hand-overs: account`,
    ...ways.map((way) => `  -> ${way}`),
    `${decisions.length} decisions in ${seconds} s`,
    ...verdict,
  ].join("\n");
}
