/**
 * Transactions of one key: what a daemon asks of the chain to send them, and what it must remember of them across a crash.
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

/** Uses up a nonce. */
export interface Nothing {
  readonly kind: "nothing";
}

/** Every method rejects with HoldfastError: "unreachable" if the chain does not answer, "chain" if a contract refuses. */
export interface TransactionChain<Call> {
  block(): Promise<{ readonly number: number }>;
  /** Gas that a call would take; rejects as the call would. */
  estimate(call: Call | Nothing): Promise<bigint>;
  /** Wei for a unit of gas, if it is sent now. */
  gasPrice(): Promise<bigint>;
  /** Transactions of our key that are mined. */
  minedCount(): Promise<number>;
  /** Transactions of our key: mined, and mined or waiting. */
  nonces(): Promise<{ readonly mined: number; readonly pending: number }>;
  sign(
    call: Call | Nothing,
    options: { readonly nonce: number; readonly gas: bigint },
  ): Promise<SignedTransaction>;
  /** The same transaction with fees that replace it; undefined if they would be above the limit. */
  raiseFees(transaction: SignedTransaction): Promise<SignedTransaction | undefined>;
  /** Whether the chain asks for more by now than the transaction offers. */
  isShort(transaction: SignedTransaction): Promise<boolean>;
  /** Also resolves if the network has it, or has another with its nonce, already. */
  broadcast(transaction: SignedTransaction): Promise<void>;
  receipt(hash: string): Promise<Receipt | undefined>;
}

/** signed: not known to have left; sent: it has; mined and reverted: final; dead: its nonce went to another. */
export type TransactionState = "signed" | "sent" | "mined" | "reverted" | "dead";

export interface TransactionRecord {
  /** What it is for: there is one at a time. */
  readonly key: string;
  readonly nonce: number;
  readonly state: TransactionState;
  /** All with this nonce, each with higher fees than the one before. */
  readonly attempts: readonly SignedTransaction[];
  /** Of this key, this one included. */
  readonly tries: number;
  /** Of the one that was mined. */
  readonly mined?: { readonly hash: string; readonly gasUsed: number } | undefined;
}

export interface TransactionJournal {
  transaction(key: string): TransactionRecord | undefined;
  setTransaction(record: TransactionRecord): void;
  /** Signed or sent, by nonce. */
  openTransactions(): TransactionRecord[];
  /** Which had this nonce, and did not lose it to another. */
  transactionAt(nonce: number): TransactionRecord | undefined;
  /** Above all nonces that were given. */
  nextNonce(): number;
}

/** What is over is kept for a while, for people to look at. */
const KEEP_TRANSACTIONS = 1024;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS transactions (
    key TEXT PRIMARY KEY, nonce INTEGER NOT NULL, state TEXT NOT NULL, attempts TEXT NOT NULL, tries INTEGER NOT NULL,
    mined TEXT
  ) WITHOUT ROWID;
`;

/** A table of the database. */
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
