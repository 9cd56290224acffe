/**
 * Inverts many elements with one inversion: prefix products forwards, the inverses backwards (Montgomery's trick). Even
 * and odd vectors are chains of their own, so that the processor works at two products at a time.
 */
import { invertBytes } from "./divsteps";
import { ELEMENT, get, nothing, one, set, toMontgomery } from "./field";
import { digitsOf, isZero, toDoubles, writeDoubles } from "./lanes";
import { multiply, multiplyLess } from "./product";

const total = memory.data(80, 16);
const swapped = memory.data(80, 16);
const inverse = memory.data(80, 16);
/** What the chains go back with. */
export const backwards = memory.data(160, 16);
const bytes = memory.data(32, 16);
const plain = memory.data(80, 16);
const cube = memory.data(80, 16); // R^3

/** Writes 1 before the products at `products`, for both chains. */
export function beginProducts(f: usize, products: usize): void {
  multiply(f, one, toMontgomery(f), products - 2 * ELEMENT);
  memory.copy(products - ELEMENT, products - 2 * ELEMENT, ELEMENT);
}

/**
 * Prepares `backwards` for an even number of vectors, at least 2. Returns false if one of the elements is 0.
 *
 * Bounds, in multiples of p: of products of at most 1.85, `total` and `backwards` are settled: the product of two halves of `total` stays below 2.645.
 */
export function invertProducts(f: usize, products: usize, vectors: usize): bool {
  const last = products + (vectors - 1) * ELEMENT, other = last - ELEMENT;
  multiplyLess(f, last, other, nothing, total);
  swapLanes(total, swapped);
  multiplyLess(f, total, swapped, nothing, inverse);
  if (isZero(f, inverse, 0)) return false;
  invert(f, inverse, inverse);
  multiply(f, inverse, swapped, inverse);
  multiplyLess(f, inverse, last, nothing, backwards); // of the even chain
  multiplyLess(f, inverse, other, nothing, backwards + ELEMENT);
  return true;
}

function swapLanes(x: usize, out: usize): void {
  for (let i: usize = 0; i < 5; i++) set(out, i, i64x2.shuffle(get(x, i), get(x, i), 1, 0));
}

/** out = 1 / x, in both lanes, of lane 0, settled. 0 gives 0. */
export function invert(f: usize, x: usize, out: usize): void {
  writeDoubles(f, x, 0, bytes);
  invertBytes(f, bytes, bytes);
  digitsOf(bytes, bytes, plain);
  toDoubles(plain);
  // x is X R, so that this is 1 / (X R): times R^3 / R it becomes R / X.
  multiply(f, toMontgomery(f), toMontgomery(f), cube);
  multiplyLess(f, cube, plain, nothing, out);
}
