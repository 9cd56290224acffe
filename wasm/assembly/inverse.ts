/**
 * Inverts many elements with one inversion: prefix products forwards, the inverses backwards (Montgomery's trick). Even
 * and odd vectors are chains of their own, so that the processor works at two products at a time.
 */
import { ELEMENT, get, MODULUS_BYTES, nothing, one, set, toMontgomery } from "./field";
import { isZero } from "./lanes";
import { multiply, multiplyLess, square, squareLess } from "./product";

const total = memory.data(80, 16);
const swapped = memory.data(80, 16);
const inverse = memory.data(80, 16);
/** What the chains go back with. */
export const backwards = memory.data(160, 16);
const powers = memory.data(1280, 16); // 16 elements
const exponent = memory.data(32, 16);

/** Writes 1 before the products at `products`, for both chains. */
export function beginProducts(f: usize, products: usize): void {
  multiply(f, one, toMontgomery(f), products - 2 * ELEMENT);
  memory.copy(products - ELEMENT, products - 2 * ELEMENT, ELEMENT);
}

/**
 * Prepares `backwards` for an even number of vectors, at least 2. Returns false if one of the elements is 0.
 *
 * Bounds, in multiples of p: of products of at most 1.85, `total` is at most 2.3; `backwards` is settled.
 */
export function invertProducts(f: usize, products: usize, vectors: usize): bool {
  const last = products + (vectors - 1) * ELEMENT, other = last - ELEMENT;
  multiply(f, last, other, total);
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

/**
 * out = 1 / x, in both lanes: x^(p - 2), four bits at a time. 0 gives 0.
 *
 * Bounds, in multiples of p: x is at most 1 / 2, its powers and what is multiplied by them 1.24; two squares make 2 of that,
 * settled.
 */
export function invert(f: usize, x: usize, out: usize): void {
  multiply(f, one, toMontgomery(f), powers);
  memory.copy(powers + ELEMENT, x, ELEMENT);
  for (let i: usize = 2; i < 16; i++) multiply(f, powers + (i - 1) * ELEMENT, x, powers + i * ELEMENT);
  memory.copy(exponent, f + MODULUS_BYTES, 32);
  store<u64>(exponent, load<u64>(exponent) - 2);
  memory.copy(out, powers, ELEMENT);
  for (let i = 63; i >= 0; i--) {
    square(f, out, out);
    squareLess(f, out, nothing, out);
    square(f, out, out);
    squareLess(f, out, nothing, out);
    const bits = (load<u8>(exponent + (i >> 1)) >> <u8>((i & 1) << 2)) & 15;
    if (bits != 0) multiply(f, out, powers + <usize>bits * ELEMENT, out);
  }
}
