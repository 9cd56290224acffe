/**
 * Verifies proofs with snarkjs: proofs in snarkjs's format, and proofs as a transaction has them.
 */
import { groth16, type Groth16Proof, type VerificationKey } from "snarkjs";
import { HoldfastError } from "../protocol/errors.ts";
import { P } from "../protocol/field.ts";
import { bn254 } from "./bn254.ts";
import { createVerifier } from "./verifier.ts";
import { proofWords, snarkjsProof } from "./words.ts";

export type VerifyProof = (proof: Groth16Proof, publicSignals: readonly string[]) => Promise<boolean>;

/**
 * For whoever made the proofs: verifies with our own pairing, in a tenth of snarkjs's time, or with snarkjs where that does not
 * run. Who judges somebody else's proofs asks snarkjs.
 *
 * @throws HoldfastError "key" for a key that is none
 */
export async function openVerifier(key: VerificationKey): Promise<VerifyProof> {
  try {
    const verifier = await createVerifier(key);
    return (proof, publicSignals) => Promise.resolve(verifier.verify(proof, publicSignals));
  } catch (error) {
    if (!(error instanceof HoldfastError && error.code === "io")) throw error;
    return (proof, publicSignals) => verifyProof(key, proof, publicSignals);
  }
}

/** Returns false for anything that is not a valid proof of these signals, malformed and infinite values included. */
export async function verifyProof(
  key: VerificationKey,
  proof: Groth16Proof,
  publicSignals: readonly string[],
): Promise<boolean> {
  if (!publicSignals.every(isFieldElement) || !isOfThisKind(proof)) return false;
  let words: readonly bigint[];
  try {
    words = proofWords(proof);
  } catch {
    return false;
  }
  return verifyWords(key, words, publicSignals.map(BigInt));
}

function isFieldElement(text: unknown): boolean {
  return typeof text === "string" && /^(0|[1-9]\d{0,77})$/.test(text) && BigInt(text) < P;
}

const isOfThisKind = ({ protocol, curve }: Groth16Proof): boolean =>
  protocol === "groth16" && curve === "bn128";

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
  // snarkjs accepts any number of signals, and reduces coordinates but not signals: count and range are checked here.
  if (proof.length !== 8 || proof.some((coordinate) => coordinate < 0n || coordinate >= q)) return false;
  if (inputs.length !== key.nPublic || inputs.some((input) => input < 0n || input >= r)) return false;
  try {
    return await groth16.verify(key, inputs.map(String), snarkjsProof(proof));
  } catch {
    return false; // not a point of the curve
  }
}
