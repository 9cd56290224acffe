/**
 * Delivers signed transactions: sends them, waits, raises their fees, and sends them again. Every wait has an end, and the
 * error then names the transaction.
 */
import { isError, Transaction, type Provider, type TransactionReceipt } from "ethers";
import type { Clock } from "../chain/clock.ts";
import { untilAborted } from "../chain/delivery.ts";
import { excess, feesFor, GWEI, raisedFees, type Fees } from "../chain/fees.ts";
import { HoldfastError } from "../protocol/errors.ts";
import { refuse } from "./chain-errors.ts";

/** Milliseconds between two looks at a transaction that is not mined yet. */
const POLLING_MS = 250;
/** Milliseconds after which the user is told what is waited for. */
const TELL_AFTER_MS = 2_000;
/** Milliseconds until a transaction that is not mined gets higher fees and is sent again. */
const RAISE_MS = 30_000;
/** Looks that find the nonce used and no receipt, until the transaction counts as replaced. */
const GONE_LOOKS = 3;

export interface Waiting {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds until the wait ends. */
  readonly patienceMs: number;
  readonly clock: Clock;
  /** Gets messages for the user. */
  readonly tell: (message: string) => void;
}

export interface Order {
  /** What the transaction does, in a word. */
  readonly what: string;
  /** Signed transactions with the same nonce, each with higher fees than the one before. */
  readonly attempts: readonly string[];
  /** Signs the same transaction with higher fees. undefined: the fees may not be higher. */
  readonly raise?: ((raw: string) => Promise<string | undefined>) | undefined;
  /** Gets all attempts before the newest one is sent. */
  readonly keep?: ((attempts: readonly string[]) => Promise<void>) | undefined;
}

/**
 * The fees to offer now.
 *
 * @param setting name of the setting that allows a higher fee, for the message
 * @throws HoldfastError "chain" if the chain asks for more than maxFee
 */
export async function currentFees(provider: Provider, maxFee: bigint, setting = "--max-fee"): Promise<Fees> {
  const quote = await provider.getFeeData().catch(refuse("getFeeData"));
  const more = excess(quote, maxFee);
  if (more === 0n) return feesFor(quote, maxFee);
  const [asks, most] = [maxFee + more, maxFee].map((wei) => String((wei + GWEI - 1n) / GWEI));
  const message = `the chain asks ${asks} gwei for a unit of gas, more than ${most}: wait, use another endpoint, or allow it with ${setting} ${asks}`;
  throw new HoldfastError("chain", message, { asks: String(maxFee + more), maxFee: String(maxFee) });
}

/** The transaction with higher fees, to be signed. undefined: maxFee does not allow them. */
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
 * The receipt of the attempt that is mined, even if it failed. undefined if another transaction replaced all of them.
 * Sending a transaction again is safe, because a nonce counts once.
 *
 * @throws HoldfastError if the chain refuses the first attempt; "aborted" or "chain" if none is mined when the wait ends,
 *   with the hash of the transaction, which may still be mined, in `details`
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
  const delivery = createDelivery(provider, order, waiting);
  try {
    for (;;) {
      const end = await untilAborted(delivery.look(), ending);
      if (end) return end.receipt;
      await clock.wait(POLLING_MS, ending);
    }
  } catch (error) {
    if (!ending.aborted) throw error;
    const why = signal.aborted ? "stopped" : `not mined after ${Math.round(patienceMs / 1000)} seconds`;
    const { hash, problem } = delivery;
    const message = `${why}: the transaction ${hash} (${order.what}) may still be mined. Run the same command again to resume it; nothing is paid twice${problem}`;
    throw new HoldfastError(signal.aborted ? "aborted" : "chain", message, { transaction: hash });
  } finally {
    over.abort();
  }
}

/** Whether the error is about a transaction that may still be mined. */
export function isOpen(error: unknown): boolean {
  return error instanceof HoldfastError && "transaction" in error.details;
}

interface Delivery {
  /** Hash of the newest attempt. */
  readonly hash: string;
  /** The last thing that failed, for the message; or "". */
  readonly problem: string;
  /** @returns undefined if the outcome is not known yet */
  look(): Promise<{ receipt: TransactionReceipt | undefined } | undefined>;
}

function createDelivery(
  provider: Provider,
  { what, raise, keep, ...order }: Order,
  { clock, tell }: Waiting,
): Delivery {
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
      // If the chain has the transaction, the error does not matter.
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
    // Read receipts after the nonce: a transaction that has used the nonce has its receipt by then.
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
      return problem === "" ? "" : ` (last problem: ${problem})`;
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
        // The transaction is sent already, so an endpoint's error does not end the wait.
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
    throw new HoldfastError("bad-input", "the pending transaction is malformed", {}, { cause });
  }
  throw new HoldfastError("bad-input", "the pending transaction is not signed");
}

/** Whether the transaction may have been accepted despite this error. */
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
