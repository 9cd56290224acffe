/**
 * A deployment's time, in seconds since 1970, as the contracts count it.
 */
export interface Clock {
  /** Start of epoch 0. */
  readonly genesis: number;
  readonly epochSeconds: number;
  /** From an epoch's start to the source point of its randomness: what is asked about cannot change any more by then. */
  readonly margin: number;
}

/** Shorter margins are for epochs of which this is more than a quarter. */
export const MIN_MARGIN = 30;

export function epochStart(epoch: number, { genesis, epochSeconds }: Clock): number {
  return genesis + epoch * epochSeconds;
}

/** Which epoch a time is in; before the first one: that. */
export function epochAt(time: number, { genesis, epochSeconds }: Clock): number {
  return Math.max(0, Math.floor((time - genesis) / epochSeconds));
}

/** An epoch's randomness is that of the first round, or block, at or after this. */
export function sourcePoint(epoch: number, clock: Clock): number {
  return epochStart(epoch, clock) + clock.margin;
}

/** The longest margin that the contracts take. */
export function maxMargin(epochSeconds: number): number {
  return Math.floor(epochSeconds / 4);
}

/** The shortest margin that the contracts take. */
export function minMargin(epochSeconds: number): number {
  return Math.min(MIN_MARGIN, maxMargin(epochSeconds));
}
