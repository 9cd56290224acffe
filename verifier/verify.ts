/**
 * The second way to verify: a proof as it stood in a transaction, against public inputs reckoned from events alone, with
 * snarkjs and the pinned verification key instead of the contract.
 */
import { groth16, type Groth16Proof, type VerificationKey } from "snarkjs";
import { bn254 } from "../circuits/bn254.ts";

/** @param proof a.x, a.y, b.x1, b.x0, b.y1, b.y0, c.x, c.y */
export async function verifyOffChain(
  key: VerificationKey,
  proof: readonly bigint[],
  inputs: readonly bigint[],
): Promise<boolean> {
  const { q, r } = await bn254(); // before snarkjs would start a worker per core
  if (proof.length !== 8 || proof.some((coordinate) => coordinate < 0n || coordinate >= q)) return false;
  if (inputs.length !== key.nPublic || inputs.some((input) => input < 0n || input >= r)) return false;
  try {
    return await groth16.verify(key, inputs.map(String), fromWords(proof));
  } catch {
    return false; // not a point of the curve
  }
}

/** snarkjs has the real parts first. */
function fromWords(words: readonly bigint[]): Groth16Proof {
  const [ax, ay, bx1, bx0, by1, by0, cx, cy] = words.map(String) as [
    ...[string, string, string, string],
    ...[string, string, string, string],
  ];
  return {
    pi_a: [ax, ay, "1"],
    pi_b: [
      [bx0, bx1],
      [by0, by1],
      ["1", "0"],
    ],
    pi_c: [cx, cy, "1"],
    protocol: "groth16",
    curve: "bn128",
  };
}
