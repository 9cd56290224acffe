/**
 * The auditor's loop: looks at the chain, records beacons, verifies proofs, compares directories, settles epochs that
 * are over, and ends challenges that nobody answered.
 *
 * It waits for no transaction. A failure on its own side (chain, relay, disk) is logged and tried again, and is never
 * held against a node.
 */
import { setTimeout as delay } from "node:timers/promises";
import { untilAborted, type Log } from "../chain/delivery.ts";
import type { EventStore } from "../chain/event-store.ts";
import { isIncomplete } from "../chain/follow.ts";
import type { Sender } from "../chain/sender.ts";
import { epochAt, sourcePoint } from "../protocol/epochs.ts";
import { HoldfastError } from "../protocol/errors.ts";
import type { Hex } from "../protocol/field.ts";
import { BEACON_PREFIX, openBeacon, recordBeacon, type Beacon, type FindDrand } from "./beacons.ts";
import type { AuditCall, AuditChain, AuditEvent, ProfileOnChain } from "./chain.ts";
import { createModel, type Expected, type Model } from "./model.ts";
import { createReading, type Claim } from "./reading.ts";
import { createSettling } from "./settling.ts";
import type { AuditorState, Outcome } from "./state.ts";
import { createIncomes, type SettleChoice } from "./worth.ts";

export type { Log } from "../chain/delivery.ts";

