/**
 * Signed transactions on their way: sent, waited for, raised and sent again, and asked about by whoever has kept one. Nobody
 * waits without an end, and whoever stops waiting says what for.
 */
import { isError, Transaction, type Provider, type TransactionReceipt } from "ethers";
import type { Clock } from "../chain/clock.ts";
import { untilAborted } from "../chain/delivery.ts";
import { excess, feesFor, GWEI, raisedFees, type Fees } from "../chain/fees.ts";
import { HoldfastError } from "../protocol/errors.ts";
import { refuse } from "./chain-errors.ts";

/** Between two looks at a transaction that is not mined yet. */
const POLLING_MS = 250;
/** Who waits longer than that is told for what. */
const TELL_AFTER_MS = 2_000;
/** Until a transaction that waits is raised, and sent again. */
const RAISE_MS = 30_000;
/** Looks in which its nonce is used and no receipt is found, until that is believed. */
const GONE_LOOKS = 3;

export interface Waiting {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds until nobody waits any longer. */
  readonly patienceMs: number;
  readonly clock: Clock;
  /** Is told what a person wants to know meanwhile. */
  readonly tell: (message: string) => void;
}

export interface Order {
  /** What it does, in a word. */
  readonly what: string;
  /** Signed, each with the same nonce and higher fees than the one before. */
  readonly attempts: readonly string[];
  /** The same with fees that replace it; undefined: they may not be higher. */
  readonly raise?: ((raw: string) => Promise<string | undefined>) | undefined;
  /** Is given all attempts before the newest leaves. */
  readonly keep?: ((attempts: readonly string[]) => Promise<void>) | undefined;
}

/**
 * @param setting in which a person allows a higher fee
 * @throws HoldfastError "chain" if the chain asks for more than the highest fee
 */
export async function offer(provider: Provider, maxFee: bigint, setting = "--max-fee"): Promise<Fees> {
  const quote = await provider.getFeeData().catch(refuse("getFeeData"));
  const more = excess(quote, maxFee);
  if (more === 0n) return feesFor(quote, maxFee);
  const [asks, most] = [maxFee + more, maxFee].map((wei) => String((wei + GWEI - 1n) / GWEI));
  const message = `the chain asks ${asks} gwei for a unit of gas, more than ${most}: wait, ask another endpoint, or allow it with ${setting} ${asks}`;
  throw new HoldfastError("chain", message, { asks: String(maxFee + more), maxFee: String(maxFee) });
}

/** A transaction to sign in the place of one that waits; undefined: maxFee leaves no room. */
export async function raised(
  provider: Provider,
  raw: string,
  maxFee: bigint,
): Promise<Partial<Transaction> | undefined> {
  const { type, chainId, nonce, to, data, value, gasLimit, maxFeePerGas, maxPriorityFeePerGas } =
    Transaction.from(raw);
  const old = { maxFeePerGas: maxFeePerGas ?? 0n, maxPriorityFeePerGas: maxPriorityFeePerGas ?? 0n };
  const fees = raisedFees(old, await provider.getFeeData(), maxFee);
  return fees && { type, chainId, nonce, to, data, value, gasLimit, ...fees };
}

/**
 * The receipt of whichever attempt is mined, also of one that failed; undefined if another transaction took their place.
 * Sending again is safe: a nonce counts once.
 *
 * @throws HoldfastError what the chain refuses the first time that it is sent; "aborted" or "chain" if it is not mined when
 *   the waiting ends: its `details` say the hash of a transaction that may still be mined
 */
export async function deliver(
  provider: Provider,
  order: Order,
  waiting: Waiting,
): Promise<TransactionReceipt | undefined> {
  const { signal = new AbortController().signal, patienceMs, clock } = waiting;
  const [late, over] = [new AbortController(), new AbortController()];
  void clock.wait(patienceMs, over.signal).then(() => late.abort());
  const ending = AbortSignal.any([signal, late.signal]);
  const way = createWay(provider, order, waiting);
  try {
    for (;;) {
      const end = await untilAborted(way.look(), ending);
      if (end) return end.receipt;
      await clock.wait(POLLING_MS, ending);
    }
  } catch (error) {
    if (!ending.aborted) throw error;
    const why = signal.aborted ? "stopped" : `not mined after ${Math.round(patienceMs / 1000)} seconds`;
    const { hash, problem } = way;
    const message = `${why}: the transaction ${hash} (${order.what}) may still be mined. Run the same command again to go on with it: it pays nothing twice${problem}`;
    throw new HoldfastError(signal.aborted ? "aborted" : "chain", message, { transaction: hash });
  } finally {
    over.abort();
  }
}

