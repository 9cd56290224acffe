/**
 * The file of the journal: its tables, and the lock that gives it to one process at a time.
 */
import { join } from "node:path";
import Database from "better-sqlite3";
import { HoldfastError } from "../protocol/errors.ts";

/** @throws HoldfastError "locked" if another process uses the file, "io" if it cannot be opened */
export function openDatabase(folder: string): Database.Database {
  let db: Database.Database | undefined;
  try {
    db = new Database(join(folder, "journal.sqlite"), { timeout: 0 });
    db.pragma("locking_mode = EXCLUSIVE");
    db.pragma("journal_mode = WAL");
    db.pragma("synchronous = FULL");
    db.exec(SCHEMA);
    addColumns(db);
    return db;
  } catch (cause) {
    db?.close();
    if ((cause as { code?: string }).code?.startsWith("SQLITE_BUSY")) {
      const message = `another node is using the data folder ${folder}: stop it, or give this one its own folder`;
      throw new HoldfastError("locked", message, { folder }, { cause });
    }
    const message = `the journal in ${folder} cannot be opened: ${(cause as Error).message}; check the disk and the permissions`;
    throw new HoldfastError("io", message, { folder }, { cause });
  }
}

/** Adds columns that older journals lack. */
function addColumns(db: Database.Database): void {
  const columns = db.pragma("table_info(consents)") as { readonly name: string }[];
  if (!columns.some(({ name }) => name === "payer"))
    db.exec("ALTER TABLE consents ADD COLUMN payer TEXT; ALTER TABLE consents ADD COLUMN cost TEXT;");
  db.exec("CREATE INDEX IF NOT EXISTS unused_by_payer ON consents (payer) WHERE used = 0");
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS requests (
    signer TEXT NOT NULL, nonce TEXT NOT NULL, expiry INTEGER NOT NULL, PRIMARY KEY (signer, nonce)
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS requests_by_expiry ON requests (expiry);
  CREATE TABLE IF NOT EXISTS segments (root TEXT PRIMARY KEY, bytes INTEGER NOT NULL, stored INTEGER NOT NULL)
    WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS uploads (root TEXT NOT NULL, bucket INTEGER NOT NULL, PRIMARY KEY (root, bucket))
    WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS unpaid (
    account TEXT NOT NULL, vnode INTEGER NOT NULL, bucket INTEGER NOT NULL, root TEXT NOT NULL, price TEXT NOT NULL,
    since INTEGER NOT NULL, PRIMARY KEY (account, vnode, bucket, root)
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS unpaid_by_root ON unpaid (root);
  CREATE TABLE IF NOT EXISTS acceptances (
    id INTEGER PRIMARY KEY AUTOINCREMENT, bucket INTEGER NOT NULL, vnode INTEGER NOT NULL, segments TEXT NOT NULL,
    epochs INTEGER NOT NULL, rent TEXT NOT NULL, deadline INTEGER NOT NULL
  );
  CREATE INDEX IF NOT EXISTS acceptances_by_deadline ON acceptances (deadline);
  CREATE TABLE IF NOT EXISTS consents (
    id INTEGER PRIMARY KEY, consent TEXT NOT NULL, deadline INTEGER NOT NULL, used INTEGER NOT NULL DEFAULT 0
  );
  CREATE INDEX IF NOT EXISTS consents_by_name ON consents (consent);
  CREATE TABLE IF NOT EXISTS foreigners (
    consent TEXT NOT NULL, vnode INTEGER NOT NULL, serial INTEGER NOT NULL, time INTEGER NOT NULL,
    operator TEXT NOT NULL, PRIMARY KEY (consent, vnode, serial, time)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS proofs (
    vnode INTEGER NOT NULL, epoch INTEGER NOT NULL, state TEXT NOT NULL, result TEXT, PRIMARY KEY (vnode, epoch)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS answers (challenge INTEGER PRIMARY KEY, state TEXT NOT NULL, result TEXT);
  -- A write takes the lock at once.
  DELETE FROM meta WHERE key = 'lock';
`;
