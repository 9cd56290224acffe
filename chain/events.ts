/**
 * The events of a deployment's contracts, read from an endpoint. The newest blocks are asked for by hash, because a
 * lagging server cannot answer those with an empty list; all earlier blocks are asked for in ranges.
 */
import {
  toQuantity,
  type BlockParams,
  type EventFragment,
  type Filter,
  type Interface,
  type JsonRpcProvider,
  type Result,
} from "ethers";
import { HoldfastError } from "../protocol/errors.ts";
import { createLogReader, type MinedLog } from "./logs.ts";

export interface Block {
  readonly number: number;
  readonly hash: string;
  readonly parent: string;
  /** Chain time in seconds; deadlines are in chain time. */
  readonly timestamp: number;
}

/** An event, with its arguments by name. */
export interface ChainEvent {
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly block: number;
  readonly transaction: string;
  /** The time of its block, in seconds. */
  readonly timestamp: number;
}

/** All events from the end of the page before up to block `to`. */
export interface EventPage {
  readonly events: readonly ChainEvent[];
  readonly to: number;
}

/** Every method rejects with HoldfastError "unreachable" if the endpoint does not answer. */
export interface EventSource {
  /** The newest block. */
  block(): Promise<Block>;
  /** undefined if the endpoint does not have the block, or not yet. */
  blockHash(number: number): Promise<string | undefined>;
  /** Events in log order, from a block up to `head`. */
  events(fromBlock: number, head: Block): AsyncIterable<EventPage>;
}

/** Blocks whose events are asked for by hash: a server behind the endpoint may lag by so many without being noticed. */
const BY_HASH = 4;
/** Blocks in one page. */
const PAGE = 5_000;
/** Blocks whose times are asked for at once. */
const TIMES = 100;

interface RawLog {
  readonly address: string;
  readonly topics: string[];
  readonly data: string;
  readonly blockNumber: string;
  readonly blockHash: string;
  readonly transactionHash: string;
  readonly logIndex: string;
  readonly removed?: boolean;
  /** Some clients leave it out. */
  readonly blockTimestamp?: string;
}

interface PlacedLog extends MinedLog {
  readonly raw: RawLog;
}

/** @param contracts the ABI of each contract, by address */
export function createEventSource(
  provider: JsonRpcProvider,
  contracts: ReadonlyMap<string, Interface>,
): EventSource {
  const address = [...contracts.keys()];
  // Indexed by contract and topic: ethers would hash all event names for each log.
  const kinds = new Map<string, { readonly kind: EventFragment; readonly abi: Interface }>();
  for (const [at, abi] of contracts)
    abi.forEachEvent((kind) => void kinds.set(`${at.toLowerCase()}/${kind.topicHash}`, { kind, abi }));
  const reader = createLogReader<PlacedLog>(
    {
      getLogs: ({ fromBlock, toBlock }: Filter) =>
        logsOf({ fromBlock: toQuantity(Number(fromBlock)), toBlock: toQuantity(Number(toBlock)) }),
    },
    address,
  );

  async function logsOf(which: object): Promise<PlacedLog[]> {
    const logs = (await provider.send("eth_getLogs", [{ address, ...which }])) as RawLog[];
    return logs
      .map((raw) => ({ raw, blockNumber: Number(raw.blockNumber), removed: raw.removed === true }))
      .sort((a, b) => a.blockNumber - b.blockNumber || Number(a.raw.logIndex) - Number(b.raw.logIndex));
  }

  const eventOf = ({ raw, blockNumber: block }: PlacedLog, timestamp: number): ChainEvent[] => {
    const found = kinds.get(`${raw.address.toLowerCase()}/${raw.topics[0]}`);
    if (!found) return [];
    const args = named(found.abi.decodeEventLog(found.kind, raw.data, raw.topics));
    return [{ name: found.kind.name, args, block, transaction: raw.transactionHash, timestamp }];
  };

  const timeOf = async (number: number): Promise<number | undefined> => {
    const block = (await provider.send("eth_getBlockByNumber", [toQuantity(number), false])) as {
      timestamp: string;
    } | null;
    return block ? Number(block.timestamp) : undefined;
  };
  const timesOf = async (logs: readonly PlacedLog[]): Promise<Map<number, number>> => {
    const times = new Map<number, number>();
    const unknown = new Set<number>();
    for (const { raw, blockNumber } of logs)
      if (raw.blockTimestamp === undefined) unknown.add(blockNumber);
      else times.set(blockNumber, Number(raw.blockTimestamp));
    const numbers = [...unknown];
    for (let first = 0; first < numbers.length; first += TIMES) {
      const some = numbers.slice(first, first + TIMES);
      const blocks = await Promise.all(some.map((number) => timeOf(number)));
      for (const [i, number] of some.entries()) times.set(number, present(blocks[i], number));
    }
    return times;
  };

  /** The block and the ones before it, found by their parents' hashes, back to `fromBlock` at most. */
  const withParents = async (head: Block, fromBlock: number): Promise<Block[]> => {
    const blocks = [head];
    for (let first = head; blocks.length < BY_HASH && first.number > fromBlock; blocks.unshift(first)) {
      const parent = await provider.getBlock(first.parent);
      first = present(parent ? blockOf(parent) : undefined, first.number - 1);
    }
    return blocks;
  };

  return {
    async block() {
      const found = await provider.getBlock("latest");
      if (!found)
        throw new HoldfastError("unreachable", "the endpoint says that the chain has no blocks: use another");
      return blockOf(found);
    },
    blockHash: async (number) => (await provider.getBlock(number))?.hash ?? undefined,
    async *events(fromBlock, head) {
      const newest = await withParents(head, fromBlock);
      const before = (newest[0] ?? head).number;
      for (let first = fromBlock; first < before; first += PAGE) {
        const to = Math.min(first + PAGE, before) - 1;
        const logs = await reader.read(first, to);
        const times = await timesOf(logs);
        yield { events: logs.flatMap((log) => eventOf(log, times.get(log.blockNumber) ?? 0)), to };
      }
      for (const { number, hash, timestamp } of newest) {
        const logs = await logsOf({ blockHash: hash });
        if (logs.some(({ raw, removed }) => removed || raw.blockHash !== hash))
          throw new HoldfastError(
            "unreachable",
            "the endpoint returned events of another block than it was asked for",
          );
        yield { events: logs.flatMap((log) => eventOf(log, timestamp)), to: number };
      }
    },
  };
}

function blockOf({ number, hash, parentHash, timestamp }: BlockParams): Block {
  return { number, hash: present(hash ?? undefined, number), parent: parentHash, timestamp };
}

/** @throws HoldfastError "unreachable" for a block that is gone or not there yet; a later attempt may succeed */
function present<T>(value: T | undefined, block: number): T {
  if (value !== undefined) return value;
  throw new HoldfastError("unreachable", `the endpoint lacks block ${block}, although it has mentioned it`, {
    block,
  });
}

/** Plain data without ethers' additions, so that it can be stored. */
function named(result: Result): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(result.toObject() as Record<string, unknown>).map(([key, value]) => [key, plain(value)]),
  );
}

function plain(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  if (!("toObject" in value)) return value.map(plain);
  const result = value as Result;
  try {
    return named(result);
  } catch {
    return result.toArray().map(plain); // a list has no names
  }
}
