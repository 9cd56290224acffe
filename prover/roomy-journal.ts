/**
 * Lets a node go on while the journal's disk is full. Records of proving and serving are kept in memory until there
 * is room. Promises to others (uploads, acceptances) are refused instead.
 */
import type { Logger } from "pino";
import { HoldfastError } from "../protocol/errors.ts";
import type { AnswerRecord, ForeignRecord, Journal, ProofRecord, TransactionRecord } from "./journal.ts";

/** Used requests in memory before the expired ones are removed. */
const PRUNE_AFTER = 1024;

export function withRoom(journal: Journal, log: Logger): Journal {
  /** Writes that found no room, by subject. A later write replaces an earlier one. */
  const waiting = new Map<string, () => unknown>();
  const proofs = new Map<string, ProofRecord>();
  const answers = new Map<string, AnswerRecord>();
  const transactions = new Map<string, TransactionRecord>();
  const foreigners = new Map<string, ForeignRecord>();
  /** Expiry of each used request. A full disk cannot say which ones were used. */
  const requests = new Map<string, number>();
  let pruneAt = PRUNE_AFTER;

  /** undefined if there was no room. */
  const attempt = <T>(key: string, write: () => T): T | undefined => {
    waiting.delete(key);
    try {
      for (const [other, again] of waiting) {
        again();
        waiting.delete(other);
      }
      return write();
    } catch (error) {
      if (!isNoRoom(error)) throw error;
      if (waiting.size === 0)
        log.error({ err: error }, "the journal's disk is full: the node goes on in memory; free some space");
      waiting.set(key, write);
      return undefined;
    }
  };
  const note = <T>(inMemory: Map<string, T>, key: string, value: T, write: () => void): void => {
    inMemory.set(key, value);
    attempt(key, () => {
      write();
      inMemory.delete(key);
    });
  };
  /** For writes that others rely on. */
  const promise = <T>(write: () => T): T => {
    try {
      return write();
    } catch (cause) {
      if (!isNoRoom(cause)) throw cause;
      const message = "the node's disk is full: use another node, or try again later";
      throw new HoldfastError("disk-full", message, {}, { cause });
    }
  };

  return {
    ...journal,
    useRequest(signer, nonce, expiry, now) {
      if (requests.size >= pruneAt) {
        for (const [key, end] of requests) if (end < now) requests.delete(key);
        pruneAt = requests.size + PRUNE_AFTER;
      }
      const key = `${signer}/${nonce}`;
      if (requests.has(key)) return false;
      let isNew = true;
      try {
        isNew = journal.useRequest(signer, nonce, expiry, now);
      } catch (error) {
        if (!isNoRoom(error)) throw error;
      }
      requests.set(key, expiry);
      return isNew;
    },

    recordSegment: (...args) => promise(() => journal.recordSegment(...args)),
    recordUpload: (...args) => promise(() => journal.recordUpload(...args)),
    settleUpload(upload) {
      const { account, vNode, bucket, root } = upload;
      attempt(`settle/${account}/${vNode}/${bucket}/${root}`, () => journal.settleUpload(upload));
    },
    forgetSegment(root) {
      attempt(`forget/${root}`, () => journal.forgetSegment(root));
    },
    recordAcceptance: (terms) => promise(() => journal.recordAcceptance(terms)),

    // Only consents that were signed are written.
    useConsent: (consent, nth) =>
      attempt(`consent/${consent}/${nth}`, () => journal.useConsent(consent, nth)) ?? true,
    recordForeign(record) {
      const key = `foreign/${record.consent}/${record.vNode}/${record.serial}/${record.time}`;
      if (foreigners.has(key)) return false;
      foreigners.set(key, record);
      const isNew = attempt(key, () => {
        foreigners.delete(key);
        try {
          return journal.recordForeign(record);
        } catch (error) {
          foreigners.set(key, record);
          throw error;
        }
      });
      return isNew ?? true;
    },
    foreign: (operator) =>
      [...journal.foreign(operator), ...foreigners.values()].filter((each) => each.operator === operator),

    proof: (vNode, epoch) => proofs.get(`proof/${vNode}/${epoch}`) ?? journal.proof(vNode, epoch),
    setProof: (record) =>
      note(proofs, `proof/${record.vNode}/${record.epoch}`, record, () => journal.setProof(record)),
    answer: (challenge) => answers.get(`answer/${challenge}`) ?? journal.answer(challenge),
    setAnswer: (record) =>
      note(answers, `answer/${record.challenge}`, record, () => journal.setAnswer(record)),

    transaction: (key) => transactions.get(`transaction/${key}`) ?? journal.transaction(key),
    setTransaction: (record) =>
      note(transactions, `transaction/${record.key}`, record, () => journal.setTransaction(record)),
    openTransactions() {
      const all = new Map(journal.openTransactions().map((record) => [record.key, record]));
      for (const record of transactions.values()) all.set(record.key, record);
      const open = [...all.values()].filter(({ state }) => state === "signed" || state === "sent");
      return open.sort((a, b) => a.nonce - b.nonce);
    },
    transactionAt(nonce) {
      const recent = [...transactions.values()].find((each) => each.nonce === nonce && each.state !== "dead");
      const written = journal.transactionAt(nonce);
      // A record in memory is newer than the written one of the same key.
      return recent ?? (written && transactions.has(`transaction/${written.key}`) ? undefined : written);
    },
    nextNonce: () =>
      [...transactions.values()].reduce((next, { nonce }) => Math.max(next, nonce + 1), journal.nextNonce()),
  };
}

/** Whether SQLite says that its disk is full or cannot be written. */
function isNoRoom(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return typeof code === "string" && /^SQLITE_(FULL|IOERR|READONLY)/.test(code);
}
