/**
 * Signed transactions on their way: sent and waited for, and asked about again by whoever has kept one.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { isError, Transaction, type Provider, type TransactionReceipt } from "ethers";
import { excess, feesFor, GWEI, type Fees } from "../chain/fees.ts";
import { HoldfastError } from "../protocol/errors.ts";
import { refuse } from "./chain-errors.ts";

/** Between two looks at a transaction that is not mined yet. */
const POLLING_MS = 250;

/** @throws HoldfastError "chain" if the chain asks for more than the highest fee */
export async function offer(provider: Provider, maxFee: bigint): Promise<Fees> {
  const quote = await provider.getFeeData().catch(refuse("getFeeData"));
  const more = excess(quote, maxFee);
  if (more === 0n) return feesFor(quote, maxFee);
  const [asks, most] = [maxFee + more, maxFee].map((wei) => String((wei + GWEI - 1n) / GWEI));
  const message = `the chain asks ${asks} gwei for a unit of gas, more than ${most}: wait, ask another endpoint, or allow it with --max-fee ${asks}`;
  throw new HoldfastError("chain", message, { asks: String(maxFee + more), maxFee: String(maxFee) });
}

/** Sends a signed transaction and waits until it is mined. Throws what the contract says if that reverts it. */
export async function broadcast(provider: Provider, raw: string, what: string): Promise<TransactionReceipt> {
  const sent = await provider.broadcastTransaction(raw).catch(async (error: unknown) => {
    // Whatever the reason: if it is there, it is there.
    const found = await provider.getTransaction(readTransaction(raw).hash).catch(() => null);
    return found ?? refuse(what)(error);
  });
  const receipt = await sent.wait().catch(refuse(what));
  if (receipt) return receipt;
  throw new HoldfastError("chain", `the transaction ${what} was dropped: send it again`);
}

/**
 * The receipt of a transaction that was signed some time ago, and may never have left; undefined if it failed, or if
 * another one took its place. Sending it again is safe: a nonce counts once.
 */
export async function settle(
  provider: Provider,
  raw: string,
  signal?: AbortSignal,
): Promise<TransactionReceipt | undefined> {
  const { hash, nonce, from } = readTransaction(raw);
  for (;;) {
    signal?.throwIfAborted();
    const used = await provider.getTransactionCount(from).catch(refuse("getTransactionCount"));
    // After the nonce: what was mined before that has its receipt now.
    const receipt = await provider.getTransactionReceipt(hash).catch(refuse("getTransactionReceipt"));
    if (receipt) return receipt.status === 1 ? receipt : undefined;
    if (used > nonce) return undefined;
    await provider.broadcastTransaction(raw).catch(isThere);
    await sleep(POLLING_MS, undefined, signal && { signal });
  }
}

function readTransaction(raw: string): { hash: string; nonce: number; from: string } {
  try {
    const { hash, nonce, from } = Transaction.from(raw);
    if (hash !== null && from !== null) return { hash, nonce, from };
  } catch (cause) {
    throw new HoldfastError("bad-input", "what is pending is not a signed transaction", {}, { cause });
  }
  throw new HoldfastError("bad-input", "the transaction that is pending is not signed");
}

/** A node that has the transaction refuses it, and so does one that has mined it meanwhile. */
function isThere(error: unknown): void {
  const text = error instanceof Error ? error.message : "";
  if (isError(error, "NONCE_EXPIRED") || /already known|known transaction|already imported/i.test(text))
    return;
  refuse("broadcasting")(error);
}
