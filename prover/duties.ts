/**
 * The proving loop: what is due, opened from disk, proven, delivered; and the housekeeping around it.
 *
 * A failure of ours is logged and tried again until the deadline; no wrong proof is ever sent.
 */
import type { Logger } from "pino";
import { HoldfastError } from "../protocol/errors.ts";
import type { Hex } from "../protocol/field.ts";
import { proofWords } from "../protocol/groth16.ts";
import type { Profile } from "../protocol/profiles.ts";
import type { LeafOpening } from "../protocol/segment.ts";
import { circuitInput, samplesOf, type CircuitInput } from "../protocol/statement.ts";
import type { Duty, NodeChain, SignedTransaction, VNodeContents } from "./chain.ts";
import type { ProofResult } from "./engine.ts";
import type { Journal } from "./journal.ts";
import type { Metrics } from "./metrics.ts";
import type { ProverPool } from "./pool.ts";
import type { Store } from "./store.ts";

export interface VNodeStatus {
  readonly vNode: bigint;
  readonly epoch: number;
  readonly due: boolean;
  readonly proven: boolean;
  /** In a row, by the chain. */
  readonly misses: number;
  readonly deadline: number;
}

export interface NodeStatus {
  readonly ready: boolean;
  readonly problem: string | undefined;
  readonly epoch: number;
  readonly vNodes: readonly VNodeStatus[];
}

export interface DutyOptions {
  readonly node: bigint;
  readonly profile: Profile;
  /** Share of the window after which a missing beacon is recorded by ourselves. */
  readonly recordAfter: number;
  readonly signal: AbortSignal;
}

export interface DutyModules {
  readonly chain: NodeChain;
  readonly store: Store;
  readonly journal: Journal;
  readonly pool: ProverPool;
  readonly verify: (result: ProofResult) => Promise<boolean>;
  /** The beacon's evidence for a drand round; undefined if nobody has it. */
  readonly fetchRound: (round: bigint) => Promise<Uint8Array | undefined>;
  /** Gets a segment from another node; false if nobody has it. */
  readonly fetchReplica: (holding: { bucket: bigint; root: Hex }) => Promise<boolean>;
  readonly metrics: Metrics;
  readonly log: Logger;
}

export interface Duties {
  readonly status: NodeStatus;
  /** Runs until the signal aborts. */
  run(): Promise<void>;
  /** One look at the chain; starts what is due and waits for none of it. */
  look(): Promise<void>;
  /** Ends when nothing is in work. */
  settled(): Promise<void>;
}

/** Seconds that an uploaded segment may wait for its store transaction. */
const UPLOAD_SECONDS = 2 * 3600;

