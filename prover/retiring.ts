/**
 * Retires segments that have ended when a node's capacity runs low: their entries become tombstones, which frees
 * their room. A tombstone keeps its weight, so retiring does not improve the coverage; only a compaction does, and it
 * also empties a directory in which nothing is live.
 */
import type { Logger } from "pino";
import { fit, openingCall, withIndexes, type IndexedHolding } from "./batches.ts";
import type { Call, NodeChain } from "./chain-model.ts";
import type { Holdings } from "./holdings.ts";
import type { Sender } from "./sender.ts";

export interface RetiringOptions {
  readonly node: bigint;
  /** The most gas of one transaction. */
  readonly compactGas: number;
}

export interface RetiringModules {
  readonly chain: NodeChain;
  readonly holdings: Holdings;
  readonly sender: Sender;
  readonly log: Logger;
}

/** Retires segments of a vNode if the node's capacity runs low. */
export type Retire = (vNode: bigint, epoch: number) => Promise<void>;

/** The capacity runs low when less than 1 / SCARCE of it is free. */
const SCARCE = 8n;

export function createRetire(
  { node, compactGas }: RetiringOptions,
  { chain, holdings, sender, log }: RetiringModules,
): Retire {
  return async (vNode, epoch) => {
    const contents = holdings.latest(vNode);
    const live = withIndexes(contents).filter(({ retired }) => !retired);
    const ended = live.filter(({ end }) => end <= epoch);
    if (ended.length === 0 || ended.length === live.length) return;
    const { capacity, used } = await chain.node(node);
    if ((capacity - used) * SCARCE >= capacity) return;
    if ((await chain.directory(vNode)).root !== contents.directory.root) return;

    const largest = ended.toSorted((a, b) => b.leaves - a.leaves || a.index - b.index);
    const callFor = (count: number): Call =>
      openingCall("retire", vNode, contents.directory, inOrder(largest.slice(0, count)));
    const limits = { count: largest.length, maxGas: BigInt(compactGas) };
    const { call, count } = await fit(chain, callFor, limits);
    const retired = largest.slice(0, count);
    const { hash } = await sender.send(`retire/${vNode}/${epoch}/${retired[0]?.serial}`, call);
    const leaves = retired.reduce((sum, entry) => sum + entry.leaves, 0);
    log.info({ vNode: Number(vNode), segments: count, leaves, tx: hash }, "retired");
    await holdings.update();
  };
}

const inOrder = (entries: readonly IndexedHolding[]): IndexedHolding[] =>
  entries.toSorted((a, b) => a.index - b.index);
