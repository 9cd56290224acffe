/**
 * A circuit as equations: constraints A * B = C over wires, their values at an assignment, and their derivatives there.
 */
import { readR1cs } from "../../groth16/r1cs.ts";
import { mod, P } from "../../protocol/field.ts";

export interface Term {
  readonly wire: number;
  readonly coefficient: bigint;
}
/** A * B = C. */
export type Constraint = readonly [a: Term[], b: Term[], c: Term[]];

/** Wire 0 is the constant 1. */
export interface System {
  readonly constraints: readonly Constraint[];
  readonly wires: number;
}

/** The derivatives of A, B and C by a wire. */
export type Slope = readonly [a: bigint, b: bigint, c: bigint];

/** A row of the Jacobian: the derivatives of A * B - C by each wire but the constant. Zeros are left out. */
export type MatrixRow = Map<number, bigint>;

export function parseR1cs(file: Uint8Array): System {
  const { body, constraints: count, wires } = readR1cs(file);
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  let at = 0;
  const terms = (): Term[] => {
    const length = view.getUint32(at, true);
    at += 4;
    return Array.from({ length }, () => {
      const term = { wire: view.getUint32(at, true), coefficient: littleEndian(view, at + 4) };
      at += 36;
      return term;
    });
  };
  return { constraints: Array.from({ length: count }, () => [terms(), terms(), terms()] as const), wires };
}

/** The values of a .wtns file: 32 bytes each after 76 bytes of headers. */
export function decodeWitness(file: Uint8Array): bigint[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  return Array.from({ length: (file.length - 76) / 32 }, (_, i) => littleEndian(view, 76 + 32 * i));
}

function littleEndian(view: DataView, at: number): bigint {
  return [3, 2, 1, 0].reduce((value, word) => (value << 64n) | view.getBigUint64(at + 8 * word, true), 0n);
}

export function evaluate(terms: readonly Term[], witness: readonly bigint[], modulus = P): bigint {
  return (
    terms.reduce((sum, { wire, coefficient }) => sum + coefficient * (witness[wire] as bigint), 0n) % modulus
  );
}

export function holds(constraint: Constraint, witness: readonly bigint[], modulus = P): boolean {
  const [a, b, c] = constraint.map((terms) => evaluate(terms, witness, modulus)) as [bigint, bigint, bigint];
  return (a * b - c) % modulus === 0n;
}

export function slopes([a, b, c]: Constraint): Map<number, Slope> {
  const changes = new Map<number, [a: bigint, b: bigint, c: bigint]>();
  for (const [matrix, terms] of [a, b, c].entries()) {
    for (const { wire, coefficient } of terms) {
      const change = changes.get(wire) ?? [0n, 0n, 0n];
      change[matrix as 0 | 1 | 2] += coefficient;
      changes.set(wire, change);
    }
  }
  return changes;
}

/** The Jacobian at an assignment: one row for each constraint. */
export function jacobian({ constraints }: System, witness: readonly bigint[]): MatrixRow[] {
  return constraints.map((constraint) => {
    const [a, b] = [evaluate(constraint[0], witness), evaluate(constraint[1], witness)];
    const row: MatrixRow = new Map();
    for (const [wire, [dA, dB, dC]] of slopes(constraint)) {
      const derivative = mod(dA * b + dB * a - dC);
      if (wire !== 0 && derivative !== 0n) row.set(wire, derivative);
    }
    return row;
  });
}
