/**
 * What an account has sent, each thing once: what an earlier command has signed comes first, and counts if it is the same.
 */
import { join } from "node:path";
import type { Provider, TransactionReceipt, Wallet } from "ethers";
import { HoldfastError } from "../protocol/errors.ts";
import { refuse } from "./chain-errors.ts";
import { openLeft, type LeftTransactions } from "./left.ts";
import { deliver, isOpen, raised, readTransaction, type Order, type Waiting } from "./sending.ts";

export interface OrderOptions {
  readonly provider: Provider;
  readonly chainId: bigint;
  /** Wei for a unit of gas. */
  readonly maxFee: bigint;
  readonly waiting: Waiting;
  /** Folder for what is signed and not seen mined; undefined: nothing is kept. */
  readonly state: string | undefined;
}

export interface Task {
  readonly what: string;
  readonly to: string;
  readonly data: string;
  readonly sign: () => Promise<string>;
}

export interface Orders {
  /** Mined, whatever was sent before. `keep` is given all attempts before the newest leaves. */
  send(task: Task, keep: (attempts: readonly string[]) => Promise<void>): Promise<TransactionReceipt>;
  /**
   * As send, unless an earlier command of the account has sent it.
   *
   * @throws HoldfastError "chain" if an earlier command left something else: what is to be done may rest on what was before
   */
  sendOnce(task: Task): Promise<TransactionReceipt>;
  /** What became of what was signed before; undefined if it changed nothing, and never will. */
  settle(attempts: readonly string[]): Promise<TransactionReceipt | undefined>;
}

export function createOrders(
  { provider, chainId, maxFee, waiting, state }: OrderOptions,
  wallet: Wallet | undefined,
): Orders {
  const raise = async (raw: string): Promise<string | undefined> => {
    const order = await raised(provider, raw, maxFee);
    return order && wallet?.signTransaction(order);
  };
  const wait = (order: Order): Promise<TransactionReceipt | undefined> =>
    deliver(provider, { raise, ...order }, waiting);

  const send: Orders["send"] = async ({ what, sign }, keep) => {
    const raw = await sign();
    await keep([raw]);
    const receipt = await wait({ what, attempts: [raw], keep });
    if (receipt?.status === 1) return receipt;
    const { hash } = readTransaction(raw);
    const message = receipt
      ? `the contract refuses ${what}: the transaction ${receipt.hash} was mined and failed`
      : `another transaction of the account took the place of ${hash} (${what}): look at what it did before you run this again`;
    throw new HoldfastError("chain", message);
  };

  /** Chains of one id may be many, on development machines. */
  const openState = async (folder: string): Promise<LeftTransactions> => {
    const first = await provider.getBlock(0).catch(refuse("getBlock"));
    const account = wallet?.address.toLowerCase() ?? "nobody";
    return openLeft(join(folder, `${chainId}-${first?.hash?.slice(2, 18) ?? "0"}-${account}`));
  };

  const takeUp = async (
    kept: LeftTransactions,
    { to, data }: Task,
  ): Promise<TransactionReceipt | undefined> => {
    for (const { nonce, what, attempts } of kept.all()) {
      const before = readTransaction(attempts.at(-1) ?? "");
      waiting.tell(`${what}: an earlier command left the transaction ${before.hash}`);
      const keep = (all: readonly string[]): Promise<void> => {
        kept.keep({ nonce, what, attempts: all });
        return Promise.resolve();
      };
      const receipt = await wait({ what, attempts, keep });
      kept.forget(nonce);
      if (receipt?.status !== 1) continue;
      if (before.to === to && before.data === data) return receipt;
      const message = `the transaction ${receipt.hash} (${what}) that an earlier command left is mined now, and nothing else was done: look whether this is still to be done, and run it again then`;
      throw new HoldfastError("chain", message);
    }
    return undefined;
  };

  return {
    send,
    async sendOnce(task) {
      if (state === undefined) return send(task, () => Promise.resolve());
      const kept = await openState(state);
      const before = await takeUp(kept, task);
      if (before) return before;
      let nonce: number | undefined;
      const forget = (): void => {
        if (nonce !== undefined) kept.forget(nonce);
      };
      const keep = (attempts: readonly string[]): Promise<void> => {
        ({ nonce } = readTransaction(attempts[0] ?? ""));
        kept.keep({ nonce, what: task.what, attempts });
        return Promise.resolve();
      };
      try {
        const receipt = await send(task, keep);
        forget();
        return receipt;
      } catch (error) {
        if (!isOpen(error)) forget();
        throw error;
      }
    },
    async settle(attempts) {
      const receipt = await wait({ what: "what was signed before", attempts });
      return receipt?.status === 1 ? receipt : undefined;
    },
  };
}
