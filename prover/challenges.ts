/**
 * Challenges on demand to this node: which are open, what they ask about, and their answers (protocol.md, section
 * 9.4). Events say which may be open; the contract says which still are.
 */
import type { Logger } from "pino";
import { proofWords } from "../groth16/words.ts";
import type { Statement } from "../protocol/statement.ts";
import { whyOver } from "./chain-errors.ts";
import type { ChallengeRecord, NodeChain } from "./chain-model.ts";
import type { Contents } from "./history.ts";
import type { Holdings } from "./holdings.ts";
import type { Journal } from "./journal.ts";
import type { Metrics } from "./metrics.ts";
import { isAbout, type Prove } from "./proving.ts";
import type { Sender } from "./sender.ts";

/** A challenge with the directory that it asks about. */
export interface OpenChallenge extends ChallengeRecord {
  readonly contents: Contents;
}

export interface Challenges {
  /** The challenges that this node must answer, also for vNodes that it has left since. */
  open(): Promise<OpenChallenge[]>;
  /** Answers a challenge, or continues where the last attempt stopped. */
  answer(challenge: OpenChallenge, seed: bigint): Promise<void>;
}

export interface ChallengeModules {
  readonly chain: NodeChain;
  readonly holdings: Holdings;
  readonly journal: Journal;
  readonly sender: Sender;
  readonly prove: Prove;
  readonly metrics: Metrics;
  readonly log: Logger;
}

export function createChallenges(
  node: bigint,
  { chain, holdings, journal, sender, prove, metrics, log }: ChallengeModules,
): Challenges {
  return {
    async open() {
      const asked = holdings.namedFor(node).filter((vNode) => holdings.isChallenged(vNode));
      const found = await Promise.all(asked.map((vNode) => chain.challenges(vNode)));
      return found.flat().flatMap((challenge) => {
        // A challenge whose event is not read yet is found in the next look.
        const contents = holdings.atChallenge(challenge.vNode, challenge.id);
        return challenge.node === node && contents ? [{ ...challenge, contents }] : [];
      });
    },

    async answer({ id, vNode, root, start, length, deadline, contents }, seed) {
      const facts = { vNode: Number(vNode), challenge: Number(id) };
      const statement: Statement = { directoryRoot: root, seed, start, length };
      const occasion = { challenge: Number(id) };
      const before = journal.answer(id);
      let result = before?.result;
      if (!isAbout(result, statement)) {
        journal.setAnswer({ challenge: id, state: "planned" });
        result = await prove({ vNode, occasion, contents, statement, deadline });
        if (!result) return;
        journal.setAnswer({ challenge: id, state: "proved", result });
      }
      try {
        const call = { kind: "answer", challenge: id, proof: proofWords(result.proof) } as const;
        const { gasUsed, hash: tx } = await sender.send(`answer/${id}`, call);
        const times = { witnessMs: Math.round(result.witnessMs), proveMs: Math.round(result.proveMs) };
        // Not logged twice: a lagging endpoint may show the challenge as open for a while.
        if (before?.state !== "mined") log.info({ ...facts, ...times, gasUsed, tx }, "answered");
      } catch (error) {
        const why = whyOver(error);
        if (!why) throw error;
        // Somebody else answered it, or this node did before a crash; or the node was removed and need not answer any
        // more.
        log.info(facts, why === "answered" ? "answered already" : "dismissed");
        if (why === "dismissed") return;
      }
      if (before?.state !== "mined") metrics.answered();
      journal.setAnswer({ challenge: id, state: "mined", result });
    },
  };
}
