/**
 * The size of a compiled circuit, and of the key that would be made for it.
 */
import { domainSize } from "../../groth16/qap.ts";
import { TERM_BYTES, type R1cs } from "../../groth16/r1cs.ts";

/** Size of a compiled circuit, or of all instances of one part. A, B, C: non-zero coefficients of each matrix. */
export interface CircuitSize {
  readonly constraints: number;
  /** For a part: without its inputs, which belong to the part around it. */
  readonly wires: number;
  readonly A: number;
  readonly B: number;
  readonly C: number;
}

export function sizeOf({ body, constraints, wires }: R1cs): CircuitSize {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const counts: [A: number, B: number, C: number] = [0, 0, 0];
  for (let i = 0, at = 0; i < 3 * constraints; i++) {
    const terms = view.getUint32(at, true);
    counts[(i % 3) as 0 | 1 | 2] += terms;
    at += 4 + terms * TERM_BYTES;
  }
  const [A, B, C] = counts;
  return { constraints, wires, A, B, C };
}

/** Bytes of an affine point of G1. */
export const POINT_BYTES = 64;
/** Bytes of a coefficient of A or B: matrix, constraint, wire and value. C is A times B, and not in a key. */
const COEFFICIENT_BYTES = 44;
/** Bytes per wire: A and B in G1, B in G2 (twice as large), and the point for the proof's third element or the verifier. */
const PER_WIRE_BYTES = 5 * POINT_BYTES;
/** Names and sizes of ten sections, the header with three points of G1 and three of G2, the (empty) contributions. */
const FRAME_BYTES = 12 + 10 * 12 + 4 + (84 + 9 * POINT_BYTES) + 4 + 68;

/** The exact size of a .zkey file. */
export function keyBytes(size: CircuitSize & { readonly publicInputs: number }): number {
  const publicRows = size.publicInputs + 1;
  return FRAME_BYTES + bytesFor(size) + COEFFICIENT_BYTES * publicRows + POINT_BYTES * domainSize(size);
}

export function bytesFor({ wires, A, B }: CircuitSize): number {
  return PER_WIRE_BYTES * wires + COEFFICIENT_BYTES * (A + B);
}
