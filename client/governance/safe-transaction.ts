/**
 * A Safe's transaction with the signatures that its owners have given so far: a JSON file that goes from owner to owner.
 */
import { open, readFile, rm } from "node:fs/promises";
import { concat, getAddress, Interface, recoverAddress, TypedDataEncoder } from "ethers";
import { z } from "zod";
import { HoldfastError } from "../../protocol/errors.ts";
import { parseJson } from "../../protocol/json.ts";
import { writeJson } from "../../system/files.ts";
import type { Chain, Sent } from "../chain.ts";
import { NOBODY } from "./actions.ts";
import { packCalls, unpackCalls, type Call } from "./calls.ts";
import { safeArtifact } from "./safe-artifacts.ts";

const address = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/, "expected 0x and 40 hex digits")
  .transform((text) => getAddress(text.toLowerCase()));
const schema = z.strictObject({
  format: z.literal("holdfast-safe-transaction-1"),
  chainId: z.int().min(1),
  safe: address,
  to: address,
  data: z.string().regex(/^0x([0-9a-f]{2})*$/, "expected hex digits"),
  /** Several calls are one call by MultiSendCallOnly, with the Safe's own identity. */
  operation: z.enum(["call", "delegatecall"]),
  nonce: z.int().min(0),
  signatures: z.array(
    z.strictObject({
      owner: address,
      signature: z.string().regex(/^0x[0-9a-f]{130}$/, "expected 65 bytes as hex"),
    }),
  ),
});

/** Value and refund of the gas are always zero. */
export type SafeTransaction = Readonly<z.infer<typeof schema>>;
export type OwnerSignature = SafeTransaction["signatures"][number];

/** What the chain says about the Safe. */
export interface SafeState {
  readonly chainId: bigint;
  readonly safe: string;
  readonly owners: readonly string[];
  readonly threshold: number;
  readonly nonce: bigint;
}

const FORMAT = "holdfast-safe-transaction-1";

/** The Safe's own types (Safe.sol, SAFE_TX_TYPEHASH). */
export const SAFE_TX = {
  SafeTx: [
    { name: "to", type: "address" },
    { name: "value", type: "uint256" },
    { name: "data", type: "bytes" },
    { name: "operation", type: "uint8" },
    { name: "safeTxGas", type: "uint256" },
    { name: "baseGas", type: "uint256" },
    { name: "gasPrice", type: "uint256" },
    { name: "gasToken", type: "address" },
    { name: "refundReceiver", type: "address" },
    { name: "nonce", type: "uint256" },
  ],
};

export const safeDomain = ({ chainId, safe }: Pick<SafeTransaction, "chainId" | "safe">) => ({
  chainId: BigInt(chainId),
  verifyingContract: safe,
});

export function safeMessage({ to, data, operation, nonce }: SafeTransaction) {
  return {
    ...{ to, value: 0n, data, operation: operation === "call" ? 0n : 1n },
    ...{ safeTxGas: 0n, baseGas: 0n, gasPrice: 0n, gasToken: NOBODY, refundReceiver: NOBODY },
    nonce: BigInt(nonce),
  };
}

/** What the owners sign. */
export function safeTxHash(transaction: SafeTransaction): string {
  return TypedDataEncoder.hash(safeDomain(transaction), SAFE_TX, safeMessage(transaction));
}

const multiSend = (): Interface => new Interface(safeArtifact("MultiSendCallOnly").abi);

export function safeTransaction(
  { chainId, safe }: Pick<SafeState, "chainId" | "safe">,
  calls: readonly Call[],
  { multiSend: batcher, nonce }: { multiSend: string; nonce: bigint },
): SafeTransaction {
  const [only, ...others] = calls;
  if (!only) throw new HoldfastError("bad-input", "a transaction without an action does nothing");
  const target =
    others.length === 0
      ? ({ to: only.to, data: only.data.toLowerCase(), operation: "call" } as const)
      : ({
          to: batcher,
          data: multiSend().encodeFunctionData("multiSend", [packCalls(calls)]),
          operation: "delegatecall",
        } as const);
  const where = { format: FORMAT, chainId: Number(chainId), safe } as const;
  return { ...where, ...target, nonce: Number(nonce), signatures: [] };
}

