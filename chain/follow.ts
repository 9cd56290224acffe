/**
 * Keeps up with a deployment's events: reads what is new, keeps it, and goes past a block only once what was read agrees with
 * what the contracts say at it. An answer without events is not taken for their absence.
 */
import { setImmediate } from "node:timers/promises";
import { HoldfastError } from "../protocol/errors.ts";
import type { Checkpoint, EventStore } from "./event-store.ts";
import type { Block, ChainEvent, EventSource } from "./events.ts";

/** What is made of the events, in log order. */
export interface Reader {
  /** All events will come, from the first one on: until `ready` what was made of them before still holds. */
  restart(): void;
  /** @throws what the events before it do not bear out */
  take(event: ChainEvent): void;
  /** All that are known came. */
  ready(): void;
  /**
   * Compares what was read with the contracts.
   *
   * @param isNew whether that epoch is looked at for the first time, or for the first time since a start
   * @returns in words, what does not agree
   */
  check(head: Block, isNew: boolean): Promise<string | undefined>;
}

export interface FollowOptions {
  /** Block of the deployment. */
  readonly fromBlock: number;
  readonly epochAt: (timestamp: number) => number;
}

export interface FollowModules {
  readonly source: EventSource;
  readonly store: EventStore;
  readonly reader: Reader;
  readonly log: {
    info(facts: object, message: string): void;
    warn(facts: object, message: string): void;
  };
}

export interface Follower {
  /**
   * Reads until the newest block, or the one that was read last if the endpoint does not get any further.
   *
   * @throws HoldfastError "chain" with `incomplete` in its details if the events are not all there: the next update reads again
   *   what was not shown to be complete, and then everything
   */
  update(): Promise<Block>;
  /** Reads everything again. */
  distrust(): void;
}

/** Events after which progress is said. */
const PROGRESS = 50_000;
/** Events that are taken from what is kept before anything else may run. */
const REPLAYED = 5_000;

export function createFollower(
  { fromBlock, epochAt }: FollowOptions,
  { source, store, reader, log }: FollowModules,
): Follower {
  /** Where to go back to before anything else; undefined: nowhere. */
  let returning: number | undefined = Number.MAX_SAFE_INTEGER;
  /** undefined: nothing is read. */
  let last: Pick<Block, "number" | "hash"> | undefined;
  let head: Block | undefined;
  let checkedEpoch: number | undefined;
  /** Block of the first look in that epoch, in which more is compared than in the others. */
  let checkedAt = Infinity;
  /** In a row. */
  let doubts = 0;
  let updating: Promise<unknown> = Promise.resolve();

  /** To what is kept until a block. */
  const goBack = async (block: number): Promise<void> => {
    returning = block;
    [head, checkedEpoch] = [undefined, undefined];
    store.cut(block);
    reader.restart();
    try {
      let count = 0;
      for (const event of store.events()) {
        reader.take(event);
        if (++count % REPLAYED === 0) await setImmediate();
      }
      [last] = store.checkpoints();
    } catch (error) {
      log.warn({ err: error }, "what was kept of the chain's events is of no use: reading them again");
      store.cut(-1);
      reader.restart();
      last = undefined;
    }
    returning = undefined;
  };

  const isOnChain = async ({ number, hash }: Pick<Block, "number" | "hash">): Promise<boolean> =>
    (await source.blockHash(number)) === hash;

  /** The newest block that was read and is on the chain; -1: none. */
  const lastCommon = async (): Promise<number> => {
    const checkpoints = store.checkpoints();
    let [on, off] = [checkpoints.length, -1];
    while (on - off > 1) {
      const middle = Math.floor((on + off) / 2);
      if (await isOnChain(checkpoints[middle] as Checkpoint)) on = middle;
      else off = middle;
    }
    return checkpoints[on]?.number ?? -1;
  };

  /** Whether the newest block comes after the one that was read last, or is that one; goes back if another came in its place. */
  const follows = async (newest: Block): Promise<boolean> => {
    if (!last || newest.hash === last.hash) return true;
    if (newest.number === last.number + 1 && newest.parent === last.hash) return true;
    if (newest.number > last.number) {
      const there = await source.blockHash(last.number);
      if (there === last.hash) return true;
      // One of several servers that has not got so far.
      if (there === undefined) return false;
    } else {
      // The chain is shorter only where it was made so; a server that lags has the same blocks.
      const same = store.checkpoints().find(({ number }) => number <= newest.number);
      if (newest.number < last.number && (!same || (await isOnChain(same)))) return false;
    }
    log.warn({ block: last.number }, "the chain was reorganized: reading its events again");
    await goBack(await lastCommon());
    return true;
  };

  const read = async (newest: Block): Promise<void> => {
    let [count, said] = [0, 0];
    for await (const { events, to } of source.events(last ? last.number + 1 : fromBlock, newest)) {
      const hash = to === newest.number ? newest.hash : await source.blockHash(to);
      if (hash === undefined)
        throw new HoldfastError(
          "unreachable",
          `the endpoint does not know block ${to}, whose events it gave`,
        );
      const why = takeAll(events);
      if (why !== undefined) await doubt(why);
      last = { number: to, hash };
      store.append(events, { ...last, shown: false });
      count += events.length;
      if (count - said < PROGRESS) continue;
      said = count;
      log.info({ events: count, block: to, of: newest.number }, "reading the chain's events");
    }
  };

  const takeAll = (events: readonly ChainEvent[]): string | undefined => {
    try {
      for (const event of events) reader.take(event);
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  };

  /** @throws always */
  const doubt = async (why: string): Promise<never> => {
    const all = doubts === 0 ? store.checkpoints().filter((each) => each.shown) : [];
    const shown = (all.find(({ number }) => number <= checkedAt) ?? all.at(-1))?.number;
    doubts++;
    log.warn({ why, from: shown ?? fromBlock }, "the chain's events do not add up: reading them again");
    await goBack(shown ?? -1);
    throw incomplete(why);
  };

  const update = async (): Promise<Block> => {
    if (returning !== undefined) await goBack(returning);
    const newest = await source.block();
    if (head && newest.hash === head.hash) return head;
    if (!(await follows(newest))) return head ?? waitFor(newest);
    if (!last || newest.number > last.number) await read(newest);
    reader.ready();
    const epoch = epochAt(newest.timestamp);
    const why = await reader.check(newest, epoch !== checkedEpoch);
    if (why !== undefined) await doubt(why);
    if (epoch !== checkedEpoch) checkedAt = newest.number;
    [doubts, checkedEpoch, head] = [0, epoch, newest];
    store.append([], { number: newest.number, hash: newest.hash, shown: true });
    return newest;
  };

  /** After a start on a server that lags there is nothing to fall back on. */
  const waitFor = (newest: Block): never => {
    throw new HoldfastError(
      "unreachable",
      `the endpoint is at block ${newest.number}, behind ${last?.number}, which was read: waiting for it`,
    );
  };

  return {
    update() {
      // One at a time, so that no event comes in twice.
      const result = updating.then(update, update);
      updating = result;
      return result;
    },
    distrust() {
      returning = -1;
    },
  };
}

/** Whether it is because of events that are missing: reading them again may help. */
export const isIncomplete = (error: unknown): boolean =>
  error instanceof HoldfastError && error.details["incomplete"] === true;

export function incomplete(why = "some are missing"): HoldfastError {
  return new HoldfastError(
    "chain",
    `the chain's events are incomplete (${why}): use another RPC, or an earlier fromBlock`,
    { incomplete: true },
  );
}
