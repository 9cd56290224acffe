/**
 * The node's loop: finds its vNodes, does what the running epoch and open challenges ask, and maintains the data.
 *
 * A look at the chain starts work and waits for none of it. The next look starts failed work again.
 */
import type { Logger } from "pino";
import type { Clock } from "../chain/clock.ts";
import { isIncomplete } from "../chain/follow.ts";
import { headAge, staleness } from "../chain/heads.ts";
import type { ProofResult } from "../groth16/engine.ts";
import type { Hex } from "../protocol/field.ts";
import type { Profile } from "../protocol/profiles.ts";
import type { Alert } from "./alert.ts";
import type { Block, Duty, NodeChain } from "./chain-model.ts";
import { createChallenges, type OpenChallenge } from "./challenges.ts";
import { createCompaction } from "./compaction.ts";
import { createEpochProofs, type FetchRound } from "./epoch-proofs.ts";
import { createGasAndClock } from "./gas-and-clock.ts";
import type { Holding } from "./history.ts";
import type { Holdings } from "./holdings.ts";
import type { Journal } from "./journal.ts";
import { createKeeping } from "./keeping.ts";
import type { Metrics } from "./metrics.ts";
import type { ProverPool } from "./pool.ts";
import { createProve } from "./proving.ts";
import type { HeldBack } from "./removals.ts";
import type { Repair } from "./repair.ts";
import { consenter } from "./responsibility.ts";
import { createRetire } from "./retiring.ts";
import type { Sender } from "./sender.ts";
import { STARTING, vNodeStatus, type OwnVNode, type NodeStatus, type VNodeStatus } from "./status.ts";
import type { Store } from "./store.ts";
import { ADVICE } from "./watch.ts";

