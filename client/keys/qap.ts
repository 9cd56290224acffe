/**
 * Evaluates a circuit's quadratic arithmetic program at a secret point, in the field, straight from its r1cs.
 *
 * The layout is snarkjs's: the domain holds the constraints and then one row `w_s = ...` for each of the wires
 * 0 .. publicInputs, which keeps the public wires linearly independent.
 */
import { instantiateBn254, type Bn254Module } from "../../circuits/bn254-module.ts";
import { bn254 } from "../../circuits/bn254.ts";
import { FIELD_BYTES, TERM_BYTES, type R1cs } from "../../circuits/r1cs.ts";
import { inv, mul, P, sub, toBytesLE32 } from "../../protocol/field.ts";

/** The trapdoor. Whoever knows it can prove anything, so it never leaves the process that drew it. */
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

const COEFFICIENT_BYTES = 12 + FIELD_BYTES; // matrix, constraint, wire, value
const R = 2n ** 256n % P; // Montgomery's radix
const R2 = mul(R, R);

export async function evaluateQap(r1cs: R1cs, secrets: Secrets, signal?: AbortSignal): Promise<EvaluatedQap> {
  const domain = domainSize(r1cs);
  const { Fr, tm } = await bn254();
  const wasm = await instantiateBn254(tm.code);
  const power = Math.log2(domain);
  const root = (i: number): bigint => Fr.toObject(Fr.w[i] as Uint8Array);

  const rows = lagrangeBasis(secrets.tau, root(power), domain);
  const matrices = accumulate(r1cs, rows, wasm, signal);
  const inverseDelta = inv(secrets.delta);
  const odd = lagrangeBasis(secrets.tau, root(power + 1), 2 * domain).filter((_, i) => i % 2 === 1);
  return {
    domain,
    ...matrices.scalars(secrets, r1cs.publicInputs + 1),
    quotient: Buffer.concat(odd.map((value) => toBytesLE32(mul(value, inverseDelta)))),
    coefficients: matrices.coefficients,
  };
}

/** The smallest power of two that holds the constraints and the rows of the public wires. */
export function domainSize({
  constraints,
  publicInputs,
}: Pick<R1cs, "constraints" | "publicInputs">): number {
  return 2 ** Math.ceil(Math.log2(constraints + publicInputs + 1));
}

/** L_i(x) = (x^size - 1) / size * w^i / (x - w^i), for i = 0 .. size - 1; x outside of the domain. */
function lagrangeBasis(x: bigint, w: bigint, size: number): bigint[] {
  let vanishing = x;
  for (let n = 1; n < size; n *= 2) vanishing = mul(vanishing, vanishing);
  const scale = mul(sub(vanishing, 1n), inv(BigInt(size)));

  const points: bigint[] = [];
  const prefix: bigint[] = []; // products of the denominators before i, so that one inversion serves all
  let product = 1n;
  for (let i = 0, point = 1n; i < size; i++, point = mul(point, w)) {
    points.push(point);
    prefix.push(product);
    product = mul(product, sub(x, point));
  }
  let inverse = inv(product);
  const basis = new Array<bigint>(size);
  for (let i = size - 1; i >= 0; i--) {
    const point = points[i] as bigint;
    basis[i] = mul(mul(scale, point), mul(inverse, prefix[i] as bigint));
    inverse = mul(inverse, sub(x, point));
  }
  return basis;
}

interface Matrices {
  readonly coefficients: Uint8Array;
  scalars(secrets: Secrets, publicWires: number): Omit<EvaluatedQap, "domain" | "quotient" | "coefficients">;
}

