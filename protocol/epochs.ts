/**
 * A deployment's time, in seconds since 1970, as the contracts count it.
 */
export interface Clock {
  /** Start of epoch 0. */
  readonly genesis: number;
  readonly epochSeconds: number;
  /**
   * Seconds from an epoch's start to its source point: what the epoch asks about is fixed before its randomness is
   * known.
   */
  readonly margin: number;
}

/** The shortest margin, unless a quarter of the epoch is shorter. */
export const MIN_MARGIN = 30;

export function epochStart(epoch: number, { genesis, epochSeconds }: Clock): number {
  return genesis + epoch * epochSeconds;
}

/** The epoch that a time is in. Times before genesis count as epoch 0. */
export function epochAt(time: number, { genesis, epochSeconds }: Clock): number {
  return Math.max(0, Math.floor((time - genesis) / epochSeconds));
}

/** An epoch's randomness comes from the first round, or block, at or after this time. */
export function sourcePoint(epoch: number, clock: Clock): number {
  return epochStart(epoch, clock) + clock.margin;
}

/** The longest margin that the contracts accept. */
export function maxMargin(epochSeconds: number): number {
  return Math.floor(epochSeconds / 4);
}

/** The shortest margin that the contracts accept. */
export function minMargin(epochSeconds: number): number {
  return Math.min(MIN_MARGIN, maxMargin(epochSeconds));
}
