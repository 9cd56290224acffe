/**
 * What a node must remember across a crash: requests it has seen, what it stored for whom, acceptances it signed, proofs
 * it made and transactions it sent.
 *
 * SQLite, every commit synced. It is opened exclusively, which is also what keeps two nodes off one data folder.
 */
import { randomBytes } from "node:crypto";
import type Database from "better-sqlite3";
import { keepTransactions, type TransactionJournal } from "../chain/transactions.ts";
import type { ProofResult } from "../groth16/engine.ts";
import { HoldfastError } from "../protocol/errors.ts";
import type { Hex } from "../protocol/field.ts";
import { openDatabase } from "./journal-database.ts";

export type { SignedTransaction, TransactionRecord, TransactionState } from "../chain/transactions.ts";

export interface Identity {
  readonly chainId: bigint;
  readonly registry: string;
  readonly node: bigint;
}

export interface AcceptedTerms {
  readonly bucket: bigint;
  readonly vNode: bigint;
  /** None: a segment that is stored already goes on. */
  readonly segments: readonly { readonly root: Hex; readonly leaves: number }[];
  readonly epochs: bigint;
  readonly rent: bigint;
  /** Seconds, chain time. */
  readonly deadline: bigint;
  /** What events will say of each segment, if it is used (consents.ts). */
  readonly consents: readonly string[];
  /** Who asked, and what each consent costs: token units. */
  readonly payer?: string | undefined;
  readonly costs?: readonly bigint[];
}

/** A segment that somebody uploaded, and what it costs for an epoch: token units. */
export interface Upload {
  readonly account: string;
  readonly vNode: bigint;
  readonly bucket: bigint;
  readonly root: Hex;
  readonly price: bigint;
}

/** A use on chain of an acceptance that this node did not sign. */
export interface ForeignRecord {
  /** Names it. */
  readonly consent: string;
  readonly vNode: bigint;
  readonly serial: number;
  /** Chain time in seconds. */
  readonly time: number;
  /** Whose key signed it, at that time the node's. */
  readonly operator: string;
}

/** planned: somebody works on it; proved: `result` is there; mined: done. */
export interface ProofRecord {
  readonly vNode: bigint;
  readonly epoch: number;
  readonly state: "planned" | "proved" | "mined";
  readonly result?: ProofResult | undefined;
}

/** As for a proof. */
export interface AnswerRecord {
  readonly challenge: bigint;
  readonly state: ProofRecord["state"];
  readonly result?: ProofResult | undefined;
}

export interface Journal extends TransactionJournal {
  /** Whether a node had run with it before it was opened. */
  readonly isClaimed: boolean;
  /** @throws HoldfastError "bad-input" if the folder belongs to another node, chain or deployment */
  claim(identity: Identity): void;

  /** False if the signer used this nonce before. */
  useRequest(signer: string, nonce: bigint, expiry: number, now: number): boolean;

  /** A segment is on disk. */
  recordSegment(root: Hex, bytes: number, now: number): void;
  /** When it was stored, in seconds, whether or not the disk still has it. */
  storedAt(root: Hex): number | undefined;
  storedRoots(): Hex[];
  isUploaded(root: Hex, bucket: bigint): boolean;
  forgetSegment(root: Hex): void;
  /** A segment is on disk for a bucket, and who has to pay for it. */
  recordUpload(upload: Upload, bytes: number, now: number): void;
  /** Those that are not known to be paid for. */
  unpaid(account: string): Upload[];
  settleUpload(upload: Upload): void;

  /** The nonce for an acceptance, which is on disk before anybody signs it. */
  recordAcceptance(terms: AcceptedTerms): bigint;
  /** Roots of acceptances whose deadline is not over. */
  acceptedRoots(now: number): Set<Hex>;
  /** Consents that a payer has not used, those that have lapsed lately included, and what they would cost. */
  unused(payer: string): { readonly count: number; readonly cost: bigint };
  /** Whether the vNode's directory may still grow by acceptances that were signed. */
  mayBeUsed(vNode: bigint, now: number): boolean;

  /** Chain time at which this journal began, in seconds: what was signed before is not in it. The first call says. */
  beganAt(now: number): number;
  /** Notes the nth use of a consent on chain; false if it was not signed as often. */
  useConsent(consent: string, nth: number): boolean;
  /** False if it is known already. */
  recordForeign(record: ForeignRecord): boolean;
  /** Signed with the operator's key. */
  foreign(operator: string): ForeignRecord[];

  proof(vNode: bigint, epoch: number): ProofRecord | undefined;
  setProof(record: ProofRecord): void;
  answer(challenge: bigint): AnswerRecord | undefined;
  setAnswer(record: AnswerRecord): void;

  close(): void;
}

