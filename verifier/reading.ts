/**
 * What the auditor reads of the chain: its model, and what is to be looked into, once the events are shown to be complete.
 * Nothing is held against anybody that a second reading of all events does not bear out: an endpoint may leave some out.
 */
import { Tally } from "../chain/counts.ts";
import type { Log } from "../chain/delivery.ts";
import type { EventStore } from "../chain/event-store.ts";
import type { Block } from "../chain/events.ts";
import { createFollower } from "../chain/follow.ts";
import { epochAt } from "../protocol/epochs.ts";
import { HoldfastError } from "../protocol/errors.ts";
import type { AuditChain, AuditEvent } from "./chain.ts";
import { isTakeOver, type Expected, type Model } from "./model.ts";
import type { AuditorState, ProofId } from "./state.ts";

/** What is to be judged: a proof that the chain says it took. */
export interface Claim extends ProofId {
  /** Of a node that waits to take over. */
  readonly takeOver: boolean;
}

/** What is to be looked into, as the events before it have it. */
export type Finding =
  | {
      readonly kind: "proof";
      readonly claim: Claim;
      /** In words, why the events ask for no proof. */
      readonly expected: Expected | string;
    }
  | { readonly kind: "beacon"; readonly event: AuditEvent }
  | { readonly kind: "miss"; readonly event: AuditEvent }
  | { readonly kind: "contradiction"; readonly source: string; readonly what: string };

export interface Reading {
  readonly model: Model;
  /** The newest block that was read. */
  readonly block: number;
  /** Reads what is new. Throws "chain" while events are missing. */
  update(): Promise<void>;
  /** The next one that is not dealt with. */
  finding(): Finding | undefined;
  dealtWith(): void;
  /** Whether all events were read again since this was asked first; if not, they will be. */
  isCertain(what: string): boolean;
  /** Whether something was asked that is not certain yet. */
  readonly doubts: boolean;
}

export interface ReadingModules {
  readonly chain: AuditChain;
  readonly store: EventStore;
  readonly state: AuditorState;
  readonly log: Log;
  readonly startModel: () => Model;
  /** Sees each event, in order; `restart`: all will come again. */
  readonly observer: { take(event: AuditEvent): void; restart(): void };
  /** Between questions of which there are many. */
  readonly meanwhile: () => Promise<void>;
}

/** A block that was looked at. */
interface Past {
  readonly block: Block;
  /** That were there. */
  readonly vNodes: readonly bigint[];
  /** How often it was asked about in vain. */
  tries: number;
}

/** Blocks that an endpoint still has the state of, whatever else it forgets. */
const MAX_PAST = 64;
/** How often an epoch that is over is asked about where there is no answer. */
const MAX_TRIES = 3;
/** Directories asked for at once. */
const AT_ONCE = 50;
/** Readings that have to say so before the chain is said to contradict itself: of what is new, and of everything. */
const READINGS = 2;

