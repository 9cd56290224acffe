/**
 * Sends transactions of a daemon's key: from a nonce to a confirmed receipt, and across a crash at any point.
 *
 * A signed transaction is in the journal before it leaves, and only that one is sent until its nonce is used. So
 * nothing is ever sent under two nonces. Nonces are given in order. A transaction that waits too long is replaced by
 * itself with higher fees (delivery.ts).
 */
import { HoldfastError } from "../protocol/errors.ts";
import {
  createDelivery,
  untilAborted,
  type Delivered,
  type DeliveryModules,
  type DeliveryOptions,
} from "./delivery.ts";
import type { TransactionRecord } from "./transactions.ts";

export interface SenderOptions<Call> extends DeliveryOptions {
  /**
   * Whether the contract refuses the call the second time; if it still accepts the call, the first one has not
   * reached it.
   */
  readonly isOnce: (call: Call) => boolean;
}

export interface Sender<Call> {
  /**
   * Sends a call once per key. It is sent a second time only if the first was mined and failed, can never be mined,
   * or is no longer known to the chain.
   *
   * @throws HoldfastError whatever `TransactionChain.estimate` throws if the call would fail now; "chain" if it was
   *   mined and failed, or lost its nonce to another transaction; "aborted"
   */
  send(key: string, call: Call): Promise<Delivered>;
  /** Resolves when no transaction whose key begins with `prefix` is open any more. Never rejects. */
  finish(prefix: string): Promise<void>;
  /** Continues the transactions that were open when the daemon stopped; resolves when all have ended. */
  resume(): Promise<void>;
  /** Keys of transactions that have been open for at least `ms` milliseconds. */
  openFor(ms: number): string[];
}

/** Failed transactions allowed per key, so that no gas is spent on a fourth. */
const MAX_TRIES = 3;
/** Blocks by which an endpoint's state may be behind a receipt that it has shown. */
const LAG = 2;

export function createSender<Call>(
  options: SenderOptions<Call>,
  modules: DeliveryModules<Call>,
): Sender<Call> {
  const { chain, journal, log } = modules;
  const { signal, isOnce } = options;
  const delivery = createDelivery(options, modules);
  const running = new Map<string, Promise<Delivered>>();
  let turn: Promise<unknown> = Promise.resolve();

  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = turn.then(work, work);
    turn = result.catch(() => undefined);
    return result;
  };

  const sign = (key: string, call: Call): Promise<void> =>
    inTurn(async () => {
      const tries = (journal.transaction(key)?.tries ?? 0) + 1;
      if (tries > MAX_TRIES)
        throw new HoldfastError(
          "chain",
          `${key} failed ${MAX_TRIES} times, so it is not sent again: look at the earlier errors`,
          { key },
        );
      const gas = await chain.estimate(call);
      const { mined, pending } = await chain.nonces();
      // An endpoint may be behind in either count.
      const nonce = Math.max(mined, pending, journal.nextNonce());
      const transaction = await chain.sign(call, { nonce, gas });
      journal.setTransaction({ key, nonce, state: "signed", attempts: [transaction], tries });
    });

  /** Whether the chain still has the transaction that the journal calls mined, and the contract has executed it. */
  const stands = async (record: TransactionRecord, call: Call): Promise<boolean> => {
    const receipt = await delivery.findReceipt(record);
    if (!receipt) {
      delivery.reopen(record);
      return false;
    }
    if (!isOnce(call) || (await chain.block()).number - receipt.block < LAG) return true;
    const isRefused = await chain.estimate(call).then(
      () => false,
      () => true,
    );
    if (isRefused) return true;
    const { key } = record;
    log.warn({ key }, "the contract does not know a transaction that was mined: sending a new one");
    journal.setTransaction({ ...record, state: "dead" });
    return false;
  };

  const sendOnce = async (key: string, call: Call): Promise<Delivered> => {
    const before = journal.transaction(key);
    if (before?.mined && before.state === "mined" && (await stands(before, call))) return before.mined;
    const state = journal.transaction(key)?.state;
    if (state !== "signed" && state !== "sent") await sign(key, call);
    return delivery.outcome(key);
  };

  return {
    openFor: (ms) => delivery.openFor(ms),
    async finish(prefix) {
      const open = journal.openTransactions().filter(({ key }) => key.startsWith(prefix));
      await Promise.allSettled(open.map(({ key }) => delivery.outcome(key)));
    },
    async resume() {
      const goOn = async (key: string): Promise<void> => {
        try {
          const { hash } = await delivery.outcome(key);
          log.info({ key, tx: hash }, "delivered after a restart");
        } catch (error) {
          if (!signal.aborted) log.error({ key, err: error }, "transaction failed");
        }
      };
      await Promise.all(journal.openTransactions().map(({ key }) => goOn(key)));
    },
    send(key, call) {
      let promise = running.get(key);
      if (!promise) {
        promise = untilAborted(sendOnce(key, call), signal).finally(() => running.delete(key));
        running.set(key, promise);
      }
      return promise;
    },
  };
}
