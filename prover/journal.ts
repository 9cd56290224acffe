/**
 * What a node must remember across a crash: used requests, stored segments, signed acceptances, proofs and
 * transactions.
 *
 * An SQLite database that syncs every commit. It is opened exclusively, so that two nodes cannot use one data folder.
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

export interface AcceptanceRecord {
  readonly bucket: bigint;
  readonly vNode: bigint;
  /** Empty for an extension of a stored segment. */
  readonly segments: readonly { readonly root: Hex; readonly leaves: number }[];
  readonly epochs: bigint;
  readonly rent: bigint;
  /** Chain time in seconds. */
  readonly deadline: bigint;
  /** Names of the consents, which the events of their use will show (consents.ts). */
  readonly consents: readonly string[];
  /** Who asked, and the cost of each consent in token units. */
  readonly payer?: string | undefined;
  readonly costs?: readonly bigint[];
}

/** A segment that an account has uploaded, and its price per epoch in token units. */
export interface Upload {
  readonly account: string;
  readonly vNode: bigint;
  readonly bucket: bigint;
  readonly root: Hex;
  readonly price: bigint;
}

/** The use on chain of an acceptance that this node did not sign. */
export interface ForeignRecord {
  /** Name of the consent. */
  readonly consent: string;
  readonly vNode: bigint;
  readonly serial: number;
  /** Chain time in seconds. */
  readonly time: number;
  /** The node's operator at that time, whose key signed it. */
  readonly operator: string;
}

/** planned: work has begun; proved: `result` is present; mined: done. */
export interface ProofRecord {
  readonly vNode: bigint;
  readonly epoch: number;
  readonly state: "planned" | "proved" | "mined";
  readonly result?: ProofResult | undefined;
}

/** The same for the answer to a challenge. */
export interface AnswerRecord {
  readonly challenge: bigint;
  readonly state: ProofRecord["state"];
  readonly result?: ProofResult | undefined;
}

export interface Journal extends TransactionJournal {
  /** Whether a node had used this journal before it was opened. */
  readonly isClaimed: boolean;
  /** @throws HoldfastError "bad-input" if the folder belongs to another node, chain or deployment */
  claim(identity: Identity): void;

  /** @returns false if the signer used this nonce before */
  useRequest(signer: string, nonce: bigint, expiry: number, now: number): boolean;

  /** Notes that a segment is on disk. */
  recordSegment(root: Hex, bytes: number, now: number): void;
  /** When the segment was stored, in seconds. The disk may have lost it since. */
  storedAt(root: Hex): number | undefined;
  storedRoots(): Hex[];
  isUploaded(root: Hex, bucket: bigint): boolean;
  forgetSegment(root: Hex): void;
  /** Notes that a segment is on disk for a bucket, and which account must pay for it. */
  recordUpload(upload: Upload, bytes: number, now: number): void;
  /** An account's uploads that are not known to be paid for. */
  unpaid(account: string): Upload[];
  settleUpload(upload: Upload): void;

  /** Records an acceptance and returns its nonce. The record is on disk before anything is signed. */
  recordAcceptance(terms: AcceptanceRecord): bigint;
  /** Roots in acceptances whose deadline has not passed. */
  acceptedRoots(now: number): Set<Hex>;
  /** The number and the cost of a payer's unused consents, including those that expired lately. */
  unused(payer: string): { readonly count: number; readonly cost: bigint };
  /** Whether signed acceptances may still add segments to the vNode's directory. */
  mayBeUsed(vNode: bigint, now: number): boolean;

  /**
   * Chain time in seconds at which this journal began; the first call sets it. Earlier consents are not in the
   * journal.
   */
  beganAt(now: number): number;
  /** Notes the nth use of a consent on chain. @returns false if it was signed fewer times */
  useConsent(consent: string, nth: number): boolean;
  /** @returns false if it is known already */
  recordForeign(record: ForeignRecord): boolean;
  /** Foreign uses under an operator's key. */
  foreign(operator: string): ForeignRecord[];

  proof(vNode: bigint, epoch: number): ProofRecord | undefined;
  setProof(record: ProofRecord): void;
  answer(challenge: bigint): AnswerRecord | undefined;
  setAnswer(record: AnswerRecord): void;

  close(): void;
}

