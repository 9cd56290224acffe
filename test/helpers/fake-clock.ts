/**
 * Time that passes only when somebody waits: a wait ends at once, and the clock is later by as much.
 */
import type { Clock } from "../../chain/clock.ts";

export interface FakeClock extends Clock {
  time: number;
  /** What happens during the next waits, in turn; after them, nothing. */
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
