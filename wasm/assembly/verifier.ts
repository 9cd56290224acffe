/**
 * What verifying Groth16 proofs over BN254 computes (docs/prover.md). Memory after `freeAt` is the caller's: it says where everything goes,
 * and grows the memory before.
 */
import { AFFINE, combine } from "./combine";
import { prepareComplex } from "./complex";
import { ELEMENT, prepareField, toMontgomery, nothing, one } from "./field";
import { digitsOf, toDoubles } from "./lanes";
import { isPairingOne, linesBytes, loopDigits, multiplyLines, parameterDigits, prepareLines } from "./pairing";
import { multiplyLess, prepareProducts } from "./product";
import { gammas, prepareTower } from "./tower";

const parameters = memory.data(280, 16);
const fq = memory.data(608, 16);
const product = memory.data(480, 16);
const point = memory.data(160, 16);

export function freeAt(): usize { return (__heap_base + 15) & ~15; }
export function parametersAt(): usize { return parameters; }
export function loopAt(): usize { return loopDigits; }
export function parameterAt(): usize { return parameterDigits; }
export function affineBytes(): usize { return AFFINE; }
export { linesBytes };

/**
 * To be called once, after the parameters and digits are written.
 *
 * @param given xi^(i (q - 1) / 6) for i from 1 to 5, real and imaginary parts, 32 bytes each
 */
export function prepare(given: usize): void {
  prepareProducts();
  prepareField(fq, parameters);
  prepareComplex();
  prepareTower(fq);
  for (let i: usize = 0; i < 5; i++) read(given + 64 * i, given + 64 * i + 32, gammas + i * ELEMENT);
}

/** The elements below p, of 32 bytes, at two addresses. */
function read(a: usize, b: usize, out: usize): void {
  digitsOf(a, b, out);
  toDoubles(out);
  multiplyLess(fq, toMontgomery(fq), out, nothing, out);
}

/** A point of G1, from x and y. */
export function readAffine(given: usize, out: usize): void {
  read(given, given, out);
  read(given + 32, given + 32, out + ELEMENT);
  multiplyLess(fq, one, toMontgomery(fq), nothing, out + 2 * ELEMENT);
}

/** A point of the twist, from real and imaginary parts of x and y, to its lines. Returns whether it is in G2. */
export function readLines(given: usize, out: usize): bool {
  read(given, given + 32, point);
  read(given + 64, given + 96, point + ELEMENT);
  return prepareLines(fq, point, out);
}

export function combinePoints(points: usize, scalars: usize, count: usize, bits: i32, out: usize): bool {
  return combine(fq, points, scalars, count, bits, out);
}

/** Whether the product of the pairs' pairings is 1. */
export function areOne(pairs: usize, count: usize): bool {
  multiplyLines(fq, pairs, count, product);
  return isPairingOne(fq, product);
}
