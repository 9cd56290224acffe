/**
 * What a node needs besides its data: coins for the gas of its proofs, and a clock that goes right.
 */
import type { Clock } from "../chain/clock.ts";
import type { Alert } from "./alert.ts";
import type { NodeChain } from "./chain-model.ts";

export interface Means {
  /** Seconds that the host's clock is after the chain's last block: more than usual if either stands still or goes wrong. */
  readonly clockSkew: number;
  /** That the operator's coins pay for at the gas price of the moment; undefined until it is known. */
  readonly payableProofs: number | undefined;
}

export interface MeansWatch {
  readonly now: Means;
  /** Compares the clocks, and says whether it is time to count coins. */
  look(time: number): boolean;
  count(): Promise<void>;
}

export interface MeansModules {
  readonly chain: Pick<NodeChain, "coins" | "gasPrice" | "operator">;
  readonly clock: Pick<Clock, "now">;
  readonly alert: Alert;
}

/** Host and chain may differ by so many seconds before we warn. */
const MAX_CLOCK_SKEW = 30;
/** Gas of a proof that is alone in its transaction, and some more. */
const PROOF_GAS = 300_000n;
/** With fewer, it is high time to send coins. */
const LOW_PROOFS = 24;
/** Milliseconds between counts: while there are enough, and while there are few. */
const [COUNT_EVERY, RECOUNT_EVERY] = [600_000, 60_000];

export const UNKNOWN_MEANS: Means = { clockSkew: 0, payableProofs: undefined };

export function createMeans({ chain, clock, alert }: MeansModules): MeansWatch {
  let now = UNKNOWN_MEANS;
  let countAt = 0;

  /** Every time again: an alert that was given before the end of the epoch is given in the next one, too. */
  const warn = (): void => {
    const { clockSkew: seconds, payableProofs: proofs } = now;
    if (Math.abs(seconds) > MAX_CLOCK_SKEW)
      alert("clock", "warn", { seconds }, "clock differs from the chain's");
    if (proofs === undefined || proofs >= LOW_PROOFS) return;
    const facts = { proofs, operator: chain.operator, advice: "send coins to the operator's account" };
    if (proofs > 0) alert("coins low", "warn", facts, "the operator's coins will soon not pay for proofs");
    else alert("no coins", "error", facts, "the operator's coins pay for no proof");
  };

  return {
    get now() {
      return now;
    },
    look(time) {
      now = { ...now, clockSkew: Math.round(clock.now() / 1000 - time) };
      warn();
      return clock.now() >= countAt;
    },
    async count() {
      const [coins, price] = await Promise.all([chain.coins(), chain.gasPrice()]);
      const cost = price * PROOF_GAS;
      const most = BigInt(Number.MAX_SAFE_INTEGER);
      const proofs = cost === 0n || coins / cost > most ? most : coins / cost;
      now = { ...now, payableProofs: Number(proofs) };
      countAt = clock.now() + (proofs < LOW_PROOFS ? RECOUNT_EVERY : COUNT_EVERY);
      warn();
    },
  };
}
