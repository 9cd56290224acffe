/**
 * Evaluates a circuit's quadratic arithmetic program at a secret point, in the field, straight from its r1cs.
 *
 * The layout is snarkjs's: the domain holds the constraints and then one row `w_s = ...` for each of the wires
 * 0 .. publicInputs, which keeps the public wires linearly independent.
 */
import { inv, mul, P, sub, toBytesLE32 } from "../protocol/field.ts";
import { instantiateBn254, type Bn254Module } from "./bn254-module.ts";
import { bn254 } from "./bn254.ts";
import { FIELD_BYTES, TERM_BYTES, type R1cs } from "./r1cs.ts";

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
  const { sums, coefficients } = accumulate(r1cs, rows, wasm, signal);
  const inverseDelta = inv(secrets.delta);
  const odd = lagrangeBasis(secrets.tau, root(power + 1), 2 * domain).filter((_, i) => i % 2 === 1);
  const firstPrivate = r1cs.publicInputs + 1;
  const inverseGamma = inv(secrets.gamma);
  return {
    domain,
    a: wasm.bytes().slice(sums[0], sums[0] + r1cs.wires * FIELD_BYTES),
    b: wasm.bytes().slice(sums[1], sums[1] + r1cs.wires * FIELD_BYTES),
    publicWires: combine(wasm, sums, { from: 0, to: firstPrivate }, secrets, inverseGamma),
    privateWires: combine(wasm, sums, { from: firstPrivate, to: r1cs.wires }, secrets, inverseDelta),
    quotient: Buffer.concat(odd.map((value) => toBytesLE32(mul(value, inverseDelta)))),
    coefficients,
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
export function lagrangeBasis(x: bigint, w: bigint, size: number): bigint[] {
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

/** Where A_s(tau), B_s(tau) and C_s(tau) of all wires are in memory. */
type Sums = readonly [a: number, b: number, c: number];

/** Computes A_s(tau), B_s(tau) and C_s(tau) for every wire, and lists the coefficients of A and B. */
function accumulate(
  r1cs: R1cs,
  rows: readonly bigint[],
  wasm: Bn254Module,
  signal?: AbortSignal,
): { sums: Sums; coefficients: Uint8Array } {
  const { wires, publicInputs, constraints, body } = r1cs;
  const sizes = measure(r1cs);
  const sums: Sums = [
    wasm.alloc(wires * FIELD_BYTES),
    wasm.alloc(wires * FIELD_BYTES),
    wasm.alloc(wires * FIELD_BYTES),
  ];
  const [row, product, input] = [wasm.alloc(FIELD_BYTES), wasm.alloc(FIELD_BYTES), wasm.alloc(sizes.longest)];
  const one = place(wasm, 1n);
  const coefficients = createCoefficients(wasm, sizes.terms + publicInputs + 1);
  const [multiply, add] = [wasm.operation("frm_mul"), wasm.operation("frm_add")];
  const memory = wasm.bytes();

  const enter = (constraint: number): void =>
    memory.set(toBytesLE32(mul(rows[constraint] as bigint, R)), row);
  const term = (matrix: 0 | 1 | 2, constraint: number, wire: number, coefficient: number): void => {
    const sum = sums[matrix] + wire * FIELD_BYTES;
    multiply(coefficient, row, product);
    add(sum, product, sum);
    if (matrix !== 2) coefficients.push(matrix, constraint, wire, coefficient);
  };

  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  let at = 0;
  for (let constraint = 0; constraint < constraints; constraint++) {
    if (constraint % 1024 === 0) signal?.throwIfAborted();
    enter(constraint);
    for (const matrix of [0, 1, 2] as const) {
      const terms = view.getUint32(at, true);
      at += 4;
      memory.set(body.subarray(at, at + terms * TERM_BYTES), input);
      for (let i = 0; i < terms; i++, at += TERM_BYTES) {
        term(matrix, constraint, view.getUint32(at, true), input + i * TERM_BYTES + 4);
      }
    }
  }
  for (let wire = 0; wire <= publicInputs; wire++) {
    enter(constraints + wire);
    term(0, constraints + wire, wire, one);
  }
  return { sums, coefficients: coefficients.section };
}

interface Coefficients {
  /** Section 4 of a zkey: a count, and for each coefficient its matrix, constraint, wire and value. */
  readonly section: Uint8Array;
  /** @param coefficient where the value is in memory */
  push(matrix: 0 | 1, constraint: number, wire: number, coefficient: number): void;
}

function createCoefficients(wasm: Bn254Module, count: number): Coefficients {
  const section = Buffer.allocUnsafe(4 + count * COEFFICIENT_BYTES);
  // snarkjs stores values times R^2: one Montgomery product with a plain witness then gives Montgomery form.
  const [r3, value] = [place(wasm, mul(R2, R)), wasm.alloc(FIELD_BYTES)];
  const multiply = wasm.operation("frm_mul");
  const memory = wasm.bytes();
  let at = section.writeUInt32LE(count, 0);
  return {
    section,
    push(matrix, constraint, wire, coefficient) {
      multiply(coefficient, r3, value);
      at = section.writeUInt32LE(matrix, at);
      at = section.writeUInt32LE(constraint, at);
      at = section.writeUInt32LE(wire, at);
      section.set(memory.subarray(value, value + FIELD_BYTES), at);
      at += FIELD_BYTES;
    },
  };
}

/** (beta A_s + alpha B_s + C_s) * factor for a range of wires. */
function combine(
  wasm: Bn254Module,
  sums: Sums,
  { from, to }: { from: number; to: number },
  { alpha, beta }: Secrets,
  factor: bigint,
): Uint8Array {
  const factors = [beta, alpha, 1n].map((value) => place(wasm, mul(mul(value, factor), R)));
  const [out, product] = [wasm.alloc((to - from) * FIELD_BYTES), wasm.alloc(FIELD_BYTES)];
  const [multiply, add] = [wasm.operation("frm_mul"), wasm.operation("frm_add")];
  for (let wire = from; wire < to; wire++) {
    const sum = out + (wire - from) * FIELD_BYTES;
    for (const [matrix, values] of sums.entries()) {
      multiply(values + wire * FIELD_BYTES, factors[matrix] as number, product);
      add(sum, product, sum);
    }
  }
  return wasm.bytes().slice(out, out + (to - from) * FIELD_BYTES);
}

/** Puts a value into the module's memory permanently. */
function place(wasm: Bn254Module, value: bigint): number {
  const at = wasm.alloc(FIELD_BYTES);
  wasm.bytes().set(toBytesLE32(value), at);
  return at;
}

/** The number of terms of A and B in all constraints, and the bytes of the longest combination. */
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
