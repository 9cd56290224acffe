/**
 * What a node must remember across a crash: requests it has seen, acceptances it has signed, proofs on their way.
 *
 * SQLite with every commit synced; opened exclusively, so that two nodes never share a data folder.
 */
import { join } from "node:path";
import Database from "better-sqlite3";
import { HoldfastError } from "../protocol/errors.ts";
import type { Hex } from "../protocol/field.ts";

export interface SignedAcceptance {
  readonly nonce: bigint;
  readonly vNode: bigint;
  readonly bucket: bigint;
  readonly segments: readonly { readonly root: Hex; readonly leaves: number }[];
  readonly epochs: bigint;
  readonly rent: bigint;
  readonly deadline: bigint;
}

/** planned -> signed -> mined; what is signed is sent again, as it is, until it is mined or too late. */
export type ProofState = "planned" | "signed" | "mined" | "failed";

export interface ProofRecord {
  readonly vNode: bigint;
  readonly epoch: number;
  readonly state: ProofState;
  readonly rawTransaction: string | null;
  readonly hash: string | null;
}

export interface Journal {
  /** False if this nonce was used before. */
  useRequest(signer: string, nonce: bigint, expiry: number, now: number): boolean;
  /** Takes the next nonce; what `sign` makes with it leaves only after it is recorded. */
  recordAcceptance(terms: Omit<SignedAcceptance, "nonce">): bigint;
  /** Roots of acceptances that may still be used. */
  acceptedRoots(now: bigint): Set<Hex>;
  recordSegment(root: Hex, now: number): void;
  /** When it was stored, in seconds; undefined if it is unknown. */
  storedAt(root: Hex): number | undefined;
  proof(vNode: bigint, epoch: number): ProofRecord | undefined;
  setProof(record: ProofRecord): void;
  /** Signed and not known to be mined. */
  pendingProofs(): ProofRecord[];
  close(): void;
}

interface ProofRow {
  vnode: string;
  epoch: number;
  state: ProofState;
  raw: string | null;
  hash: string | null;
}

export function openJournal(folder: string): Journal {
  let db: Database.Database;
  try {
    db = new Database(join(folder, "journal.sqlite"), { timeout: 0 });
    db.pragma("locking_mode = EXCLUSIVE");
    db.pragma("journal_mode = WAL");
    db.pragma("synchronous = FULL");
    db.exec("BEGIN IMMEDIATE"); // takes the lock, which is kept
    db.exec(SCHEMA);
    db.exec("COMMIT");
  } catch (cause) {
    if ((cause as { code?: string }).code?.startsWith("SQLITE_BUSY")) {
      const message = `another node uses the data folder ${folder}: stop it, or give this one a folder of its own`;
      throw new HoldfastError("locked", message, { folder }, { cause });
    }
    throw new HoldfastError(
      "io",
      `the journal in ${folder} cannot be opened: ${(cause as Error).message}`,
      { folder },
      { cause },
    );
  }
  const forget = db.prepare("DELETE FROM requests WHERE expiry < ?");
  const request = db.prepare("INSERT OR IGNORE INTO requests (signer, nonce, expiry) VALUES (?, ?, ?)");
  const acceptance = db.prepare(
    "INSERT INTO acceptances (vnode, bucket, segments, epochs, rent, deadline) VALUES (?, ?, ?, ?, ?, ?)",
  );
  const live = db.prepare<[number]>("SELECT segments FROM acceptances WHERE deadline >= ?");
  const segment = db.prepare("INSERT OR REPLACE INTO segments (root, stored) VALUES (?, ?)");
  const stored = db.prepare<[string]>("SELECT stored FROM segments WHERE root = ?");
  const oneProof = db.prepare<[string, number]>("SELECT * FROM proofs WHERE vnode = ? AND epoch = ?");
  const putProof = db.prepare(
    "INSERT OR REPLACE INTO proofs (vnode, epoch, state, raw, hash) VALUES (?, ?, ?, ?, ?)",
  );
  const pending = db.prepare("SELECT * FROM proofs WHERE state = 'signed'");

  return {
    useRequest(signer, nonce, expiry, now) {
      forget.run(now);
      return request.run(signer, String(nonce), expiry).changes === 1;
    },
    recordAcceptance({ vNode, bucket, segments, epochs, rent, deadline }) {
      const text = JSON.stringify(segments);
      const { lastInsertRowid } = acceptance.run(
        ...[String(vNode), String(bucket), text, String(epochs), String(rent), Number(deadline)],
      );
      return BigInt(lastInsertRowid);
    },
    acceptedRoots(now) {
      const rows = live.all(Number(now)) as { segments: string }[];
      return new Set(
        rows.flatMap(({ segments }) => (JSON.parse(segments) as { root: Hex }[]).map(({ root }) => root)),
      );
    },
    recordSegment: (root, now) => void segment.run(root, now),
    storedAt: (root) => (stored.get(root) as { stored: number } | undefined)?.stored,
    proof: (vNode, epoch) => toRecord(oneProof.get(String(vNode), epoch) as ProofRow | undefined),
    setProof: ({ vNode, epoch, state, rawTransaction, hash }) =>
      void putProof.run(String(vNode), epoch, state, rawTransaction, hash),
    pendingProofs: () =>
      (pending.all() as ProofRow[]).map((row) => toRecord(row)).filter((row) => row !== undefined),
    close: () => db.close(),
  };
}

function toRecord(row: ProofRow | undefined): ProofRecord | undefined {
  return (
    row && {
      vNode: BigInt(row.vnode),
      epoch: row.epoch,
      state: row.state,
      rawTransaction: row.raw,
      hash: row.hash,
    }
  );
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS requests (
    signer TEXT NOT NULL, nonce TEXT NOT NULL, expiry INTEGER NOT NULL, PRIMARY KEY (signer, nonce)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS acceptances (
    nonce INTEGER PRIMARY KEY AUTOINCREMENT, vnode TEXT NOT NULL, bucket TEXT NOT NULL, segments TEXT NOT NULL,
    epochs TEXT NOT NULL, rent TEXT NOT NULL, deadline INTEGER NOT NULL
  );
  CREATE TABLE IF NOT EXISTS segments (root TEXT PRIMARY KEY, stored INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS proofs (
    vnode TEXT NOT NULL, epoch INTEGER NOT NULL, state TEXT NOT NULL, raw TEXT, hash TEXT, PRIMARY KEY (vnode, epoch)
  ) WITHOUT ROWID;
`;
