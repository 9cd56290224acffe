/**
 * The proving loop: which vNodes are due, their samples from disk, a proof that is checked here first, and its delivery;
 * and around it the upkeep of what a vNode must hold.
 *
 * A look at the chain starts what is to be done and waits for none of it; the next look starts what failed again.
 */
import type { Logger } from "pino";
import { roundEvidence } from "../protocol/drand.ts";
import type { Hex } from "../protocol/field.ts";
import { proofWords } from "../protocol/groth16.ts";
import type { Profile } from "../protocol/profiles.ts";
import type { Statement } from "../protocol/statement.ts";
import type { FetchRound } from "./beacon.ts";
import { isAlreadyProven, type Duty, type NodeChain, type VNodeState } from "./chain.ts";
import { createChallenges, type OpenChallenge } from "./challenges.ts";
import type { Clock } from "./clock.ts";
import type { ProofResult } from "./engine.ts";
import type { Holding, Holdings } from "./holdings.ts";
import type { Journal } from "./journal.ts";
import type { Metrics } from "./metrics.ts";
import type { ProverPool } from "./pool.ts";
import { createProve, isAbout } from "./proving.ts";
import type { Repair } from "./repair.ts";
import type { Sender } from "./sender.ts";
import type { Store } from "./store.ts";

export interface VNodeStatus {
  readonly vNode: bigint;
  readonly cluster: bigint;
  readonly due: boolean;
  readonly proven: boolean;
  /** Chain time in seconds. */
  readonly deadline: number;
  /** In a row, by the chain. */
  readonly misses: number;
  readonly lastProvenEpoch: number | undefined;
  /** Segments that it must hold and that are not on disk. */
  readonly absent: number;
}

export interface ChallengeStatus {
  readonly challenge: bigint;
  readonly vNode: bigint;
  /** Chain time in seconds. */
  readonly deadline: number;
}

export interface NodeStatus {
  readonly ready: boolean;
  readonly problem: string | undefined;
  readonly epoch: number;
  /** Of the last block, in seconds. */
  readonly time: number;
  readonly vNodes: readonly VNodeStatus[];
  /** On demand, that are open. */
  readonly challenges: readonly ChallengeStatus[];
}

export interface DutyOptions {
  readonly node: bigint;
  readonly profile: Profile;
  /** Share of the time for an answer after which we record a missing beacon ourselves. */
  readonly recordAfter: number;
  readonly keepUnpaidSeconds: number;
  readonly retire: boolean;
  readonly repairLost: boolean;
  readonly pollMs: number;
  readonly signal: AbortSignal;
}

