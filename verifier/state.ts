/**
 * The auditor's records, in SQLite: every verdict and what it did, for whoever asks later and for its own restart.
 */
import Database from "better-sqlite3";
import { join } from "node:path";
import { HoldfastError } from "../protocol/errors.ts";

export interface Verdict {
  readonly vNode: bigint;
  readonly epoch: number;
  readonly transaction: string;
  readonly node: bigint;
  readonly valid: boolean;
  /** Why it is not. */
  readonly reason: string | undefined;
}

export interface AuditorState {
  hasVerdict(transaction: string, vNode: bigint, epoch: number): boolean;
  saveVerdict(verdict: Verdict): void;
  saveMiss(miss: { vNode: bigint; node: bigint; epoch: number; misses: number }): void;
  counts(): { valid: number; invalid: number; missed: number };
  close(): void;
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS verdicts (
    transaction_hash TEXT NOT NULL, vnode INTEGER NOT NULL, epoch INTEGER NOT NULL, node INTEGER NOT NULL,
    valid INTEGER NOT NULL, reason TEXT,
    PRIMARY KEY (transaction_hash, vnode, epoch)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS misses (
    vnode INTEGER NOT NULL, epoch INTEGER NOT NULL, node INTEGER NOT NULL, misses INTEGER NOT NULL,
    PRIMARY KEY (vnode, epoch)
  ) STRICT;
`;

/** @param folder exists; ":memory:" for none. Throws "locked" if another auditor uses it. */
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
        `another auditor uses ${folder}: stop it, or give a folder of its own`,
        { folder },
        { cause },
      );
    }
    throw new HoldfastError("corrupt", `${folder} does not hold an auditor's records`, { folder }, { cause });
  }
  const find = database.prepare(
    "SELECT 1 FROM verdicts WHERE transaction_hash = ? AND vnode = ? AND epoch = ?",
  );
  const insertVerdict = database.prepare("INSERT OR REPLACE INTO verdicts VALUES (?, ?, ?, ?, ?, ?)");
  const insertMiss = database.prepare("INSERT OR REPLACE INTO misses VALUES (?, ?, ?, ?)");
  const count = database.prepare<[], { valid: number; invalid: number; missed: number }>(
    "SELECT (SELECT count(*) FROM verdicts WHERE valid = 1) valid, (SELECT count(*) FROM verdicts WHERE valid = 0) invalid," +
      " (SELECT count(*) FROM misses) missed",
  );
  return {
    hasVerdict: (transaction, vNode, epoch) => find.get(transaction, vNode, epoch) !== undefined,
    saveVerdict: ({ transaction, vNode, epoch, node, valid, reason }) =>
      void insertVerdict.run(transaction, vNode, epoch, node, valid ? 1 : 0, reason ?? null),
    saveMiss: ({ vNode, epoch, node, misses }) => void insertMiss.run(vNode, epoch, node, misses),
    counts: () => count.get() ?? { valid: 0, invalid: 0, missed: 0 },
    close: () => void database.close(),
  };
}
