/**
 * A circuit's matrices A, B and C by wire, from its r1cs, and section 4 of its zkey.
 *
 * The layout is snarkjs's: the domain holds the constraints and then one row `w_s = ...` for each of the wires
 * 0 .. publicInputs, which keeps the public wires linearly independent.
 */
import { HoldfastError } from "../protocol/errors.ts";
import { mul, toBytesLE32 } from "../protocol/field.ts";
import { createDistinct, type Distinct } from "./distinct.ts";
import { sortTerms, type Matrix } from "./prover-matrices.ts";
import { FIELD_BYTES, TERM_BYTES, type R1cs } from "./r1cs.ts";
import { integerOf, wordsOf } from "./shared.ts";

export interface WireMatrices {
  /** Of each wire the terms in A, B and C: constraint and number of the coefficient. */
  readonly matrices: readonly [a: Matrix, b: Matrix, c: Matrix];
  /** Each once, 32 bytes. Number 0 is 0. */
  readonly coefficients: Uint8Array;
  /** Section 4 of a zkey: a count, and for each term of A and B its matrix, constraint, wire and coefficient. */
  readonly section: Uint8Array;
}

/** snarkjs stores coefficients times this: one Montgomery product with a plain witness then gives Montgomery form. */
const KEY_FORM = 2n ** 512n;
const MATRICES = 3;
const TERM_WORDS = TERM_BYTES / 4;
const FIELD_WORDS = FIELD_BYTES / 4;
const ONE = wordsOf(1n);

/** Throws "corrupt" if the r1cs has other wires than it says, or coefficients that are no field elements. */
export function wireMatrices(r1cs: R1cs): WireMatrices {
  const { wires } = r1cs;
  const distinct = createDistinct("the r1cs file");
  const terms = readTerms(r1cs, distinct);
  const sorted = sortTerms(terms.places, terms.rows, terms.coefficients, MATRICES * wires);
  const matrixOf = (i: number): Matrix => {
    const ends = sorted.ends.subarray(i * wires, (i + 1) * wires + 1);
    const [first, last] = [ends[0] as number, ends[wires] as number];
    return { ends: ends.map((end) => end - first), terms: sorted.terms.subarray(2 * first, 2 * last) };
  };
  return {
    matrices: [matrixOf(0), matrixOf(1), matrixOf(2)],
    coefficients: distinct.bytes(),
    section: coefficientSection(terms, distinct.bytes(), wires),
  };
}

/** In the order of the file. */
interface Terms {
  /** Wire and matrix of each: matrix * wires + wire. */
  readonly places: Uint32Array;
  readonly rows: Uint32Array;
  /** Numbers. */
  readonly coefficients: Uint32Array;
}

function readTerms({ wires, publicInputs, constraints, body }: R1cs, distinct: Distinct): Terms {
  const words = wordsIn(body);
  const count = (words.length - MATRICES * constraints) / TERM_WORDS + publicInputs + 1;
  const places = new Uint32Array(count);
  const [rows, coefficients] = [new Uint32Array(count), new Uint32Array(count)];
  let [at, term] = [0, 0];
  for (let row = 0; row < constraints; row++) {
    for (let matrix = 0; matrix < MATRICES; matrix++) {
      for (let left = words[at++] as number; left > 0; left--, term++, at += TERM_WORDS) {
        const wire = words[at] as number;
        if (wire >= wires) throw new HoldfastError("corrupt", `the r1cs file has no wire ${wire}`);
        places[term] = matrix * wires + wire;
        rows[term] = row;
        coefficients[term] = distinct.numberOf(words, at + 1);
      }
    }
  }
  const one = distinct.numberOf(ONE, 0);
  for (let wire = 0; wire <= publicInputs; wire++, term++) {
    places[term] = wire; // in A
    rows[term] = constraints + wire;
    coefficients[term] = one;
  }
  return { places, rows, coefficients };
}

function coefficientSection(
  { places, rows, coefficients }: Terms,
  values: Uint8Array,
  wires: number,
): Uint8Array {
  const inKeyForm = new Uint8Array(values.length);
  for (let at = 0; at < values.length; at += FIELD_BYTES)
    inKeyForm.set(toBytesLE32(mul(integerOf(values.subarray(at, at + FIELD_BYTES)), KEY_FORM)), at);
  const given = wordsIn(inKeyForm);
  let count = 0;
  for (const place of places) if (place < 2 * wires) count++;
  const words = new Uint32Array(1 + count * (3 + FIELD_WORDS));
  words[0] = count;
  let at = 1;
  for (let term = 0; term < places.length; term++) {
    const place = places[term] as number;
    if (place >= 2 * wires) continue; // C is not in the section
    const matrix = place < wires ? 0 : 1;
    words[at++] = matrix;
    words[at++] = rows[term] as number;
    words[at++] = place - matrix * wires;
    const value = FIELD_WORDS * (coefficients[term] as number);
    for (let i = 0; i < FIELD_WORDS; i++) words[at++] = given[value + i] as number;
  }
  return new Uint8Array(words.buffer);
}

/** As words of this machine, which is little-endian as the files are. */
function wordsIn(bytes: Uint8Array): Uint32Array {
  const { buffer, byteOffset, length } = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  return new Uint32Array(buffer, byteOffset, length / 4);
}
