/**
 * The auditor's loop: looks at the chain, records the beacons, verifies what was proven, compares directories, settles what
 * is over, and ends challenges that nobody answered.
 *
 * Whatever of our own fails (chain, relay, disk) is logged and tried again: it is never held against a node.
 */
import { setTimeout as delay } from "node:timers/promises";
import { roundEvidence, roundFor } from "../protocol/drand.ts";
import { sourcePoint } from "../protocol/epochs.ts";
import { HoldfastError } from "../protocol/errors.ts";
import type { Hex } from "../protocol/field.ts";
import type { AuditChain, AuditEvent, DrandOnChain, ProfileOnChain } from "./chain.ts";
import type { DrandClient } from "./drand.ts";
import { createModel, isTakeOver, type Expected, type Model } from "./model.ts";
import type { AuditorState, Outcome, ProofId } from "./state.ts";

export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface AuditorOptions {
  readonly chain: AuditChain;
  readonly state: AuditorState;
  /** Of the verification key that proofs are judged by: those under another one are left alone. */
  readonly keyHash: Hex;
  readonly fromBlock: number;
  readonly pollMs: number;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** What a test replaces. */
export interface AuditorModules {
  /** The drand network of a beacon; undefined for one whose key we do not know. */
  readonly drand: (chain: DrandOnChain) => DrandClient | undefined;
  readonly verify: (proof: readonly bigint[], inputs: readonly bigint[]) => Promise<boolean>;
  readonly sleep?: (ms: number) => Promise<void>;
  /** Milliseconds that pass, from any beginning. */
  readonly clock?: () => number;
}

export interface Auditor {
  /** One look at the chain. Never throws for what may pass. */
  tick(): Promise<void>;
  /** Ticks until the signal. */
  run(): Promise<void>;
  readonly status: {
    readonly block: number;
    /** Of the newest block, in seconds; 0: none is read yet. */
    readonly time: number;
    readonly epoch: number;
    readonly troubles: readonly string[];
  };
}

interface Draw {
  readonly evidence: Uint8Array;
  readonly randomness: string;
}

interface Beacon {
  readonly index: number;
  /** For logs: the drand round, if it is one. */
  readonly facts: (epoch: number) => { readonly round?: number };
  /** What the beacon must say of an epoch; undefined if nobody can know yet. Not there if we cannot know. */
  readonly draw?: (epoch: number) => Promise<Draw | undefined>;
}

/** What is to be judged: a proof that the chain says it took. */
interface Claim extends ProofId {
  /** Of a node that waits to take over. */
  readonly takeOver: boolean;
}

/** Epochs settled by one transaction. */
const SETTLE_BATCH = 64;
/** A challenge of epoch e can be answered through epoch e + 2, or longer if the node pauses (Challenges). */
const RESPONSE_EPOCHS = 2;

export function createAuditor(options: AuditorOptions, modules: AuditorModules): Auditor {
  const { chain, state, log, signal, pollMs } = options;
  const sleep = modules.sleep ?? ((ms: number) => delay(ms, undefined, { signal }));
  const clock = modules.clock ?? (() => performance.now());
  /** In the order of the deployment, which may add some while we run. */
  const profiles: ProfileOnChain[] = [];
  const beacons: Beacon[] = [];
  const startModel = (): Model =>
    createModel({ ...chain, directoryDepth: (profile) => profileAt(profile).directoryDepth });
  const profileAt = (index: number): ProfileOnChain => {
    const profile = profiles[index];
    if (profile) return profile;
    throw new HoldfastError(
      "corrupt",
      `the events speak of profile ${index}, which the deployment does not have`,
    );
  };

  let model = startModel();
  /** Read from the chain and not dealt with yet. */
  let queue: AuditEvent[] = [];
  let seen = { number: options.fromBlock - 1, hash: "" };
  let now = 0;
  /** When that was read, by our own clock. */
  let readAt = 0;
  let current = 0;
  /** The epoch in which each vNode's directory was compared last. */
  const compared = new Map<bigint, number>();
  let troubles: string[] = [];

  const ended = (): boolean => signal.aborted;

  async function attempt(what: string, work: () => Promise<void>): Promise<void> {
    if (ended()) return;
    try {
      await work();
    } catch (error) {
      if (ended()) return;
      const reason = error instanceof Error ? error.message : String(error);
      troubles.push(`${what}: ${reason}`);
      log.warn({ what, reason }, "trouble");
    }
  }

  // ------------------------------------------------------------------------------------------------------- reading

  async function readChoices(): Promise<void> {
    for (const count = await chain.profileCount(); profiles.length < count;) {
      const profile = await chain.profile(profiles.length);
      if (profile.keyHash !== options.keyHash)
        log.warn({ profile: profiles.length }, "another key than ours: its proofs are not verified");
      profiles.push(profile);
    }
    for (const count = await chain.beaconCount(); beacons.length < count;) {
      const beacon = await openBeacon(beacons.length, chain, modules, signal);
      if (!beacon.draw)
        log.warn({ beacon: beacon.index }, "another drand key than ours: neither recorded nor checked");
      beacons.push(beacon);
    }
  }

  async function read(): Promise<void> {
    const head = await chain.head();
    // Before the events, which may speak of new ones.
    await readChoices();
    setTime(head.timestamp);
    if (seen.hash !== "" && (await chain.hashOf(seen.number)) !== seen.hash) {
      log.warn({ block: seen.number }, "reorganized");
      model = startModel();
      queue = [];
      compared.clear();
      seen = { number: options.fromBlock - 1, hash: "" };
    }
    if (head.number <= seen.number) return;
    queue.push(...(await chain.events(seen.number + 1, head.number)));
    seen = head;
  }

  function setTime(timestamp: number): void {
    [now, readAt] = [timestamp, clock()];
    current = Math.max(0, Math.floor((now - chain.genesis) / chain.epochSeconds));
  }

  /** An event leaves the queue once it is dealt with: what fails is tried again, in order. */
  async function work(): Promise<void> {
    for (let event = queue[0]; event && !signal.aborted; event = queue[0]) {
      // Proofs take long to verify, and what recording pays falls from the source point on.
      if (untilSourcePoint() <= 0) await recordAgain();
      const claim = claimOf(event);
      if (claim) await judge(claim);
      if (event.name === "BeaconRecorded") await checkBeacon(event);
      if (event.name === "Missed") noteMiss(event);
      const contradiction = model.apply(event);
      if (contradiction !== undefined) object(`${event.transaction} ${event.name}`, contradiction);
      queue.shift();
    }
  }

  /** What the chain says that its own events do not bear out. */
  function object(source: string, what: string): void {
    if (state.saveContradiction(source, what)) log.error({ source, what }, "contradiction");
  }

  /** The chain's directories against those of its events, once an epoch. */
  async function compare(vNode: bigint): Promise<void> {
    if (queue.length > 0 || compared.get(vNode) === current) return;
    const theirs = await chain.directory(vNode, current, seen.number);
    const ours = model.directory(vNode, current);
    compared.set(vNode, current);
    if (theirs.root === ours.root && theirs.total === ours.total) return;
    object(
      `vNode ${vNode} in epoch ${current}`,
      `the directory's total is ${theirs.total} or its root another than the events make: ${ours.total}`,
    );
  }

  // ----------------------------------------------------------------------------------------------------- verifying

  function claimOf(event: AuditEvent): Claim | undefined {
    const { args, transaction, name, timestamp } = event;
    if (name !== "Proven" && name !== "TakeOverProven") return undefined;
    const [vNode, node] = [args["vNode"] as bigint, args["node"] as bigint];
    const claim = { vNode, node, transaction };
    if (name === "Proven") return { ...claim, epoch: Number(args["epoch"]), takeOver: false };
    const epoch = Math.floor((timestamp - chain.genesis) / chain.epochSeconds);
    return isTakeOver(event, epoch) ? { ...claim, epoch, takeOver: true } : undefined;
  }

  async function judge(claim: Claim): Promise<void> {
    if (state.hasVerdict(claim)) return;
    const expected = expectation(claim);
    let verdict: { outcome: Outcome; reason?: string };
    if (typeof expected === "string") verdict = { outcome: "invalid", reason: expected };
    else if (profileAt(expected.profile).keyHash === options.keyHash) verdict = await look(claim, expected);
    else return;
    const { outcome, reason } = verdict;
    const { vNode, epoch, transaction, takeOver } = claim;
    state.saveVerdict({ ...claim, outcome, reason });
    const fields = {
      ...{ vNode: Number(vNode), epoch, outcome, transaction },
      ...(takeOver && { takeOver }),
      ...(reason !== undefined && { reason }),
    };
    if (outcome === "valid") log.info(fields, "verified");
    else if (outcome === "unseen") log.warn(fields, "verified");
    else log.error(fields, "verified");
  }

  /** In words, why the events ask for no proof. */
  function expectation({ vNode, epoch, takeOver }: Claim): Expected | string {
    try {
      return takeOver ? model.expectedOfSuccessor(vNode, epoch) : model.expected(vNode, epoch);
    } catch (error) {
      if (error instanceof HoldfastError && error.code === "corrupt") return error.message;
      throw error;
    }
  }

  /** Whether the chain was right to accept this proof. Never "invalid" of one that we have not seen. */
  async function look(claim: Claim, expected: Expected): Promise<{ outcome: Outcome; reason?: string }> {
    const { vNode, epoch, node, takeOver, transaction } = claim;
    if (expected.node !== node) {
      const reason = `node ${node} is said to have proven, node ${expected.node} was to`;
      return { outcome: "invalid", reason };
    }
    const ours = (await chain.proofsIn(transaction))?.filter(
      (one) => one.vNode === vNode && one.epoch === epoch && one.takeOver === takeOver,
    );
    if (!ours) return { outcome: "unseen", reason: "another contract delivered the proof" };
    if (ours.length === 0) return { outcome: "unseen", reason: "the calldata has no proof of it" };
    for (const { proof } of ours)
      if (await modules.verify(proof, expected.inputs)) return { outcome: "valid" };
    return { outcome: "invalid", reason: "the proof does not hold for what the events say" };
  }

  function noteMiss({ args }: AuditEvent): void {
    const [vNode, node, epoch] = [args["vNode"] as bigint, args["node"] as bigint, Number(args["epoch"])];
    const misses = Number(args["misses"]);
    state.saveMiss({ vNode, node, epoch, misses });
    log.warn({ vNode: Number(vNode), node: Number(node), epoch, misses }, "missed");
  }

  // -------------------------------------------------------------------------------------------------------- beacon

  /** What is on record must be what the source says. */
  async function checkBeacon({ args }: AuditEvent): Promise<void> {
    const beacon = beacons[Number(args["beacon"])];
    if (!beacon?.draw) return;
    const epoch = Number(args["epoch"]);
    const agrees = (await beacon.draw(epoch))?.randomness === args["randomness"];
    const fields = { epoch, ...beacon.facts(epoch), beacon: beacon.index, agrees };
    if (agrees) log.info(fields, "beacon");
    else log.error(fields, "beacon");
  }

  /** Seconds from now, by our own clock, to the next source point that was not reached when the chain was read. */
  function untilSourcePoint(): number {
    const epoch = now < sourcePoint(current, chain) ? current : current + 1;
    return sourcePoint(epoch, chain) - now - (clock() - readAt) / 1000;
  }

  async function recordAgain(): Promise<void> {
    await attempt("reading the chain", async () => setTime((await chain.head()).timestamp));
    await recordAll();
  }

  async function recordAll(): Promise<void> {
    for (const beacon of beacons) await attempt("recording the beacon", () => record(beacon));
  }

  /** As soon as it is known: whoever is first is paid, and less from then on. */
  async function record(beacon: Beacon): Promise<void> {
    const epoch = current;
    if (epoch === 0 || !beacon.draw || now < sourcePoint(epoch, chain)) return;
    if ((await chain.randomness(beacon.index, epoch)) !== 0n) return;
    const drawn = await beacon.draw(epoch);
    if (drawn) await chain.recordBeacon(beacon.index, epoch, drawn.evidence);
  }

  // ------------------------------------------------------------------------------------------------------ settling

  async function settle(vNode: bigint): Promise<void> {
    const { settled, idle } = await chain.state(vNode);
    if (idle || settled >= current - 1) return;
    await chain.settle(vNode, SETTLE_BATCH);
    log.info({ vNode: Number(vNode), from: settled + 1, through: current - 1 }, "settled");
  }

  // ---------------------------------------------------------------------------------------------------- challenges

  async function expire(challenge: bigint, epoch: number): Promise<void> {
    if (current <= epoch + RESPONSE_EPOCHS || current <= (await chain.lastAnswer(challenge))) return;
    await chain.expire(challenge);
    log.info({ challenge: Number(challenge) }, "expired");
  }

  async function tick(): Promise<void> {
    troubles = [];
    await attempt("reading the chain", read);
    await recordAll();
    await attempt("verifying", work);
    for (const vNode of model.vNodes) await attempt(`comparing vNode ${vNode}`, () => compare(vNode));
    for (const vNode of model.vNodes) await attempt(`settling vNode ${vNode}`, () => settle(vNode));
    for (const [id, epoch] of model.challenges)
      await attempt(`ending challenge ${id}`, () => expire(id, epoch));
  }

  return {
    tick,
    async run() {
      while (!signal.aborted) {
        await tick();
        const left = 1000 * untilSourcePoint();
        // The chain's clock may be behind ours.
        await sleep(left > 0 ? Math.min(pollMs, left) : pollMs).catch(() => undefined); // ended by the signal
      }
    },
    get status() {
      return { block: seen.number, time: now, epoch: current, troubles };
    },
  };
}

async function openBeacon(
  index: number,
  chain: AuditChain,
  { drand }: AuditorModules,
  signal: AbortSignal,
): Promise<Beacon> {
  const source = await chain.beacon(index);
  if (!source) return { index, facts: () => ({}), draw: (epoch) => chain.headers(epoch) };
  const roundOf = (epoch: number): number => roundFor(epoch, chain, source);
  const facts = (epoch: number) => ({ round: roundOf(epoch) });
  const client = drand(source);
  if (!client) return { index, facts };
  return {
    index,
    facts,
    async draw(epoch) {
      const round = roundOf(epoch);
      const { signature, randomness } = await client.round(round, signal);
      return { evidence: roundEvidence(round, Buffer.from(signature.slice(2), "hex")), randomness };
    },
  };
}
