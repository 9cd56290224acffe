/**
 * A fake clock for several waiting tasks: when all of them wait, and nothing else runs, the earliest wait ends.
 */
import type { Clock } from "../../chain/clock.ts";

export interface VirtualClock extends Clock {
  /** Calls a function at a time, in milliseconds. */
  at(time: number, what: () => void): void;
  /** Advances the time to `time`, or until nobody waits. */
  runUntil(time: number): Promise<void>;
}

/** Turns of the event loop after which all tasks that can run have run. */
const TURNS = 2;

export function createVirtualClock(start: number): VirtualClock {
  let now = start;
  /** Sorted by time. */
  const timers: { readonly time: number; readonly run: () => void }[] = [];
  const at = (time: number, run: () => void): void => {
    const place = timers.findLastIndex((each) => each.time <= time);
    timers.splice(place + 1, 0, { time, run });
  };
  return {
    now: () => now,
    at,
    wait: (ms, signal) =>
      new Promise((resolve) => {
        const done = (): void => resolve();
        if (signal.aborted) {
          done();
          return;
        }
        signal.addEventListener("abort", done, { once: true });
        at(now + ms, () => {
          signal.removeEventListener("abort", done);
          done();
        });
      }),
    async runUntil(time) {
      for (;;) {
        for (let i = 0; i < TURNS; i++) await new Promise(setImmediate);
        const [first] = timers;
        if (!first || first.time > time) break;
        timers.shift();
        now = Math.max(now, first.time);
        first.run();
      }
      now = Math.max(now, time);
    },
  };
}