/** Sums A_s(tau), B_s(tau), C_s(tau) for every wire and lists the coefficients of A and B. */
function accumulate(r1cs: R1cs, rows: bigint[], wasm: Bn254Module, signal?: AbortSignal): Matrices {
  const { wires, publicInputs, constraints, body } = r1cs;
  const field = (value: bigint): number => {
    const at = wasm.alloc(FIELD_BYTES);
    wasm.bytes().set(toBytesLE32(value), at);
    return at;
  };
  const sums = [0, 1, 2].map(() => wasm.alloc(wires * FIELD_BYTES));
  const row = wasm.alloc(FIELD_BYTES);
  const r3 = field(mul(R2, R));
  const one = field(1n);
  const sizes = measure(r1cs);
  const input = wasm.alloc(sizes.longest);
  const product = wasm.alloc(FIELD_BYTES);
  const value = wasm.alloc(FIELD_BYTES);
  const memory = wasm.bytes();
  const [frm_mul, frm_add] = [wasm.operation("frm_mul"), wasm.operation("frm_add")];

  const coefficients = Buffer.allocUnsafe(4 + (sizes.terms + publicInputs + 1) * COEFFICIENT_BYTES);
  coefficients.writeUInt32LE(sizes.terms + publicInputs + 1, 0);
  let written = 4;
  const add = (matrix: number, constraint: number, wire: number, coefficient: number): void => {
    const sum = (sums[matrix] as number) + wire * FIELD_BYTES;
    frm_mul(coefficient, row, product);
    frm_add(sum, product, sum);
    if (matrix === 2) return;
    // snarkjs stores coefficients times R^2: one Montgomery product with a plain witness then gives Montgomery form.
    frm_mul(coefficient, r3, value);
    coefficients.writeUInt32LE(matrix, written);
    coefficients.writeUInt32LE(constraint, written + 4);
    coefficients.writeUInt32LE(wire, written + 8);
    coefficients.set(memory.subarray(value, value + FIELD_BYTES), written + 12);
    written += COEFFICIENT_BYTES;
  };

  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  let at = 0;
  for (let constraint = 0; constraint < constraints; constraint++) {
    if (constraint % 1024 === 0) signal?.throwIfAborted();
    memory.set(toBytesLE32(mul(rows[constraint] as bigint, R)), row);
    for (let matrix = 0; matrix < 3; matrix++) {
      const terms = view.getUint32(at, true);
      at += 4;
      memory.set(body.subarray(at, at + terms * TERM_BYTES), input);
      for (let i = 0; i < terms; i++) {
        add(matrix, constraint, view.getUint32(at, true), input + i * TERM_BYTES + 4);
        at += TERM_BYTES;
      }
    }
  }
  for (let wire = 0; wire <= publicInputs; wire++) {
    memory.set(toBytesLE32(mul(rows[constraints + wire] as bigint, R)), row);
    add(0, constraints + wire, wire, one);
  }

  const [a, b] = sums as [number, number, number];
  return {
    coefficients,
    scalars({ alpha, beta, gamma, delta }, publicWires) {
      const combine = (from: number, to: number, divisor: bigint): Uint8Array => {
        const inverse = inv(divisor);
        const factors = [beta, alpha, 1n].map((factor) => field(mul(mul(factor, inverse), R)));
        const out = wasm.alloc((to - from) * FIELD_BYTES);
        for (let wire = from; wire < to; wire++) {
          const sum = out + (wire - from) * FIELD_BYTES;
          for (let matrix = 0; matrix < 3; matrix++) {
            frm_mul((sums[matrix] as number) + wire * FIELD_BYTES, factors[matrix] as number, product);
            frm_add(sum, product, sum);
          }
        }
        return wasm.bytes().slice(out, out + (to - from) * FIELD_BYTES);
      };
      return {
        a: wasm.bytes().slice(a, a + wires * FIELD_BYTES),
        b: wasm.bytes().slice(b, b + wires * FIELD_BYTES),
        publicWires: combine(0, publicWires, gamma),
        privateWires: combine(publicWires, wires, delta),
      };
    },
  };
}

/** Terms of A and B in all constraints, and the bytes of the longest combination. */
function measure({ constraints, body }: R1cs): { terms: number; longest: number } {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  let [terms, longest, at] = [0, 0, 0];
  for (let i = 0; i < 3 * constraints; i++) {
    const count = view.getUint32(at, true);
    if (i % 3 < 2) terms += count;
    longest = Math.max(longest, count * TERM_BYTES);
    at += 4 + count * TERM_BYTES;
  }
  return { terms, longest };
}