/** @throws HoldfastError "bad-input" if it is not what safeTransaction makes: a signer sees all that it does */
export function callsOfTransaction(transaction: SafeTransaction, batcher: string): Call[] {
  const { to, data, operation } = transaction;
  if (operation === "call") return [{ to, data }];
  if (to !== batcher) {
    const message = `the transaction runs the code of ${to} with the Safe's own identity, which is not MultiSendCallOnly: do not sign it`;
    throw new HoldfastError("bad-input", message, { to, expected: batcher });
  }
  const parsed = multiSend().parseTransaction({ data });
  const [packed] = (parsed?.args ?? []) as unknown as [string?];
  if (packed === undefined || multiSend().encodeFunctionData("multiSend", [packed]) !== data)
    throw new HoldfastError("bad-input", "the call of MultiSendCallOnly is malformed: do not sign it", {
      data,
    });
  return unpackCalls(packed);
}

// --------------------------------------------------------------------------------------------------------------- checks

/** @throws HoldfastError if the transaction is for another chain or Safe, or can never be executed */
export function checkPlace(transaction: SafeTransaction, { chainId, safe, nonce }: SafeState): void {
  if (BigInt(transaction.chainId) !== chainId) {
    const message = `the transaction is for the chain ${transaction.chainId}, and this is the chain ${chainId}`;
    throw new HoldfastError("bad-input", message, { expected: chainId, actual: transaction.chainId });
  }
  if (transaction.safe !== safe) {
    const message = `the transaction is for the Safe ${transaction.safe}, not for ${safe}: do not sign for a Safe that you do not know`;
    throw new HoldfastError("bad-input", message, { expected: safe, actual: transaction.safe });
  }
  if (BigInt(transaction.nonce) < nonce) {
    const message = `the Safe has executed its transaction ${transaction.nonce} already, this or another one; its next is ${nonce}: propose again`;
    throw new HoldfastError("expired", message, { expected: nonce, actual: transaction.nonce });
  }
}

/** @throws HoldfastError unless the account's own signature is new, and an owner's */
export function addSignature(
  transaction: SafeTransaction,
  { owner, signature }: OwnerSignature,
  { owners, safe }: Pick<SafeState, "owners" | "safe">,
): SafeTransaction {
  if (!owners.includes(owner)) {
    const message = `${owner} is not an owner of the Safe ${safe}: its owners are ${owners.join(", ")}`;
    throw new HoldfastError("unauthorized", message, { owner, owners });
  }
  if (transaction.signatures.some((one) => one.owner === owner))
    throw new HoldfastError("bad-input", `${owner} has signed this already`, { owner });
  if (signerOf(transaction, signature) !== owner)
    throw new HoldfastError("bad-input", `the signature is not one of ${owner} for this transaction`, {
      owner,
    });
  return { ...transaction, signatures: sorted([...transaction.signatures, { owner, signature }]) };
}

/** The same transaction with the signatures of all. @throws HoldfastError "bad-input" if they are not the same one */
export function mergeTransactions(transactions: readonly SafeTransaction[]): SafeTransaction {
  const [first, ...others] = transactions;
  if (!first) throw new HoldfastError("bad-input", "there is no transaction");
  if (others.some((one) => safeTxHash(one) !== safeTxHash(first)))
    throw new HoldfastError("bad-input", "the files have different transactions: give copies of one");
  const all = new Map(
    transactions.flatMap(({ signatures }) => signatures).map((each) => [each.owner, each] as const),
  );
  return { ...first, signatures: sorted([...all.values()]) };
}

/** The signatures that count: valid ones of those who are owners now, in the Safe's order. */
export function countedSignatures(
  transaction: SafeTransaction,
  { owners }: Pick<SafeState, "owners">,
): OwnerSignature[] {
  return sorted(
    transaction.signatures.filter(
      ({ owner, signature }) => owners.includes(owner) && signerOf(transaction, signature) === owner,
    ),
  );
}

