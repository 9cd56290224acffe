/**
 * Evaluates a circuit's quadratic arithmetic program at a secret point, in the field, straight from its r1cs.
 */
import { HoldfastError } from "../protocol/errors.ts";
import { inv, mul, P, pow, sub } from "../protocol/field.ts";
import { centered, R, writeElements } from "../wasm/parameters.ts";
import { createPlace, ELEMENT, grow, instantiateProver, SCALAR } from "./prover-instance.ts";
import { mostTerms, multiplyMatrix, rootOfUnity, type Pause } from "./prover-kernel.ts";
import { wireMatrices, type WireMatrices } from "./qap-matrices.ts";
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
  secrets: Secrets,
  { module, signal }: { readonly module: WebAssembly.Module; readonly signal?: AbortSignal | undefined },
): Promise<EvaluatedQap> {
  const pause = (): Promise<void> => {
    signal?.throwIfAborted();
    return Promise.resolve();
  };
  await pause();
  const { wires, publicInputs } = r1cs;
  const domain = domainSize(r1cs);
  const matrices = wireMatrices(r1cs);
  const evaluator = createEvaluator(module, { domain, wires });
  const quotient = evaluator.setBasis(secrets);
  await evaluator.setWires(matrices, pause);
  const firstPrivate = publicInputs + 1;
  return {
    domain,
    a: evaluator.wires(0),
    b: evaluator.wires(1),
    publicWires: evaluator.combined({ from: 0, to: firstPrivate }, secrets, inv(secrets.gamma)),
    privateWires: evaluator.combined({ from: firstPrivate, to: wires }, secrets, inv(secrets.delta)),
    quotient,
    coefficients: matrices.section,
  };
}

interface Evaluator {
  /** Sets the Lagrange basis at tau, and returns the scalars of the quotient. */
  setBasis(secrets: Secrets): Uint8Array;
  /** Sets A_s(tau), B_s(tau) and C_s(tau) of all wires, once the basis is set. */
  setWires(matrices: WireMatrices, pause: Pause): Promise<void>;
  /** A_s(tau) or B_s(tau). */
  wires(matrix: 0 | 1): Uint8Array;
  /** (beta A_s + alpha B_s + C_s)(tau) * factor of a range of wires. */
  combined(range: { readonly from: number; readonly to: number }, of: Secrets, factor: bigint): Uint8Array;
}

/** A wire's value lies in the first lane of a vector's digits. */
const VALUE = 2 * ELEMENT;

function createEvaluator(
  module: WebAssembly.Module,
  { domain, wires }: { readonly domain: number; readonly wires: number },
): Evaluator {
  const wasm = instantiateProver(module);
  const place = createPlace(wasm);
  const parametersAt = place(4 * ELEMENT);
  const valuesAt = [0, 1, 2].map(() => place(VALUE * wires)) as [a: number, b: number, c: number];
  const scalarsAt = place(SCALAR * Math.max(wires, domain));
  const basisAt = place(SCALAR * domain);
  const freeAt = place(0); // for what one step needs
  const parameters = (...elements: bigint[]): number => {
    writeElements(
      wasm.memory,
      parametersAt,
      elements.map((element) => centered(element, P)),
    );
    return parametersAt;
  };
  const scalars = (count: number): Uint8Array =>
    new Uint8Array(wasm.memory.buffer).slice(scalarsAt, scalarsAt + SCALAR * count);

  return {
    setBasis({ tau, delta }) {
      grow(wasm, wasm.placeBasis(domain, freeAt));
      const root = rootOfUnity(Math.log2(domain) + 1);
      if (wasm.prepareLagrange(parameters(R, root * R, root * root * R, tau * R)) === 0)
        throw new HoldfastError("bad-input", "the secret point is a root of unity: draw another one");
      const power = pow(tau, BigInt(domain));
      const [scale, finer] = [
        mul(sub(power, 1n), inv(BigInt(domain))),
        mul(sub(mul(power, power), 1n), inv(BigInt(2 * domain))),
      ];
      wasm.writeLagrange(0, parameters(scale), basisAt);
      wasm.writeLagrange(1, parameters(mul(finer, inv(delta))), scalarsAt);
      return scalars(domain);
    },
    async setWires({ matrices, coefficients }, pause) {
      const most = mostTerms(...matrices);
      const givenAt = freeAt;
      const coefficientsAt = givenAt + coefficients.length;
      const endsAt = coefficientsAt + (ELEMENT / SCALAR) * coefficients.length;
      const termsAt = endsAt + 4 * (wires + 1);
      grow(wasm, termsAt + 8 * most);
      new Uint8Array(wasm.memory.buffer).set(coefficients, givenAt);
      wasm.setCoefficients(givenAt, coefficients.length / SCALAR, parameters(R * R), coefficientsAt);
      const places = { endsAt, termsAt, most, coefficientsAt, valuesAt: basisAt, half: wires };
      for (const [i, matrix] of matrices.entries())
        await multiplyMatrix(wasm, matrix, { ...places, out: valuesAt[i] as number }, pause);
    },
    wires(matrix) {
      wasm.writeRows(valuesAt[matrix], wires, scalarsAt);
      return scalars(wires);
    },
    combined({ from, to }, { alpha, beta }, factor) {
      const [a, b, c] = valuesAt.map((at) => at + VALUE * from) as [number, number, number];
      const factors = [mul(beta, factor), mul(alpha, factor), factor].map((x) => x * R);
      wasm.combineRows(a, b, c, parameters(...factors), to - from, scalarsAt);
      return scalars(to - from);
    },
  };
}

/** The smallest power of two, from 2 on, that holds the constraints and the rows of the public wires. */
export function domainSize({
  constraints,
  publicInputs,
}: Pick<R1cs, "constraints" | "publicInputs">): number {
  return 2 ** Math.max(1, Math.ceil(Math.log2(constraints + publicInputs + 1)));
}
