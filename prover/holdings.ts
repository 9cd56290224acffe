/**
 * Who holds what, by the events of the chain: every vNode's directory in log order, and who was ever named for it.
 *
 * Events are read once. If the block that was read last is no longer on the chain, all of it is read again; and before
 * anything is proven, its root is compared with the contract's.
 */
import type { Logger } from "pino";
import { Directory } from "../protocol/directory.ts";
import { HoldfastError } from "../protocol/errors.ts";
import type { Hex } from "../protocol/field.ts";
import type { Block, ChainEvent, NodeChain } from "./chain.ts";

/** An entry of a directory. */
export interface Holding {
  readonly serial: number;
  readonly bucket: bigint;
  readonly root: Hex;
  readonly leaves: number;
  /** First epoch that is not paid for. */
  readonly end: number;
  readonly retired: boolean;
}

/** A directory as it stood at one time; the next look may change it. */
export interface Contents {
  readonly directory: Directory;
  /** In the order of the directory's entries. */
  readonly holdings: readonly Holding[];
}

export interface Holdings {
  /** Reads what is new. */
  update(): Promise<Block>;
  /** Forgets everything, so that the next update reads it again. */
  reset(): void;
  /** vNodes that a node was ever named for. */
  namedFor(node: bigint): bigint[];
  clusterOf(vNode: bigint): bigint | undefined;
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

export interface HoldingsOptions {
  readonly directoryDepth: number;
  /** Block of the deployment. */
  readonly fromBlock: number;
}

type Change =
  | { readonly kind: "stored"; readonly epoch: number; readonly holding: Holding }
  | {
      readonly kind: "rescheduled";
      readonly epoch: number;
      readonly serial: number;
      readonly end: number;
    }
  | { readonly kind: "retired"; readonly epoch: number; readonly serial: number }
  | { readonly kind: "reset"; readonly epoch: number };

export function createHoldings(
  { directoryDepth, fromBlock }: HoldingsOptions,
  { chain, log }: { chain: NodeChain; log: Logger },
): Holdings {
  let known = emptyKnowledge();
  let lastBlock: Block | undefined;
  let updating: Promise<unknown> = Promise.resolve();

  const reset = (): void => {
    known = emptyKnowledge();
    lastBlock = undefined;
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
      for (const event of events) learn(known, event, chain.epochAt(event.timestamp));
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
    operatedBy: (account) =>
      [...known.operators].filter(([, operator]) => operator === account).map(([id]) => id),
    latest: (vNode) => history(known, vNode).latest(directoryDepth),
    atStartOf: (vNode, epoch) => history(known, vNode).before(epoch, directoryDepth),
    atChallenge: (vNode, challenge) => history(known, vNode).atMark(challenge, directoryDepth),
    holdersOf: (bucket, root) => [...(known.holders.get(`${bucket}/${root}`) ?? [])],
    lastProven: (vNode) => known.proven.get(vNode),
  };
}

interface Knowledge {
  readonly histories: Map<bigint, History>;
  readonly named: Map<bigint, Set<bigint>>;
  readonly clusters: Map<bigint, bigint>;
  readonly operators: Map<bigint, string>;
  /** By "bucket/root", the vNodes. */
  readonly holders: Map<string, Set<bigint>>;
  readonly proven: Map<bigint, number>;
}

const emptyKnowledge = (): Knowledge => ({
  histories: new Map(),
  named: new Map(),
  clusters: new Map(),
  operators: new Map(),
  holders: new Map(),
  proven: new Map(),
});

function learn(known: Knowledge, { name, args }: ChainEvent, epoch: number): void {
  const vNode = args["vNode"] as bigint;
  const node = args["node"] as bigint;
  switch (name) {
    case "VNodeAdded":
      known.clusters.set(vNode, args["cluster"] as bigint);
      return;
    case "NodeUpdated":
      known.operators.set(node, args["operator"] as string);
      return;
    case "NodeAssigned":
    case "TookOver":
      addTo(known.named, node, vNode);
      return;
    case "Proven":
      known.proven.set(vNode, Number(args["epoch"]));
      return;
    case "SegmentStored": {
      const holding = {
        ...{ serial: Number(args["serial"]), bucket: args["bucket"] as bigint, root: args["root"] as Hex },
        ...{ leaves: Number(args["leaves"]), end: Number(args["end"]), retired: false },
      };
      history(known, vNode).add({ kind: "stored", epoch, holding });
      addTo(known.holders, `${holding.bucket}/${holding.root}`, vNode);
      return;
    }
    case "SegmentExtended":
    case "SegmentEndedEarly": {
      const [serial, end] = [Number(args["serial"]), Number(args["end"])];
      history(known, vNode).add({ kind: "rescheduled", epoch, serial, end });
      return;
    }
    case "SegmentRetired": {
      const serial = Number(args["serial"]);
      const gone = history(known, vNode).add({ kind: "retired", epoch, serial });
      if (gone) known.holders.get(`${gone.bucket}/${gone.root}`)?.delete(vNode);
      return;
    }
    case "DirectoryReset":
      history(known, vNode).add({ kind: "reset", epoch });
      return;
    case "Challenged":
      history(known, vNode).mark(args["id"] as bigint);
      return;
    case "Answered":
    case "Failed":
    case "Voided":
      history(known, vNode).unmark(args["id"] as bigint);
  }
}

function addTo<K>(sets: Map<K, Set<bigint>>, key: K, value: bigint): void {
  const set = sets.get(key);
  if (set) set.add(value);
  else sets.set(key, new Set([value]));
}

function history({ histories }: Knowledge, vNode: bigint): History {
  let found = histories.get(vNode);
  if (!found) histories.set(vNode, (found = new History()));
  return found;
}

/**
 * What happened to one vNode's directory, and that directory at two times, both kept as they move forward, and at those
 * of open challenges.
 */
class History {
  readonly #changes: Change[] = [];
  /** Live, by serial. */
  readonly #live = new Map<number, Holding>();
  /** By challenge, how many changes came before it, and the directory after them. */
  readonly #marks = new Map<bigint, { readonly changes: number; contents?: Contents }>();
  #latest: Replay | undefined;
  #snapshot: Replay | undefined;

