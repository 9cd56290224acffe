/**
 * Evaluates a circuit's quadratic arithmetic program at a secret point, in the field, straight from its r1cs.
 */
import { HoldfastError } from "../protocol/errors.ts";
import { inv, mul, P, pow, sub } from "../protocol/field.ts";
import { centered, R, writeElements } from "../wasm/parameters.ts";
import { createPlace, ELEMENT, grow, instantiateProver, SCALAR } from "./prover-instance.ts";
import { mostTerms, multiplyMatrix, rootOfUnity } from "./prover-kernel.ts";
import { wireMatrices } from "./qap-matrices.ts";
import type { R1cs } from "./r1cs.ts";

/** The trapdoor. Anybody who knows it can prove anything, so it never leaves the process that drew it. */
export interface Secrets {
  readonly tau: bigint;
  readonly alpha: bigint;
  readonly beta: bigint;
  readonly gamma: bigint;
  readonly delta: bigint;
}

/** Scalars of the key's points (32 bytes each, little-endian, below p) and the coefficients that a prover needs. */
export interface EvaluatedQap {
  readonly domain: number;
  /** A_s(tau) and B_s(tau) of every wire. */
  readonly a: Uint8Array;
  readonly b: Uint8Array;
  /** (beta A_s + alpha B_s + C_s)(tau) / gamma of the public wires, and / delta of the others. */
  readonly publicWires: Uint8Array;
  readonly privateWires: Uint8Array;
  /** L_(2i+1)(tau) / delta over the doubled domain: the prover gives the quotient by its values at the odd points. */
  readonly quotient: Uint8Array;
  /** Section 4 of a zkey. */
  readonly coefficients: Uint8Array;
}

/**
 * Throws "corrupt" for a broken r1cs, and "bad-input" if tau is a root of unity of the doubled domain.
 *
 * @param module of wasm/assembly/prover.ts
 */
export async function evaluateQap(
  r1cs: R1cs,
  { tau, alpha, beta, gamma, delta }: Secrets,
  { module, signal }: { readonly module: WebAssembly.Module; readonly signal?: AbortSignal | undefined },
): Promise<EvaluatedQap> {
  const { wires, publicInputs } = r1cs;
  const domain = domainSize(r1cs);
  signal?.throwIfAborted();
  const { matrices, coefficients, section } = wireMatrices(r1cs);
  signal?.throwIfAborted();

  const wasm = instantiateProver(module);
  const place = createPlace(wasm);
  const most = mostTerms(...matrices);
  const parametersAt = place(4 * ELEMENT);
  const [basisAt, quotientAt] = [place(SCALAR * domain), place(SCALAR * domain)] as const;
  const [given, coefficientsAt] = [
    place(coefficients.length),
    place((ELEMENT / SCALAR) * coefficients.length),
  ] as const;
  const [endsAt, termsAt] = [place(4 * (wires + 1)), place(8 * most)] as const;
  const vectors = [place(VECTORS * wires), place(VECTORS * wires), place(VECTORS * wires)] as const;
  const scalarsAt = place(SCALAR * wires);
  grow(wasm, wasm.placeBasis(domain, place(0)));
  const memory = new Uint8Array(wasm.memory.buffer);
  const parameters = (...values: bigint[]): number => {
    const elements = values.map((value) => centered(value, P));
    writeElements(wasm.memory, parametersAt, elements);
    return parametersAt;
  };
  const scalars = (at: number, count: number): Uint8Array => memory.slice(at, at + SCALAR * count);

  const root = rootOfUnity(Math.log2(domain) + 1);
  if (wasm.prepareLagrange(parameters(R, root * R, root * root * R, tau * R)) === 0)
    throw new HoldfastError("bad-input", "the secret point is a root of unity: draw another one");
  const vanishing = pow(tau, BigInt(domain));
  const [first, finer] = [sub(vanishing, 1n), sub(mul(vanishing, vanishing), 1n)];
  wasm.writeLagrange(0, parameters(mul(first, inv(BigInt(domain)))), basisAt);
  wasm.writeLagrange(1, parameters(mul(finer, inv(mul(BigInt(2 * domain), delta)))), quotientAt);

  memory.set(coefficients, given);
  wasm.setCoefficients(given, coefficients.length / SCALAR, parameters(R * R), coefficientsAt);
  for (const [i, matrix] of matrices.entries()) {
    const places = { endsAt, termsAt, most, coefficientsAt, valuesAt: basisAt };
    const out = vectors[i as 0 | 1 | 2];
    await multiplyMatrix(wasm, matrix, { ...places, half: wires, out }, () => {
      signal?.throwIfAborted();
      return Promise.resolve();
    });
  }
  /** (beta A_s + alpha B_s + C_s)(tau) * factor of some wires. */
  const combined = (from: number, to: number, factor: bigint): Uint8Array => {
    const [a, b, c] = vectors.map((at) => at + VECTORS * from) as [number, number, number];
    const factors = [mul(beta, factor), mul(alpha, factor), factor].map((value) => value * R);
    wasm.combineRows(a, b, c, parameters(...factors), to - from, scalarsAt);
    return scalars(scalarsAt, to - from);
  };
  const written = (at: number): Uint8Array => {
    wasm.writeRows(at, wires, scalarsAt);
    return scalars(scalarsAt, wires);
  };
  return {
    domain,
    a: written(vectors[0]),
    b: written(vectors[1]),
    publicWires: combined(0, publicInputs + 1, inv(gamma)),
    privateWires: combined(publicInputs + 1, wires, inv(delta)),
    quotient: scalars(quotientAt, domain),
    coefficients: section,
  };
}

/** Bytes of a wire's value: the first lane of a vector's digits. */
const VECTORS = 2 * ELEMENT;

/** The smallest power of two, from 2 on, that holds the constraints and the rows of the public wires. */
export function domainSize({
  constraints,
  publicInputs,
}: Pick<R1cs, "constraints" | "publicInputs">): number {
  return 2 ** Math.max(1, Math.ceil(Math.log2(constraints + publicInputs + 1)));
}
