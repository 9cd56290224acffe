/**
 * What an epoch asks of a vNode: its randomness, and a proof by the node that is responsible, or by the one that takes over.
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

/** What is to be proven, and as what. */
export interface Task {
  readonly kind: "prove" | "takeOver";
  readonly vNode: bigint;
  readonly epoch: number;
  readonly statement: Statement;
  /** The last epoch that was settled when the work began, or later. */
  readonly settled: number;
  /** Seconds, chain time. */
  readonly deadline: number;
}

export interface EpochProofs {
  /** Records the randomness that the vNode's cluster uses. */
  recordBeacon(vNode: bigint, epoch: number): Promise<void>;
  /** Proves an epoch, or goes on from where the last attempt ended. */
  answer(task: Task): Promise<void>;
}

/** Finds the signature of a round of drand by a key (128 bytes). Throws "unreachable" if nobody has it. */
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
  /** undefined if there are no servers to ask. */
  readonly fetchRound: FetchRound | undefined;
  readonly metrics: Metrics;
  readonly alert: Alert;
  readonly log: Logger;
}

/** Epochs that a proof settles before itself. */
const MAX_LAG = 64;

export function createEpochProofs(
  { node, profile, signal }: { node: bigint; profile: Profile; signal: AbortSignal },
  modules: EpochProofModules,
): EpochProofs {
  const { chain, holdings, journal, sender, prove, metrics, alert, log } = modules;

  /** What proves an epoch's randomness; undefined if it is not there yet, or we do not know where to ask. */
  const evidenceOf = async (beacon: number, epoch: number): Promise<Uint8Array | undefined> => {
    const source = await chain.source(beacon, epoch);
    if (source?.kind !== "drand") return source?.evidence;
    if (modules.fetchRound) return evidenceOfRound(await modules.fetchRound(source, signal));
    alert(`beacon ${epoch}`, "warn", { epoch }, "nobody records the randomness, and no drandUrls are set");
    return undefined;
  };

  const makeProof = async ({ vNode, epoch, statement, deadline }: Task): Promise<ProofResult | undefined> => {
    journal.setProof({ vNode, epoch, state: "planned" });
    const contents = holdings.atStartOf(vNode, epoch);
    const result = await prove({ vNode, occasion: { epoch }, contents, statement, deadline });
    if (result) journal.setProof({ vNode, epoch, state: "proved", result });
    return result;
  };

  /** Nobody else may have settled what is too much for a proof: epochs that asked for nothing, for the most part. */
  const settleFor = async ({ vNode, epoch, settled: before }: Task): Promise<void> => {
    if (epoch - 1 - before <= MAX_LAG) return;
    let { settled } = await chain.state(vNode);
    for (; epoch - 1 - settled > MAX_LAG; settled += MAX_LAG) {
      const call: Call = { kind: "settle", vNode, epochs: MAX_LAG };
      const { gasUsed, hash: tx } = await sender.send(`settle/${vNode}/${settled + MAX_LAG}`, call);
      log.info({ vNode: Number(vNode), until: settled + MAX_LAG, gasUsed, tx }, "settled");
    }
  };

  /** Whether what a proof is for is on the chain, whoever delivered it. */
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
        // An endpoint may ask for it for a while longer.
        if (before?.state !== "mined")
          log.info({ ...facts, samples: profile.samples, ...times, gasUsed, tx }, done);
      } catch (error) {
        // Somebody else delivered it, or we did, before a crash: it is on the chain, which is all that counts.
        if (!(await isOnChain(task, error))) throw error;
        log.info(facts, `${done} already`);
      }
      if (before?.state !== "mined") metrics.proven();
      journal.setProof({ vNode, epoch, state: "mined", result });
    },
  };
}
