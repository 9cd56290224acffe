/**
 * The auditor's records, in SQLite: every verdict and action, for later questions and for the auditor's own restart.
 */
import { join } from "node:path";
import Database from "better-sqlite3";
import { keepTransactions, type TransactionJournal } from "../chain/transactions.ts";
import { HoldfastError } from "../protocol/errors.ts";
import type { Hex } from "../protocol/field.ts";

/** The verdict on a proof that the chain accepted: rightly, wrongly, or the proof cannot be found. */
export type Outcome = "valid" | "invalid" | "unseen";

/** Identifies a proof of a transaction. */
export interface ProofId {
  readonly transaction: string;
  readonly vNode: bigint;
  readonly epoch: number;
  readonly node: bigint;
}

export interface Verdict extends ProofId {
  readonly outcome: Outcome;
  /** Why it is not valid. */
  readonly reason: string | undefined;
}

export interface Counts {
  readonly valid: number;
  readonly invalid: number;
  readonly unseen: number;
  readonly missed: number;
  readonly contradictions: number;
}

export interface AuditorState {
  readonly transactions: TransactionJournal;
  /** Whether an auditor had used these records before they were opened. */
  readonly isClaimed: boolean;
  /** @throws HoldfastError "bad-input" if the records belong to another account, chain or deployment */
  claim(identity: { chainId: bigint; audits: string; account: string }): void;
  /** Adds gas spent in an epoch on settling for a cluster, where no reward paid for it. */
  addSpent(cluster: bigint, epoch: number, gas: bigint): void;
  /** Gas by cluster, since an epoch. */
  spentSince(epoch: number): Map<bigint, bigint>;
  verdictOf(proof: ProofId): Outcome | undefined;
  saveVerdict(verdict: Verdict): void;
  /** @returns false if it is recorded already */
  saveMiss(miss: { vNode: bigint; node: bigint; epoch: number; misses: number }): boolean;
  hasContradiction(source: string, what: string): boolean;
  saveContradiction(source: string, what: string): void;
  /** Whether a beacon's recorded randomness was checked against its source. */
  isChecked(beacon: number, epoch: number, randomness: Hex): boolean;
  saveChecked(beacon: number, epoch: number, randomness: Hex): void;
  counts(): Counts;
  close(): void;
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS verdicts (
    transaction_hash TEXT NOT NULL, vnode INTEGER NOT NULL, epoch INTEGER NOT NULL, node INTEGER NOT NULL,
    outcome TEXT NOT NULL, reason TEXT,
    PRIMARY KEY (transaction_hash, vnode, epoch, node)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS misses (
    vnode INTEGER NOT NULL, epoch INTEGER NOT NULL, node INTEGER NOT NULL, misses INTEGER NOT NULL,
    PRIMARY KEY (vnode, epoch)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS contradictions (
    source TEXT NOT NULL, what TEXT NOT NULL,
    PRIMARY KEY (source, what)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS checked (
    beacon INTEGER NOT NULL, epoch INTEGER NOT NULL, randomness TEXT NOT NULL,
    PRIMARY KEY (beacon, epoch)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS spent (
    cluster INTEGER NOT NULL, epoch INTEGER NOT NULL, gas INTEGER NOT NULL,
    PRIMARY KEY (cluster, epoch)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS owner (owner TEXT NOT NULL) STRICT;
`;

/**
 * @param folder must exist; ":memory:" keeps nothing
 * @throws HoldfastError "locked" if another auditor uses it, "corrupt" if the file is no auditor's
 */
export function openState(folder: string): AuditorState {
  const database = new Database(folder === ":memory:" ? folder : join(folder, "auditor.sqlite"), {
    timeout: 0,
  });
  try {
    database.pragma("locking_mode = EXCLUSIVE");
    database.pragma("journal_mode = WAL");
    database.pragma("synchronous = FULL");
    database.exec(SCHEMA);
  } catch (cause) {
    database.close();
    if (cause instanceof Database.SqliteError && cause.code.startsWith("SQLITE_BUSY")) {
      throw new HoldfastError(
        "locked",
        `another auditor uses ${folder}: stop it, or give this one its own folder`,
        { folder },
        { cause },
      );
    }
    throw new HoldfastError(
      "corrupt",
      `the records in ${folder} are damaged, or not an auditor's: use another folder`,
      { folder },
      { cause },
    );
  }
  const find = database.prepare<unknown[], { outcome: Outcome }>(
    "SELECT outcome FROM verdicts WHERE transaction_hash = ? AND vnode = ? AND epoch = ? AND node = ?",
  );
  const insertVerdict = database.prepare("INSERT OR REPLACE INTO verdicts VALUES (?, ?, ?, ?, ?, ?)");
  const insertMiss = database.prepare(
    `INSERT INTO misses VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET node = excluded.node, misses = excluded.misses
      WHERE node <> excluded.node OR misses <> excluded.misses`,
  );
  const insertContradiction = database.prepare("INSERT OR IGNORE INTO contradictions VALUES (?, ?)");
  const findContradiction = database.prepare("SELECT 1 FROM contradictions WHERE source = ? AND what = ?");
  const findChecked = database.prepare<[number, number], { randomness: string }>(
    "SELECT randomness FROM checked WHERE beacon = ? AND epoch = ?",
  );
  const insertChecked = database.prepare("INSERT OR REPLACE INTO checked VALUES (?, ?, ?)");
  const outcomes = (["valid", "invalid", "unseen"] as const).map(
    (outcome) => `(SELECT count(*) FROM verdicts WHERE outcome = '${outcome}') ${outcome}`,
  );
  const count = database.prepare<[], Counts>(
    `SELECT ${outcomes.join(", ")}, (SELECT count(*) FROM misses) missed,` +
      " (SELECT count(*) FROM contradictions) contradictions",
  );
  const addSpent = database.prepare(
    "INSERT INTO spent VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET gas = gas + excluded.gas",
  );
  const sumSpent = database.prepare<[number], { cluster: number; gas: number }>(
    "SELECT cluster, sum(gas) gas FROM spent WHERE epoch >= ? GROUP BY cluster",
  );
  const findOwner = database.prepare<[], { owner: string }>("SELECT owner FROM owner");
  return {
    transactions: keepTransactions(database),
    isClaimed: findOwner.get() !== undefined,
    claim({ chainId, audits, account }) {
      const own = `account ${account}, auditing ${audits} on chain ${chainId}`;
      const found = findOwner.get()?.owner;
      if (found === undefined) database.prepare("INSERT INTO owner VALUES (?)").run(own);
      if (found === undefined || found === own) return;
      const message = `the data folder ${folder} belongs to ${found}, but this is ${own}: give each auditor its own folder`;
      throw new HoldfastError("bad-input", message, { folder, owner: found });
    },
    addSpent: (cluster, epoch, gas) => void addSpent.run(cluster, epoch, gas),
    spentSince: (epoch) =>
      new Map(sumSpent.all(epoch).map(({ cluster, gas }) => [BigInt(cluster), BigInt(gas)])),
    verdictOf: ({ transaction, vNode, epoch, node }) => find.get(transaction, vNode, epoch, node)?.outcome,
    saveVerdict: ({ transaction, vNode, epoch, node, outcome, reason }) =>
      void insertVerdict.run(transaction, vNode, epoch, node, outcome, reason ?? null),
    saveMiss: ({ vNode, epoch, node, misses }) => insertMiss.run(vNode, epoch, node, misses).changes > 0,
    hasContradiction: (source, what) => findContradiction.get(source, what) !== undefined,
    saveContradiction: (source, what) => void insertContradiction.run(source, what),
    isChecked: (beacon, epoch, randomness) => findChecked.get(beacon, epoch)?.randomness === randomness,
    saveChecked: (beacon, epoch, randomness) => void insertChecked.run(beacon, epoch, randomness),
    counts: () => count.get() as Counts,
    close: () => void database.close(),
  };
}