/** Finished records stay for a while, for people to look at. */
const KEEP_SECONDS = 7 * 24 * 3600;
/** Unused consents stay until no use of them can be seen on the chain any more. */
const KEEP_UNUSED_SECONDS = 24 * 3600;
/** An upload that is repeated without being paid for gets the same time to be paid for, but not for ever. */
export const MAX_UNPAID_SECONDS = 24 * 3600;
const KEEP_EPOCHS = 64;
const KEEP_ANSWERS = 1024;

const STORED = "INSERT OR IGNORE INTO segments (root, bytes, stored) VALUES (?, ?, ?)";

/** @throws HoldfastError "locked" if another process uses the folder, "io" if the journal cannot be opened */
export function openJournal(folder: string): Journal {
  const db = openDatabase(folder);
  const read = (sql: string, ...values: unknown[]): unknown => db.prepare(sql).get(...values);
  const readAll = (sql: string, ...values: unknown[]): unknown[] => db.prepare(sql).all(...values);
  const write = (sql: string, ...values: unknown[]): Database.RunResult => db.prepare(sql).run(...values);
  const inTransaction = <T>(work: () => T): T => db.transaction(work)();
  const meta = (key: string, value: string): string => {
    write("INSERT OR IGNORE INTO meta (key, value) VALUES (?, ?)", key, value);
    return (read("SELECT value FROM meta WHERE key = ?", key) as { value: string }).value;
  };
  // The contract keeps 256 nonces in a word. The random start keeps a node that lost its journal from using old
  // nonces again.
  const firstNonce = BigInt(`0x${meta("nonces", randomBytes(24).toString("hex"))}`) << 40n;

  return {
    isClaimed: read("SELECT 1 FROM meta WHERE key = 'owner'") !== undefined,
    claim({ chainId, registry, node }) {
      const own = `node ${node} of ${registry} on chain ${chainId}`;
      const owner = meta("owner", own);
      if (owner === own) return;
      const message = `the data folder ${folder} belongs to ${owner}, but this is ${own}: give each node its own folder`;
      throw new HoldfastError("bad-input", message, { folder, owner });
    },

    useRequest: (signer, nonce, expiry, now) =>
      inTransaction(() => {
        write("DELETE FROM requests WHERE expiry < ?", now);
        const insert = "INSERT OR IGNORE INTO requests (signer, nonce, expiry) VALUES (?, ?, ?)";
        return write(insert, signer, String(nonce), expiry).changes === 1;
      }),

    recordSegment: (root, bytes, now) => void write(STORED, root, bytes, now),
    recordUpload: ({ account, vNode, bucket, root, price }, bytes, now) =>
      inTransaction(() => {
        write(STORED, root, bytes, now);
        write("INSERT OR IGNORE INTO uploads (root, bucket) VALUES (?, ?)", root, bucket);
        const place = [account, vNode, bucket, root];
        const same = "account = ? AND vnode = ? AND bucket = ? AND root = ?";
        // An upload that was never paid for long ago does not count against the account for ever.
        write(`DELETE FROM unpaid WHERE ${same} AND since <= ?`, ...place, now - 2 * MAX_UNPAID_SECONDS);
        write(
          "INSERT OR IGNORE INTO unpaid (account, vnode, bucket, root, price, since) VALUES (?, ?, ?, ?, ?, ?)",
          ...place,
          String(price),
          now,
        );
        const { since } = read(`SELECT since FROM unpaid WHERE ${same}`, ...place) as { since: number };
        if (now - since < MAX_UNPAID_SECONDS)
          write("UPDATE segments SET stored = ? WHERE root = ?", now, root);
      }),
    unpaid(account) {
      const rows = readAll("SELECT * FROM unpaid WHERE account = ?", account) as UnpaidRow[];
      return rows.map(({ vnode, bucket, root, price }) => ({
        account,
        vNode: BigInt(vnode),
        bucket: BigInt(bucket),
        root,
        price: BigInt(price),
      }));
    },
    settleUpload: ({ account, vNode, bucket, root }) =>
      void write(
        "DELETE FROM unpaid WHERE account = ? AND vnode = ? AND bucket = ? AND root = ?",
        account,
        vNode,
        bucket,
        root,
      ),
    storedAt: (root) =>
      (read("SELECT stored FROM segments WHERE root = ?", root) as { stored: number } | undefined)?.stored,
    storedRoots: () => (readAll("SELECT root FROM segments") as { root: Hex }[]).map(({ root }) => root),
    isUploaded: (root, bucket) =>
      read("SELECT 1 FROM uploads WHERE root = ? AND bucket = ?", root, bucket) !== undefined,
    forgetSegment: (root) =>
      inTransaction(() => {
        write("DELETE FROM uploads WHERE root = ?", root);
        write("DELETE FROM unpaid WHERE root = ?", root);
        write("DELETE FROM segments WHERE root = ?", root);
      }),

    recordAcceptance: ({ bucket, vNode, segments, epochs, rent, deadline, consents, payer, costs = [] }) =>
      inTransaction(() => {
        write("DELETE FROM acceptances WHERE deadline < ?", Number(deadline) - KEEP_SECONDS);
        const unused = Number(deadline) - KEEP_UNUSED_SECONDS;
        write("DELETE FROM consents WHERE used = 0 AND deadline < ?", unused);
        const { lastInsertRowid } = write(
          "INSERT INTO acceptances (bucket, vnode, segments, epochs, rent, deadline) VALUES (?, ?, ?, ?, ?, ?)",
          bucket,
          vNode,
          JSON.stringify(segments),
          epochs,
          String(rent),
          deadline,
        );
        for (const [i, consent] of consents.entries())
          write(
            "INSERT INTO consents (consent, deadline, payer, cost) VALUES (?, ?, ?, ?)",
            consent,
            deadline,
            payer ?? null,
            String(costs[i] ?? 0n),
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
      // Earlier consents are used first. Used ones are never removed, so the nth stays the nth.
      const sql = "SELECT id FROM consents WHERE consent = ? ORDER BY id LIMIT 1 OFFSET ?";
      const row = read(sql, consent, nth - 1) as { id: number } | undefined;
      if (row) write("UPDATE consents SET used = 1 WHERE id = ? AND used = 0", row.id);
      return row !== undefined;
    },
    recordForeign: ({ consent, vNode, serial, time, operator }) =>
      write(
        "INSERT OR IGNORE INTO foreigners (consent, vnode, serial, time, operator) VALUES (?, ?, ?, ?, ?)",
        consent,
        vNode,
        serial,
        time,
        operator,
      ).changes === 1,
    foreign(operator) {
      const rows = readAll("SELECT * FROM foreigners WHERE operator = ? ORDER BY time", operator);
      return (rows as ForeignRow[]).map(({ vnode, ...row }) => ({ ...row, vNode: BigInt(vnode) }));
    },

    proof(vNode, epoch) {
      const row = read("SELECT state, result FROM proofs WHERE vnode = ? AND epoch = ?", vNode, epoch) as
        { state: ProofRecord["state"]; result: string | null } | undefined;
      const result = row?.result == null ? undefined : (JSON.parse(row.result) as ProofResult);
      return row && { vNode, epoch, state: row.state, result };
    },
    setProof: ({ vNode, epoch, state, result }) =>
      inTransaction(() => {
        write("DELETE FROM proofs WHERE vnode = ? AND epoch < ?", vNode, epoch - KEEP_EPOCHS);
        write(
          "INSERT OR REPLACE INTO proofs (vnode, epoch, state, result) VALUES (?, ?, ?, ?)",
          vNode,
          epoch,
          state,
          result === undefined ? null : JSON.stringify(result),
        );
      }),

    answer(challenge) {
      const row = read("SELECT state, result FROM answers WHERE challenge = ?", challenge) as
        { state: ProofRecord["state"]; result: string | null } | undefined;
      const result = row?.result == null ? undefined : (JSON.parse(row.result) as ProofResult);
      return row && { challenge, state: row.state, result };
    },
    setAnswer: ({ challenge, state, result }) =>
      inTransaction(() => {
        const newest = "SELECT challenge FROM answers ORDER BY challenge DESC LIMIT ?";
        write(`DELETE FROM answers WHERE state = 'mined' AND challenge NOT IN (${newest})`, KEEP_ANSWERS);
        write(
          "INSERT OR REPLACE INTO answers (challenge, state, result) VALUES (?, ?, ?)",
          challenge,
          state,
          result === undefined ? null : JSON.stringify(result),
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
