/**
 * Which node holds what, from the chain's events: every vNode's directory, and the nodes that were ever named for it.
 *
 * Events are read once. They are compared with what the contracts say: the counts, the nodes of all vNodes, and the
 * directories of the vNodes for which this node was ever named.
 */
import type { Logger } from "pino";
import { Tally } from "../chain/counts.ts";
import { openEventStore, type EventStore } from "../chain/event-store.ts";
import { createFollower, incomplete, isIncomplete } from "../chain/follow.ts";
import type { Hex } from "../protocol/field.ts";
import type { Block, ChainEvent, NodeChain } from "./chain-model.ts";
import { History, type Contents, type Holding } from "./history.ts";
import { responsibilityAfter, NO_RESPONSIBILITY, type Responsibility } from "./responsibility.ts";

export interface Holdings {
  /** Reads new events. @throws HoldfastError "chain" if events are missing */
  update(): Promise<Block>;
  /** Makes the next update read everything again. */
  reset(): void;
  /** vNodes for which a node was ever named. */
  namedFor(node: bigint): bigint[];
  clusterOf(vNode: bigint): bigint | undefined;
  responsibilityOf(vNode: bigint): Responsibility;
  /** Nodes that this account operates. */
  operatedBy(account: string): bigint[];
  /** The vNode's directory as it stands. @throws HoldfastError "chain" if events are missing */
  latest(vNode: bigint): Contents;
  /** The directory as it stood when the epoch began, which is what the epoch asks about. */
  atStartOf(vNode: bigint, epoch: number): Contents;
  /** Whether the vNode has an open challenge, no matter which node must answer it. */
  isChallenged(vNode: bigint): boolean;
  /** The directory as it stood when an open challenge was made; undefined if there is no such challenge. */
  atChallenge(vNode: bigint, challenge: bigint): Contents | undefined;
  /** vNodes that now hold this segment of this bucket. */
  holdersOf(bucket: bigint, root: Hex): bigint[];
  /**
   * vNodes whose directories named the segment before. Its bytes stay on disk for a while, and other nodes may ask
   * for them.
   */
  formerHoldersOf(bucket: bigint, root: Hex): bigint[];
  lastProven(vNode: bigint): number | undefined;
}

/** Sees every event in log order, and again when events are read again. */
export interface Observer {
  /** @param responsibility of the event's vNode, before the event */
  take(event: ChainEvent, responsibility: Responsibility): void;
  /** All events will come again. */
  forget(): void;
}

export interface HoldingsOptions {
  readonly node: bigint;
  readonly directoryDepth: number;
  /** Block of the deployment. */
  readonly fromBlock: number;
}

export interface HoldingsModules {
  readonly chain: NodeChain;
  /** Stored events; by default nothing is stored. */
  readonly store?: EventStore | undefined;
  readonly log: Logger;
  readonly observer?: Observer | undefined;
}

export function createHoldings(
  { node, directoryDepth, fromBlock }: HoldingsOptions,
  { chain, store = openEventStore(":memory:", ""), log, observer }: HoldingsModules,
): Holdings {
  let known = new Knowledge(directoryDepth);
  /** Built from the events being read. It differs from `known` only while everything is read again. */
  let next = known;

  const directoriesDiffer = async (head: Block, vNodes: Iterable<bigint>): Promise<string | undefined> => {
    for (const vNode of vNodes) {
      const { root, count } = await chain.directoryAt(vNode, head);
      const { directory, holdings } = known.history(vNode).latest();
      if (holdings.length !== count)
        return `vNode ${vNode} has ${count} entries, ${holdings.length} by its events`;
      if (directory.root !== root) return `vNode ${vNode} has another directory than its events give`;
    }
    return undefined;
  };
  const isUnknown = async (head: Block): Promise<string | undefined> => {
    const named = known.named.get(node) ?? new Set();
    for (const { vNode, node: responsible, next: successor } of await chain.assignments(head))
      if ((responsible === node || successor === node) && !named.has(vNode))
        return `node ${node} answers for vNode ${vNode}, but no event names it for that`;
    return undefined;
  };
  const check = async (head: Block, isNew: boolean): Promise<string | undefined> => {
    const ours = [...(known.named.get(node) ?? [])];
    const changed = [...known.changed];
    known.changed.clear();
    try {
      if (!isNew)
        return await directoriesDiffer(head, new Set(ours.filter((vNode) => changed.includes(vNode))));
      return (
        known.tally.missing(await chain.counts(head)) ??
        (await isUnknown(head)) ??
        (await directoriesDiffer(head, ours))
      );
    } catch (error) {
      if (isIncomplete(error)) return (error as Error).message;
      for (const vNode of changed) known.changed.add(vNode);
      throw error;
    }
  };
  const follower = createFollower(
    { fromBlock, epochAt: (timestamp) => chain.epochAt(timestamp) },
    {
      source: chain,
      store,
      log,
      reader: {
        restart() {
          next = new Knowledge(directoryDepth);
          observer?.forget();
        },
        take(event) {
          observer?.take(event, next.responsibilityOf(event.args["vNode"] as bigint));
          next.learn(event, chain.epochAt(event.timestamp));
        },
        ready: () => void (known = next),
        check,
      },
    },
  );

  return {
    update: () => follower.update(),
    reset: () => follower.distrust(),
    namedFor: (who) => [...(known.named.get(who) ?? [])],
    clusterOf: (vNode) => known.clusters.get(vNode),
    responsibilityOf: (vNode) => known.responsibilityOf(vNode),
    operatedBy: (account) =>
      [...known.operators].filter(([, operator]) => operator === account).map(([id]) => id),
    latest: (vNode) => known.history(vNode).latest(),
    atStartOf: (vNode, epoch) => known.history(vNode).before(epoch),
    isChallenged: (vNode) => known.history(vNode).isMarked,
    atChallenge: (vNode, challenge) => known.history(vNode).atMark(challenge),
    holdersOf: (bucket, root) => [...(known.holders.get(`${bucket}/${root}`) ?? [])],
    formerHoldersOf: (bucket, root) => [...(known.formerHolders.get(`${bucket}/${root}`) ?? [])],
    lastProven: (vNode) => known.proven.get(vNode),
  };
}

