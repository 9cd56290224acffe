/**
 * How much of a directory is paid for, now and in the epochs to come, and what it costs its node that the rest is not
 * (protocol.md, section 5). Ends are known in advance: nothing that has not ended yet ends within two epochs by surprise.
 */
import type { Holding } from "./history.ts";

/** Below this coverage, less is paid: 3/4. */
const FULL_NUMERATOR = 3n;
const FULL_DENOMINATOR = 4n;
/** A compaction takes up to two epochs, and counts from the next one on. */
const LEAD_EPOCHS = 3;
/** Share of the places that are left when a directory counts as full, and of those that are worth freeing. */
const SCARCE = 1 / 16;
const WORTH = 1 / 8;

export interface Forecast {
  /** Entries, and those of segments that have not ended. */
  readonly entries: number;
  readonly live: number;
  /** In the next epoch, and the lowest until a compaction that begins now would count. 1 if nothing is there. */
  readonly coverage: number;
  readonly lowest: number;
  /** Token units, fees included, that a compaction now would save within the horizon. */
  readonly saved: bigint;
}

/** @param epoch the running one; @param horizon epochs */
export function forecast(holdings: readonly Holding[], epoch: number, horizon: number): Forecast {
  let [asked, rate, live] = [0n, 0n, 0];
  /** By epoch, what ends with it. */
  const ends = new Map<number, bigint>();
  for (const { perEpoch, end } of holdings) {
    asked += perEpoch;
    if (end <= epoch) continue;
    rate += perEpoch;
    live++;
    ends.set(end, (ends.get(end) ?? 0n) + perEpoch);
  }
  const compacted = rate;
  let [coverage, lowest, saved] = [1, 1, 0n];
  for (let later = epoch + 1; later <= epoch + Math.max(horizon, LEAD_EPOCHS); later++) {
    rate -= ends.get(later) ?? 0n;
    const share = asked === 0n ? 1 : Number(rate) / Number(asked);
    if (later === epoch + 1) coverage = share;
    if (later <= epoch + LEAD_EPOCHS) lowest = Math.min(lowest, share);
    if (later <= epoch + horizon) saved += paid(rate, compacted) - paid(rate, asked);
  }
  return { entries: holdings.length, live, coverage, lowest, saved };
}

/** Of a rate, if a directory stands for `asked`. */
function paid(rate: bigint, asked: bigint): bigint {
  if (FULL_DENOMINATOR * rate >= FULL_NUMERATOR * asked) return rate;
  return (rate * FULL_DENOMINATOR * rate) / (FULL_NUMERATOR * asked);
}

export type Reason = "nothing is live" | "coverage" | "room";

export interface Terms {
  /** Coverage below which it is looked into what a compaction saves. */
  readonly below: number;
  /** Whether anything is paid at all. */
  readonly earning: boolean;
  /** Entries that the directory takes. */
  readonly places: number;
  /** What the gas is worth, in token units. */
  readonly cost: bigint;
}

/** Why a directory should be compacted; undefined: it should not. */
export function reasonFor(
  { entries, live, lowest, saved }: Forecast,
  { below, earning, places, cost }: Terms,
): Reason | undefined {
  if (entries === 0 || below === 0) return undefined;
  if (live === 0) return "nothing is live";
  if (earning && lowest < below && saved > cost) return "coverage";
  if (places - entries < places * SCARCE && entries - live >= places * WORTH) return "room";
  return undefined;
}
