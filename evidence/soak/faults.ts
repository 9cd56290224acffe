/**
 * What can be wrong with an endpoint, and when: a schedule that is the same in every run with the same seed.
 */
import type { Random } from "../simulation/random.ts";

export const FAULT_KINDS = [
  "errors",
  "limited",
  "empty logs",
  "null receipts",
  "behind",
  "hanging",
  "ranges refused",
  "batches refused",
  "gas lies",
  "swallowing",
] as const;
export type FaultKind =
  | "errors"
  | "limited"
  | "empty logs"
  | "null receipts"
  | "behind"
  | "hanging"
  | "ranges refused"
  | "batches refused"
  | "gas lies"
  | "swallowing";

export interface Fault {
  readonly kind: FaultKind;
  /** Of the requests that it could meet, from 0 to 1. */
  readonly share: number;
  /** Blocks: how far behind, or how many may be asked for at once; calls of a batch; how often a price is multiplied. */
  readonly size: number;
  readonly milliseconds: number;
}

/** From how many failing requests on nobody can be expected to get through: below it, everybody is. */
export const OUTAGE_SHARE = 0.5;
/** What a client has to live with for as long as it lasts. */
const BEARABLE: readonly FaultKind[] = ["ranges refused", "batches refused", "gas lies"];
const FAULT_MS = [1_000, 6_000] as const;
const QUIET_MS = [2_000, 9_000] as const;
const SIZES: Partial<Record<FaultKind, readonly [low: number, high: number]>> = {
  behind: [1, 40],
  "ranges refused": [1, 50],
  "batches refused": [0, 3],
  "gas lies": [10, 10_000_000],
};
const SHARES = [0.1, 0.3, 0.7, 1] as const;

export function nextFault(random: Random): Fault {
  const kind = FAULT_KINDS[random.between(0, FAULT_KINDS.length - 1)] as FaultKind;
  const [low, high] = SIZES[kind] ?? [0, 0];
  return {
    kind,
    share: SHARES[random.between(0, SHARES.length - 1)] ?? 1,
    size: random.between(low, high),
    milliseconds: random.between(...FAULT_MS),
  };
}

export function nextQuiet(random: Random): number {
  return random.between(...QUIET_MS);
}

/** Whether nothing can be expected to get through while it lasts. */
export function isOutage({ kind, share }: Pick<Fault, "kind" | "share">): boolean {
  return share >= OUTAGE_SHARE && !BEARABLE.includes(kind);
}