/** Events that change a directory or a segment's end. */
const CHANGES: ReadonlySet<string> = new Set([
  "SegmentStored",
  "SegmentExtended",
  "SegmentEndedEarly",
  "SegmentRetired",
  "DirectoryReset",
  "Compacted",
]);

/** Everything that is built from the events. */
export class Knowledge {
  readonly #depth: number;
  readonly #histories = new Map<bigint, History>();
  readonly #responsibilities = new Map<bigint, Responsibility>();
  /** By cluster. */
  readonly #quantumBits = new Map<bigint, bigint>();
  readonly named = new Map<bigint, Set<bigint>>();
  readonly clusters = new Map<bigint, bigint>();
  readonly operators = new Map<bigint, string>();
  /** The vNodes that hold a segment, by "bucket/root". */
  readonly holders = new Map<string, Set<bigint>>();
  readonly formerHolders = new Map<string, Set<bigint>>();
  readonly proven = new Map<bigint, number>();
  readonly tally = new Tally();
  /** vNodes whose directories have changed since the last check. */
  readonly changed = new Set<bigint>();

  constructor(depth: number) {
    this.#depth = depth;
  }

  history(vNode: bigint): History {
    let found = this.#histories.get(vNode);
    if (!found) this.#histories.set(vNode, (found = new History(this.#depth)));
    return found;
  }

  responsibilityOf(vNode: bigint): Responsibility {
    return this.#responsibilities.get(vNode) ?? NO_RESPONSIBILITY;
  }

  learn(event: ChainEvent, epoch: number): void {
    const { name, args } = event;
    const vNode = args["vNode"] as bigint | undefined;
    const node = args["node"] as bigint;
    this.tally.take(name);
    if (name === "ClusterCreated")
      this.#quantumBits.set(args["cluster"] as bigint, args["quantumBits"] as bigint);
    if (name === "NodeUpdated") this.operators.set(node, args["operator"] as string);
    if (vNode === undefined) return;
    this.#responsibilities.set(vNode, responsibilityAfter(this.responsibilityOf(vNode), event));
    switch (name) {
      case "VNodeAdded":
        this.clusters.set(vNode, args["cluster"] as bigint);
        return;
      case "NodeAssigned":
      case "TookOver":
        addTo(this.named, node, vNode);
        return;
      case "Proven":
        this.proven.set(vNode, Number(args["epoch"]));
        return;
      case "Challenged":
        this.history(vNode).mark(args["id"] as bigint);
        return;
      case "Answered":
      case "Failed":
      case "Voided":
      case "Dismissed":
        this.history(vNode).unmark(args["id"] as bigint);
        return;
      default:
        this.#learnHoldings(event, epoch);
    }
  }

  #learnHoldings({ name, args }: ChainEvent, epoch: number): void {
    const vNode = args["vNode"] as bigint;
    const history = this.history(vNode);
    if (CHANGES.has(name)) this.changed.add(vNode);
    const serial = Number(args["serial"]);
    switch (name) {
      case "SegmentStored": {
        const holding = this.#holdingOf(args);
        history.add({ kind: "stored", epoch, holding, start: Number(args["start"]) });
        addTo(this.holders, `${holding.bucket}/${holding.root}`, vNode);
        return;
      }
      case "SegmentExtended":
      case "SegmentEndedEarly":
        history.add({ kind: "rescheduled", epoch, serial, end: Number(args["end"]) });
        return;
      case "SegmentRetired":
        this.#forget(vNode, history.add({ kind: "retired", epoch, serial }));
        return;
      case "DirectoryReset":
        history.add({ kind: "reset", epoch });
        return;
      case "CompactionStarted":
        history.add({ kind: "compacting", epoch, lastEnd: Number(args["lastEnd"]) });
        return;
      case "Compacted": {
        const counts = { entries: Number(args["entries"]), total: Number(args["total"]) };
        const root = BigInt(args["root"] as string);
        this.#forget(vNode, history.add({ kind: "compacted", epoch, ...counts, root }));
      }
    }
  }

  #holdingOf(args: ChainEvent["args"]): Holding {
    const quantumBits = this.#quantumBits.get(this.clusters.get(args["vNode"] as bigint) ?? 0n);
    if (quantumBits === undefined) throw incomplete();
    const perEpoch = args["perEpoch"] as bigint;
    return {
      serial: Number(args["serial"]),
      bucket: args["bucket"] as bigint,
      root: args["root"] as Hex,
      leaves: Number(args["leaves"]),
      perEpoch,
      weight: Number(perEpoch >> quantumBits),
      end: Number(args["end"]),
      retired: false,
    };
  }

  #forget(vNode: bigint, gone: readonly Holding[]): void {
    for (const { bucket, root } of gone) {
      this.holders.get(`${bucket}/${root}`)?.delete(vNode);
      addTo(this.formerHolders, `${bucket}/${root}`, vNode);
    }
  }
}

function addTo<K>(sets: Map<K, Set<bigint>>, key: K, value: bigint): void {
  const set = sets.get(key);
  if (set) set.add(value);
  else sets.set(key, new Set([value]));
}
