/**
 * What a chain answers about its blocks, their events and what the contracts count, from a list of them.
 */
import { COUNTED, type CountedChain, type Counts } from "../../chain/counts.ts";
import type { Block, ChainEvent } from "../../chain/events.ts";

export interface FakeBlock {
  /** Default: follows from the block's number. */
  readonly hash?: string;
  readonly timestamp: number;
  readonly events: readonly ChainEvent[];
}

/** The vNodes of all events of a kind until a block. */
export function vNodesOf(
  blocks: readonly FakeBlock[],
  until: number,
  fits: (event: ChainEvent) => boolean,
): bigint[] {
  const events = blocks.slice(0, until + 1).flatMap((block) => block.events);
  return events.filter(fits).map(({ args }) => args["vNode"] as bigint);
}

/** The vNodes that were proven in an epoch, until a block. */
export const provenIn = (blocks: readonly FakeBlock[], epoch: number, until: number): bigint[] =>
  vNodesOf(blocks, until, ({ name, args }) => name === "Proven" && args["epoch"] === BigInt(epoch));

/** @param shown the form in which the endpoint returns an event */
export function blockChain(
  blocks: readonly FakeBlock[],
  shown: (event: ChainEvent) => boolean = () => true,
): Omit<CountedChain, "assignments"> {
  const hashOf = (number: number): string => blocks[number]?.hash ?? `0x${number}`;
  const at = (number: number): Block => ({
    number,
    hash: hashOf(number),
    parent: hashOf(number - 1),
    timestamp: blocks[number]?.timestamp ?? 0,
  });
  return {
    block: () => Promise.resolve(at(blocks.length - 1)),
    blockHash: (number) => Promise.resolve(blocks[number] && hashOf(number)),
    async *events(from, head) {
      await Promise.resolve();
      const events = blocks.slice(from, head.number + 1).flatMap((block) => block.events.filter(shown));
      yield { events, to: head.number };
    },
    counts({ number }) {
      const all = blocks.slice(0, number + 1).flatMap(({ events }) => events);
      const count = (name: string): number => all.filter((event) => event.name === name).length;
      return Promise.resolve(Object.fromEntries(COUNTED.map((name) => [name, count(name)])) as Counts);
    },
  };
}
