/**
 * How much of a directory is paid for, now and in the coming epochs, and what the unpaid part costs the node
 * (protocol.md, section 5). The ends of segments are known in advance: none ends within two epochs by surprise.
 */
import type { Holding } from "./history.ts";

/** Below a coverage of 3/4, the pay falls. */
const FULL_NUMERATOR = 3n;
const FULL_DENOMINATOR = 4n;
/**
 * A directory counts as full if less than SCARCE of its places are left, and is compacted if that frees at least
 * WORTH.
 */
const SCARCE = 1 / 16;
const WORTH = 1 / 8;

export interface Forecast {
  /** Entries: all, those of segments that have not ended, and those of segments that are paid for in the next epoch. */
  readonly entries: number;
  readonly open: number;
  readonly live: number;
  /** Coverage in the next epoch, when a compaction made now takes effect. 1 if the directory is empty. */
  readonly coverage: number;
  /** Token units, fees included, that a compaction made now would save within the horizon. */
  readonly saved: bigint;
}

/** @param epoch the running one; @param horizon epochs */
export function forecast(holdings: readonly Holding[], epoch: number, horizon: number): Forecast {
  let [asked, rate, open, live] = [0n, 0n, 0, 0];
  /** What ends, by epoch. */
  const ends = new Map<number, bigint>();
  for (const { perEpoch, end } of holdings) {
    asked += perEpoch;
    if (end <= epoch) continue;
    rate += perEpoch;
    open++;
    if (end > epoch + 1) live++;
    ends.set(end, (ends.get(end) ?? 0n) + perEpoch);
  }
  /** The rate that remains in a compacted directory: it leaves out what ends with the running epoch. */
  const compacted = rate - (ends.get(epoch + 1) ?? 0n);
  const coverage = asked === 0n ? 1 : Number(compacted) / Number(asked);
  let saved = 0n;
  for (let later = epoch + 1; later <= epoch + horizon; later++) {
    rate -= ends.get(later) ?? 0n;
    saved += paid(rate, compacted) - paid(rate, asked);
  }
  return { entries: holdings.length, open, live, coverage, saved };
}

/** What is paid of a rate if the directory's total stands for `asked`. */
function paid(rate: bigint, asked: bigint): bigint {
  if (FULL_DENOMINATOR * rate >= FULL_NUMERATOR * asked) return rate;
  return (rate * FULL_DENOMINATOR * rate) / (FULL_NUMERATOR * asked);
}

export type Reason = "nothing is live" | "coverage" | "room";

export interface CompactionTerms {
  /** Coverage below which a compaction may be worth its gas. */
  readonly below: number;
  /** Whether the node is paid for the vNode at present. */
  readonly earning: boolean;
  /** Entries that the directory can hold. */
  readonly places: number;
  /** Value of the gas, in token units. */
  readonly cost: bigint;
}

/** Why a directory should be compacted; undefined if it should not. */
export function reasonFor(
  { entries, open, live, coverage, saved }: Forecast,
  { below, earning, places, cost }: CompactionTerms,
): Reason | undefined {
  if (entries === 0 || below === 0) return undefined;
  // Only now: until a segment has ended, it can still be extended, unless a compaction has left it out.
  if (open === 0) return "nothing is live";
  if (earning && coverage < below && saved > cost) return "coverage";
  if (places - entries < places * SCARCE && entries - live >= places * WORTH) return "room";
  return undefined;
}