/** What is over is kept for a while, for people to look at. */
const KEEP_SECONDS = 7 * 24 * 3600;
/** What was not used is kept until nobody can learn any more that it was. */
const KEEP_UNUSED_SECONDS = 24 * 3600;
/** Who uploads again what is not paid for has as long to pay as the first time, but not for ever. */
export const MAX_UNPAID_SECONDS = 24 * 3600;
const KEEP_EPOCHS = 64;
const KEEP_ANSWERS = 1024;

const STORED = "INSERT OR IGNORE INTO segments (root, bytes, stored) VALUES (?, ?, ?)";

/** @throws HoldfastError "locked" if another process has the folder, "io" if the journal cannot be opened */
export function openJournal(folder: string): Journal {
  const db = openDatabase(folder);
  const read = (sql: string, ...values: unknown[]): unknown => db.prepare(sql).get(...values);
  const readAll = (sql: string, ...values: unknown[]): unknown[] => db.prepare(sql).all(...values);
  const write = (sql: string, ...values: unknown[]): Database.RunResult => db.prepare(sql).run(...values);
  const atOnce = <T>(work: () => T): T => db.transaction(work)();
  const meta = (key: string, value: string): string => {
    write("INSERT OR IGNORE INTO meta (key, value) VALUES (?, ?)", key, value);
    return (read("SELECT value FROM meta WHERE key = ?", key) as { value: string }).value;
  };
  // Nonces share words of 256 bits in the contract. A random start keeps a node that lost its journal off its old ones.
  const firstNonce = BigInt(`0x${meta("nonces", randomBytes(24).toString("hex"))}`) << 40n;

  return {
    isClaimed: read("SELECT 1 FROM meta WHERE key = 'owner'") !== undefined,
    claim({ chainId, registry, node }) {
      const own = `node ${node} of ${registry} on chain ${chainId}`;
      const owner = meta("owner", own);
      if (owner === own) return;
      const message = `the data folder ${folder} belongs to ${owner}, this is ${own}: give each node its own folder`;
      throw new HoldfastError("bad-input", message, { folder, owner });
    },

    useRequest: (signer, nonce, expiry, now) =>
      atOnce(() => {
        write("DELETE FROM requests WHERE expiry < ?", now);
        const insert = "INSERT OR IGNORE INTO requests (signer, nonce, expiry) VALUES (?, ?, ?)";
        return write(insert, signer, String(nonce), expiry).changes === 1;
      }),

    recordSegment: (root, bytes, now) => void write(STORED, root, bytes, now),
    recordUpload: ({ account, vNode, bucket, root, price }, bytes, now) =>
      atOnce(() => {
        write(STORED, root, bytes, now);
        write("INSERT OR IGNORE INTO uploads (root, bucket) VALUES (?, ?)", root, bucket);
        const place = [account, vNode, bucket, root];
        const same = "account = ? AND vnode = ? AND bucket = ? AND root = ?";
        // It was never paid for, and others need it: that was another time.
        write(`DELETE FROM unpaid WHERE ${same} AND since <= ?`, ...place, now - 2 * MAX_UNPAID_SECONDS);
        write(
          "INSERT OR IGNORE INTO unpaid (account, vnode, bucket, root, price, since) VALUES (?, ?, ?, ?, ?, ?)",
          ...[...place, String(price), now],
        );
        const { since } = read(`SELECT since FROM unpaid WHERE ${same}`, ...place) as { since: number };
        if (now - since < MAX_UNPAID_SECONDS)
          write("UPDATE segments SET stored = ? WHERE root = ?", now, root);
      }),
    unpaid(account) {
      const rows = readAll("SELECT * FROM unpaid WHERE account = ?", account) as UnpaidRow[];
      return rows.map(({ vnode, bucket, root, price }) => ({
        ...{ account, vNode: BigInt(vnode), bucket: BigInt(bucket), root, price: BigInt(price) },
      }));
    },
    settleUpload: ({ account, vNode, bucket, root }) =>
      void write(
        "DELETE FROM unpaid WHERE account = ? AND vnode = ? AND bucket = ? AND root = ?",
        ...[account, vNode, bucket, root],
      ),
    storedAt: (root) =>
      (read("SELECT stored FROM segments WHERE root = ?", root) as { stored: number } | undefined)?.stored,
    storedRoots: () => (readAll("SELECT root FROM segments") as { root: Hex }[]).map(({ root }) => root),
    isUploaded: (root, bucket) =>
      read("SELECT 1 FROM uploads WHERE root = ? AND bucket = ?", root, bucket) !== undefined,
    forgetSegment: (root) =>
      atOnce(() => {
        write("DELETE FROM uploads WHERE root = ?", root);
        write("DELETE FROM unpaid WHERE root = ?", root);
        write("DELETE FROM segments WHERE root = ?", root);
      }),

    recordAcceptance: ({ bucket, vNode, segments, epochs, rent, deadline, consents, payer, costs = [] }) =>
      atOnce(() => {
        write("DELETE FROM acceptances WHERE deadline < ?", Number(deadline) - KEEP_SECONDS);
        const unused = Number(deadline) - KEEP_UNUSED_SECONDS;
        write("DELETE FROM consents WHERE used = 0 AND deadline < ?", unused);
        const { lastInsertRowid } = write(
          "INSERT INTO acceptances (bucket, vnode, segments, epochs, rent, deadline) VALUES (?, ?, ?, ?, ?, ?)",
          ...[bucket, vNode, JSON.stringify(segments), epochs, String(rent), deadline],
        );
        for (const [i, consent] of consents.entries())
          write(
            "INSERT INTO consents (consent, deadline, payer, cost) VALUES (?, ?, ?, ?)",
            ...[consent, deadline, payer ?? null, String(costs[i] ?? 0n)],
          );
        return firstNonce + BigInt(lastInsertRowid);
      }),
    acceptedRoots(now) {
      const rows = readAll("SELECT segments FROM acceptances WHERE deadline >= ?", now) as {
        segments: string;
      }[];
      return new Set(
        rows.flatMap(({ segments }) => (JSON.parse(segments) as { root: Hex }[]).map(({ root }) => root)),
      );
    },

    unused(payer) {
      const rows = readAll("SELECT cost FROM consents WHERE payer = ? AND used = 0", payer) as {
        cost: string;
      }[];
      return { count: rows.length, cost: rows.reduce((sum, { cost }) => sum + BigInt(cost), 0n) };
    },
    mayBeUsed(vNode, now) {
      const sql = "SELECT 1 FROM acceptances WHERE vnode = ? AND deadline >= ? AND segments <> '[]'";
      return read(sql, vNode, now) !== undefined;
    },

    beganAt: (now) => Number(meta("began", String(now))),
    useConsent(consent, nth) {
      // The first ones are used first, and none that is used is forgotten.
      const sql = "SELECT id FROM consents WHERE consent = ? ORDER BY id LIMIT 1 OFFSET ?";
      const row = read(sql, consent, nth - 1) as { id: number } | undefined;
      if (row) write("UPDATE consents SET used = 1 WHERE id = ? AND used = 0", row.id);
      return row !== undefined;
    },
    recordForeign: ({ consent, vNode, serial, time, operator }) =>
      write(
        "INSERT OR IGNORE INTO foreigners (consent, vnode, serial, time, operator) VALUES (?, ?, ?, ?, ?)",
        ...[consent, vNode, serial, time, operator],
      ).changes === 1,
    foreign(operator) {
      const rows = readAll("SELECT * FROM foreigners WHERE operator = ? ORDER BY time", operator);
      return (rows as ForeignRow[]).map(({ vnode, ...row }) => ({ ...row, vNode: BigInt(vnode) }));
    },

    proof(vNode, epoch) {
      const row = read(
        "SELECT state, result FROM proofs WHERE vnode = ? AND epoch = ?",
        ...[vNode, epoch],
      ) as { state: ProofRecord["state"]; result: string | null } | undefined;
      const result = row?.result == null ? undefined : (JSON.parse(row.result) as ProofResult);
      return row && { vNode, epoch, state: row.state, result };
    },
    setProof: ({ vNode, epoch, state, result }) =>
      atOnce(() => {
        write("DELETE FROM proofs WHERE vnode = ? AND epoch < ?", vNode, epoch - KEEP_EPOCHS);
        write(
          "INSERT OR REPLACE INTO proofs (vnode, epoch, state, result) VALUES (?, ?, ?, ?)",
          ...[vNode, epoch, state, result === undefined ? null : JSON.stringify(result)],
        );
      }),

    answer(challenge) {
      const row = read("SELECT state, result FROM answers WHERE challenge = ?", challenge) as
        { state: ProofRecord["state"]; result: string | null } | undefined;
      const result = row?.result == null ? undefined : (JSON.parse(row.result) as ProofResult);
      return row && { challenge, state: row.state, result };
    },
    setAnswer: ({ challenge, state, result }) =>
      atOnce(() => {
        const newest = "SELECT challenge FROM answers ORDER BY challenge DESC LIMIT ?";
        write(`DELETE FROM answers WHERE state = 'mined' AND challenge NOT IN (${newest})`, KEEP_ANSWERS);
        write(
          "INSERT OR REPLACE INTO answers (challenge, state, result) VALUES (?, ?, ?)",
          ...[challenge, state, result === undefined ? null : JSON.stringify(result)],
        );
      }),

    ...keepTransactions(db),
    close: () => void db.close(),
  };
}

interface UnpaidRow {
  readonly vnode: number;
  readonly bucket: number;
  readonly root: Hex;
  readonly price: string;
}

interface ForeignRow extends Omit<ForeignRecord, "vNode"> {
  readonly vnode: number;
}
