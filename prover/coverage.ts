/**
 * How much of a directory is paid for, now and in the epochs to come, and what it costs its node that the rest is not
 * (protocol.md, section 5). Ends are known in advance: nothing ends within two epochs by surprise.
 */
import type { Holding } from "./history.ts";

/** Below this coverage, less is paid: 3/4. */
const FULL_NUMERATOR = 3n;
const FULL_DENOMINATOR = 4n;
/** Share of the places that are left when a directory counts as full, and of those that are worth freeing. */
const SCARCE = 1 / 16;
const WORTH = 1 / 8;

export interface Forecast {
  /** Entries, those of segments that have not ended, and those of segments that are paid for in the next epoch. */
  readonly entries: number;
  readonly open: number;
  readonly live: number;
  /** In the next epoch, from which on a compaction of the running one counts. 1 if nothing is there. */
  readonly coverage: number;
  /** Token units, fees included, that a compaction now would save within the horizon. */
  readonly saved: bigint;
}

/** @param epoch the running one; @param horizon epochs */
export function forecast(holdings: readonly Holding[], epoch: number, horizon: number): Forecast {
  let [asked, rate, open, live] = [0n, 0n, 0, 0];
  /** By epoch, what ends with it. */
  const ends = new Map<number, bigint>();
  for (const { perEpoch, end } of holdings) {
    asked += perEpoch;
    if (end <= epoch) continue;
    rate += perEpoch;
    open++;
    if (end > epoch + 1) live++;
    ends.set(end, (ends.get(end) ?? 0n) + perEpoch);
  }
  /** A compaction leaves out what ends with the running epoch. */
  const compacted = rate - (ends.get(epoch + 1) ?? 0n);
  const coverage = asked === 0n ? 1 : Number(compacted) / Number(asked);
  let saved = 0n;
  for (let later = epoch + 1; later <= epoch + horizon; later++) {
    rate -= ends.get(later) ?? 0n;
    saved += paid(rate, compacted) - paid(rate, asked);
  }
  return { entries: holdings.length, open, live, coverage, saved };
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
  { entries, open, live, coverage, saved }: Forecast,
  { below, earning, places, cost }: Terms,
): Reason | undefined {
  if (entries === 0 || below === 0) return undefined;
  // Not before: what ends with the running epoch can still be extended, unless it is left out.
  if (open === 0) return "nothing is live";
  if (earning && coverage < below && saved > cost) return "coverage";
  if (places - entries < places * SCARCE && entries - live >= places * WORTH) return "room";
  return undefined;
}
