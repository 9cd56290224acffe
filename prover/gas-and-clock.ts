/**
 * Checks that the operator's account can pay for the gas of proofs, and that the host's clock is right.
 */
import type { Clock } from "../chain/clock.ts";
import type { Alert } from "./alert.ts";
import type { NodeChain } from "./chain-model.ts";

export interface GasAndClock {
  /**
   * Seconds by which the host's clock is ahead of the chain's newest block. Large if either clock is wrong or has
   * stopped.
   */
  readonly clockSkew: number;
  /** Proofs that the operator's coins can pay for at the present gas price; undefined until it is known. */
  readonly payableProofs: number | undefined;
}

export interface GasAndClockWatch {
  readonly now: GasAndClock;
  /** Compares the clocks. @returns whether it is time to count the coins */
  look(time: number): boolean;
  count(): Promise<void>;
}

export interface GasAndClockModules {
  readonly chain: Pick<NodeChain, "coins" | "gasPrice" | "operator">;
  readonly clock: Pick<Clock, "now">;
  readonly alert: Alert;
}

/** Seconds by which host and chain may differ without a warning. */
const MAX_CLOCK_SKEW = 30;
/** Gas of a proof that is alone in its transaction, with a margin. */
const PROOF_GAS = 300_000n;
/** With fewer proofs, a warning asks for coins. */
const LOW_PROOFS = 24;
/** Milliseconds between two counts: while there are enough coins, and while there are few. */
const [COUNT_EVERY, RECOUNT_EVERY] = [600_000, 60_000];

export const NOT_YET_KNOWN: GasAndClock = { clockSkew: 0, payableProofs: undefined };

export function createGasAndClock({ chain, clock, alert }: GasAndClockModules): GasAndClockWatch {
  let now = NOT_YET_KNOWN;
  let countAt = 0;

  /** Called in every look, so that a warning is repeated in each epoch. */
  const warn = (): void => {
    const { clockSkew: seconds, payableProofs: proofs } = now;
    if (Math.abs(seconds) > MAX_CLOCK_SKEW)
      alert(
        "clock",
        "warn",
        { seconds },
        "the host's clock differs from the chain's: set it, unless the chain has stopped",
      );
    if (proofs === undefined || proofs >= LOW_PROOFS) return;
    const facts = { proofs, operator: chain.operator, advice: "send coins to the operator's account" };
    if (proofs > 0)
      alert("coins low", "warn", facts, "the operator's coins will soon not suffice for proofs");
    else alert("no coins", "error", facts, "the operator's coins do not suffice for a proof");
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
