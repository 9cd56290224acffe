/**
 * A daemon's first questions to the chain: who has run before does not end because an endpoint does not answer just now.
 */
import { HoldfastError } from "../protocol/errors.ts";
import type { Clock } from "./clock.ts";
import { isIncomplete } from "./follow.ts";

export interface StartOptions {
  readonly clock: Clock;
  readonly log: { warn(facts: object, message: string): void };
  readonly signal: AbortSignal;
}

/** Milliseconds from one attempt to the next, and until the same is said again. */
const [WAIT_MS, SAY_MS] = [2_000, 60_000];
/** Readings that do not add up: after the first, what is not shown is read again, after the second everything. */
const MAX_DOUBTS = 2;

/**
 * Asks until there is an answer, and reads again what does not add up.
 *
 * @throws what is not a matter of time; the signal's reason once it has aborted
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
        log.warn({ err: error }, "waiting for the chain before the start");
        [said, sayAt] = [error.message, clock.now() + SAY_MS];
      }
    }
    await clock.wait(WAIT_MS, signal);
    signal.throwIfAborted();
  }
}
