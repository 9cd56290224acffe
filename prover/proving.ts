/**
 * From a question to a proof: samples from disk, the circuit, and a check of our own. A failure of ours is never a
 * statement about the data, and no proof that we do not believe in leaves the node.
 */
import type { ProofResult } from "../groth16/engine.ts";
import { HoldfastError } from "../protocol/errors.ts";
import type { Hex } from "../protocol/field.ts";
import type { Profile } from "../protocol/profiles.ts";
import type { LeafOpening } from "../protocol/segment.ts";
import {
  circuitInput,
  publicInputs,
  samplesOf,
  type CircuitInput,
  type Statement,
} from "../protocol/statement.ts";
import type { Alert } from "./alert.ts";
import type { Contents } from "./history.ts";
import type { Holdings } from "./holdings.ts";
import type { Metrics } from "./metrics.ts";
import type { ProverPool } from "./pool.ts";
import type { Store } from "./store.ts";

/** What a proof must show, and of which data. */
export interface Question {
  readonly vNode: bigint;
  /** What it is asked for, in the log. */
  readonly occasion: { readonly epoch: number } | { readonly challenge: number };
  /** The directory that is asked about. */
  readonly contents: Contents;
  readonly statement: Statement;
  /** Seconds, chain time. */
  readonly deadline: number;
}

export interface ProvingModules {
  readonly holdings: Holdings;
  readonly store: Store;
  readonly pool: ProverPool;
  readonly verify: (result: ProofResult) => Promise<boolean>;
  readonly metrics: Metrics;
  readonly alert: Alert;
}

/** undefined if a sample is not there: the next look may find it repaired. */
export type Prove = (question: Question) => Promise<ProofResult | undefined>;

export function createProve(
  profile: Profile,
  { holdings, store, pool, verify, metrics, alert }: ProvingModules,
): Prove {
  const openSamples = async (question: Question): Promise<CircuitInput | undefined> => {
    const { vNode, occasion, contents, statement } = question;
    const { directory, holdings: entries } = contents;
    const { start, length } = statement;
    if (directory.root !== statement.directoryRoot || start + length > directory.total) {
      holdings.reset();
      const message = `the directory of vNode ${vNode} by the chain's events is not the contract's: reading them again`;
      throw new HoldfastError("chain", message, { vNode: Number(vNode), ...occasion });
    }
    const samples = samplesOf(directory, statement, profile);
    const openings: (LeafOpening | undefined)[] = [];
    for (const { entry, entryIndex, leafIndex } of samples) {
      const root = entries[entryIndex]?.root;
      if (entry.root === 0n || root === undefined) openings.push(undefined);
      else openings.push(await openOrAlert(question, root, leafIndex));
    }
    const complete = samples.every(({ entry }, i) => entry.root === 0n || openings[i]);
    return complete ? circuitInput(directory, statement, samples, openings, profile) : undefined;
  };

  const openOrAlert = async (
    { vNode, occasion }: Question,
    root: Hex,
    leafIndex: number,
  ): Promise<LeafOpening | undefined> => {
    try {
      return await store.openLeaf(root, leafIndex);
    } catch (error) {
      const reason = (error as HoldfastError).code;
      const facts = { vNode: Number(vNode), ...occasion, root, reason };
      if (alert(`missing ${vNode} ${root}`, "error", facts, "missing")) metrics.missing();
      return undefined;
    }
  };

  return async (question) => {
    const input = await openSamples(question);
    if (!input) return undefined;
    const result = await pool.prove(input, { deadlineMs: question.deadline * 1000 });
    if (!isAbout(result, question.statement) || !(await verify(result))) {
      const message =
        "our own proof does not hold, and is not sent: check the key with `holdfast keys show`, or set another engine";
      throw new HoldfastError("proof", message, { vNode: Number(question.vNode), ...question.occasion });
    }
    metrics.proved((result.witnessMs + result.proveMs) / 1000);
    return result;
  };
}

/** Whether a proof's public signals are those of a statement: an old one may be from before a reorganization. */
export function isAbout(result: ProofResult | undefined, statement: Statement): result is ProofResult {
  return result !== undefined && result.publicSignals.join() === publicInputs(statement).join();
}
