/**
 * Transactions of the operator's key, from a nonce to a confirmed receipt, surviving a crash at any point.
 *
 * What is signed is in the journal before it leaves, and it is that, and only that, which is sent until its nonce is used:
 * so nothing is ever sent twice under two nonces. Nonces are given in turn. A transaction that waits too long is replaced
 * by itself with higher fees.
 */
import type { Logger } from "pino";
import { HoldfastError } from "../protocol/errors.ts";
import type { Call, NodeChain, Receipt } from "./chain-model.ts";
import type { Clock } from "./clock.ts";
import type { Journal, TransactionRecord } from "./journal.ts";

export interface Delivery {
  readonly hash: string;
  readonly gasUsed: number;
}

export interface Sender {
  /**
   * Sends a call, once per key: a second time only after the first was mined and failed, or can never be mined.
   *
   * @throws HoldfastError what `NodeChain.estimate` throws, if the call would fail now; "chain" if it was mined and
   *   failed, or another transaction took its nonce; "aborted"
   */
  send(key: string, call: Call): Promise<Delivery>;
  /** Goes on with what was signed and not mined, of the keys that begin so; ends, and never rejects, with all of it. */
  finish(prefix: string): Promise<void>;
  /** Goes on with whatever was under way when the node stopped; ends with all of it. */
  resume(): Promise<void>;
}

export interface SenderOptions {
  /** Blocks on top of a transaction before it counts. */
  readonly confirmations: number;
  /** Until the fees are raised. */
  readonly bumpAfterMs: number;
  readonly pollMs: number;
  readonly signal: AbortSignal;
}

export interface SenderModules {
  readonly chain: NodeChain;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Failed transactions for one key: gas is not spent on a fourth. */
const MAX_TRIES = 3;
/** Looks at the chain in which a nonce is used and no receipt is found, until we believe it. */
const GONE_LOOKS = 3;

export function createSender(
  { confirmations, bumpAfterMs, pollMs, signal }: SenderOptions,
  { chain, journal, clock, log }: SenderModules,
): Sender {
  const running = new Map<string, Promise<Delivery>>();
  let turn: Promise<unknown> = Promise.resolve();

  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = turn.then(work, work);
    turn = result.catch(() => undefined);
    return result;
  };
  const save = (record: TransactionRecord): TransactionRecord => {
    journal.setTransaction(record);
    return record;
  };

  const sign = (key: string, call: Call): Promise<TransactionRecord> =>
    inTurn(async () => {
      throwIfAborted(signal);
      const tries = (journal.transaction(key)?.tries ?? 0) + 1;
      if (tries > MAX_TRIES)
        throw new HoldfastError("chain", `${key} failed ${MAX_TRIES} times: it is not sent again`, { key });
      const gas = await chain.estimate(call);
      const { pending } = await chain.nonces();
      const ours = journal.openTransactions().map((open) => open.nonce + 1);
      const nonce = Math.max(pending, ...ours);
      const transaction = await chain.sign(call, { nonce, gas });
      return save({ key, nonce, state: "signed", attempts: [transaction], tries });
    });

  const broadcast = async (record: TransactionRecord): Promise<TransactionRecord> => {
    const last = record.attempts.at(-1);
    if (!last) return record;
    try {
      await chain.broadcast(last);
    } catch (error) {
      // It stays signed, and is sent again: its nonce is taken.
      log.warn({ key: record.key, err: error }, "transaction not taken");
      return record;
    }
    return record.state === "signed" ? save({ ...record, state: "sent" }) : record;
  };

  const findReceipt = async ({ attempts }: TransactionRecord): Promise<Receipt | undefined> => {
    for (const { hash } of attempts.toReversed()) {
      const receipt = await chain.receipt(hash);
      if (receipt) return receipt;
    }
    return undefined;
  };

  const finish = (record: TransactionRecord, { hash, gasUsed, succeeded }: Receipt): Delivery => {
    save({ ...record, state: succeeded ? "mined" : "reverted", mined: { hash, gasUsed } });
    if (succeeded) return { hash, gasUsed };
    throw new HoldfastError("chain", `the transaction ${record.key} was mined and failed`, {
      key: record.key,
      hash,
    });
  };

  const deliver = async (signed: TransactionRecord): Promise<Delivery> => {
    let record = signed;
    for (;;) {
      record = await broadcast(record);
      const raiseAt = clock.now() + bumpAfterMs;
      let gone = 0;
      while (clock.now() < raiseAt) {
        throwIfAborted(signal);
        const receipt = await findReceipt(record);
        if (receipt && (await chain.block()).number - receipt.block >= confirmations)
          return finish(record, receipt);
        // The receipt is looked for after the nonce was: its transaction could have been mined in between.
        gone = !receipt && (await chain.nonces()).mined > record.nonce ? gone + 1 : 0;
        if (gone > GONE_LOOKS) {
          save({ ...record, state: "dead" });
          const message = `another transaction of the operator's key took the nonce of ${record.key}: does a second node use the key?`;
          throw new HoldfastError("chain", message, { key: record.key, nonce: record.nonce });
        }
        await clock.wait(pollMs, signal);
      }
      record = await raise(record);
    }
  };

  const raise = async (record: TransactionRecord): Promise<TransactionRecord> => {
    const last = record.attempts.at(-1);
    const raised = last && (await chain.raiseFees(last));
    if (!raised) {
      log.warn({ key: record.key }, "transaction waits at the highest fee that is allowed");
      return record;
    }
    log.warn({ key: record.key, tx: raised.hash }, "fee raised");
    return save({ ...record, attempts: [...record.attempts, raised] });
  };

  const once = (key: string, work: () => Promise<Delivery>): Promise<Delivery> => {
    let promise = running.get(key);
    if (!promise) {
      promise = work().finally(() => running.delete(key));
      running.set(key, promise);
    }
    return promise;
  };

  const finishOpen = async (prefix: string): Promise<void> => {
    const goOn = async (record: TransactionRecord): Promise<void> => {
      try {
        const { hash } = await once(record.key, () => deliver(record));
        log.info({ key: record.key, tx: hash }, "delivered after a restart");
      } catch (error) {
        if (!signal.aborted) log.error({ key: record.key, err: error }, "transaction failed");
      }
    };
    const open = journal.openTransactions().filter(({ key }) => key.startsWith(prefix));
    await Promise.all(open.map(goOn));
  };

  return {
    finish: finishOpen,
    resume: () => finishOpen(""),
    send: (key, call) =>
      once(key, async () => {
        const before = journal.transaction(key);
        if (before?.state === "mined" && before.mined) return before.mined;
        if (before?.state === "signed" || before?.state === "sent") return deliver(before);
        return deliver(await sign(key, call));
      }),
  };
}

function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new HoldfastError("aborted", "the node stops");
}
