/**
 * Who is responsible for a vNode and what has been announced about it, by the chain's events. It is known for the
 * time of each event, so that events under another node can be told from events under ours.
 */
import type { ChainEvent } from "./chain-model.ts";

/** The state of one vNode. Node 0 stands for no node. */
export interface Responsibility {
  /** The responsible node, as far as the vNode was settled. */
  readonly node: bigint;
  /** The node that is named as the next one. */
  readonly next: bigint;
  /** The responsible node before. It may still have the data. */
  readonly former: bigint;
  /** An announced leave: the node can be without the vNode from this epoch on. */
  readonly leave: { readonly node: bigint; readonly epoch: number } | undefined;
  /** The pause declared last. The epochs from `from` until `end` ask for nothing. */
  readonly pause: { readonly node: bigint; readonly from: number; readonly end: number } | undefined;
  /** The epoch in which the directory's unfinished compaction began. The compaction may have been given up. */
  readonly compactingSince: number | undefined;
}

export const NO_RESPONSIBILITY: Responsibility = {
  node: 0n,
  next: 0n,
  former: 0n,
  leave: undefined,
  pause: undefined,
  compactingSince: undefined,
};

/** The state of a vNode after an event. */
export function responsibilityAfter(before: Responsibility, { name, args }: ChainEvent): Responsibility {
  const node = args["node"] as bigint;
  const gone: Responsibility = { ...before, node: 0n, former: before.node, leave: undefined };
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

/** The node whose consent is needed to store here: the responsible one, or the named one if no node is responsible. */
export const consenter = ({ node, next }: Responsibility): bigint => (node === 0n ? next : node);

/** Whether a compaction that began in epoch `since` may still continue in `epoch`. */
export const mayGoOn = (since: number | undefined, epoch: number): boolean =>
  since !== undefined && epoch <= since + 1;

/** A compaction that began in epoch `since` leaves out segments that end in or before this epoch. */
export const lastEndOf = (since: number): number => since + 1;