export interface DutyOptions {
  readonly node: bigint;
  readonly profile: Profile;
  /** The node records a missing beacon itself after this share of the time for an answer. */
  readonly recordAfter: number;
  readonly keepUnpaidSeconds: number;
  readonly removeShare: number;
  readonly retire: boolean;
  readonly compactBelow: number;
  readonly compactHorizon: number;
  readonly compactGas: number;
  readonly coinValue: bigint;
  readonly repairLost: boolean;
  readonly pollMs: number;
  /** Seconds. The node is not ready if the chain's newest block is older. 0 allows any age. */
  readonly maxHeadAgeSeconds: number;
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
  /** undefined if no drand relays are set. */
  readonly fetchRound: FetchRound | undefined;
  readonly repair: Repair;
  /** vNodes whose directories are being compacted: no segment is accepted for them. */
  readonly compacting: Set<bigint>;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface Duties {
  readonly status: NodeStatus;
  /** Runs until the signal aborts, and ends when all work has ended. */
  run(): Promise<void>;
  /** Looks at the chain once. */
  look(): Promise<void>;
  /** The operator confirms the removals that are held back. They begin with the next look. */
  confirmRemovals(): HeldBack | undefined;
  /** Resolves when no work is running. */
  settled(): Promise<void>;
}

/** The longest wait, in milliseconds, before failed work is tried again. The wait doubles each time. */
const MAX_BACKOFF_MS = 15_000;
/** The longest wait, in milliseconds, between two readings of all events. */
const MAX_REREAD_MS = 600_000;

export function createDuties(options: DutyOptions, modules: DutyModules): Duties {
  const { node, profile, recordAfter, signal, pollMs } = options;
  const { chain, holdings, store, journal, sender, pool, metrics, clock, log } = modules;
  const working = new Map<string, Promise<void>>();
  const failures = new Map<string, { count: number; retryAt: number }>();
  const alerted = new Set<string>();
  /** Absent segments that a repair has already tried to fetch, by vNode. */
  const tried = new Map<bigint, readonly Hex[]>();
  let isRepairing = false;
  /** The duty of each vNode at its last upkeep. */
  const upkept = new Map<bigint, Duty>();
  /** Whether a cluster's profile is the node's, in the running epoch. */
  const fits = new Map<bigint, boolean>();
  let status = STARTING;
  let challenged: readonly OpenChallenge[] = [];
  let tidiedEpoch = -1;

  /** Logs once per key and epoch. */
  const alert: Alert = (key, level, facts, message) => {
    if (alerted.has(key)) return false;
    alerted.add(key);
    log[level](facts, message);
    return true;
  };
  const prove = createProve(profile, { holdings, store, pool, verify: modules.verify, metrics, alert });
  const shared = { ...modules, prove, alert, challenges: () => challenged };
  const proofs = createEpochProofs(options, shared);
  const challenges = createChallenges(node, shared);
  const keeping = createKeeping(options, shared);
  const gasAndClock = createGasAndClock({ chain, clock, alert });
  const compaction = createCompaction(options, modules);
  const retire = createRetire(options, modules);

  /** Checked when asked for, because hanging work may keep the next look from coming. */
  const current = (): NodeStatus => {
    const seconds = status.time === 0 ? 0 : headAge(status.time, clock.now());
    const { trouble } = store;
    const problem =
      trouble ?? (status.ready ? staleness(seconds, options.maxHeadAgeSeconds) : status.problem);
    return {
      ...status,
      headAge: seconds,
      endpoints: chain.endpoints(),
      ready: problem === undefined,
      problem,
      ...(trouble !== undefined && { diskTrouble: trouble }),
    };
  };

  // ------------------------------------------------------------------------------------------------------------ looking

  const look = async (): Promise<void> => {
    const head = await holdings.update();
    const { timestamp: time } = head;
    const epoch = chain.epochAt(time);
    challenged = await challenges.open();
    const own = await findOwnVNodes(epoch, head);
    if (epoch !== status.epoch) newEpoch();
    const mine: VNodeStatus[] = [];
    for (const each of own) {
      const absent = keeping.absent(each);
      mine.push(statusOf(each, absent.length));
      if (await isOurProfile(each)) attend(each, absent);
    }
    for (const challenge of challenged) attendChallenge(challenge, time);
    if (gasAndClock.look(time)) start("coins", () => gasAndClock.count());
    const open = challenged.map(({ id, vNode, deadline }) => ({ challenge: id, vNode, deadline }));
    const foreign = journal.foreign(chain.operator);
    const alarm = foreign.length === 0 ? undefined : { advice: ADVICE, foreign };
    status = {
      ...status,
      ready: true,
      problem: undefined,
      epoch,
      time,
      vNodes: mine,
      challenges: open,
      alarm,
      ...onDisk(),
      ...gasAndClock.now,
    };
    checkHead();
    metrics.observe(current(), store.usedBytes);
    if (alarm)
      alert("key", "error", { uses: foreign.length, advice: ADVICE }, "the operator's key may be stolen");
    if (tidiedEpoch < epoch) {
      start("tidy", async () => {
        if (await keeping.tidy(own, epoch, time)) tidiedEpoch = epoch;
      });
    }
  };

  const checkHead = (): void => {
    const { headAge: seconds, endpoints } = current();
    if (staleness(seconds, options.maxHeadAgeSeconds) !== undefined)
      alert("head", "error", { seconds, endpoints }, "the chain's newest block is old: check the endpoints");
  };

  const onDisk = (): Pick<NodeStatus, "damaged" | "heldBack" | "diskTrouble"> => {
    const { damaged, trouble: diskTrouble } = store;
    if (damaged.size > 0)
      alert("damaged", "error", { roots: [...damaged.keys()] }, "segments are damaged and were set aside");
    if (diskTrouble !== undefined)
      alert("disk", "error", { problem: diskTrouble }, "the disk does not answer");
    return { damaged: [...damaged.keys()], heldBack: keeping.heldBack, diskTrouble };
  };

  const findOwnVNodes = async (epoch: number, head: Block): Promise<OwnVNode[]> => {
    const time = head.timestamp;
    const found: OwnVNode[] = [];
    for (const vNode of holdings.namedFor(node)) {
      const { state, duty } = await chain.survey(vNode, head);
      const now = duty.node === node;
      const isNamed = state.nextSince !== 0 && state.nextNode === node;
      const responsibility = holdings.responsibilityOf(vNode);
      if (now || isNamed) found.push({ vNode, epoch, time, state, duty, responsibility, now });
    }
    return found;
  };

  const newEpoch = (): void => {
    alerted.clear();
    failures.clear();
    fits.clear();
  };

  const statusOf = (own: OwnVNode, absent: number): VNodeStatus => {
    const { vNode } = own;
    const cluster = holdings.clusterOf(vNode) ?? 0n;
    return vNodeStatus(own, { node, cluster, absent, lastProvenEpoch: holdings.lastProven(vNode) });
  };

  /** Starts the work for a vNode. */
  const attend = (own: OwnVNode, absent: readonly Holding[]): void => {
    const { vNode, epoch, time, now, state } = own;
    attendRepair(vNode, absent);
    if (now && state.short)
      alert(
        `short ${vNode}`,
        "error",
        { vNode: Number(vNode) },
        "nothing is paid until the bond is topped up",
      );
    if (consenter(own.responsibility) === node) {
      const earning = now && state.syncLeft === 0 && !state.short;
      // Nothing has changed since the last upkeep.
      if (upkept.get(vNode) === own.duty) {
        attendEpoch(own);
        return;
      }
      start(`upkeep ${vNode}`, async () => {
        // Retiring waits until a compaction is done, given up or not worth it.
        await compaction.attend(vNode, { epoch, time, earning });
        if (options.retire) await retire(vNode, epoch);
        upkept.set(vNode, own.duty);
      });
    }
    attendEpoch(own);
  };

  /**
   * Repairs one vNode at a time, so that taking over much data leaves room for other work. New gaps are not delayed
   * by old ones that no node can fill.
   */
  const attendRepair = (vNode: bigint, absent: readonly Holding[]): void => {
    const name = `repair ${vNode}`;
    const before = tried.get(vNode);
    tried.set(
      vNode,
      absent.map(({ root }) => root).filter((root) => before?.includes(root)),
    );
    if (absent.length === 0 || isRepairing) return;
    if (absent.some(({ root }) => !before?.includes(root))) failures.delete(name);
    start(name, async () => {
      isRepairing = true;
      tried.set(
        vNode,
        absent.map(({ root }) => root),
      );
      await keeping.repairAll(vNode, absent).finally(() => (isRepairing = false));
    });
  };

  /**
   * A responsible node proves what is due. A node that waits to take over proves every epoch until it has taken over.
   */
  const attendEpoch = (own: OwnVNode): void => {
    const { vNode, epoch, time, duty, now } = own;
    const { seed, root: directoryRoot, total, deadline, takeOver } = duty;
    if (epoch === 0 || total === 0 || time >= deadline || (now && duty.proven)) return;
    if (seed === undefined) {
      const isAsked = now || own.state.nextSince <= epoch;
      if (isAsked && own.state.committed > 0n && isLate(own))
        start(`beacon ${epoch}`, () => proofs.recordBeacon(vNode, epoch));
      return;
    }
    const statement = { directoryRoot, start: 0, length: total };
    const common = { vNode, epoch, deadline, settled: own.state.settled };
    if (now && duty.due) {
      const task = { kind: "prove", ...common, statement: { ...statement, seed } } as const;
      start(`prove ${vNode} ${epoch}`, () => proofs.answer(task));
    } else if (takeOver?.node === node) {
      const asked = { ...statement, seed: takeOver.seed };
      const task = { kind: "takeOver", ...common, statement: asked } as const;
      start(`take over ${vNode} ${epoch}`, () => proofs.answer(task));
    }
  };

  /** A challenge must be answered even for a vNode that the node has left since. */
  const attendChallenge = (challenge: OpenChallenge, time: number): void => {
    const { id, seed, deadline } = challenge;
    if (seed !== undefined && time < deadline)
      start(`answer ${id}`, () => challenges.answer(challenge, seed));
  };

  const isLate = ({ epoch, time, duty }: OwnVNode): boolean => {
    const known = chain.sourcePoint(epoch);
    return time - known >= recordAfter * (duty.deadline - known);
  };

  const isOurProfile = async ({ vNode, epoch }: OwnVNode): Promise<boolean> => {
    const cluster = holdings.clusterOf(vNode) ?? 0n;
    const known = fits.get(cluster);
    if (known !== undefined) return known;
    const { samples, dataDepth, directoryDepth } = await chain.cluster(cluster);
    const same =
      samples === profile.samples &&
      dataDepth === profile.dataDepth &&
      directoryDepth === profile.directoryDepth;
    fits.set(cluster, same);
    if (same) return true;
    const facts = {
      vNode: Number(vNode),
      cluster: Number(cluster),
      profile: profile.name,
      samples,
      dataDepth,
      directoryDepth,
    };
    const message = "the cluster has another profile than the node, so the node cannot prove this vNode";
    alert(`profile ${vNode} ${epoch}`, "error", facts, message);
    return false;
  };

  // ------------------------------------------------------------------------------------------------------------ working

  /** Runs one piece of work per name at a time. Failed work waits longer each time. */
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
        log.error({ work: name, err: error }, "work failed; will try again");
      })
      .finally(() => void working.delete(name));
    working.set(name, running);
  };

  return {
    get status() {
      return current();
    },
    look,
    confirmRemovals() {
      tidiedEpoch = -1;
      return keeping.confirm();
    },
    async run() {
      start("resume", () => sender.resume());
      let incomplete = 0;
      while (!signal.aborted) {
        let pauseMs = pollMs;
        try {
          await look();
          incomplete = 0;
        } catch (error) {
          const problem = error instanceof Error ? error.message : String(error);
          if (status.problem !== problem) log.error({ err: error }, "cannot read the chain; will try again");
          status = { ...status, ready: false, problem, ...onDisk() };
          checkHead();
          metrics.observe(current(), store.usedBytes);
          incomplete = isIncomplete(error) ? incomplete + 1 : 0;
          // From the second failure on, everything is read again.
          if (incomplete > 1) pauseMs = Math.min(MAX_BACKOFF_MS * 2 ** (incomplete - 2), MAX_REREAD_MS);
        }
        await clock.wait(pauseMs, signal);
      }
      await Promise.all(working.values());
    },
    async settled() {
      while (working.size > 0) await Promise.all(working.values());
    },
  };
}
