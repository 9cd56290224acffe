/**
 * A daemon's first questions to the chain. A daemon that has run before keeps asking while the endpoint is down.
 */
import { HoldfastError } from "../protocol/errors.ts";
import type { Clock } from "./clock.ts";
import { isIncomplete } from "./follow.ts";

export interface StartOptions {
  readonly clock: Clock;
  readonly log: { warn(facts: object, message: string): void };
  readonly signal: AbortSignal;
}

/** Milliseconds between two attempts, and until the same problem is logged again. */
const [WAIT_MS, SAY_MS] = [2_000, 60_000];
/** Failed readings: after the first, the unchecked part is read again, and after the second, everything. */
const MAX_DOUBTS = 2;

/**
 * Asks until there is an answer, and reads again if the events do not add up.
 *
 * @throws errors that waiting does not mend; the signal's reason once it has aborted
 */
export async function untilAnswered<T>(
  ask: () => Promise<T>,
  { clock, log, signal }: StartOptions,
): Promise<T> {
  let [doubts, said, sayAt] = [0, "", 0];
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof HoldfastError)) throw error;
      const mayPass = isIncomplete(error) ? ++doubts <= MAX_DOUBTS : error.code === "unreachable";
      if (!mayPass) throw error;
      if (said !== error.message || clock.now() >= sayAt) {
        log.warn({ err: error }, "the chain cannot be reached: waiting for it before the start");
        [said, sayAt] = [error.message, clock.now() + SAY_MS];
      }
    }
    await clock.wait(WAIT_MS, signal);
    signal.throwIfAborted();
  }
}
