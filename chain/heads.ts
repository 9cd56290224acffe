/**
 * The age of an endpoint's newest block, compared with the clock and with other endpoints.
 */

/** A newest block. */
export interface Head {
  readonly number: number;
  /** Seconds. */
  readonly timestamp: number;
}

/** Seconds since the newest block; 0 if its time is ahead of the clock. */
export function headAge(timestamp: number, nowMs: number): number {
  return Math.max(0, Math.round(nowMs / 1000 - timestamp));
}

/** A warning if the newest block is older than `maxSeconds`; 0 allows any age. */
export function staleness(ageSeconds: number, maxSeconds: number): string | undefined {
  return maxSeconds > 0 && ageSeconds > maxSeconds
    ? `the newest block that the endpoint returns is ${ageSeconds} s old, so the endpoint may be stuck: check it, or use another`
    : undefined;
}

/** One block behind may only mean that the endpoint was asked a moment earlier, even on a slow chain. */
const MIN_BLOCKS = 2;
/** An endpoint is late if it is so many seconds behind the newest block of all. */
const LATE_SECONDS = 30;
/** It is also late if it is so many blocks behind, and by more than a moment, which matters on a fast chain. */
const [LATE_BLOCKS, MOMENT_SECONDS] = [5, 5];

/** Says why an endpoint is behind; undefined if it is not. `before` is its head in the last comparison. */
export function lateness(head: Head, best: Head, before: Head | undefined): string | undefined {
  const blocks = best.number - head.number;
  const seconds = best.timestamp - head.timestamp;
  if (blocks < MIN_BLOCKS) return undefined;
  const isLate = seconds > LATE_SECONDS || (blocks >= LATE_BLOCKS && seconds >= MOMENT_SECONDS);
  if (isLate) return `its newest block is ${blocks} blocks and ${seconds} s behind another endpoint's`;
  return before && head.number <= before.number
    ? `its newest block is still ${before.number}, another endpoint's is ${best.number}`
    : undefined;
}

/** Seconds by which the chain's clock may be ahead of ours. */
const MAX_AHEAD_SECONDS = 60;

/** The newest head that can be believed. A head from the future counts only if all heads are from the future. */
export function newest(heads: readonly Head[], nowMs: number): Head | undefined {
  const possible = heads.filter(({ timestamp }) => timestamp <= nowMs / 1000 + MAX_AHEAD_SECONDS);
  const candidates = possible.length > 0 ? possible : heads;
  return candidates.reduce<Head | undefined>(
    (best, head) => (best === undefined || head.number > best.number ? head : best),
    undefined,
  );
}