export function createDuties(options: DutyOptions, modules: DutyModules): Duties {
  const { profile, recordAfter, signal } = options;
  const { chain, store, journal, pool, metrics, log } = modules;
  const working = new Map<string, Promise<void>>();
  let status: NodeStatus = { ready: false, problem: "starting", epoch: 0, vNodes: [] };
  let sweptEpoch = -1;

  /** One piece of work per name at a time; its failure is logged, and the next look tries again. */
  const start = (name: string, work: () => Promise<void>): void => {
    if (working.has(name) || signal.aborted) return;
    const running = work()
      .catch((error: unknown) => {
        if (!signal.aborted) log.error({ work: name, err: error }, "failed");
        metrics.failures.inc();
      })
      .finally(() => working.delete(name));
    working.set(name, running);
  };

  const look = async (): Promise<void> => {
    const { timestamp } = await chain.block();
    const epoch = chain.epochAt(timestamp);
    const vNodes: VNodeStatus[] = [];
    for (const vNode of await chain.vNodes()) {
      const [duty, state] = await Promise.all([chain.duty(vNode, epoch), chain.state(vNode)]);
      const { due, proven, deadline } = duty;
      vNodes.push({ vNode, epoch, due, proven, deadline, misses: state.misses });
      start(`hold ${vNode}`, () => hold(vNode));
      if (duty.node !== options.node || proven || timestamp >= deadline || duty.total === 0) continue;
      if (duty.seed === undefined) start(`beacon ${epoch}`, () => record(vNode, epoch, timestamp, deadline));
      else if (due) start(`prove ${vNode} ${epoch}`, () => prove(vNode, epoch, duty));
    }
    status = { ready: true, problem: undefined, epoch, vNodes };
    metrics.observe(status, timestamp, store.usedBytes);
    if (epoch > sweptEpoch) {
      sweptEpoch = epoch;
      start("sweep", () =>
        sweep(
          vNodes.map(({ vNode }) => vNode),
          epoch,
          timestamp,
        ),
      );
    }
  };

  const record = async (vNode: bigint, epoch: number, now: number, deadline: number): Promise<void> => {
    const begun = chain.epochStart(epoch);
    if (now - begun < recordAfter * (deadline - begun)) return;
    const evidence = await modules.fetchRound(await chain.roundFor(vNode, epoch));
    if (!evidence) return;
    await chain.recordBeacon(vNode, epoch, evidence);
    log.info({ epoch }, "beacon");
  };

  const prove = async (vNode: bigint, epoch: number, duty: Duty): Promise<void> => {
    const before = journal.proof(vNode, epoch);
    if (before?.state === "mined" || before?.state === "failed") return;
    if (before?.state === "signed") return; // resumed at the start, or in work
    const input = await openSamples(vNode, epoch, duty);
    if (!input) return;
    journal.setProof({ vNode, epoch, state: "planned", rawTransaction: null, hash: null });
    const result = await pool.prove(input, { deadlineMs: duty.deadline * 1000 });
    if (!(await modules.verify(result))) {
      throw new HoldfastError("proof", "our own proof does not verify: check the key with `keys show`", {
        epoch,
      });
    }
    const transaction = await chain.signProof(vNode, epoch, proofWords(result.proof), ({ raw, hash }) =>
      journal.setProof({ vNode, epoch, state: "signed", rawTransaction: raw, hash }),
    );
    if (!transaction) {
      journal.setProof({ vNode, epoch, state: "mined", rawTransaction: null, hash: null });
      return;
    }
    const { witnessMs, proveMs } = result;
    metrics.proveSeconds.observe((witnessMs + proveMs) / 1000);
    await deliver(vNode, epoch, transaction, { samples: profile.samples, witnessMs, proveMs });
  };

  const deliver = async (
    vNode: bigint,
    epoch: number,
    transaction: SignedTransaction,
    facts: Readonly<Record<string, number>>,
  ): Promise<void> => {
    try {
      const { gasUsed, hash } = await chain.deliver(transaction, signal);
      journal.setProof({ vNode, epoch, state: "mined", rawTransaction: transaction.raw, hash });
      metrics.proofs.inc();
      log.info({ vNode: Number(vNode), epoch, ...facts, gasUsed: Number(gasUsed), tx: hash }, "proven");
    } catch (error) {
      if (signal.aborted) return; // sent again after the restart
      const { proven } = await chain.duty(vNode, epoch).catch(() => ({ proven: false }));
      const state = proven ? "mined" : "failed";
      journal.setProof({ vNode, epoch, state, rawTransaction: transaction.raw, hash: transaction.hash });
      if (!proven) throw error;
    }
  };

  /** The circuit's inputs; undefined, with an alert, if a sample is not on disk or not what was stored. */
  const openSamples = async (vNode: bigint, epoch: number, duty: Duty): Promise<CircuitInput | undefined> => {
    const { directory, holdings } = await chain.contents(vNode, epoch, duty.root);
    const range = { seed: duty.seed ?? 0n, start: 0, length: duty.total };
    const samples = samplesOf(directory, range, profile);
    const openings: (LeafOpening | undefined)[] = [];
    for (const { entry, entryIndex, leafIndex } of samples) {
      const root = holdings[entryIndex]?.root;
      if (entry.root === 0n || root === undefined) {
        openings.push(undefined);
        continue;
      }
      try {
        openings.push(await store.open(root, leafIndex));
      } catch (error) {
        metrics.missing.inc();
        log.error({ vNode: Number(vNode), epoch, root, err: error }, "missing");
        if (error instanceof HoldfastError && error.code === "corrupt") await store.remove(root);
        return undefined;
      }
    }
    return circuitInput(directory, range, samples, openings, profile);
  };

  /** Gets what a vNode must hold and we have not, and retires what has ended. */
  const hold = async (vNode: bigint): Promise<void> => {
    const contents = await chain.currentContents(vNode);
    for (const holding of contents.holdings) {
      signal.throwIfAborted();
      if (!holding.retired) await modules.fetchReplica(holding);
    }
    await retireEnded(vNode, contents);
  };

  const retireEnded = async (vNode: bigint, { directory, holdings }: VNodeContents): Promise<void> => {
    const epoch = chain.epochAt((await chain.block()).timestamp);
    // One at a time: each changes the paths of the others.
    const index = holdings.findIndex(({ retired, end }) => !retired && end <= epoch);
    const ended = holdings[index];
    if (!ended) return;
    await chain.retire(vNode, ended.serial, ended.root, directory.path(index));
    log.info({ vNode: Number(vNode), root: ended.root }, "retired");
  };

  /** Removes files that no directory of ours names, now or as the running epoch began, and that nobody is about to store. */
  const sweep = async (vNodes: readonly bigint[], epoch: number, now: number): Promise<void> => {
    const needed = journal.acceptedRoots(BigInt(now));
    for (const vNode of vNodes) {
      const { root } = await chain.duty(vNode, epoch);
      const both = [await chain.currentContents(vNode), await chain.contents(vNode, epoch, root)];
      for (const { holdings } of both)
        for (const holding of holdings) if (!holding.retired) needed.add(holding.root);
    }
    for (const { root } of await store.list()) {
      const stored = journal.storedAt(root) ?? now;
      if (needed.has(root) || now - stored < UPLOAD_SECONDS) continue;
      await store.remove(root);
      log.info({ root }, "removed");
    }
  };

  /** What a crash left signed is sent as it is: the same bytes cannot be mined twice. */
  const resume = (): void => {
    for (const { vNode, epoch, rawTransaction, hash } of journal.pendingProofs()) {
      if (rawTransaction === null || hash === null) continue;
      start(`prove ${vNode} ${epoch}`, () => deliver(vNode, epoch, { raw: rawTransaction, hash }, {}));
    }
  };

  return {
    get status() {
      return status;
    },
    look,
    async run() {
      resume();
      while (!signal.aborted) {
        try {
          await look();
        } catch (error) {
          const problem = error instanceof Error ? error.message : String(error);
          if (status.ready) log.error({ err: error }, "the chain cannot be read; trying again");
          status = { ...status, ready: false, problem };
        }
        await chain.tick(signal);
      }
      await Promise.all(working.values());
    },
    async settled() {
      while (working.size > 0) await Promise.all(working.values());
    },
  };
}
