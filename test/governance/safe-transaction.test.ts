// A Safe's transaction and the signatures of its owners, as a file.
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { dataLength, Wallet } from "ethers";
import { encodeAction } from "../../client/governance/actions.ts";
import {
  addSignature,
  callsOfTransaction,
  changeTransactionFile,
  checkPlace,
  countedSignatures,
  mergeTransactions,
  readTransactionFile,
  SAFE_TX,
  safeDomain,
  safeMessage,
  safeTransaction,
  safeTxHash,
  signaturesToSend,
  writeTransactionFile,
  type SafeState,
  type SafeTransaction,
} from "../../client/governance/safe-transaction.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import { errorOf } from "../helpers/errors.ts";
import { makeFolder } from "../helpers/folder.ts";

const key = (i: number): string => `0x${String(i).padStart(64, "0")}`;
const [ann, ben, cem, dora] = [1, 2, 3, 4].map((i) => new Wallet(key(i))) as [Wallet, Wallet, Wallet, Wallet];
const SAFE = "0x00000000000000000000000000000000000000AA";
const BATCHER = "0x00000000000000000000000000000000000000bb";
const REGISTRY = "0x00000000000000000000000000000000000000cc";
const state: SafeState = {
  chainId: 5n,
  safe: SAFE,
  owners: [ann, ben, cem].map(({ address }) => address),
  threshold: 2,
  nonce: 7n,
};
const CALLS = [1n, 2n].map((node) => ({
  to: REGISTRY,
  data: encodeAction({ name: "addStandby", cluster: 1n, node }),
}));
const made = (nonce = 7n): SafeTransaction => safeTransaction(state, CALLS, { multiSend: BATCHER, nonce });

const signed = (transaction: SafeTransaction, owner: Wallet): { owner: string; signature: string } => ({
  owner: owner.address,
  signature: owner.signingKey.sign(safeTxHash(transaction)).serialized,
});

/** As wallets sign. */
const signedAs = async (transaction: SafeTransaction, owner: Wallet) => ({
  owner: owner.address,
  signature: await owner.signTypedData(safeDomain(transaction), SAFE_TX, safeMessage(transaction)),
});

const refusal = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    if (error instanceof HoldfastError) return `${error.code}: ${error.message}`;
    throw error;
  }
  throw new Error("it was accepted");
};

