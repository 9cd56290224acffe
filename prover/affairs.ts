/**
 * Whose a vNode is and what is announced about it, by the chain's events: as the contracts have it at each of them, so that
 * what happened in the time of another node can be told from what happened in ours.
 */
import type { ChainEvent } from "./chain-model.ts";

/** Of one vNode. Nobody: 0. */
export interface Affairs {
  /** Responsible, as far as the vNode was settled. */
  readonly node: bigint;
  /** Named to be the next one. */
  readonly next: bigint;
  /** Who was responsible before, and may still have the data. */
  readonly former: bigint;
  /** The node need not be asked from the epoch on. */
  readonly leave: { readonly node: bigint; readonly epoch: number } | undefined;
  /** The one declared last. The epochs from `from` until `end` ask for nothing. */
  readonly pause: { readonly node: bigint; readonly from: number; readonly end: number } | undefined;
  /** The epoch in which a compaction of its directory began that is not done; it may be given up. */
  readonly compactingSince: number | undefined;
}

export const NO_AFFAIRS: Affairs = {
  ...{ node: 0n, next: 0n, former: 0n },
  ...{ leave: undefined, pause: undefined, compactingSince: undefined },
};

/** What an event, if it is about the vNode, makes of its affairs. */
export function affairsAfter(before: Affairs, { name, args }: ChainEvent): Affairs {
  const node = args["node"] as bigint;
  const gone: Affairs = { ...before, node: 0n, former: before.node, leave: undefined };
  switch (name) {
    case "NodeAssigned":
      return { ...before, next: Number(args["fromEpoch"]) === 0 ? 0n : node };
    case "TookOver":
      return { ...before, next: node };
    case "NodeSwitched": {
      const former = before.node === 0n ? before.former : before.node;
      return { ...before, node, next: 0n, former, leave: undefined };
    }
    case "Left":
    case "Faulted":
      return before.node === node ? gone : before;
    case "SyncDropped":
      return before.node === node ? gone : { ...before, next: 0n };
    case "LeaveAnnounced":
      return { ...before, leave: { node, epoch: Number(args["epoch"]) } };
    case "Paused":
      return { ...before, pause: { node, from: Number(args["from"]), end: Number(args["end"]) } };
    case "CompactionStarted":
      return { ...before, compactingSince: Number(args["lastEnd"]) - lastEndOf(0) };
    case "Compacted":
      return { ...before, compactingSince: undefined };
    default:
      return before;
  }
}

/** Whose consent it takes to store here: who is responsible, or is named where nobody and nothing is. */
export const consenter = ({ node, next }: Affairs): bigint => (node === 0n ? next : node);

/** Whether a compaction that began in an epoch may still go on. */
export const mayGoOn = (since: number | undefined, epoch: number): boolean =>
  since !== undefined && epoch <= since + 1;

/** What ends by then is left out by a compaction that began in an epoch. */
export const lastEndOf = (since: number): number => since + 1;
