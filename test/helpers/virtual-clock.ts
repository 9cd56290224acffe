/**
 * Time of its own for several who wait: when all of them do, and nothing else goes on, the first wait is over.
 */
import type { Clock } from "../../chain/clock.ts";

export interface VirtualClock extends Clock {
  /** What happens at a time, in milliseconds. */
  at(time: number, what: () => void): void;
  /** Passes time until then, or until nobody waits. */
  runUntil(time: number): Promise<void>;
}

/** Turns of the event loop after which whoever can go on has done so. */
const TURNS = 2;

export function createVirtualClock(start: number): VirtualClock {
  let now = start;
  /** In order. */
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
