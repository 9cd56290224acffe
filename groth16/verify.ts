/**
 * Verifies proofs with snarkjs: proofs in snarkjs's format, and proofs as a transaction has them.
 */
import { groth16, type Groth16Proof, type VerificationKey } from "snarkjs";
import { P } from "../protocol/field.ts";
import { bn254 } from "./bn254.ts";
import { snarkjsProof } from "./words.ts";

/** Returns false for anything that is not a valid proof of these signals, malformed values included. */
export async function verifyProof(
  key: VerificationKey,
  proof: Groth16Proof,
  publicSignals: readonly string[],
): Promise<boolean> {
  await bn254();
  // snarkjs accepts any number of signals and does not reduce them, so count and range are checked here.
  if (publicSignals.length !== key.nPublic || !publicSignals.every(isFieldElement)) return false;
  if (!isWellFormed(proof)) return false;
  try {
    return await groth16.verify(key, [...publicSignals], proof);
  } catch {
    return false; // snarkjs throws if it cannot read a coordinate
  }
}

function isFieldElement(text: unknown): boolean {
  return typeof text === "string" && /^(0|[1-9]\d{0,77})$/.test(text) && BigInt(text) < P;
}

function isWellFormed({ pi_a, pi_b, pi_c, protocol, curve }: Groth16Proof): boolean {
  const point = (value: unknown): boolean => Array.isArray(value) && value.length === 3;
  return protocol === "groth16" && curve === "bn128" && [pi_a, pi_b, pi_c].every(point);
}

/**
 * The same for a proof as a transaction has it. The auditor checks the contract's answer with it.
 *
 * @param proof a.x, a.y, b.x1, b.x0, b.y1, b.y0, c.x, c.y
 */
export async function verifyWords(
  key: VerificationKey,
  proof: readonly bigint[],
  inputs: readonly bigint[],
): Promise<boolean> {
  const { q, r } = await bn254(); // called first, or snarkjs would start a worker per core
  if (proof.length !== 8 || proof.some((coordinate) => coordinate < 0n || coordinate >= q)) return false;
  if (inputs.length !== key.nPublic || inputs.some((input) => input < 0n || input >= r)) return false;
  try {
    return await groth16.verify(key, inputs.map(String), snarkjsProof(proof));
  } catch {
    return false; // not a point of the curve
  }
}