/** Whether what this tells of may still be mined. */
export function isOpen(error: unknown): boolean {
  return error instanceof HoldfastError && "transaction" in error.details;
}

interface Way {
  /** Of the newest attempt. */
  readonly hash: string;
  /** What failed last, if anything did. */
  readonly problem: string;
  /** Undefined: not yet. */
  look(): Promise<{ receipt: TransactionReceipt | undefined } | undefined>;
}

function createWay(
  provider: Provider,
  { what, raise, keep, ...order }: Order,
  { clock, tell }: Waiting,
): Way {
  const all = order.attempts.map((raw) => ({ raw, ...readTransaction(raw) }));
  const newest = () => all.at(-1) ?? nothing();
  const { nonce, from } = newest();
  const since = clock.now();
  let [raiseAt, gone, told, hasLeft, problem] = [since + RAISE_MS, 0, false, false, ""];

  const send = async (): Promise<void> => {
    const { raw, hash } = newest();
    try {
      await provider.broadcastTransaction(raw);
    } catch (error) {
      // Whatever the reason: if it is there, it is there.
      const found = await provider.getTransaction(hash).catch(() => null);
      if (!found && !isUncertain(error)) refuse(what)(error);
    }
  };

  const higher = async (): Promise<void> => {
    const raw = await raise?.(newest().raw);
    if (raw === undefined) return;
    await keep?.([...all.map((each) => each.raw), raw]);
    all.push({ raw, ...readTransaction(raw) });
    tell(`${what}: offers more for its gas, as ${newest().hash}`);
  };

  const look = async (): Promise<{ receipt: TransactionReceipt | undefined } | undefined> => {
    const used = await provider.getTransactionCount(from);
    // After the nonce: what was mined before that has its receipt now.
    for (const { hash } of all.toReversed()) {
      const receipt = await provider.getTransactionReceipt(hash);
      if (receipt) return { receipt };
    }
    gone = used > nonce ? gone + 1 : 0;
    if (gone > GONE_LOOKS) return { receipt: undefined };
    if (clock.now() < raiseAt) return undefined;
    raiseAt = clock.now() + RAISE_MS;
    await higher();
    await send();
    return undefined;
  };

  return {
    get hash() {
      return newest().hash;
    },
    get problem() {
      return problem === "" ? "" : ` (the last that went wrong: ${problem})`;
    },
    async look() {
      if (!hasLeft) await send();
      hasLeft = true;
      if (!told && clock.now() - since >= TELL_AFTER_MS) {
        told = true;
        tell(`${what}: waits for the transaction ${newest().hash}`);
      }
      try {
        return await look();
      } catch (error) {
        // It is out, whatever an endpoint says now.
        problem = error instanceof Error ? error.message : String(error);
        return undefined;
      }
    },
  };
}

const nothing = (): never => {
  throw new HoldfastError("bad-input", "there is no transaction to send");
};

export function readTransaction(raw: string): {
  hash: string;
  nonce: number;
  from: string;
  to: string | null;
  data: string;
} {
  try {
    const { hash, nonce, from, to, data } = Transaction.from(raw);
    if (hash !== null && from !== null) return { hash, nonce, from, to, data };
  } catch (cause) {
    throw new HoldfastError("bad-input", "what is pending is not a signed transaction", {}, { cause });
  }
  throw new HoldfastError("bad-input", "the transaction that is pending is not signed");
}

/** Whether a transaction may have got through all the same. */
function isUncertain(error: unknown): boolean {
  if (error instanceof HoldfastError) return error.code === "unreachable";
  const passing = [
    "NONCE_EXPIRED",
    "REPLACEMENT_UNDERPRICED",
    "NETWORK_ERROR",
    "TIMEOUT",
    "SERVER_ERROR",
  ] as const;
  const text = error instanceof Error ? error.message : "";
  return (
    passing.some((code) => isError(error, code)) ||
    /already known|known transaction|already imported/i.test(text)
  );
}
