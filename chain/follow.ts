/**
 * Follows a deployment's events: reads and stores new ones, and accepts a block only once the events agree with what
 * the contracts say at that block. An endpoint may wrongly return no events, so an empty answer proves nothing.
 */
import { setImmediate } from "node:timers/promises";
import { HoldfastError } from "../protocol/errors.ts";
import type { Checkpoint, EventStore } from "./event-store.ts";
import type { Block, ChainEvent, EventSource } from "./events.ts";

/** Builds something from the events, which come in log order. */
export interface Reader {
  /** All events will come again from the first one. What was built before stays valid until `ready`. */
  restart(): void;
  /** @throws if the event contradicts those before it */
  take(event: ChainEvent): void;
  /** All known events have come. */
  ready(): void;
  /**
   * Compares what was read with the contracts.
   *
   * @param isNew whether this is the first check in its epoch, or since a start
   * @returns a difference, in words
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
   * Reads up to the newest block, or returns the last block read if the endpoint is behind it.
   *
   * @throws HoldfastError "chain" with `incomplete` in its details if events are missing: the next update reads the
   *   unchecked part again, and the one after that everything
   */
  update(): Promise<Block>;
  /** Makes the next update read everything again. */
  distrust(): void;
}

/** Events between two progress messages. */
const PROGRESS = 50_000;
/** Stored events that are replayed before other work may run. */
const REPLAYED = 5_000;

export function createFollower(
  { fromBlock, epochAt }: FollowOptions,
  { source, store, reader, log }: FollowModules,
): Follower {
  /** The block to return to before anything else; undefined if there is none. */
  let returning: number | undefined = Number.MAX_SAFE_INTEGER;
  /** The last block read; undefined if there is none. */
  let last: Pick<Block, "number" | "hash"> | undefined;
  let head: Block | undefined;
  let checkedEpoch: number | undefined;
  /** The first block checked in that epoch: the first check compares more than the later ones. */
  let checkedAt = Infinity;
  /** Failed checks in a row. */
  let doubts = 0;
  let updating: Promise<unknown> = Promise.resolve();

  /** Returns to the state of a block, from stored events. */
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
      log.warn({ err: error }, "the stored events of the chain are unusable: reading them again");
      store.cut(-1);
      reader.restart();
      last = undefined;
    }
    returning = undefined;
  };

  const isOnChain = async ({ number, hash }: Pick<Block, "number" | "hash">): Promise<boolean> =>
    (await source.blockHash(number)) === hash;

  /** The newest block that was read and is still on the chain; -1 if there is none. */
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

  /**
   * Whether `newest` is the last block read, or comes after it. Goes back first if a reorganization has replaced the
   * last one.
   */
  const follows = async (newest: Block): Promise<boolean> => {
    if (!last || newest.hash === last.hash) return true;
    if (newest.number === last.number + 1 && newest.parent === last.hash) return true;
    if (newest.number > last.number) {
      const there = await source.blockHash(last.number);
      if (there === last.hash) return true;
      // The endpoint may be one of several servers, and this one is behind.
      if (there === undefined) return false;
    } else {
      // Only a reorganization makes a chain shorter; a server that is behind has the same blocks.
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
          `the endpoint lacks block ${to}, although it returned the block's events`,
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

  /** Goes back to what was checked before, and throws. @throws always */
  const doubt = async (why: string): Promise<never> => {
    const all = doubts === 0 ? store.checkpoints().filter((each) => each.shown) : [];
    const shown = (all.find(({ number }) => number <= checkedAt) ?? all.at(-1))?.number;
    doubts++;
    log.warn({ why, from: shown ?? fromBlock }, "the chain's events are inconsistent: reading them again");
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

  /** After a start, a server that is behind leaves nothing to fall back on. */
  const waitFor = (newest: Block): never => {
    throw new HoldfastError(
      "unreachable",
      `the endpoint is at block ${newest.number}, but block ${last?.number} was read before: waiting for it to catch up`,
    );
  };

  return {
    update() {
      // One update at a time, so that no event is taken twice.
      const result = updating.then(update, update);
      updating = result;
      return result;
    },
    distrust() {
      returning = -1;
    },
  };
}

/** Whether the error says that events are missing, so that reading them again may help. */
export const isIncomplete = (error: unknown): boolean =>
  error instanceof HoldfastError && error.details["incomplete"] === true;

export function incomplete(why = "some are missing"): HoldfastError {
  return new HoldfastError(
    "chain",
    `the chain's events are incomplete (${why}): use another RPC, or an earlier fromBlock`,
    { incomplete: true },
  );
}
