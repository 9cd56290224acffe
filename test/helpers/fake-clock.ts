/**
 * A clock on which a wait ends at once, and advances the time by as much.
 */
import type { Clock } from "../../chain/clock.ts";

export interface FakeClock extends Clock {
  time: number;
  /** Functions to call during the next waits, one for each. */
  readonly meanwhile: (() => unknown)[];
}

export function createFakeClock(time = 100_000): FakeClock {
  const clock: FakeClock = {
    time,
    meanwhile: [],
    now: () => clock.time,
    async wait(ms, signal) {
      await clock.meanwhile.shift()?.();
      if (!signal.aborted) clock.time += ms;
    },
  };
  return clock;
}
