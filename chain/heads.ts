/**
 * How old what an endpoint says is: by the clock, and by what other endpoints say.
 */

/** Of the newest block. */
export interface Head {
  readonly number: number;
  /** Seconds. */
  readonly timestamp: number;
}

/** Seconds since the newest block; 0 if it is later than the clock. */
export function headAge(timestamp: number, nowMs: number): number {
  return Math.max(0, Math.round(nowMs / 1000 - timestamp));
}

/** In words, if it is older than that; 0: any age will do. */
export function staleness(ageSeconds: number, maxSeconds: number): string | undefined {
  return maxSeconds > 0 && ageSeconds > maxSeconds
    ? `the newest block that the chain's endpoint gives is ${ageSeconds} s old: it may be stuck; check it, or use another`
    : undefined;
}

/** An endpoint that is a block behind has been asked a moment too early, whatever time that is on a slow chain. */
const MIN_BLOCKS = 2;
/** Seconds behind the newest of all. */
const LATE_SECONDS = 30;
/** Blocks behind, if that is more than a moment on a fast chain. */
const [LATE_BLOCKS, MOMENT_SECONDS] = [5, 5];

/** Why an endpoint is behind, in words; undefined if it is not. */
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

/** Seconds that a chain's clock may be ahead of ours. */
const MAX_AHEAD_SECONDS = 60;

/** The newest that may be believed: one that is from the future is not, unless all are. */
export function newest(heads: readonly Head[], nowMs: number): Head | undefined {
  const possible = heads.filter(({ timestamp }) => timestamp <= nowMs / 1000 + MAX_AHEAD_SECONDS);
  const candidates = possible.length > 0 ? possible : heads;
  return candidates.reduce<Head | undefined>(
    (best, head) => (best === undefined || head.number > best.number ? head : best),
    undefined,
  );
}
