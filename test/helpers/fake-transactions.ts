/**
 * The transactions of an operator on a fake chain: they are signed, wait in the order of their nonces, and are mined when the
 * test says so.
 */
import type { Nothing, Receipt, SignedTransaction, TransactionChain } from "../../chain/transactions.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import type { Call } from "../../prover/chain-model.ts";

export interface FakeTransactions extends Omit<TransactionChain<Call>, "block" | "estimate" | "gasPrice"> {
  /** Whether a transaction is mined as soon as it is broadcast. */
  autoMine: boolean;
  /** Whether broadcasting fails, because the network is not reached. */
  refuseBroadcast: boolean;
  /** Every transaction that was broadcast, in order. */
  readonly broadcasts: SignedTransaction[];
  readonly signed: { readonly call: Call | Nothing; readonly nonce: number }[];
  minedNonce: number;
  mine(): void;
  /** Removes all mined transactions, as a reorganization does. */
  reorganizeTransactions(): void;
}

export interface Mining {
  /** The number of the block that takes what is mined now. */
  readonly block: () => number;
  /** Executes a call when it is mined. @returns false if it fails */
  readonly run: (call: Call | Nothing) => boolean;
  /** Undoes the effects of calls. */
  readonly undo: () => void;
}

/** To be spread into a chain, which is where the tests set the properties. */
export function createFakeTransactions(chain: () => FakeTransactions, mining: Mining): FakeTransactions {
  const pending = new Map<number, { call: Call | Nothing; transaction: SignedTransaction }>();
  const calls = new Map<string, { call: Call | Nothing; nonce: number }>();
  const receipts = new Map<string, Receipt>();
  return {
    autoMine: true,
    refuseBroadcast: false,
    broadcasts: [],
    signed: [],
    minedNonce: 0,
    mine() {
      const state = chain();
      for (let next = pending.get(state.minedNonce); next; next = pending.get(state.minedNonce)) {
        pending.delete(state.minedNonce++);
        const { hash } = next.transaction;
        const [block, succeeded] = [mining.block(), mining.run(next.call)];
        receipts.set(hash, { hash, block, succeeded, gasUsed: 21_000 });
      }
    },
    reorganizeTransactions() {
      receipts.clear();
      pending.clear();
      chain().minedNonce = 0;
      mining.undo();
    },
    minedCount: async () => (await chain().nonces()).mined,
    nonces() {
      const mined = chain().minedNonce;
      let next = mined;
      while (pending.has(next)) next++;
      return Promise.resolve({ mined, pending: next });
    },
    sign(call, { nonce }) {
      const { signed } = chain();
      signed.push({ call, nonce });
      const hash = `hash-${signed.length}`;
      calls.set(hash, { call, nonce });
      return Promise.resolve({ raw: `raw-${signed.length}`, hash });
    },
    raiseFees({ raw, hash }) {
      const raised = { raw: `${raw}+`, hash: `${hash}+` };
      const call = calls.get(hash);
      if (call) calls.set(raised.hash, call);
      return Promise.resolve(raised);
    },
    isShort: () => Promise.resolve(false),
    broadcast(transaction) {
      const { refuseBroadcast, broadcasts, minedNonce, autoMine } = chain();
      if (refuseBroadcast) return Promise.reject(new HoldfastError("unreachable", "no network"));
      broadcasts.push(transaction);
      const known = calls.get(transaction.hash);
      if (known && known.nonce >= minedNonce) pending.set(known.nonce, { call: known.call, transaction });
      if (autoMine) chain().mine();
      return Promise.resolve();
    },
    receipt: (hash) => Promise.resolve(receipts.get(hash)),
  };
}
