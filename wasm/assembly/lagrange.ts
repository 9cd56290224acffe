/**
 * The Lagrange basis over the n-th roots of unity at a point x, and the odd half of the one over the 2n-th roots:
 * L_j(x) = (x^m - 1) / m * w^j / (x - w^j), w of order m. What differs by basis is a factor, which is the caller's.
 *
 * Vector i holds the 2n-th roots 2i and 2i + 1: n-th roots in the first lane, the odd ones in the second.
 *
 * Bounds, in multiples of p. Roots and x are settled, and their difference is a sum of at most 1: products are at most 1.63 and an
 * inverse 2.02, as in g1.ts. Times a root that is 2.02 / 5.29 + 1.008 = 1.39; times a factor of at most 1 / 2, 1.28.
 */
import { ELEMENT, nothing } from "./field";
import { backwards, beginProducts, invertProducts } from "./inverse";
import { setIntegers, SINGLE, subtract, writeDoubles } from "./lanes";
import { multiply, multiplyLess } from "./product";

let field: usize, size: usize;
let roots: usize, products: usize;

const x = memory.data(80, 16);
const step = memory.data(80, 16);
const difference = memory.data(80, 16);
const inverse = memory.data(80, 16);
const factor = memory.data(80, 16);

/** Takes memory from `at` on for n = `count` roots, an even number. Returns its end. */
export function placeLagrange(f: usize, count: usize, at: usize): usize {
  field = f;
  size = count;
  roots = at; at += count * ELEMENT;
  products = at + 2 * ELEMENT;
  return products + count * ELEMENT;
}

/**
 * Prepares w^j / (x - w^j) for all 2n-th roots. Returns false if x is one of them.
 *
 * @param given five integers of 64 bits each, in Montgomery form: 1, w of order 2n, w^2, and x
 */
export function prepareLagrange(given: usize): bool {
  setIntegers(given, given + SINGLE, roots);
  setIntegers(given + 2 * SINGLE, given + 2 * SINGLE, step);
  setIntegers(given + 3 * SINGLE, given + 3 * SINGLE, x);
  beginProducts(field, products);
  for (let i: usize = 0; i < size; i++) {
    const root = roots + i * ELEMENT, product = products + i * ELEMENT;
    if (i > 0) multiplyLess(field, root - ELEMENT, step, nothing, root);
    subtract(x, root, difference);
    multiply(field, product - 2 * ELEMENT, difference, product);
  }
  if (!invertProducts(field, products, size)) return false;
  for (let i = size; i > 0; i--) {
    const root = roots + (i - 1) * ELEMENT, product = products + (i - 1) * ELEMENT;
    const back = backwards + ((i - 1) & 1) * ELEMENT;
    multiply(field, back, product - 2 * ELEMENT, inverse);
    subtract(x, root, difference);
    multiply(field, back, difference, back);
    multiply(field, inverse, root, product);
  }
  return true;
}

/**
 * Writes what a lane holds times a factor, 32 bytes each.
 *
 * @param given five integers of 64 bits, not in Montgomery form, of at most p / 2
 */
export function writeLagrange(lane: usize, given: usize, out: usize): void {
  setIntegers(given, given, factor);
  for (let i: usize = 0; i < size; i++) {
    multiply(field, products + i * ELEMENT, factor, inverse);
    writeDoubles(field, inverse, lane, out + 32 * i);
  }
}
