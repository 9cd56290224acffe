/**
 * A Groth16 key whose secrets are kept: valid proofs of anything without a circuit, and exact forgeries.
 *
 * A proof is three discrete logarithms (a, b, c) that satisfy a·b = alpha·beta + vk·gamma + c·delta, where
 * vk = ic0 + sum of input_j · ic_j.
 */
import { bn254 } from "@noble/curves/bn254.js";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { add, inv, mod, mul, sub } from "../../protocol/field.ts";

export type Words2 = [bigint, bigint];
export type Words4 = [bigint, bigint, bigint, bigint];
export type Words8 = [...Words4, ...Words4];
export type Inputs = Words4;

/** The key as the verifier's constructor takes it, imaginary parts first. */
export interface VerifyingKey {
  alpha: Words2;
  beta: Words4;
  gamma: Words4;
  delta: Words4;
  ic: [Words2, Words2, Words2, Words2, Words2];
}

export interface Secrets {
  readonly alpha: bigint;
  readonly beta: bigint;
  readonly gamma: bigint;
  readonly delta: bigint;
  readonly ic: readonly [bigint, bigint, bigint, bigint, bigint];
}

export interface Exponents {
  readonly a: bigint;
  readonly b: bigint;
  readonly c: bigint;
}

/** A number below the group's order, always the same for the same label. */
export function scalar(label: string): bigint {
  return mod(BigInt(`0x${Buffer.from(keccak_256(new TextEncoder().encode(label))).toString("hex")}`));
}

export function drawSecrets(label: string): Secrets {
  const of = (name: string): bigint => scalar(`${label} ${name}`);
  return {
    alpha: of("alpha"),
    beta: of("beta"),
    gamma: of("gamma"),
    delta: of("delta"),
    ic: [of("ic0"), of("ic1"), of("ic2"), of("ic3"), of("ic4")],
  };
}

export function verifyingKey({ alpha, beta, gamma, delta, ic }: Secrets): VerifyingKey {
  return {
    alpha: g1(alpha),
    beta: g2(beta),
    gamma: g2(gamma),
    delta: g2(delta),
    ic: ic.map(g1) as VerifyingKey["ic"],
  };
}

/** A valid proof, different for each label. */
export function proveWithTrapdoor(secrets: Secrets, inputs: Inputs, label = "proof"): Exponents {
  const [a, b] = [scalar(`${label} a`), scalar(`${label} b`)];
  const rest = add(mul(secrets.alpha, secrets.beta), mul(statement(secrets, inputs), secrets.gamma));
  return { a, b, c: mul(sub(mul(a, b), rest), inv(secrets.delta)) };
}

export function encodeProof({ a, b, c }: Exponents): Words8 {
  return [...g1(a), ...g2(b), ...g1(c)];
}

/** Whether the sum of the proofs' equations, each times its coefficient, holds. */
export function combinationHolds(
  secrets: Secrets,
  items: readonly { proof: Exponents; inputs: Inputs }[],
  coefficients: readonly bigint[],
): boolean {
  const total = items.reduce((sum, { proof, inputs }, i) => {
    const vk = mul(statement(secrets, inputs), secrets.gamma);
    const right = add(add(mul(secrets.alpha, secrets.beta), vk), mul(proof.c, secrets.delta));
    return add(sum, mul(mod(coefficients[i] ?? 0n), sub(mul(proof.a, proof.b), right)));
  }, 0n);
  return total === 0n;
}

export function statement({ ic }: Secrets, inputs: Inputs): bigint {
  return inputs.reduce((sum, input, j) => add(sum, mul(mod(input), ic[j + 1] ?? 0n)), ic[0]);
}

export function g1(exponent: bigint): Words2 {
  if (exponent === 0n) return [0n, 0n];
  const { x, y } = bn254.G1.Point.BASE.multiply(exponent).toAffine();
  return [x, y];
}

export function g2(exponent: bigint): Words4 {
  if (exponent === 0n) return [0n, 0n, 0n, 0n];
  const { x, y } = bn254.G2.Point.BASE.multiply(exponent).toAffine();
  return [x.c1, x.c0, y.c1, y.c0];
}

/** A point on G2's curve, but outside the group: the twist has a large cofactor. */
export function outsideG2(): Words4 {
  const { Fp2 } = bn254.fields;
  const b = Fp2.mul(Fp2.fromBigTuple([3n, 0n]), Fp2.inv(Fp2.fromBigTuple([9n, 1n])));
  for (let i = 1n; ; i++) {
    const x = Fp2.fromBigTuple([i, 0n]);
    const square = Fp2.add(Fp2.mul(Fp2.sqr(x), x), b);
    try {
      const y = Fp2.sqrt(square);
      return [x.c1, x.c0, y.c1, y.c0];
    } catch {
      // Not a square: no point has this x.
    }
  }
}
