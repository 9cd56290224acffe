/**
 * Faults of an endpoint, in a schedule that is the same in every run with the same seed.
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
  /** Share of the requests that it affects, 0 to 1. */
  readonly share: number;
  /** Depends on the kind: blocks behind, limit of blocks per request, limit of calls per batch, or factor of the gas price. */
  readonly size: number;
  readonly milliseconds: number;
}

/** Share of failing requests from which a fault excuses a lost epoch. */
export const OUTAGE_SHARE = 0.5;
/** Faults that a client must cope with, and that excuse nothing. */
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

/** Whether the fault excuses a lost epoch. */
export function isOutage({ kind, share }: Pick<Fault, "kind" | "share">): boolean {
  return share >= OUTAGE_SHARE && !BEARABLE.includes(kind);
}
