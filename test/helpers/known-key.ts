/**
 * A key whose secrets are known, a valid proof under it, and questions to its verifier.
 */
import { intrinsicGas, type TestChain } from "../../evidence/world/contracts.ts";
import { present } from "../../evidence/world/present.ts";
import type { Groth16Verifier } from "../../types/ethers/index.js";
import {
  drawSecrets,
  encodeProof,
  proveWithTrapdoor,
  scalar,
  verifyingKey,
  type Inputs,
} from "./trapdoor-proofs.ts";

export const secrets = drawSecrets("key");
export const key = verifyingKey(secrets);
export const inputs: Inputs = [scalar("root"), scalar("seed") >> 8n, 0n, 123_456n];
export const proof = proveWithTrapdoor(secrets, inputs);
export const known = { proof: encodeProof(proof), inputs };

export function replaced<T extends readonly unknown[]>(
  items: T,
  index: number,
  change: (item: T[number]) => T[number],
): T {
  return items.map((item, i) => (i === index ? change(item) : item)) as unknown as T;
}

/** The answers of a view for every amount of gas, from none to enough. */
export async function answersUnderGas(
  view: (gasLimit: number) => Promise<boolean>,
): Promise<Set<boolean | "reverted">> {
  const answers = new Set<boolean | "reverted">();
  for (let gasLimit = 30_000; gasLimit <= 420_000; gasLimit += 6_500) {
    answers.add(await view(gasLimit).catch(() => "reverted" as const));
  }
  return answers;
}

/** Gas that the contract itself uses, without the transaction around the call. */
export async function executionGas(
  { ethers }: TestChain,
  verifier: Groth16Verifier,
  data: string,
): Promise<bigint> {
  const [signer] = await ethers.getSigners();
  const sent = await present(signer).sendTransaction({ to: await verifier.getAddress(), data });
  return present((await sent.wait()) ?? undefined).gasUsed - intrinsicGas(data);
}

/** Groth16Verifier.Trial. */
export const TRIAL = { good: 0, tampered: 1, forged: 2, zero: 3, empty: 4 } as const;
