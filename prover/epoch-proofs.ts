/**
 * Answers an epoch for a vNode: records its randomness, and proves it as the responsible node or as the one that
 * takes over.
 */
import type { Logger } from "pino";
import { evidenceOf as evidenceOfRound, type DrandRound } from "../drand/client.ts";
import type { ProofResult } from "../groth16/engine.ts";
import { proofWords } from "../groth16/words.ts";
import type { Profile } from "../protocol/profiles.ts";
import type { Statement } from "../protocol/statement.ts";
import type { Alert } from "./alert.ts";
import { contractError, isAlreadyProven } from "./chain-errors.ts";
import type { Call, NodeChain } from "./chain-model.ts";
import type { Holdings } from "./holdings.ts";
import type { Journal } from "./journal.ts";
import type { Metrics } from "./metrics.ts";
import { isAbout, type Prove } from "./proving.ts";
import type { Sender } from "./sender.ts";

/** What to prove, and how to send it. */
export interface Task {
  readonly kind: "prove" | "takeOver";
  readonly vNode: bigint;
  readonly epoch: number;
  readonly statement: Statement;
  /** The last settled epoch when the work began. More may be settled by now. */
  readonly settled: number;
  /** Chain time in seconds. */
  readonly deadline: number;
}

export interface EpochProofs {
  /** Records the epoch's randomness for the beacon of the vNode's cluster. */
  recordBeacon(vNode: bigint, epoch: number): Promise<void>;
  /** Proves an epoch, or continues where the last attempt stopped. */
  answer(task: Task): Promise<void>;
}

/** Fetches drand's signature of a round by a key (128 bytes). @throws HoldfastError "unreachable" if no relay has it */
export type FetchRound = (
  wanted: { readonly round: number; readonly publicKey: Uint8Array },
  signal: AbortSignal,
) => Promise<DrandRound>;

export interface EpochProofModules {
  readonly chain: NodeChain;
  readonly holdings: Holdings;
  readonly journal: Journal;
  readonly sender: Sender;
  readonly prove: Prove;
  /** undefined if no drand relays are set. */
  readonly fetchRound: FetchRound | undefined;
  readonly metrics: Metrics;
  readonly alert: Alert;
  readonly log: Logger;
}

/** The most epochs that a proof settles before itself. */
const MAX_LAG = 64;

export function createEpochProofs(
  { node, profile, signal }: { node: bigint; profile: Profile; signal: AbortSignal },
  modules: EpochProofModules,
): EpochProofs {
  const { chain, holdings, journal, sender, prove, metrics, alert, log } = modules;

  /** The evidence of an epoch's randomness; undefined if it does not exist yet, or no relays are set. */
  const evidenceOf = async (beacon: number, epoch: number): Promise<Uint8Array | undefined> => {
    const source = await chain.source(beacon, epoch);
    if (source?.kind !== "drand") return source?.evidence;
    if (modules.fetchRound) return evidenceOfRound(await modules.fetchRound(source, signal));
    alert(
      `beacon ${epoch}`,
      "warn",
      { epoch },
      "the epoch's randomness is not recorded, and this node cannot do it: set drandUrls",
    );
    return undefined;
  };

  const makeProof = async ({ vNode, epoch, statement, deadline }: Task): Promise<ProofResult | undefined> => {
    journal.setProof({ vNode, epoch, state: "planned" });
    const contents = holdings.atStartOf(vNode, epoch);
    const result = await prove({ vNode, occasion: { epoch }, contents, statement, deadline });
    if (result) journal.setProof({ vNode, epoch, state: "proved", result });
    return result;
  };

  /** Settles epochs first if there are too many for a proof to settle. Most of them asked for nothing. */
  const settleFor = async ({ vNode, epoch, settled: before }: Task): Promise<void> => {
    if (epoch - 1 - before <= MAX_LAG) return;
    let { settled } = await chain.state(vNode);
    for (; epoch - 1 - settled > MAX_LAG; settled += MAX_LAG) {
      const call: Call = { kind: "settle", vNode, epochs: MAX_LAG };
      const { gasUsed, hash: tx } = await sender.send(`settle/${vNode}/${settled + MAX_LAG}`, call);
      log.info({ vNode: Number(vNode), until: settled + MAX_LAG, gasUsed, tx }, "settled");
    }
  };

  /** Whether the chain already has what the proof was for, no matter who delivered it. */
  const isOnChain = async ({ kind, vNode, epoch }: Task, error: unknown): Promise<boolean> => {
    if (kind === "prove") return isAlreadyProven(error) || (await chain.duty(vNode, epoch))?.proven === true;
    if (contractError(error) !== "NoSuccessor") return false;
    const { nextNode, nextSince } = await chain.state(vNode);
    return nextNode === node && nextSince > epoch;
  };

  return {
    async recordBeacon(vNode, epoch) {
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
    },

    async answer(task) {
      const { kind, vNode, epoch, statement } = task;
      const before = journal.proof(vNode, epoch);
      const result = isAbout(before?.result, statement) ? before.result : await makeProof(task);
      if (!result) return;
      const done = kind === "prove" ? "proven" : "take-over proven";
      const facts = { vNode: Number(vNode), epoch };
      await settleFor(task);
      try {
        const call: Call = { kind, vNode, epoch, proof: proofWords(result.proof) };
        const { gasUsed, hash: tx } = await sender.send(`${kind}/${vNode}/${epoch}`, call);
        const times = { witnessMs: Math.round(result.witnessMs), proveMs: Math.round(result.proveMs) };
        // Not logged twice: a lagging endpoint may ask for the proof for a while.
        if (before?.state !== "mined")
          log.info({ ...facts, samples: profile.samples, ...times, gasUsed, tx }, done);
      } catch (error) {
        // Somebody else delivered it, or this node did before a crash. It is on the chain, which is enough.
        if (!(await isOnChain(task, error))) throw error;
        log.info(facts, `${done} already`);
      }
      if (before?.state !== "mined") metrics.proven();
      journal.setProof({ vNode, epoch, state: "mined", result });
    },
  };
}