/** @throws HoldfastError "unauthorized" if owners are missing */
export function signaturesToSend(transaction: SafeTransaction, state: SafeState): string {
  const counted = countedSignatures(transaction, state);
  const { threshold, nonce } = state;
  if (BigInt(transaction.nonce) > nonce) {
    const message = `the Safe's next transaction is ${nonce}, and this is ${transaction.nonce}: execute those before it first`;
    throw new HoldfastError("bad-input", message, { expected: nonce, actual: transaction.nonce });
  }
  if (counted.length < threshold) {
    const others = transaction.signatures.length - counted.length;
    const message = `${counted.length} of ${threshold} owners have signed${others === 0 ? "" : `; ${others} more signatures are not of owners, and do not count`}`;
    throw new HoldfastError("unauthorized", message, {
      threshold,
      signed: counted.map(({ owner }) => owner),
    });
  }
  return concat(counted.slice(0, threshold).map(({ signature }) => signature));
}

/** Calldata that has the Safe execute the transaction, if it takes the signatures. */
export function executionOf(transaction: SafeTransaction, signatures: string): string {
  const { to, value, data, operation, safeTxGas, baseGas, gasPrice, ...rest } = safeMessage(transaction);
  const { gasToken, refundReceiver } = rest;
  return new Interface(safeArtifact("SafeL2").abi).encodeFunctionData("execTransaction", [
    to,
    value,
    data,
    operation,
    safeTxGas,
    baseGas,
    gasPrice,
    gasToken,
    refundReceiver,
    signatures,
  ]);
}

/** Sends the transaction, which enough owners have signed. @throws HoldfastError "unauthorized" if owners are missing */
export function executeSafe(chain: Chain, transaction: SafeTransaction, state: SafeState): Promise<Sent> {
  const call = executionOf(transaction, signaturesToSend(transaction, state));
  return chain.submit("the Safe's transaction", transaction.safe, call);
}

function signerOf(transaction: SafeTransaction, signature: string): string | undefined {
  try {
    return recoverAddress(safeTxHash(transaction), signature);
  } catch {
    return undefined;
  }
}

const sorted = (signatures: readonly OwnerSignature[]): OwnerSignature[] =>
  signatures.toSorted((a, b) => (BigInt(a.owner) < BigInt(b.owner) ? -1 : 1));

// ---------------------------------------------------------------------------------------------------------------- files

/** @throws HoldfastError "bad-input" or "not-found" */
export async function readTransactionFile(path: string): Promise<SafeTransaction> {
  try {
    return schema.parse(parseJson(await readFile(path, "utf8")));
  } catch (cause) {
    if ((cause as { code?: string }).code === "ENOENT")
      throw new HoldfastError("not-found", `there is no file ${path}`, { path }, { cause });
    const reason = cause instanceof z.ZodError ? z.prettifyError(cause) : (cause as Error).message;
    throw new HoldfastError(
      "bad-input",
      `${path} is not a Safe's transaction: ${reason}`,
      { path },
      { cause },
    );
  }
}

/** @throws HoldfastError "bad-input" if there is a file already: it may have signatures */
export async function writeTransactionFile(path: string, transaction: SafeTransaction): Promise<void> {
  const file = await open(path, "wx").catch((cause: unknown) => {
    if ((cause as { code?: string }).code !== "EEXIST") throw cause;
    throw new HoldfastError("bad-input", `${path} exists already: give another name`, { path }, { cause });
  });
  await file.close();
  await writeJson(path, transaction);
}

/** Changes a file that others may change at the same time: nobody's signature is lost. */
export async function changeTransactionFile(
  path: string,
  change: (transaction: SafeTransaction) => SafeTransaction,
): Promise<SafeTransaction> {
  const lock = `${path}.lock`;
  const held = await open(lock, "wx").catch((cause: unknown) => {
    if ((cause as { code?: string }).code !== "EEXIST") throw cause;
    const message = `another command is changing ${path}: try again; if none is running, delete ${lock}`;
    throw new HoldfastError("locked", message, { path }, { cause });
  });
  try {
    const changed = change(await readTransactionFile(path));
    await writeJson(path, changed);
    return changed;
  } finally {
    await held.close();
    await rm(lock, { force: true });
  }
}
