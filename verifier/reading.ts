/**
 * What the auditor reads from the chain: its model, and the findings to look into, once the events are known to be
 * complete. Nothing is held against anybody unless a second reading of all events confirms it, because an endpoint
 * may leave events out.
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

/** A proof that the chain has accepted, to be verified. */
export interface Claim extends ProofId {
  /** Whether it comes from a node that waits to take over. */
  readonly takeOver: boolean;
}

/** Something to look into, with what the events before it say. */
export type Finding =
  | {
      readonly kind: "proof";
      readonly claim: Claim;
      /** What the proof must show; or why the events ask for no proof, in words. */
      readonly expected: Expected | string;
    }
  | { readonly kind: "beacon"; readonly event: AuditEvent }
  | { readonly kind: "miss"; readonly event: AuditEvent }
  | { readonly kind: "contradiction"; readonly source: string; readonly what: string };

export interface Reading {
  readonly model: Model;
  /** The newest block that was read. */
  readonly block: number;
  /** Reads new events. @throws HoldfastError "chain" while events are missing */
  update(): Promise<void>;
  /** The next finding that is not dealt with. */
  finding(): Finding | undefined;
  dealtWith(): void;
  /** Whether all events were read again since this was first asked. If not, the next update reads them again. */
  isCertain(what: string): boolean;
  /** Whether a question is still uncertain. */
  readonly doubts: boolean;
}

export interface ReadingModules {
  readonly chain: AuditChain;
  readonly store: EventStore;
  readonly state: AuditorState;
  readonly log: Log;
  readonly startModel: () => Model;
  /** Sees each event in order; `restart` means that all will come again. */
  readonly observer: { take(event: AuditEvent): void; restart(): void };
  /** Called between many questions in a row. */
  readonly meanwhile: () => Promise<void>;
}

/** A block at which the chain was looked at. */
interface Past {
  readonly block: Block;
  /** The vNodes that existed then. */
  readonly vNodes: readonly bigint[];
  /** Attempts to ask about it that failed. */
  tries: number;
}

/** Blocks whose state an endpoint still has, even if it keeps no older state. */
const MAX_PAST = 64;
/** Attempts to ask about an epoch that is over. */
const MAX_TRIES = 3;
/** Directories asked for at a time. */
const AT_ONCE = 50;
/** Readings that must show a difference before it is reported as a contradiction: one of new events, and one of all. */
const READINGS = 2;

export function createReading(
  { fromBlock }: { readonly fromBlock: number },
  { chain, store, state, log, startModel, observer, meanwhile }: ReadingModules,
): Reading {
  let model = startModel();
  let next = model;
  let tally = new Tally();
  let block = fromBlock - 1;
  /** Findings of events that are not known to be complete, and whether they come from a reading of all events. */
  let [found, isAnew]: [Finding[], boolean] = [[], true];
  /** Findings to deal with, and how many of them are done. */
  let [findings, done]: [Finding[], number] = [[], 0];
  /** The last epoch that each vNode has proven, by the events. */
  let proven = new Map<bigint, number>();
  /** The newest block looked at, and the last one looked at in the epoch before. */
  let [running, ended]: [Past | undefined, Past | undefined] = [undefined, undefined];
  /** How often each directory was found to differ. */
  const suspicions = new Map<string, number>();
  /** For each uncertain question, the number of complete readings when it was first asked. */
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
    // An invalid proof is judged again, because new events may contradict the verdict.
    if (claim && [undefined, "invalid"].includes(state.verdictOf(claim)))
      found.push({ kind: "proof", claim, expected: expectation(claim) });
    if (name === "BeaconRecorded") found.push({ kind: "beacon", event });
    if (name === "Missed") found.push({ kind: "miss", event });
    const what = next.apply(event);
    if (what !== undefined) found.push({ kind: "contradiction", source: `${transaction} ${name}`, what });
  }

  /** Compares the chain's directory with the one that the events give. */
  async function compare(vNode: bigint, epoch: number, at: Block): Promise<string | undefined> {
    const theirs = await chain.directory(vNode, epoch, at.number);
    const ours = model.directory(vNode, epoch);
    if (theirs.root === ours.root && theirs.total === ours.total) return undefined;
    const source = `vNode ${vNode} in epoch ${epoch}`;
    const what = `the directory's total is ${theirs.total} on the chain and ${ours.total} by its events, or their roots differ`;
    const said = (suspicions.get(source) ?? 0) + 1;
    suspicions.set(source, said);
    if (said <= READINGS) return `${source}: ${what}`;
    asked.set(source, -1);
    found.push({ kind: "contradiction", source, what });
    return undefined;
  }

  /**
   * Looks for proofs without an event. No count shows that such an event is missing, but the contract knows until the
   * epoch is over.
   */
  async function unseenProof({ block: at, vNodes }: Past): Promise<string | undefined> {
    const epoch = epochAt(at.timestamp, chain);
    if ((await chain.blockHash(at.number)) !== at.hash) return undefined;
    const asked = vNodes.filter((vNode) => model.directory(vNode, epoch).total > 0);
    for (let first = 0; first < asked.length; first += AT_ONCE) {
      await meanwhile();
      const found = await chain.proven(asked.slice(first, first + AT_ONCE), epoch, at.number);
      const unseen = found.find((vNode) => (proven.get(vNode) ?? 0) < epoch);
      if (unseen !== undefined) return `vNode ${unseen} has proven epoch ${epoch}, but no event says so`;
    }
    return undefined;
  }

  /** An answer that does not come leaves the question open, and holds up nothing else. */
  async function lookBack(head: Block): Promise<string | undefined> {
    const past = ended;
    ended = undefined;
    if (!past || head.number - past.block.number > MAX_PAST) return undefined;
    try {
      const why = await unseenProof(past);
      // Asked again when more has been read.
      if (why !== undefined) ended = past;
      return why;
    } catch (error) {
      if (++past.tries < MAX_TRIES) ended = past;
      else log.warn({ err: error }, "cannot find out whether all proofs of the last epoch were seen");
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
      source: chain,
      store,
      log,
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
      // Removing the first element of a long array would be slow.
      if (++done === findings.length) [findings, done] = [[], 0];
    },
    isCertain(what) {
      const since = asked.get(what);
      if (since !== undefined && since < rereadings) return true;
      asked.set(what, since ?? rereadings);
      if (!doubts) log.warn({ what }, "reading all events again before this is held against anybody");
      doubts = true;
      follower.distrust();
      return false;
    },
  };
}
