/**
 * One reader of the chain for all that happens at the same time: whoever waits is asked after each reading.
 */
import { setTimeout as delay } from "node:timers/promises";
import { HoldfastError } from "../../../protocol/errors.ts";
import type { ChainEvent } from "../../chain.ts";
import type { History } from "../history.ts";

export interface Watch {
  readonly events: readonly ChainEvent[];
  readonly epoch: number;
  /** Waits until `find` finds something. @throws HoldfastError "chain" if the epoch `limit` ends first */
  until<T>(what: string, limit: number, find: () => T | undefined | Promise<T | undefined>): Promise<T>;
  /** Waits until the epoch has begun. */
  toEpoch(epoch: number): Promise<void>;
  /** Waits until all is read that has happened by now. */
  next(): Promise<void>;
  /** Reads until the signal ends it. @throws what reading throws */
  run(): Promise<void>;
}

export interface WatchOptions {
  readonly history: History;
  /** The running epoch, as of the last reading. */
  readonly epoch: () => number;
  readonly pollMs: number;
  readonly signal: AbortSignal;
}

export function createWatch({ history, epoch, pollMs, signal }: WatchOptions): Watch {
  let reading = Promise.withResolvers<undefined>();
  const until: Watch["until"] = async (what, limit, find) => {
    for (;;) {
      const next = reading.promise;
      const found = await find();
      if (found !== undefined) return found;
      if (epoch() > limit)
        throw new HoldfastError("chain", `${what} did not happen by the end of epoch ${limit}`);
      signal.throwIfAborted();
      await next;
    }
  };
  return {
    events: history.events,
    get epoch() {
      return epoch();
    },
    until,
    toEpoch: async (goal) => {
      await until(`epoch ${goal}`, goal, () => (epoch() >= goal ? true : undefined));
    },
    async next() {
      // The reading that is under way may have begun before.
      await reading.promise;
      await reading.promise;
    },
    async run() {
      try {
        while (!signal.aborted) {
          await history.update();
          const done = reading;
          reading = Promise.withResolvers();
          done.resolve(undefined);
          await delay(pollMs, undefined, { signal });
        }
      } catch (error) {
        if (!signal.aborted) throw error;
      } finally {
        reading.resolve(undefined);
      }
    },
  };
}
