/**
 * Sends each order of an account once. Transactions that an earlier command has signed come first; if one of them is the
 * same order, it is not sent again.
 */
import { join } from "node:path";
import type { Provider, TransactionReceipt, Wallet } from "ethers";
import { HoldfastError } from "../protocol/errors.ts";
import { refuse } from "./chain-errors.ts";
import { openPending, type PendingTransactions } from "./pending.ts";
import { deliver, isOpen, raised, readTransaction, type Order, type Waiting } from "./sending.ts";

export interface OrderOptions {
  readonly provider: Provider;
  readonly chainId: bigint;
  /** The most for a unit of gas, in wei. */
  readonly maxFee: bigint;
  readonly waiting: Waiting;
  /** Folder for signed transactions that were not seen mined. undefined: they are not saved. */
  readonly state: string | undefined;
}

export interface Task {
  readonly what: string;
  /** null makes a contract. */
  readonly to: string | null;
  readonly data: string;
  readonly sign: () => Promise<string>;
}

export interface Orders {
  /** Sends a transaction and waits until it is mined. `keep` gets all attempts before the newest one is sent. */
  send(task: Task, keep: (attempts: readonly string[]) => Promise<void>): Promise<TransactionReceipt>;
  /**
   * As send, unless an earlier command of the account has sent the same.
   *
   * @throws HoldfastError "chain" if an earlier command left another transaction, which may change what is to be done now
   */
  sendOnce(task: Task): Promise<TransactionReceipt>;
  /** The receipt of a transaction that was signed earlier. undefined: it changed nothing and cannot any more. */
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
      ? `the contract refuses ${what}: the transaction ${receipt.hash} was mined and failed; look at the state, and try again`
      : `another transaction of the account replaced ${hash} (${what}): look at what it did before you run this again`;
    throw new HoldfastError("chain", message);
  };

  /** The folder's name has the first block's hash, because local chains share their chain ids. */
  const openState = async (folder: string): Promise<PendingTransactions> => {
    const first = await provider.getBlock(0).catch(refuse("getBlock"));
    const account = wallet?.address.toLowerCase() ?? "nobody";
    return openPending(join(folder, `${chainId}-${first?.hash?.slice(2, 18) ?? "0"}-${account}`));
  };

  const resumeEarlier = async (
    kept: PendingTransactions,
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
      const message = `the transaction ${receipt.hash} (${what}) of an earlier command is mined now, and nothing else was done: check whether you still want to do this, and run it again then`;
      throw new HoldfastError("chain", message);
    }
    return undefined;
  };

  return {
    send,
    async sendOnce(task) {
      if (state === undefined) return send(task, () => Promise.resolve());
      const kept = await openState(state);
      const before = await resumeEarlier(kept, task);
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
      const receipt = await wait({ what: "a transaction that was signed earlier", attempts });
      return receipt?.status === 1 ? receipt : undefined;
    },
  };
}
