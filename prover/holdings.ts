/**
 * Who holds what, by the events of the chain: every vNode's directory in log order, and who was ever named for it.
 *
 * Events are read once. If the block that was read last is no longer on the chain, all of it is read again; and before
 * anything is proven, its root is compared with the contract's.
 */
import type { Logger } from "pino";
import type { Hex } from "../protocol/field.ts";
import { affairsAfter, NO_AFFAIRS, type Affairs } from "./affairs.ts";
import type { Block, ChainEvent, NodeChain } from "./chain-model.ts";
import { History, incomplete, type Contents, type Holding } from "./history.ts";

export interface Holdings {
  /** Reads what is new. */
  update(): Promise<Block>;
  /** Forgets everything, so that the next update reads it again. */
  reset(): void;
  /** vNodes that a node was ever named for. */
  namedFor(node: bigint): bigint[];
  clusterOf(vNode: bigint): bigint | undefined;
  affairsOf(vNode: bigint): Affairs;
  /** Nodes with this operator. */
  operatedBy(account: string): bigint[];
  /** As the vNode's directory stands. Throws "chain" if events are missing. */
  latest(vNode: bigint): Contents;
  /** As it stood when the epoch began: what the epoch's challenge is about. */
  atStartOf(vNode: bigint, epoch: number): Contents;
  /** As it stood when an open challenge was made; undefined if there is none. */
  atChallenge(vNode: bigint, challenge: bigint): Contents | undefined;
  /** vNodes that hold a segment of this bucket now. */
  holdersOf(bucket: bigint, root: Hex): bigint[];
  lastProven(vNode: bigint): number | undefined;
}

/** Sees every event in log order, also those that are read again. */
export interface Observer {
  /** @param affairs of the event's vNode, as they were before it */
  take(event: ChainEvent, affairs: Affairs): void;
  /** All will come again. */
  forget(): void;
}

export interface HoldingsOptions {
  readonly directoryDepth: number;
  /** Block of the deployment. */
  readonly fromBlock: number;
}

export interface HoldingsModules {
  readonly chain: NodeChain;
  readonly log: Logger;
  readonly observer?: Observer | undefined;
}

export function createHoldings(
  { directoryDepth, fromBlock }: HoldingsOptions,
  { chain, log, observer }: HoldingsModules,
): Holdings {
  let known = new Knowledge(directoryDepth);
  let lastBlock: Block | undefined;
  let updating: Promise<unknown> = Promise.resolve();

  const reset = (): void => {
    known = new Knowledge(directoryDepth);
    lastBlock = undefined;
    observer?.forget();
  };
  const take = (event: ChainEvent): void => {
    observer?.take(event, known.affairsOf(event.args["vNode"] as bigint));
    known.learn(event, chain.epochAt(event.timestamp));
  };
  const update = async (): Promise<Block> => {
    if (lastBlock && (await chain.blockHash(lastBlock.number)) !== lastBlock.hash) {
      log.warn({ block: lastBlock.number }, "the chain was reorganized: reading its events again");
      reset();
    }
    const head = await chain.block();
    const first = lastBlock ? lastBlock.number + 1 : fromBlock;
    if (head.number >= first) {
      const events = await chain.events(first, head.number);
      try {
        for (const event of events) take(event);
      } catch (error) {
        reset(); // some are taken in, and none is twice
        throw error;
      }
      lastBlock = head;
    }
    return head;
  };

  return {
    update() {
      // One at a time, so that no event comes in twice.
      const result = updating.then(update, update);
      updating = result;
      return result;
    },
    reset,
    namedFor: (node) => [...(known.named.get(node) ?? [])],
    clusterOf: (vNode) => known.clusters.get(vNode),
    affairsOf: (vNode) => known.affairsOf(vNode),
    operatedBy: (account) =>
      [...known.operators].filter(([, operator]) => operator === account).map(([id]) => id),
    latest: (vNode) => known.history(vNode).latest(),
    atStartOf: (vNode, epoch) => known.history(vNode).before(epoch),
    atChallenge: (vNode, challenge) => known.history(vNode).atMark(challenge),
    holdersOf: (bucket, root) => [...(known.holders.get(`${bucket}/${root}`) ?? [])],
    lastProven: (vNode) => known.proven.get(vNode),
  };
}

class Knowledge {
  readonly #depth: number;
  readonly #histories = new Map<bigint, History>();
  readonly #affairs = new Map<bigint, Affairs>();
  /** By cluster. */
  readonly #quantumBits = new Map<bigint, bigint>();
  readonly named = new Map<bigint, Set<bigint>>();
  readonly clusters = new Map<bigint, bigint>();
  readonly operators = new Map<bigint, string>();
  /** By "bucket/root", the vNodes. */
  readonly holders = new Map<string, Set<bigint>>();
  readonly proven = new Map<bigint, number>();

  constructor(depth: number) {
    this.#depth = depth;
  }

  history(vNode: bigint): History {
    let found = this.#histories.get(vNode);
    if (!found) this.#histories.set(vNode, (found = new History(this.#depth)));
    return found;
  }

  affairsOf(vNode: bigint): Affairs {
    return this.#affairs.get(vNode) ?? NO_AFFAIRS;
  }

  learn(event: ChainEvent, epoch: number): void {
    const { name, args } = event;
    const vNode = args["vNode"] as bigint | undefined;
    const node = args["node"] as bigint;
    if (name === "ClusterCreated")
      this.#quantumBits.set(args["cluster"] as bigint, args["quantumBits"] as bigint);
    if (name === "NodeUpdated") this.operators.set(node, args["operator"] as string);
    if (vNode === undefined) return;
    this.#affairs.set(vNode, affairsAfter(this.affairsOf(vNode), event));
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
      ...{ serial: Number(args["serial"]), bucket: args["bucket"] as bigint, root: args["root"] as Hex },
      ...{ leaves: Number(args["leaves"]), perEpoch, weight: Number(perEpoch >> quantumBits) },
      ...{ end: Number(args["end"]), retired: false },
    };
  }

  #forget(vNode: bigint, gone: readonly Holding[]): void {
    for (const { bucket, root } of gone) this.holders.get(`${bucket}/${root}`)?.delete(vNode);
  }
}

function addTo<K>(sets: Map<K, Set<bigint>>, key: K, value: bigint): void {
  const set = sets.get(key);
  if (set) set.add(value);
  else sets.set(key, new Set([value]));
}