export interface AuditorOptions {
  readonly chain: AuditChain;
  readonly state: AuditorState;
  /** Events that were read before. */
  readonly store: EventStore;
  /** Hash of the auditor's verification key. Proofs under other keys are not verified. */
  readonly keyHash: Hex;
  readonly fromBlock: number;
  readonly pollMs: number;
  readonly settle: SettleChoice;
  /** Value of 10^18 wei in token units. 0: unknown. */
  readonly coinValue: bigint;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Modules that a test can replace. */
export interface AuditorModules {
  readonly sender: Sender<AuditCall>;
  readonly drand: FindDrand;
  readonly verify: (proof: readonly bigint[], inputs: readonly bigint[]) => Promise<boolean>;
  readonly sleep?: (ms: number) => Promise<void>;
  /** Milliseconds since some fixed time. */
  readonly clock?: () => number;
}

export interface Auditor {
  /** Looks at the chain once. Does not throw for problems that may pass. */
  tick(): Promise<void>;
  /** Ticks until the signal aborts, and continues transactions sent before. */
  run(): Promise<void>;
  /** Resolves when no work is running. */
  settled(): Promise<void>;
  readonly status: {
    readonly block: number;
    /** Time of the newest block, in seconds; 0 if none has been read yet. */
    readonly time: number;
    readonly epoch: number;
    readonly troubles: readonly string[];
  };
}

/** Around a source point, nothing may delay the beacons: for so many seconds, but at most this share of an epoch. */
const [QUIET_SECONDS, QUIET_SHARE] = [120, 1 / 8];
/** A transaction that is open for longer is reported as a trouble. */
const LATE_MS = 300_000;
/** If events are missing: readings that are made at once, and the waits between later ones, which double. */
const [TRIES, FIRST_WAIT_MS, MAX_WAIT_MS] = [3, 15_000, 600_000];
/**
 * A challenge of epoch e can be answered until the end of epoch e + 2, or later if the node pauses (Challenges.sol).
 */
const RESPONSE_EPOCHS = 2;

export function createAuditor(options: AuditorOptions, modules: AuditorModules): Auditor {
  const { chain, state, log, signal, pollMs } = options;
  const { sender } = modules;
  const sleep = modules.sleep ?? ((ms: number) => delay(ms, undefined, { signal }));
  const clock = modules.clock ?? (() => performance.now());
  /** In the order of the deployment, which may add some while the auditor runs. */
  const profiles: ProfileOnChain[] = [];
  const beacons: Beacon[] = [];
  const startModel = (): Model =>
    createModel({ ...chain, directoryDepth: (profile) => profileAt(profile).directoryDepth });
  const profileAt = (index: number): ProfileOnChain => {
    const profile = profiles[index];
    if (profile) return profile;
    throw new HoldfastError(
      "corrupt",
      `the events name profile ${index}, which the deployment does not have`,
    );
  };

  let now = 0;
  /** When that time was read, by the auditor's own clock. */
  let readAt = 0;
  let current = 0;
  let troubles: string[] = [];
  /** Hash of the block at which profiles and beacons were last read. */
  let lookedAt = "";
  /** Failed readings in a row, when the next one may begin, and why the last one failed. */
  let [incomplete, readAgainAt, lastDoubt] = [0, 0, ""];
  /** Work that the loop does not wait for, and the reasons of work that failed last; both by key. */
  const working = new Map<string, Promise<void>>();
  const failing = new Map<string, string>();
  const incomes = createIncomes();
  const reading = createReading(options, {
    ...options,
    startModel,
    observer: { take: (event) => incomes.note(event), restart: () => incomes.clear() },
    async meanwhile() {
      if (untilSourcePoint() <= 0) await recordAgain();
    },
  });
  const settling = createSettling(options, { chain, sender, state, incomes, log });

  const ended = (): boolean => signal.aborted;

  async function attempt(what: string, work: () => Promise<void>): Promise<void> {
    if (ended()) return;
    try {
      await untilAborted(work(), signal);
    } catch (error) {
      if (ended()) return;
      troubles.push(told(what, error));
    }
  }

  function told(what: string, error: unknown): string {
    const reason = error instanceof Error ? error.message : String(error);
    log.warn({ what, reason }, "failed; will try again");
    return `${what}: ${reason}`;
  }

  /** Starts work unless work of the same key is running. */
  function start(key: string, what: string, work: () => Promise<void>): void {
    if (working.has(key) || ended()) return;
    const promise = untilAborted(work(), signal)
      .then(
        () => void failing.delete(key),
        (error: unknown) => {
          if (!ended()) failing.set(key, told(what, error));
        },
      )
      .finally(() => working.delete(key));
    working.set(key, promise);
  }

  // ------------------------------------------------------------------------------------------------------- reading

  async function readChoices(): Promise<void> {
    for (const count = await chain.profileCount(); profiles.length < count;) {
      const profile = await chain.profile(profiles.length);
      if (profile.keyHash !== options.keyHash)
        log.warn(
          { profile: profiles.length },
          "a profile uses another key than this auditor: its proofs are not verified",
        );
      profiles.push(profile);
    }
    for (const count = await chain.beaconCount(); beacons.length < count;) {
      const beacon = await openBeacon(beacons.length, chain, { drand: modules.drand, signal });
      if (!beacon.draw)
        log.warn(
          { beacon: beacon.index },
          "a beacon uses another drand key than this auditor: it is neither recorded nor checked",
        );
      beacons.push(beacon);
    }
  }

  /** Reads new profiles and beacons before the events, which may be many and may mention them. */
  async function lookAround(): Promise<void> {
    const { timestamp, hash } = await chain.block();
    if (hash !== lookedAt) await readChoices();
    lookedAt = hash;
    setTime(timestamp);
  }

  /** Reading everything again is expensive, so if it does not help it is repeated less and less often. */
  async function read(): Promise<void> {
    if (clock() < readAgainAt) throw new HoldfastError("chain", lastDoubt, { incomplete: true });
    try {
      await reading.update();
      incomplete = 0;
    } catch (error) {
      incomplete = isIncomplete(error) ? incomplete + 1 : 0;
      if (incomplete > TRIES) {
        readAgainAt = clock() + Math.min(FIRST_WAIT_MS * 2 ** (incomplete - TRIES), MAX_WAIT_MS);
        lastDoubt = (error as Error).message;
      }
      throw error;
    }
  }

  function setTime(timestamp: number): void {
    [now, readAt] = [timestamp, clock()];
    const epoch = epochAt(now, chain);
    if (epoch !== current) failing.clear();
    current = epoch;
  }

  /** Deals with the findings in order. One that fails stays first, and is tried again. */
  async function work(): Promise<void> {
    for (let found = reading.finding(); found && !signal.aborted; found = reading.finding()) {
      // Verifying takes long, and the fee for recording falls with every second after the source point.
      if (untilSourcePoint() <= 0) await recordAgain();
      if (found.kind === "proof") await judge(found.claim, found.expected);
      else if (found.kind === "beacon") await checkBeacon(found.event);
      else if (found.kind === "miss") noteMiss(found.event);
      else contradict(found.source, found.what);
      reading.dealtWith();
    }
  }

  /** Reports that the chain contradicts its own events. */
  function contradict(source: string, what: string): void {
    if (state.hasContradiction(source, what) || !reading.isCertain(source)) return;
    state.saveContradiction(source, what);
    log.error({ source, what }, "contradiction");
  }

  // ----------------------------------------------------------------------------------------------------- verifying

  async function judge(claim: Claim, expected: Expected | string): Promise<void> {
    let verdict: { outcome: Outcome; reason?: string };
    if (typeof expected === "string") verdict = { outcome: "invalid", reason: expected };
    else if (profileAt(expected.profile).keyHash === options.keyHash) verdict = await look(claim, expected);
    else return;
    const { outcome, reason } = verdict;
    const { vNode, epoch, node, transaction, takeOver } = claim;
    if (outcome === "invalid") {
      const what = `vNode ${vNode}, epoch ${epoch}, node ${node}, transaction ${transaction}: ${reason}`;
      if (state.verdictOf(claim) === "invalid" || !reading.isCertain(what)) return;
    }
    state.saveVerdict({ ...claim, outcome, reason });
    const fields = {
      vNode: Number(vNode),
      epoch,
      outcome,
      transaction,
      ...(takeOver && { takeOver }),
      ...(reason !== undefined && { reason }),
    };
    if (outcome === "valid") log.info(fields, "verified");
    else if (outcome === "unseen") log.warn(fields, "verified");
    else log.error(fields, "verified");
  }

  /** Whether the chain was right to accept this proof. Never "invalid" for a proof that was not found. */
  async function look(claim: Claim, expected: Expected): Promise<{ outcome: Outcome; reason?: string }> {
    const { vNode, epoch, node, takeOver, transaction } = claim;
    if (expected.node !== node) {
      const reason = `node ${node} is reported to have proven, but node ${expected.node} had to`;
      return { outcome: "invalid", reason };
    }
    const ours = (await chain.proofsIn(transaction))?.filter(
      (one) => one.vNode === vNode && one.epoch === epoch && one.takeOver === takeOver,
    );
    if (!ours) return { outcome: "unseen", reason: "another contract delivered the proof" };
    if (ours.length === 0)
      return { outcome: "unseen", reason: "the transaction's calldata does not contain the proof" };
    for (const { proof } of ours)
      if (await modules.verify(proof, expected.inputs)) return { outcome: "valid" };
    return { outcome: "invalid", reason: "the proof does not verify for the inputs that the events give" };
  }

  function noteMiss({ args }: AuditEvent): void {
    const [vNode, node, epoch] = [args["vNode"] as bigint, args["node"] as bigint, Number(args["epoch"])];
    const misses = Number(args["misses"]);
    if (state.saveMiss({ vNode, node, epoch, misses }))
      log.warn({ vNode: Number(vNode), node: Number(node), epoch, misses }, "missed");
  }

  // -------------------------------------------------------------------------------------------------------- beacon

  /** Compares the recorded randomness with its source. */
  async function checkBeacon({ args }: AuditEvent): Promise<void> {
    const beacon = beacons[Number(args["beacon"])];
    if (!beacon?.draw) return;
    const [epoch, randomness] = [Number(args["epoch"]), args["randomness"] as Hex];
    if (state.isChecked(beacon.index, epoch, randomness)) return;
    const agrees = (await beacon.draw(epoch))?.randomness === randomness;
    if (agrees) state.saveChecked(beacon.index, epoch, randomness);
    const fields = { epoch, ...beacon.facts(epoch), beacon: beacon.index, agrees };
    if (agrees) log.info(fields, "beacon");
    else log.error(fields, "beacon");
  }

  /**
   * Seconds until the next source point that the chain had not reached when it was read, by the auditor's own clock.
   */
  function untilSourcePoint(): number {
    const epoch = now < sourcePoint(current, chain) ? current : current + 1;
    return sourcePoint(epoch, chain) - now - (clock() - readAt) / 1000;
  }

  async function recordAgain(): Promise<void> {
    await attempt("reading the chain", async () => setTime((await chain.block()).timestamp));
    recordAll();
  }

  /**
   * Records every beacon as soon as its randomness is known: the first recorder is paid, and the fee falls with time.
   */
  function recordAll(): void {
    const epoch = current;
    if (epoch === 0 || now < sourcePoint(epoch, chain)) return;
    for (const beacon of beacons)
      start(`${BEACON_PREFIX}${beacon.index}/${epoch}`, "recording the beacon", () =>
        recordBeacon(beacon, epoch, { chain, sender }),
      );
  }

  /** Whether a transaction sent now would not delay a beacon. */
  function mayBegin(): boolean {
    const quiet = Math.min(QUIET_SECONDS, chain.epochSeconds * QUIET_SHARE);
    if (untilSourcePoint() <= quiet) return false;
    const since = now - sourcePoint(current, chain) + (clock() - readAt) / 1000;
    const isRecording = [...working.keys()].some((key) => key.startsWith(BEACON_PREFIX));
    return !isRecording || since < 0 || since > quiet;
  }

  // ---------------------------------------------------------------------------------------------------- challenges

  async function expire(challenge: bigint): Promise<void> {
    if (current <= (await chain.lastAnswer(challenge))) return;
    await sender.send(`expire/${challenge}`, { kind: "expire", challenge });
    log.info({ challenge: Number(challenge) }, "expired");
  }

  async function tick(): Promise<void> {
    troubles = [];
    await attempt("reading the chain", lookAround);
    recordAll();
    if (troubles.length === 0) await attempt("reading the chain", read);
    await attempt("verifying", work);
    if (reading.doubts) {
      await attempt("reading the chain again", read);
      await attempt("verifying", work);
    }
    const { model } = reading;
    await attempt("settling", () => settling.attend({ epoch: current, vNodes: model.vNodes, mayBegin }));
    for (const [id, epoch] of model.challenges)
      if (current > epoch + RESPONSE_EPOCHS)
        start(`expire/${id}`, `ending challenge ${id}`, () => expire(id));
  }

  return {
    tick,
    async run() {
      void sender.resume();
      while (!signal.aborted) {
        await tick();
        const left = 1000 * untilSourcePoint();
        // The chain's clock may be behind ours.
        await sleep(left > 0 ? Math.min(pollMs, left) : pollMs).catch(() => undefined); // the signal ends the wait
      }
    },
    async settled() {
      while (working.size > 0) await Promise.all(working.values());
      await settling.settled();
    },
    get status() {
      const late = sender
        .openFor(LATE_MS)
        .map((key) => `the transaction ${key} has not been mined for ${LATE_MS / 60_000} minutes`);
      const all = [...troubles, ...failing.values(), ...settling.troubles, ...late];
      return { block: reading.block, time: now, epoch: current, troubles: all };
    },
  };
}