export function createReading(
  { fromBlock }: { readonly fromBlock: number },
  { chain, store, state, log, startModel, observer, meanwhile }: ReadingModules,
): Reading {
  let model = startModel();
  let next = model;
  let tally = new Tally();
  let block = fromBlock - 1;
  /** Of events that are not shown to be complete; whether they are all that there are. */
  let [found, isAnew]: [Finding[], boolean] = [[], true];
  /** To be dealt with, of which so many are. */
  let [findings, done]: [Finding[], number] = [[], 0];
  /** By vNode, the last epoch of which an event says that it was proven. */
  let proven = new Map<bigint, number>();
  /** The newest block that was looked at, and the last one of an epoch that was over by the next look. */
  let [running, ended]: [Past | undefined, Past | undefined] = [undefined, undefined];
  /** How often a directory was found to be another. */
  const suspicions = new Map<string, number>();
  /** What was asked to be certain, and how many times everything had been read again by then. */
  const asked = new Map<string, number>();
  let rereadings = 0;
  let doubts = false;

  function claimOf(event: AuditEvent): Claim | undefined {
    const { args, transaction, name, timestamp } = event;
    if (name !== "Proven" && name !== "TakeOverProven") return undefined;
    const [vNode, node] = [args["vNode"] as bigint, args["node"] as bigint];
    const claim = { vNode, node, transaction };
    if (name === "Proven") return { ...claim, epoch: Number(args["epoch"]), takeOver: false };
    const epoch = epochAt(timestamp, chain);
    return isTakeOver(event, epoch) ? { ...claim, epoch, takeOver: true } : undefined;
  }

  function expectation({ vNode, epoch, takeOver }: Claim): Expected | string {
    try {
      return takeOver ? next.expectedOfSuccessor(vNode, epoch) : next.expected(vNode, epoch);
    } catch (error) {
      if (error instanceof HoldfastError && error.code === "corrupt") return error.message;
      throw error;
    }
  }

  function take(event: AuditEvent): void {
    const { name, args, transaction } = event;
    observer.take(event);
    tally.take(name);
    if (name === "Proven") proven.set(args["vNode"] as bigint, Number(args["epoch"]));
    const claim = claimOf(event);
    // What new events contradict is judged again.
    if (claim && [undefined, "invalid"].includes(state.verdictOf(claim)))
      found.push({ kind: "proof", claim, expected: expectation(claim) });
    if (name === "BeaconRecorded") found.push({ kind: "beacon", event });
    if (name === "Missed") found.push({ kind: "miss", event });
    const what = next.apply(event);
    if (what !== undefined) found.push({ kind: "contradiction", source: `${transaction} ${name}`, what });
  }

  /** The chain's directories against those of its events. */
  async function compare(vNode: bigint, epoch: number, at: Block): Promise<string | undefined> {
    const theirs = await chain.directory(vNode, epoch, at.number);
    const ours = model.directory(vNode, epoch);
    if (theirs.root === ours.root && theirs.total === ours.total) return undefined;
    const source = `vNode ${vNode} in epoch ${epoch}`;
    const what = `the directory's total is ${theirs.total} or its root another than the events make: ${ours.total}`;
    const said = (suspicions.get(source) ?? 0) + 1;
    suspicions.set(source, said);
    if (said <= READINGS) return `${source}: ${what}`;
    asked.set(source, -1);
    found.push({ kind: "contradiction", source, what });
    return undefined;
  }

  /** Nothing that is counted shows that the event of a proof is missing; the contract knows until its epoch is over. */
  async function unseenProof({ block: at, vNodes }: Past): Promise<string | undefined> {
    const epoch = epochAt(at.timestamp, chain);
    if ((await chain.blockHash(at.number)) !== at.hash) return undefined;
    const asked = vNodes.filter((vNode) => model.directory(vNode, epoch).total > 0);
    for (let first = 0; first < asked.length; first += AT_ONCE) {
      await meanwhile();
      const found = await chain.proven(asked.slice(first, first + AT_ONCE), epoch, at.number);
      const unseen = found.find((vNode) => (proven.get(vNode) ?? 0) < epoch);
      if (unseen !== undefined) return `vNode ${unseen} has proven epoch ${epoch}, of which no event tells`;
    }
    return undefined;
  }

  /** What is not answered is not known, and keeps nothing else waiting. */
  async function lookBack(head: Block): Promise<string | undefined> {
    const past = ended;
    ended = undefined;
    if (!past || head.number - past.block.number > MAX_PAST) return undefined;
    try {
      const why = await unseenProof(past);
      // Asked again once more has been read.
      if (why !== undefined) ended = past;
      return why;
    } catch (error) {
      if (++past.tries < MAX_TRIES) ended = past;
      else log.warn({ err: error }, "whether all proofs of the last epoch were seen is not known");
      return undefined;
    }
  }

  async function check(head: Block, isNew: boolean): Promise<string | undefined> {
    if (running && epochAt(running.block.timestamp, chain) < epochAt(head.timestamp, chain)) ended = running;
    running = { block: head, vNodes: model.vNodes, tries: 0 };
    if (!isNew) return lookBack(head);
    const missing = tally.missing(await chain.counts(head));
    if (missing !== undefined) return missing;
    const vNodes = model.vNodes;
    for (let first = 0; first < vNodes.length; first += AT_ONCE) {
      await meanwhile();
      const some = vNodes.slice(first, first + AT_ONCE);
      const wrong = await Promise.all(
        some.map((vNode) => compare(vNode, epochAt(head.timestamp, chain), head)),
      );
      const why = wrong.find((each) => each !== undefined);
      if (why !== undefined) return why;
    }
    return lookBack(head);
  }

  const follower = createFollower(
    { fromBlock, epochAt: (timestamp) => epochAt(timestamp, chain) },
    {
      ...{ source: chain, store, log },
      reader: {
        restart() {
          next = startModel();
          tally = new Tally();
          proven = new Map();
          [found, isAnew] = [[], true];
          observer.restart();
        },
        take,
        ready: () => void (model = next),
        check,
      },
    },
  );

  return {
    get model() {
      return model;
    },
    get block() {
      return block;
    },
    get doubts() {
      return doubts;
    },
    async update() {
      block = (await follower.update()).number;
      if (doubts) rereadings++;
      doubts = false;
      if (isAnew) [findings, done] = [found, 0];
      else for (const each of found) findings.push(each);
      [found, isAnew] = [[], false];
    },
    finding: () => findings[done],
    dealtWith() {
      // An array that is long gives its first away slowly.
      if (++done === findings.length) [findings, done] = [[], 0];
    },
    isCertain(what) {
      const since = asked.get(what);
      if (since !== undefined && since < rereadings) return true;
      asked.set(what, since ?? rereadings);
      if (!doubts) log.warn({ what }, "all events are read again before that is held against anybody");
      doubts = true;
      follower.distrust();
      return false;
    },
  };
}