  /** What a retirement ends, if no other live entry of this vNode has the same root and bucket. */
  add(change: Change): Holding | undefined {
    this.#changes.push(change);
    if (change.kind === "stored") this.#live.set(change.holding.serial, change.holding);
    if (change.kind !== "retired") return undefined;
    const gone = this.#live.get(change.serial);
    this.#live.delete(change.serial);
    const again = [...this.#live.values()].some(
      ({ root, bucket }) => root === gone?.root && bucket === gone.bucket,
    );
    return again ? undefined : gone;
  }

  mark(challenge: bigint): void {
    this.#marks.set(challenge, { changes: this.#changes.length });
  }

  unmark(challenge: bigint): void {
    this.#marks.delete(challenge);
  }

  atMark(challenge: bigint, depth: number): Contents | undefined {
    const mark = this.#marks.get(challenge);
    if (!mark) return undefined;
    return (mark.contents ??= new Replay(depth).advance(this.#changes.slice(0, mark.changes), Infinity));
  }

  latest(depth: number): Contents {
    this.#latest ??= new Replay(depth);
    return this.#latest.advance(this.#changes, Infinity);
  }

  before(epoch: number, depth: number): Contents {
    if (!this.#snapshot || this.#snapshot.reached > epoch) this.#snapshot = new Replay(depth);
    return this.#snapshot.advance(this.#changes, epoch);
  }
}

class Replay implements Contents {
  readonly #depth: number;
  directory: Directory;
  holdings: Holding[] = [];
  /** Changes of all epochs before this one are in. */
  reached = 0;
  #applied = 0;
  /** Serial of entry 0. */
  #base = 0;

  constructor(depth: number) {
    this.#depth = depth;
    this.directory = new Directory(depth);
  }

  advance(changes: readonly Change[], epoch: number): this {
    this.reached = epoch;
    for (
      let change = changes[this.#applied];
      change && change.epoch < epoch;
      change = changes[this.#applied]
    ) {
      this.#apply(change);
      this.#applied++;
    }
    return this;
  }

  #apply(change: Change): void {
    if (change.kind === "reset") {
      this.#base += this.holdings.length;
      this.directory = new Directory(this.#depth);
      this.holdings = [];
    } else if (change.kind === "stored") {
      if (change.holding.serial !== this.#base + this.holdings.length) throw incomplete();
      this.directory.append({ root: BigInt(change.holding.root), leaves: change.holding.leaves });
      this.holdings.push(change.holding);
    } else {
      const index = change.serial - this.#base;
      const holding = this.holdings[index];
      if (!holding) throw incomplete();
      if (change.kind === "retired") this.directory.retire(index);
      const changed = change.kind === "retired" ? { retired: true } : { end: change.end };
      this.holdings[index] = { ...holding, ...changed };
    }
  }
}

function incomplete(): HoldfastError {
  return new HoldfastError(
    "chain",
    "the chain's events are incomplete: use another RPC, or an earlier fromBlock",
  );
}
