/**
 * All events of the deployment, read as they happen, and a way to wait for one.
 */
import { setTimeout as delay } from "node:timers/promises";
import { HoldfastError } from "../../protocol/errors.ts";
import type { Chain, ChainEvent } from "../chain.ts";

export interface History {
  readonly events: readonly ChainEvent[];
  /** Reads the new events. */
  update(): Promise<void>;
  /** Waits until `find` finds something. @throws HoldfastError "chain" if the epoch `limit` ends first */
  until<T>(what: string, limit: number, find: () => T | undefined): Promise<T>;
}

export interface HistoryOptions {
  readonly chain: Chain;
  readonly fromBlock: number;
  readonly signal: AbortSignal;
  /** After each reading. */
  readonly onUpdate: (events: readonly ChainEvent[], epoch: number) => Promise<void>;
}

const POLL_MS = 500;

export function createHistory({ chain, fromBlock, signal, onUpdate }: HistoryOptions): History {
  const events: ChainEvent[] = [];
  let next = fromBlock;

  async function update(): Promise<void> {
    const { number } = await chain.block();
    if (number >= next) {
      for (const event of await chain.events(next, number)) events.push(event);
      next = number + 1;
    }
    await onUpdate(events, Number(await chain.read<bigint>("audits", "currentEpoch")));
  }

  return {
    events,
    update,
    async until(what, limit, find) {
      for (;;) {
        await update();
        const found = find();
        if (found !== undefined) return found;
        const epoch = Number(await chain.read<bigint>("audits", "currentEpoch"));
        if (epoch > limit)
          throw new HoldfastError("chain", `${what} did not happen by the end of epoch ${limit}`);
        await delay(POLL_MS, undefined, { signal });
      }
    },
  };
}

/** Events with this name and these arguments. */
export function select(
  events: readonly ChainEvent[],
  name: string,
  args: Readonly<Record<string, bigint>> = {},
): ChainEvent[] {
  const wanted = Object.entries(args);
  return events.filter(
    (event) => event.name === name && wanted.every(([key, value]) => event.args[key] === value),
  );
}

/** An event about the epochs of a vNode from `since` until `epoch`. */
export interface Span {
  readonly vNode: bigint;
  readonly since: bigint;
  readonly epoch: bigint;
}

export function spanOf({ args }: ChainEvent): Span {
  const [vNode, since, epoch] = [args["vNode"], args["since"], args["epoch"]] as [bigint, bigint, bigint];
  return { vNode, since, epoch };
}

/** Events with this name whose epochs include this one. */
export function covering(
  events: readonly ChainEvent[],
  name: "Proven" | "EpochsRefunded",
  { vNode, epoch }: Omit<Span, "since">,
): ChainEvent[] {
  return select(events, name, { vNode }).filter((event) => {
    const span = spanOf(event);
    return span.since <= epoch && epoch <= span.epoch;
  });
}

/** The sum of one argument of all these events. */
export function total(events: readonly ChainEvent[], argument: string): bigint {
  return events.reduce((sum, { args }) => sum + (args[argument] as bigint), 0n);
}
