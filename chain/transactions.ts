/**
 * Transactions of one key: what a daemon asks the chain in order to send them, and what it must remember across a
 * crash.
 */
import type Database from "better-sqlite3";

export interface SignedTransaction {
  readonly raw: string;
  readonly hash: string;
}

export interface Receipt {
  readonly hash: string;
  readonly block: number;
  readonly succeeded: boolean;
  readonly gasUsed: number;
}

/** An empty transaction, to use up a nonce. */
export interface Nothing {
  readonly kind: "nothing";
}

/**
 * Every method rejects with HoldfastError "unreachable" if the chain does not answer, or "chain" if a contract
 * refuses.
 */
export interface TransactionChain<Call> {
  block(): Promise<{ readonly number: number }>;
  /** The gas that a call would take. Rejects if the call would revert. */
  estimate(call: Call | Nothing): Promise<bigint>;
  /** The current price of a unit of gas, in wei. */
  gasPrice(): Promise<bigint>;
  /** The number of mined transactions of our key. */
  minedCount(): Promise<number>;
  /** Numbers of our key's transactions: mined, and mined or waiting. */
  nonces(): Promise<{ readonly mined: number; readonly pending: number }>;
  sign(
    call: Call | Nothing,
    options: { readonly nonce: number; readonly gas: bigint },
  ): Promise<SignedTransaction>;
  /** The same transaction with fees high enough to replace it; undefined if they would exceed the limit. */
  raiseFees(transaction: SignedTransaction): Promise<SignedTransaction | undefined>;
  /** Whether the chain now asks for more than the transaction offers. */
  isShort(transaction: SignedTransaction): Promise<boolean>;
  /** Resolves also if the network already has the transaction, or another one with its nonce. */
  broadcast(transaction: SignedTransaction): Promise<void>;
  receipt(hash: string): Promise<Receipt | undefined>;
}

/** signed: may not have left; sent: has left; mined, reverted: final; dead: another transaction has used its nonce. */
export type TransactionState = "signed" | "sent" | "mined" | "reverted" | "dead";

export interface TransactionRecord {
  /** What the transaction is for. Each key has at most one record. */
  readonly key: string;
  readonly nonce: number;
  readonly state: TransactionState;
  /** All transactions with this nonce, each with higher fees than the one before. */
  readonly attempts: readonly SignedTransaction[];
  /** How many nonces this key has used, this one included. */
  readonly tries: number;
  /** The attempt that was mined. */
  readonly mined?: { readonly hash: string; readonly gasUsed: number } | undefined;
}

export interface TransactionJournal {
  transaction(key: string): TransactionRecord | undefined;
  setTransaction(record: TransactionRecord): void;
  /** Transactions that are signed or sent, by nonce. */
  openTransactions(): TransactionRecord[];
  /** The transaction with this nonce, unless it is dead. */
  transactionAt(nonce: number): TransactionRecord | undefined;
  /** One above the highest nonce that was ever given. */
  nextNonce(): number;
}

/** Finished transactions stay for a while, for people to look at. */
const KEEP_TRANSACTIONS = 1024;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS transactions (
    key TEXT PRIMARY KEY, nonce INTEGER NOT NULL, state TEXT NOT NULL, attempts TEXT NOT NULL, tries INTEGER NOT NULL,
    mined TEXT
  ) WITHOUT ROWID;
`;

/** Keeps the transactions in a table of the database. */
export function keepTransactions(database: Database.Database): TransactionJournal {
  database.exec(SCHEMA);
  const read = (sql: string, ...values: unknown[]): TransactionRecord | undefined =>
    toRecord(database.prepare(sql).get(...values) as TransactionRow | undefined);
  return {
    transaction: (key) => read("SELECT * FROM transactions WHERE key = ?", key),
    setTransaction: ({ key, nonce, state, attempts, tries, mined }) =>
      database.transaction(() => {
        const final = "state IN ('mined', 'reverted', 'dead')";
        database
          .prepare(`DELETE FROM transactions WHERE ${final} AND nonce < ?`)
          .run(nonce - KEEP_TRANSACTIONS);
        const insert =
          "INSERT OR REPLACE INTO transactions (key, nonce, state, attempts, tries, mined) VALUES (?, ?, ?, ?, ?, ?)";
        const result = mined ? JSON.stringify(mined) : null;
        database.prepare(insert).run(key, nonce, state, JSON.stringify(attempts), tries, result);
      })(),
    openTransactions: () =>
      database
        .prepare("SELECT * FROM transactions WHERE state IN ('signed', 'sent') ORDER BY nonce")
        .all()
        .map((row) => toRecord(row as TransactionRow))
        .filter((record) => record !== undefined),
    transactionAt: (nonce) => read("SELECT * FROM transactions WHERE nonce = ? AND state <> 'dead'", nonce),
    nextNonce: () =>
      (
        database.prepare("SELECT ifnull(max(nonce) + 1, 0) AS next FROM transactions").get() as {
          next: number;
        }
      ).next,
  };
}

interface TransactionRow {
  readonly key: string;
  readonly nonce: number;
  readonly state: TransactionState;
  readonly attempts: string;
  readonly tries: number;
  readonly mined: string | null;
}

function toRecord(row: TransactionRow | undefined): TransactionRecord | undefined {
  if (!row) return undefined;
  const { key, nonce, state, tries } = row;
  const mined = row.mined === null ? undefined : (JSON.parse(row.mined) as TransactionRecord["mined"]);
  return { key, nonce, state, tries, attempts: JSON.parse(row.attempts) as SignedTransaction[], mined };
}
