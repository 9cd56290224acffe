/**
 * The auditor's loop: looks at the chain, verifies what was proven, records the beacons, settles what is over, and ends
 * challenges that nobody answered.
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
import { createModel, type Expected, type Model } from "./model.ts";
import type { AuditorState } from "./state.ts";

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
}

export interface Auditor {
  /** One look at the chain. Never throws for what may pass. */
  tick(): Promise<void>;
  /** Ticks until the signal. */
  run(): Promise<void>;
  readonly status: { readonly block: number; readonly epoch: number; readonly troubles: readonly string[] };
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

/** Epochs settled by one transaction. */
const SETTLE_BATCH = 64;
/** A challenge of epoch e can be answered through epoch e + 2 (Challenges). */
const RESPONSE_EPOCHS = 2;

export function createAuditor(options: AuditorOptions, modules: AuditorModules): Auditor {
  const { chain, state, log, signal, pollMs } = options;
  const sleep = modules.sleep ?? ((ms: number) => delay(ms, undefined, { signal }));
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
  let current = 0;
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
    now = head.timestamp;
    current = Math.max(0, Math.floor((now - chain.genesis) / chain.epochSeconds));
    if (seen.hash !== "" && (await chain.hashOf(seen.number)) !== seen.hash) {
      log.warn({ block: seen.number }, "reorganized");
      model = startModel();
      queue = [];
      seen = { number: options.fromBlock - 1, hash: "" };
    }
    if (head.number <= seen.number) return;
    queue.push(...(await chain.events(seen.number + 1, head.number)));
    seen = head;
  }

  /** An event leaves the queue once it is dealt with: what fails is tried again, in order. */
  async function work(): Promise<void> {
    for (let event = queue[0]; event && !signal.aborted; event = queue[0]) {
      if (event.name === "Proven") await judge(event);
      if (event.name === "BeaconRecorded") await checkBeacon(event);
      if (event.name === "Missed") noteMiss(event);
      model.apply(event);
      queue.shift();
    }
  }

  // ----------------------------------------------------------------------------------------------------- verifying

  async function judge(event: AuditEvent): Promise<void> {
    const { args, transaction } = event;
    const [vNode, epoch] = [args["vNode"] as bigint, Number(args["epoch"])];
    if (state.hasVerdict(transaction, vNode, epoch)) return;
    const expected = expectation(vNode, epoch);
    let reason: string | undefined;
    if (typeof expected === "string") reason = expected;
    else if (profileAt(expected.profile).keyHash === options.keyHash) reason = await flaw(expected, event);
    else return;
    const valid = reason === undefined;
    state.saveVerdict({ vNode, epoch, transaction, node: args["node"] as bigint, valid, reason });
    const fields = {
      vNode: Number(vNode),
      epoch,
      valid,
      transaction,
      ...(reason !== undefined && { reason }),
    };
    if (valid) log.info(fields, "verified");
    else log.error(fields, "verified");
  }

  /** In words, why the events ask for no proof. */
  function expectation(vNode: bigint, epoch: number): Expected | string {
    try {
      return model.expected(vNode, epoch);
    } catch (error) {
      if (error instanceof HoldfastError && error.code === "corrupt") return error.message;
      throw error;
    }
  }

  /** Why the chain should not have accepted this proof; undefined if it was right to. */
  async function flaw(expected: Expected, { args, transaction }: AuditEvent): Promise<string | undefined> {
    const [vNode, epoch, node] = [args["vNode"], Number(args["epoch"]), args["node"] as bigint];
    if (expected.node !== node) return `node ${node} is said to have proven, node ${expected.node} was to`;
    const proofs = await chain.proofsIn(transaction);
    const ours = proofs.filter((proof) => proof.vNode === vNode && proof.epoch === epoch);
    if (ours.length === 0) return "the transaction's calldata has no proof of it";
    for (const { proof } of ours) if (await modules.verify(proof, expected.inputs)) return undefined;
    return "the proof does not hold for what the events say";
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
    if (current <= epoch + RESPONSE_EPOCHS) return;
    await chain.expire(challenge);
    log.info({ challenge: Number(challenge) }, "expired");
  }

  async function tick(): Promise<void> {
    troubles = [];
    await attempt("reading the chain", read);
    for (const beacon of beacons) await attempt("recording the beacon", () => record(beacon));
    await attempt("verifying", work);
    for (const vNode of model.vNodes) await attempt(`settling vNode ${vNode}`, () => settle(vNode));
    for (const [id, epoch] of model.challenges)
      await attempt(`ending challenge ${id}`, () => expire(id, epoch));
  }

  return {
    tick,
    async run() {
      while (!signal.aborted) {
        await tick();
        await sleep(pollMs).catch(() => undefined); // ended by the signal
      }
    },
    get status() {
      return { block: seen.number, epoch: current, troubles };
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