describe("governance: a Safe's transaction", () => {
  let folder: string;
  before(async () => {
    folder = await makeFolder();
  });
  after(() => rm(folder, { recursive: true }));

  it("has its calls in order, one alone or several as one", () => {
    expect(callsOfTransaction(made(), BATCHER)).to.deep.equal(CALLS);
    const one = safeTransaction(state, CALLS.slice(0, 1), { multiSend: BATCHER, nonce: 7n });
    expect(one).to.include({ to: REGISTRY, operation: "call" });
    expect(callsOfTransaction(one, BATCHER)).to.deep.equal(CALLS.slice(0, 1));
    expect(refusal(() => safeTransaction(state, [], { multiSend: BATCHER, nonce: 7n }))).to.match(
      /does nothing/,
    );
  });

  it("is not shown as harmless if it runs foreign code with the Safe's identity", () => {
    expect(refusal(() => callsOfTransaction({ ...made(), to: REGISTRY }, BATCHER))).to.match(
      /runs the code of 0x0+cc .* do not sign it/,
    );
    expect(refusal(() => callsOfTransaction({ ...made(), data: `${made().data}00` }, BATCHER))).to.match(
      /malformed/,
    );
  });

  it("is of one chain, one Safe and a number that is not used", () => {
    checkPlace(made(), state);
    checkPlace(made(9n), state);
    expect(refusal(() => checkPlace(made(), { ...state, chainId: 6n }))).to.match(
      /for the chain 5, .* chain 6/,
    );
    expect(refusal(() => checkPlace(made(), { ...state, safe: REGISTRY }))).to.match(
      /for the Safe 0x0+AA, not/,
    );
    expect(refusal(() => checkPlace(made(6n), state))).to.match(/^expired: .* transaction 6 already/);
  });

  it("takes each owner's signature once, sorted, and nobody else's", async () => {
    let transaction = made();
    for (const owner of [cem, ann, ben])
      transaction = addSignature(transaction, await signedAs(transaction, owner), state);
    const order = transaction.signatures.map(({ owner }) => BigInt(owner));
    expect(order).to.deep.equal(order.toSorted((a, b) => (a < b ? -1 : 1)));
    expect(transaction.signatures).to.have.length(3);
    expect(refusal(() => addSignature(transaction, signed(transaction, ann), state))).to.match(
      /has signed this already/,
    );
    expect(refusal(() => addSignature(made(), signed(made(), dora), state))).to.match(
      /^unauthorized: .* is not an owner of the Safe/,
    );
    const stolen = { ...signed(made(), dora), owner: ann.address };
    expect(refusal(() => addSignature(made(), stolen, state))).to.match(
      /is not one of .* for this transaction/,
    );
    const other = signed(made(8n), ann);
    expect(refusal(() => addSignature(made(), other, state))).to.match(/not one of .* for this transaction/);
  });

  it("is sent with as many signatures as the Safe wants, of those who are owners now", () => {
    const all = [ann, ben].reduce((tx, owner) => addSignature(tx, signed(tx, owner), state), made());
    expect(dataLength(signaturesToSend(all, state))).to.equal(2 * 65);
    const later = { ...state, owners: [ben, cem, dora].map(({ address }) => address) };
    expect(countedSignatures(all, later).map(({ owner }) => owner)).to.deep.equal([ben.address]);
    expect(refusal(() => signaturesToSend(all, later))).to.match(
      /1 of 2 owners have signed; 1 more signatures are not of owners, and do not count/,
    );
    expect(refusal(() => signaturesToSend({ ...all, nonce: 8 }, state))).to.match(/next transaction is 7/);
    const forged = { ...all, signatures: all.signatures.map((each) => ({ ...each, owner: cem.address })) };
    expect(countedSignatures(forged, state)).to.deep.equal([]);
  });

  it("is put together from copies", () => {
    const [one, two] = [ann, ben].map((owner) => addSignature(made(), signed(made(), owner), state)) as [
      SafeTransaction,
      SafeTransaction,
    ];
    expect(mergeTransactions([one, two, one]).signatures).to.have.length(2);
    expect(refusal(() => mergeTransactions([one, made(8n)]))).to.match(/different transactions/);
  });

  it("loses no signature when several sign its file at once", async () => {
    const path = join(folder, "together.json");
    await writeTransactionFile(path, made());
    const add = async (owner: Wallet): Promise<void> => {
      for (;;)
        try {
          await changeTransactionFile(path, (now) => addSignature(now, signed(now, owner), state));
          return;
        } catch (error) {
          if (!(error instanceof HoldfastError) || error.code !== "locked") throw error;
        }
    };
    await Promise.all([ann, ben, cem].map(add));
    expect((await readTransactionFile(path)).signatures).to.have.length(3);
    expect((await errorOf(writeTransactionFile(path, made()))).message).to.match(/exists already/);
    expect((await readTransactionFile(path)).signatures).to.have.length(3);
  });

  it("stays as it is if a signature is refused", async () => {
    const path = join(folder, "refused.json");
    await writeTransactionFile(path, made());
    const sign = (): Promise<unknown> =>
      changeTransactionFile(path, (now) => addSignature(now, signed(now, dora), state));
    expect((await errorOf(sign())).message).to.match(/is not an owner/);
    expect((await errorOf(sign())).message, "no lock is left").to.match(/is not an owner/);
    expect((await errorOf(readTransactionFile(join(folder, "none")))).message).to.match(/there is no file/);
  });
});
