/**
 * Delivers signed transactions. One loop looks after all open transactions, because an unused nonce holds up all
 * later ones. No failure ends the loop. Where chain and journal disagree, the chain is right.
 */
import { HoldfastError } from "../protocol/errors.ts";
import type { Clock } from "./clock.ts";
import type { Receipt, TransactionChain, TransactionJournal, TransactionRecord } from "./transactions.ts";

export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface Delivered {
  readonly hash: string;
  readonly gasUsed: number;
}

export interface DeliveryOptions {
  /** Blocks on top of a transaction before it counts as final. */
  readonly confirmations: number;
  /** Milliseconds until the fees of a waiting transaction are raised. */
  readonly bumpAfterMs: number;
  readonly pollMs: number;
  readonly signal: AbortSignal;
}

export interface DeliveryModules<Call> {
  readonly chain: TransactionChain<Call>;
  readonly journal: TransactionJournal;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Delivery {
  /**
   * Waits for an open transaction. @throws HoldfastError "chain" if it failed or lost its nonce to another; "aborted"
   */
  outcome(key: string): Promise<Delivered>;
  /** The receipt of the attempt that was mined, if any was. */
  findReceipt(record: TransactionRecord): Promise<Receipt | undefined>;
  /** Marks a mined transaction as sent again, after the chain has lost it. */
  reopen(record: TransactionRecord): void;
  /** Keys of transactions that have been open for at least `ms` milliseconds since this process took them over. */
  openFor(ms: number): string[];
}

/** A transaction counts as dead after so many looks in which its nonce is used and no receipt is found. */
const GONE_LOOKS = 3;

/** An open transaction, since this process took it over. */
interface Progress {
  /** Milliseconds since 1970. */
  readonly since: number;
  /** When the fees are raised and the transaction is sent again. */
  raiseAt: number;
  gone: number;
  refusal?: string;
}

export function createDelivery<Call>(
  { confirmations, bumpAfterMs, pollMs, signal }: DeliveryOptions,
  { chain, journal, clock, log }: DeliveryModules<Call>,
): Delivery {
  const waiters = new Map<string, PromiseWithResolvers<Delivered>>();
  const progress = new Map<string, Progress>();
  let running: Promise<void> | undefined;
  /** The lowest nonce that no transaction of ours has, and since when it has held up the others. */
  let gap: { readonly nonce: number; readonly since: number } | undefined;
  /** Problems of the last look; each is logged once. */
  let known: ReadonlySet<string> = new Set();

  const save = (record: TransactionRecord): TransactionRecord => {
    journal.setTransaction(record);
    return record;
  };

  // ---------------------------------------------------------------------------------------------------------- outcomes

  const settle = (key: string, result: Delivered | Error): void => {
    progress.delete(key);
    const waiter = waiters.get(key);
    waiters.delete(key);
    if (result instanceof Error) {
      if (waiter) waiter.reject(result);
      else log.error({ key, err: result }, "transaction failed");
    } else if (waiter) waiter.resolve(result);
    else log.info({ key, tx: result.hash }, "delivered");
  };

  const finish = (record: TransactionRecord, { hash, gasUsed, succeeded }: Receipt): void => {
    const state = succeeded ? "mined" : "reverted";
    settle(record.key, resultOf(save({ ...record, state, mined: { hash, gasUsed } })));
  };

  // ---------------------------------------------------------------------------------------------------------- one look

  const broadcast = async (record: TransactionRecord, own: Progress): Promise<TransactionRecord> => {
    const last = record.attempts.at(-1);
    if (!last) return record;
    try {
      await chain.broadcast(last);
    } catch (error) {
      // Its nonce is taken, so it stays signed and is sent again.
      const refusal = String(error);
      if (own.refusal !== refusal)
        log.warn({ key: record.key, err: error }, "the endpoint refused a transaction; will try again");
      own.refusal = refusal;
      return record;
    }
    return record.state === "signed" ? save({ ...record, state: "sent" }) : record;
  };

  const raise = async (record: TransactionRecord): Promise<TransactionRecord> => {
    const last = record.attempts.at(-1);
    const raised = last && (await chain.raiseFees(last));
    if (!raised) {
      log.warn(
        { key: record.key },
        "a transaction waits at the highest allowed fee: allow a higher one if it takes too long",
      );
      return record;
    }
    log.warn({ key: record.key, tx: raised.hash }, "fee raised");
    return save({ ...record, attempts: [...record.attempts, raised] });
  };

  const isShort = async ({ attempts }: TransactionRecord): Promise<boolean> => {
    const last = attempts.at(-1);
    return last !== undefined && chain.isShort(last);
  };

  const findReceipt = async ({ attempts }: TransactionRecord): Promise<Receipt | undefined> => {
    for (const { hash } of attempts.toReversed()) {
      const receipt = await chain.receipt(hash);
      if (receipt) return receipt;
    }
    return undefined;
  };

  const reopen = (record: TransactionRecord): void => {
    const { key, nonce } = record;
    log.warn({ key, nonce }, "the chain has lost a mined transaction: sending it again");
    save({ ...record, state: "sent" });
  };

  const isDeep = async ({ block }: Receipt): Promise<boolean> =>
    confirmations === 0 || (await chain.block()).number - block >= confirmations;

  /** Its nonce is used, either by one of its attempts or by another transaction. */
  const attendMined = async (record: TransactionRecord, own: Progress): Promise<void> => {
    const receipt = await findReceipt(record);
    own.gone = receipt ? 0 : own.gone + 1;
    if (own.gone > GONE_LOOKS) settle(record.key, resultOf(save({ ...record, state: "dead" })));
    if (receipt && (await isDeep(receipt))) finish(record, receipt);
  };

  /** @param mined the number of used nonces, read a moment ago: their receipts must exist by now */
  const attend = async (open: TransactionRecord, mined: number): Promise<void> => {
    let record = open;
    const now = clock.now();
    const isNew = !progress.has(record.key);
    const own = progress.get(record.key) ?? { since: now, raiseAt: now + bumpAfterMs, gone: 0 };
    progress.set(record.key, own);
    if (record.nonce < mined) return attendMined(record, own);
    own.gone = 0;
    const hasWaited = now >= own.raiseAt;
    if (hasWaited) own.raiseAt = now + bumpAfterMs;
    // A transaction that waits for earlier nonces gains nothing from higher fees, unless its own have become too low.
    if (hasWaited && (record.nonce === mined || (await isShort(record)))) record = await raise(record);
    if (isNew || hasWaited || record.state === "signed") await broadcast(record, own);
  };

  /**
   * Fills a missing nonce, because no later transaction is mined before it. Either a reorganization has removed its
   * transaction, or it belonged to a transaction that was not ours and has vanished.
   */
  const closeGap = async (open: readonly TransactionRecord[], nonce: number): Promise<void> => {
    const [first] = open;
    if (!first || first.nonce <= nonce) {
      gap = undefined;
      return;
    }
    const record = journal.transactionAt(nonce);
    if (record) {
      if (await findReceipt(record)) return; // the count of used nonces is behind
      reopen(record);
      return;
    }
    if (gap?.nonce !== nonce) gap = { nonce, since: clock.now() };
    if (clock.now() < gap.since + bumpAfterMs) return;
    log.warn(
      { nonce, waits: first.key },
      "an unused nonce holds up transactions: filling it with an empty one",
    );
    const call = { kind: "nothing" } as const;
    const transaction = await chain.sign(call, { nonce, gas: await chain.estimate(call) });
    save({ key: `nothing/${nonce}`, nonce, state: "signed", attempts: [transaction], tries: 1 });
  };

  /** Each piece of work fails alone: the others go on. */
  const look = async (): Promise<void> => {
    const open = journal.openTransactions();
    const problems: string[] = [];
    const attempt = async (work: () => Promise<void>): Promise<void> => {
      try {
        if (!signal.aborted) await untilAborted(work(), signal);
      } catch (error) {
        if (signal.aborted) return;
        problems.push(String(error));
        if (!known.has(String(error)))
          log.warn({ err: error }, "cannot look after the open transactions; will try again");
      }
    };
    let mined: number | undefined;
    await attempt(async () => void (mined = await chain.minedCount()));
    for (const work of mined === undefined ? [] : worksOf(open, mined)) await attempt(work);
    known = new Set(problems);
  };

  const worksOf = (open: readonly TransactionRecord[], mined: number): (() => Promise<void>)[] => [
    () => closeGap(open, mined),
    ...open.map((record) => () => attend(record, mined)),
  ];

  const loop = async (): Promise<void> => {
    while (!signal.aborted && journal.openTransactions().length > 0) {
      await look();
      await clock.wait(pollMs, signal);
    }
    // Set at once: the next signed transaction must start a new loop.
    running = undefined;
    if (!signal.aborted) return;
    for (const { reject } of waiters.values()) reject(aborted());
    waiters.clear();
  };
  const run = (): Promise<void> => (running ??= Promise.resolve().then(loop));

  return {
    findReceipt,
    reopen,
    openFor: (ms) => [...progress].filter(([, { since }]) => clock.now() - since >= ms).map(([key]) => key),
    async outcome(key) {
      const record = journal.transaction(key);
      if (!record) throw new RangeError(`"key" expected one of a transaction, got ${key}`);
      if (record.state !== "signed" && record.state !== "sent") {
        const result = resultOf(record);
        if (result instanceof Error) throw result;
        return result;
      }
      const waiter = waiters.get(key) ?? Promise.withResolvers<Delivered>();
      waiters.set(key, waiter);
      void run();
      return waiter.promise;
    },
  };
}

/** The result of a transaction that is no longer open. */
function resultOf({ key, nonce, state, mined }: TransactionRecord): Delivered | HoldfastError {
  if (state === "mined" && mined) return mined;
  if (state === "reverted")
    return new HoldfastError(
      "chain",
      `the transaction ${key} was mined but failed: look up its hash to see why`,
      {
        key,
        hash: mined?.hash,
      },
    );
  const message = `another transaction of the same key took the nonce of ${key}: does a second node or auditor use it?`;
  return new HoldfastError("chain", message, { key, nonce });
}

const aborted = (): HoldfastError => new HoldfastError("aborted", "stopped before it was done");

/** Rejects as soon as the signal aborts, even if `work` never ends. */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) throw aborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const end = (): void => reject(aborted());
  signal.addEventListener("abort", end, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", end);
  }
}