export interface DutyModules {
  readonly chain: NodeChain;
  readonly holdings: Holdings;
  readonly store: Store;
  readonly journal: Journal;
  readonly sender: Sender;
  readonly pool: ProverPool;
  readonly verify: (result: ProofResult) => Promise<boolean>;
  /** undefined if there are no servers to ask. */
  readonly fetchRound: FetchRound | undefined;
  readonly repair: Repair;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface Duties {
  readonly status: NodeStatus;
  /** Runs until the signal aborts, and ends when nothing is under way any more. */
  run(): Promise<void>;
  /** One look at the chain. */
  look(): Promise<void>;
  /** Ends when nothing is under way. */
  settled(): Promise<void>;
}

/** A vNode that is ours, at one look. */
interface Charge {
  readonly vNode: bigint;
  readonly epoch: number;
  /** Chain time in seconds. */
  readonly time: number;
  readonly state: VNodeState;
  readonly duty: Duty;
  /** Now, or only from the next epoch on. */
  readonly now: boolean;
}

/** Milliseconds until something that failed is tried again: doubled each time, up to this. */
const MAX_BACKOFF_MS = 15_000;
/** Epochs that a file is kept after nobody needs it: a reorganization may bring its entry back. */
const KEEP_EPOCHS = 2;
/** Host and chain may differ by so many seconds before we warn. */
const MAX_CLOCK_SKEW = 30;

export function createDuties(options: DutyOptions, modules: DutyModules): Duties {
  const { node, profile, recordAfter, signal, pollMs } = options;
  const { chain, holdings, store, journal, sender, pool, metrics, clock, log } = modules;
  const working = new Map<string, Promise<void>>();
  const failures = new Map<string, { count: number; retryAt: number }>();
  const alerted = new Set<string>();
  const unneededSince = new Map<Hex, number>();
  let status: NodeStatus = {
    ready: false,
    problem: "starting",
    epoch: 0,
    time: 0,
    vNodes: [],
    challenges: [],
  };
  let challenged: readonly OpenChallenge[] = [];
  let tidiedEpoch = -1;

  // ------------------------------------------------------------------------------------------------------------ looking

  const look = async (): Promise<void> => {
    const { timestamp: time } = await holdings.update();
    const epoch = chain.epochAt(time);
    challenged = await challenges.open();
    const charges: Charge[] = [];
    for (const vNode of holdings.namedFor(node)) {
      const [state, duty] = await Promise.all([chain.state(vNode), chain.duty(vNode, epoch)]);
      if (!duty) return; // the epoch has just ended
      const now = duty.node === node;
      const next = state.nextSince !== 0 && state.nextSince > epoch ? state.nextNode : duty.node;
      if (now || next === node) charges.push({ vNode, epoch, time, state, duty, now });
    }
    if (epoch !== status.epoch) newEpoch();
    const mine: VNodeStatus[] = [];
    for (const charge of charges) {
      const absent = absentHoldings(charge);
      mine.push(statusOf(charge, absent.length));
      if (await isOurProfile(charge)) attend(charge, absent);
    }
    for (const challenge of challenged) attendChallenge(challenge, time);
    if (Math.abs(clock.now() / 1000 - time) > MAX_CLOCK_SKEW)
      alert(
        `clock ${epoch}`,
        "warn",
        { seconds: Math.round(clock.now() / 1000 - time) },
        "clock differs from the chain's",
      );
    const open = challenged.map(({ id, vNode, deadline }) => ({ challenge: id, vNode, deadline }));
    status = { ready: true, problem: undefined, epoch, time, vNodes: mine, challenges: open };
    metrics.observe(status, store.usedBytes);
    if (tidiedEpoch < epoch) start("tidy", () => tidy(charges, epoch, time));
  };

  const newEpoch = (): void => {
    alerted.clear();
    failures.clear();
  };

  const statusOf = ({ vNode, state, duty, now }: Charge, absent: number): VNodeStatus => ({
    ...{ vNode, cluster: holdings.clusterOf(vNode) ?? 0n, due: now && duty.due, proven: now && duty.proven },
    ...{ deadline: duty.deadline, misses: now ? state.misses : 0, absent },
    lastProvenEpoch: holdings.lastProven(vNode),
  });

  /** Starts what a vNode needs. */
  const attend = (charge: Charge, absent: readonly Holding[]): void => {
    const { vNode, epoch, time, duty, now } = charge;
    // One vNode at a time: a node that takes over much data has other work, too.
    if (absent.length > 0) start("repair", () => repairAll(vNode, absent));
    if (now && options.retire) start(`retire ${vNode}`, () => retireEnded(vNode, epoch));
    if (!now || epoch === 0 || duty.proven || duty.total === 0 || time >= duty.deadline) return;
    if (duty.seed === undefined) {
      if (charge.state.committed > 0n && isLate(charge))
        start(`beacon ${epoch}`, () => recordBeacon(vNode, epoch));
    } else if (duty.due) {
      start(`prove ${vNode} ${epoch}`, () => answer(vNode, epoch, duty, duty.seed ?? 0n));
    }
  };

  /** Also of a vNode that is no longer ours: who was asked must answer. */
  const attendChallenge = (challenge: OpenChallenge, time: number): void => {
    const { id, seed, deadline } = challenge;
    if (seed !== undefined && time < deadline)
      start(`answer ${id}`, () => challenges.answer(challenge, seed));
  };

  const isLate = ({ epoch, time, duty }: Charge): boolean => {
    const known = chain.sourcePoint(epoch);
    return time - known >= recordAfter * (duty.deadline - known);
  };

  const isOurProfile = async ({ vNode, epoch }: Charge): Promise<boolean> => {
    const cluster = holdings.clusterOf(vNode) ?? 0n;
    const { samples, dataDepth, directoryDepth } = await chain.cluster(cluster);
    const same =
      samples === profile.samples &&
      dataDepth === profile.dataDepth &&
      directoryDepth === profile.directoryDepth;
    if (same) return true;
    const facts = {
      vNode: Number(vNode),
      cluster: Number(cluster),
      profile: profile.name,
      samples,
      dataDepth,
      directoryDepth,
    };
    alert(
      `profile ${vNode} ${epoch}`,
      "error",
      facts,
      "the cluster's profile is not the node's: it cannot prove this vNode",
    );
    return false;
  };

  // ------------------------------------------------------------------------------------------------------------ working

  /** One piece of work per name at a time; what failed waits a little longer each time. */
  const start = (name: string, work: () => Promise<unknown>): void => {
    const failed = failures.get(name);
    if (signal.aborted || working.has(name) || (failed && clock.now() < failed.retryAt)) return;
    const running = work()
      .then(() => void failures.delete(name))
      .catch((error: unknown) => {
        if (signal.aborted) return;
        const count = (failures.get(name)?.count ?? 0) + 1;
        failures.set(name, { count, retryAt: clock.now() + Math.min(pollMs * 2 ** count, MAX_BACKOFF_MS) });
        metrics.failed();
        log.error({ work: name, err: error }, "failed; will try again");
      })
      .finally(() => void working.delete(name));
    working.set(name, running);
  };

  /** Once an epoch: false if it was said. */
  const alert = (key: string, level: "warn" | "error", facts: object, message: string): boolean => {
    if (alerted.has(key)) return false;
    alerted.add(key);
    log[level](facts, message);
    return true;
  };
  const prove = createProve(profile, { holdings, store, pool, verify: modules.verify, metrics, alert });
  const challenges = createChallenges(node, { chain, holdings, journal, sender, prove, metrics, log });

  /** What proves an epoch's randomness; undefined if it is not there yet, or we do not know where to ask. */
  const evidenceOf = async (beacon: number, epoch: number): Promise<Uint8Array | undefined> => {
    const source = await chain.source(beacon, epoch);
    if (source?.kind !== "drand") return source?.evidence;
    if (modules.fetchRound) return roundEvidence(source.round, await modules.fetchRound(source, signal));
    alert(`beacon ${epoch}`, "warn", { epoch }, "nobody records the randomness, and no drandUrls are set");
    return undefined;
  };

  const recordBeacon = async (vNode: bigint, epoch: number): Promise<void> => {
    const { beacon } = await chain.cluster(holdings.clusterOf(vNode) ?? 0n);
    const evidence = await evidenceOf(beacon, epoch);
    if (!evidence) return;
    const { hash } = await sender.send(`beacon/${beacon}/${epoch}`, {
      kind: "recordBeacon",
      beacon,
      epoch,
      evidence,
    });
    log.info({ epoch, tx: hash }, "beacon recorded");
  };

  /** Proves an epoch, or goes on from where the last attempt ended. */
  const answer = async (vNode: bigint, epoch: number, duty: Duty, seed: bigint): Promise<void> => {
    const key = `prove/${vNode}/${epoch}`;
    const before = journal.proof(vNode, epoch)?.result;
    const statement = { directoryRoot: duty.root, seed, start: 0, length: duty.total };
    const result = isAbout(before, statement) ? before : await makeProof(vNode, epoch, statement, duty);
    if (!result) return;
    try {
      const call = { kind: "prove", vNode, epoch, proof: proofWords(result.proof) } as const;
      const { gasUsed, hash: tx } = await sender.send(key, call);
      const times = { witnessMs: Math.round(result.witnessMs), proveMs: Math.round(result.proveMs) };
      log.info({ vNode: Number(vNode), epoch, samples: profile.samples, ...times, gasUsed, tx }, "proven");
    } catch (error) {
      // Somebody else delivered it, or we did, before a crash: it is on the chain, which is all that counts.
      const isOnChain = isAlreadyProven(error) || (await chain.duty(vNode, epoch))?.proven === true;
      if (!isOnChain) throw error;
      log.info({ vNode: Number(vNode), epoch }, "proven already");
    }
    metrics.proven();
    journal.setProof({ vNode, epoch, state: "mined", result });
  };

  const makeProof = async (
    vNode: bigint,
    epoch: number,
    statement: Statement,
    { deadline }: Duty,
  ): Promise<ProofResult | undefined> => {
    journal.setProof({ vNode, epoch, state: "planned" });
    const contents = holdings.atStartOf(vNode, epoch);
    const result = await prove({ vNode, occasion: { epoch }, contents, statement, deadline });
    if (result) journal.setProof({ vNode, epoch, state: "proved", result });
    return result;
  };

  // ------------------------------------------------------------------------------------------------------------- upkeep

  /** Of the directory as it stands, and of those that are asked about: until the epoch ends, and by challenges. */
  const neededHoldings = ({ vNode, epoch }: Pick<Charge, "vNode" | "epoch">): Holding[] =>
    [
      holdings.latest(vNode),
      holdings.atStartOf(vNode, epoch),
      ...challenged.filter((challenge) => challenge.vNode === vNode).map(({ contents }) => contents),
    ].flatMap((contents) => contents.holdings.filter(({ retired }) => !retired));

  const absentHoldings = (charge: Charge): Holding[] => {
    const absent = new Map<Hex, Holding>();
    for (const holding of neededHoldings(charge))
      if (!store.segments.has(holding.root)) absent.set(holding.root, holding);
    return [...absent.values()];
  };

  /** One that fails does not keep the others from being fetched. */
  const repairAll = async (vNode: bigint, absent: readonly Holding[]): Promise<void> => {
    let failure: unknown;
    for (const holding of absent) {
      if (signal.aborted) return;
      await repair(vNode, holding).catch((error: unknown) => (failure ??= error));
    }
    if (failure !== undefined) throw failure as Error;
  };

  const repair = async (vNode: bigint, holding: Holding): Promise<void> => {
    const { root } = holding;
    if (await store.find(root)) return;
    if (journal.storedAt(root) !== undefined && !options.repairLost) {
      alert(`lost ${root}`, "error", { vNode: Number(vNode), root }, "the disk has lost a segment");
      return;
    }
    await modules.repair(vNode, holding);
    metrics.repaired(store.segments.get(root)?.bytes ?? 0);
  };

  const retireEnded = async (vNode: bigint, epoch: number): Promise<void> => {
    // One at a time: each changes the paths of the others.
    const { directory, holdings: entries } = holdings.latest(vNode);
    const index = entries.findIndex(({ retired, end }) => !retired && end <= epoch);
    const ended = entries[index];
    if (!ended || (await chain.directory(vNode)).root !== directory.root) return;
    const { serial, root } = ended;
    const call = { kind: "retire", vNode, serial, root, path: directory.path(index) } as const;
    const { hash } = await sender.send(`retire/${vNode}/${serial}/${epoch}`, call);
    log.info({ vNode: Number(vNode), serial, root, tx: hash }, "retired");
    await holdings.update();
  };

  /** Once an epoch: notices what the disk has lost, and removes what nobody needs. */
  const tidy = async (charges: readonly Charge[], epoch: number, time: number): Promise<void> => {
    for (const charge of charges) for (const { root } of neededHoldings(charge)) await store.find(root);
    const needed = await neededRoots(epoch, time);
    if (!needed) return;
    for (const root of store.segments.keys()) {
      const isYoung = time - (journal.storedAt(root) ?? time) < options.keepUnpaidSeconds;
      if (needed.has(root) || isYoung) {
        unneededSince.delete(root);
        continue;
      }
      const since = unneededSince.get(root) ?? epoch;
      unneededSince.set(root, since);
      if (epoch - since < KEEP_EPOCHS) continue;
      await store.remove(root);
      journal.forgetSegment(root);
      unneededSince.delete(root);
      log.info({ root }, "removed");
    }
    tidiedEpoch = epoch;
  };

  /** undefined if that is not certain. */
  const neededRoots = async (epoch: number, time: number): Promise<Set<Hex> | undefined> => {
    const needed = journal.acceptedRoots(time);
    for (const vNode of holdings.namedFor(node)) {
      if ((await chain.directory(vNode)).root !== holdings.latest(vNode).directory.root) return undefined;
      // Whoever takes a vNode over from us may have to fetch its data here.
      const state = await chain.state(vNode);
      const isSettled = state.node !== 0n && state.nextNode === 0n && state.syncLeft === 0;
      const isAsked = challenged.some((challenge) => challenge.vNode === vNode);
      if (state.node !== node && isSettled && !isAsked) continue;
      for (const { root } of neededHoldings({ vNode, epoch })) needed.add(root);
    }
    return needed;
  };

  return {
    get status() {
      return status;
    },
    look,
    async run() {
      start("resume", () => sender.resume());
      while (!signal.aborted) {
        try {
          await look();
        } catch (error) {
          const problem = error instanceof Error ? error.message : String(error);
          if (status.problem !== problem)
            log.error({ err: error }, "the chain cannot be read; will try again");
          status = { ...status, ready: false, problem };
          metrics.observe(status, store.usedBytes);
        }
        await clock.wait(pollMs, signal);
      }
      await Promise.all(working.values());
    },
    async settled() {
      while (working.size > 0) await Promise.all(working.values());
    },
  };
}
