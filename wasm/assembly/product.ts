/**
 * Products of field elements, two at a time (field.ts), divided by R = 2^255.
 *
 * Digits are multiplied row by row, so that V8 keeps the columns in registers. The four lowest digits of the product are then
 * multiplied by the residues that they stand for (2^-204 to 2^-51 mod p), column by column, and the fifth is removed as
 * Montgomery does.
 *
 * Bounds. Of x and y of at most a p and b p, a product is at most (a b / 2.645 + 1.008) p: 2^255 is 2.645 p, each of the
 * four digits is at most half of what R leaves of its residue, and Montgomery's multiple is p / 2; the residues of these
 * two moduli add up to 0.508 p. Each column is a sum of at most 15 low parts of 2^50 and 15 high parts of 2^51: carries are at
 * most 24, digits at most 2^50 + 24.
 */
import { checkProduct, checkTop } from "./bounds";
import {
  add, BIAS, both, CARRIED_BIAS, carry, digit, finish, firstDigit, FOLDS, get, HALF, high, low, lowBits, MODULUS,
  NEGATED_INVERSE, nextDigit, settle, sub, toDouble, unsignedBits, without,
} from "./field";

// What the columns begin with, and how many low parts each gets of a product; high parts go to the next column.
const squareStart = memory.data(80);
const squaresStart = memory.data(80);
const squareLows = memory.data<u8>([1, 1, 2, 2, 3, 2, 2, 1, 1, 0]);
const productStart = memory.data(80);
const productsStart = memory.data(80);
export const productLows = memory.data<u8>([1, 2, 3, 4, 5, 4, 3, 2, 1, 0]);

/** What becomes of a product: integers, doubles, or doubles less `s`, settled. */
const INTEGERS = 0;
const DOUBLES = 1;
export const LESS = 2;

/** out = x * x / R, as doubles; x of digits. */
export function square(f: usize, x: usize, out: usize): void { squareAs(DOUBLES, f, x, 0, out); }
/** out = x * x / R - s, settled; x of digits, s of sums. */
export function squareLess(f: usize, x: usize, s: usize, out: usize): void { squareAs(LESS, f, x, s, out); }
/** out = x * y / R, as integers; of two digits, or of a digit and a sum. */
export function multiplyIntegers(f: usize, x: usize, y: usize, out: usize): void { productAs(INTEGERS, f, x, y, 0, out); }
/** The same as doubles. */
export function multiply(f: usize, x: usize, y: usize, out: usize): void { productAs(DOUBLES, f, x, y, 0, out); }
/** out = x * y / R - s, settled; s of sums. */
export function multiplyLess(f: usize, x: usize, y: usize, s: usize, out: usize): void { productAs(LESS, f, x, y, s, out); }
/** out = (x * y + z * w) / R, as doubles. */
export function multiplyTwo(f: usize, x: usize, y: usize, z: usize, w: usize, out: usize): void {
  productsAs(DOUBLES, f, x, y, z, w, 0, out);
}
/** out = (x * y + z * w) / R - s, settled. */
export function multiplyTwoLess(f: usize, x: usize, y: usize, z: usize, w: usize, s: usize, out: usize): void {
  productsAs(LESS, f, x, y, z, w, s, out);
}

// @ts-ignore: decorator
@inline function squareAs(as: i32, f: usize, a: usize, s: usize, out: usize): void {
  if (!ASC_NO_ASSERT) checkProduct(a, a);
  let t0 = both(squareStart);
  let t1 = both(squareStart + 8 * 1);
  let t2 = both(squareStart + 8 * 2);
  let t3 = both(squareStart + 8 * 3);
  let t4 = both(squareStart + 8 * 4);
  let t5 = both(squareStart + 8 * 5);
  let t6 = both(squareStart + 8 * 6);
  let t7 = both(squareStart + 8 * 7);
  let t8 = both(squareStart + 8 * 8);
  let t9 = both(squareStart + 8 * 9);
  let x: v128, y: v128, h: v128;
  x = get(a, 0);
  h = high(x, x); t0 = add(t0, low(x, x, h)); t1 = add(t1, h);
  x = f64x2.add(x, x);
  y = get(a, 1); h = high(x, y); t1 = add(t1, low(x, y, h)); t2 = add(t2, h);
  y = get(a, 2); h = high(x, y); t2 = add(t2, low(x, y, h)); t3 = add(t3, h);
  y = get(a, 3); h = high(x, y); t3 = add(t3, low(x, y, h)); t4 = add(t4, h);
  y = get(a, 4); h = high(x, y); t4 = add(t4, low(x, y, h)); t5 = add(t5, h);
  x = get(a, 1);
  h = high(x, x); t2 = add(t2, low(x, x, h)); t3 = add(t3, h);
  x = f64x2.add(x, x);
  y = get(a, 2); h = high(x, y); t3 = add(t3, low(x, y, h)); t4 = add(t4, h);
  y = get(a, 3); h = high(x, y); t4 = add(t4, low(x, y, h)); t5 = add(t5, h);
  y = get(a, 4); h = high(x, y); t5 = add(t5, low(x, y, h)); t6 = add(t6, h);
  x = get(a, 2);
  h = high(x, x); t4 = add(t4, low(x, x, h)); t5 = add(t5, h);
  x = f64x2.add(x, x);
  y = get(a, 3); h = high(x, y); t5 = add(t5, low(x, y, h)); t6 = add(t6, h);
  y = get(a, 4); h = high(x, y); t6 = add(t6, low(x, y, h)); t7 = add(t7, h);
  x = get(a, 3);
  h = high(x, x); t6 = add(t6, low(x, x, h)); t7 = add(t7, h);
  x = f64x2.add(x, x);
  y = get(a, 4); h = high(x, y); t7 = add(t7, low(x, y, h)); t8 = add(t8, h);
  x = get(a, 4);
  h = high(x, x); t8 = add(t8, low(x, x, h)); t9 = add(t9, h);
  divide(as, f, t0, t1, t2, t3, t4, t5, t6, t7, t8, t9, s, out);
}

// @ts-ignore: decorator
@inline function productAs(as: i32, f: usize, a: usize, b: usize, s: usize, out: usize): void {
  if (!ASC_NO_ASSERT) checkProduct(a, b);
  let t0 = both(productStart);
  let t1 = both(productStart + 8 * 1);
  let t2 = both(productStart + 8 * 2);
  let t3 = both(productStart + 8 * 3);
  let t4 = both(productStart + 8 * 4);
  let t5 = both(productStart + 8 * 5);
  let t6 = both(productStart + 8 * 6);
  let t7 = both(productStart + 8 * 7);
  let t8 = both(productStart + 8 * 8);
  let t9 = both(productStart + 8 * 9);
  let x: v128, y: v128, h: v128;
  x = get(a, 0);
  y = get(b, 0); h = high(x, y); t0 = add(t0, low(x, y, h)); t1 = add(t1, h);
  y = get(b, 1); h = high(x, y); t1 = add(t1, low(x, y, h)); t2 = add(t2, h);
  y = get(b, 2); h = high(x, y); t2 = add(t2, low(x, y, h)); t3 = add(t3, h);
  y = get(b, 3); h = high(x, y); t3 = add(t3, low(x, y, h)); t4 = add(t4, h);
  y = get(b, 4); h = high(x, y); t4 = add(t4, low(x, y, h)); t5 = add(t5, h);
  x = get(a, 1);
  y = get(b, 0); h = high(x, y); t1 = add(t1, low(x, y, h)); t2 = add(t2, h);
  y = get(b, 1); h = high(x, y); t2 = add(t2, low(x, y, h)); t3 = add(t3, h);
  y = get(b, 2); h = high(x, y); t3 = add(t3, low(x, y, h)); t4 = add(t4, h);
  y = get(b, 3); h = high(x, y); t4 = add(t4, low(x, y, h)); t5 = add(t5, h);
  y = get(b, 4); h = high(x, y); t5 = add(t5, low(x, y, h)); t6 = add(t6, h);
  x = get(a, 2);
  y = get(b, 0); h = high(x, y); t2 = add(t2, low(x, y, h)); t3 = add(t3, h);
  y = get(b, 1); h = high(x, y); t3 = add(t3, low(x, y, h)); t4 = add(t4, h);
  y = get(b, 2); h = high(x, y); t4 = add(t4, low(x, y, h)); t5 = add(t5, h);
  y = get(b, 3); h = high(x, y); t5 = add(t5, low(x, y, h)); t6 = add(t6, h);
  y = get(b, 4); h = high(x, y); t6 = add(t6, low(x, y, h)); t7 = add(t7, h);
  x = get(a, 3);
  y = get(b, 0); h = high(x, y); t3 = add(t3, low(x, y, h)); t4 = add(t4, h);
  y = get(b, 1); h = high(x, y); t4 = add(t4, low(x, y, h)); t5 = add(t5, h);
  y = get(b, 2); h = high(x, y); t5 = add(t5, low(x, y, h)); t6 = add(t6, h);
  y = get(b, 3); h = high(x, y); t6 = add(t6, low(x, y, h)); t7 = add(t7, h);
  y = get(b, 4); h = high(x, y); t7 = add(t7, low(x, y, h)); t8 = add(t8, h);
  x = get(a, 4);
  y = get(b, 0); h = high(x, y); t4 = add(t4, low(x, y, h)); t5 = add(t5, h);
  y = get(b, 1); h = high(x, y); t5 = add(t5, low(x, y, h)); t6 = add(t6, h);
  y = get(b, 2); h = high(x, y); t6 = add(t6, low(x, y, h)); t7 = add(t7, h);
  y = get(b, 3); h = high(x, y); t7 = add(t7, low(x, y, h)); t8 = add(t8, h);
  y = get(b, 4); h = high(x, y); t8 = add(t8, low(x, y, h)); t9 = add(t9, h);
  divide(as, f, t0, t1, t2, t3, t4, t5, t6, t7, t8, t9, s, out);
}

// @ts-ignore: decorator
@inline function productsAs(as: i32, f: usize, a: usize, b: usize, c: usize, d: usize, s: usize, out: usize): void {
  if (!ASC_NO_ASSERT) {
    checkProduct(a, b);
    checkProduct(c, d);
  }
  let t0 = both(productsStart);
  let t1 = both(productsStart + 8 * 1);
  let t2 = both(productsStart + 8 * 2);
  let t3 = both(productsStart + 8 * 3);
  let t4 = both(productsStart + 8 * 4);
  let t5 = both(productsStart + 8 * 5);
  let t6 = both(productsStart + 8 * 6);
  let t7 = both(productsStart + 8 * 7);
  let t8 = both(productsStart + 8 * 8);
  let t9 = both(productsStart + 8 * 9);
  let x: v128, y: v128, h: v128;
  x = get(a, 0);
  y = get(b, 0); h = high(x, y); t0 = add(t0, low(x, y, h)); t1 = add(t1, h);
  y = get(b, 1); h = high(x, y); t1 = add(t1, low(x, y, h)); t2 = add(t2, h);
  y = get(b, 2); h = high(x, y); t2 = add(t2, low(x, y, h)); t3 = add(t3, h);
  y = get(b, 3); h = high(x, y); t3 = add(t3, low(x, y, h)); t4 = add(t4, h);
  y = get(b, 4); h = high(x, y); t4 = add(t4, low(x, y, h)); t5 = add(t5, h);
  x = get(a, 1);
  y = get(b, 0); h = high(x, y); t1 = add(t1, low(x, y, h)); t2 = add(t2, h);
  y = get(b, 1); h = high(x, y); t2 = add(t2, low(x, y, h)); t3 = add(t3, h);
  y = get(b, 2); h = high(x, y); t3 = add(t3, low(x, y, h)); t4 = add(t4, h);
  y = get(b, 3); h = high(x, y); t4 = add(t4, low(x, y, h)); t5 = add(t5, h);
  y = get(b, 4); h = high(x, y); t5 = add(t5, low(x, y, h)); t6 = add(t6, h);
  x = get(a, 2);
  y = get(b, 0); h = high(x, y); t2 = add(t2, low(x, y, h)); t3 = add(t3, h);
  y = get(b, 1); h = high(x, y); t3 = add(t3, low(x, y, h)); t4 = add(t4, h);
  y = get(b, 2); h = high(x, y); t4 = add(t4, low(x, y, h)); t5 = add(t5, h);
  y = get(b, 3); h = high(x, y); t5 = add(t5, low(x, y, h)); t6 = add(t6, h);
  y = get(b, 4); h = high(x, y); t6 = add(t6, low(x, y, h)); t7 = add(t7, h);
  x = get(a, 3);
  y = get(b, 0); h = high(x, y); t3 = add(t3, low(x, y, h)); t4 = add(t4, h);
  y = get(b, 1); h = high(x, y); t4 = add(t4, low(x, y, h)); t5 = add(t5, h);
  y = get(b, 2); h = high(x, y); t5 = add(t5, low(x, y, h)); t6 = add(t6, h);
  y = get(b, 3); h = high(x, y); t6 = add(t6, low(x, y, h)); t7 = add(t7, h);
  y = get(b, 4); h = high(x, y); t7 = add(t7, low(x, y, h)); t8 = add(t8, h);
  x = get(a, 4);
  y = get(b, 0); h = high(x, y); t4 = add(t4, low(x, y, h)); t5 = add(t5, h);
  y = get(b, 1); h = high(x, y); t5 = add(t5, low(x, y, h)); t6 = add(t6, h);
  y = get(b, 2); h = high(x, y); t6 = add(t6, low(x, y, h)); t7 = add(t7, h);
  y = get(b, 3); h = high(x, y); t7 = add(t7, low(x, y, h)); t8 = add(t8, h);
  y = get(b, 4); h = high(x, y); t8 = add(t8, low(x, y, h)); t9 = add(t9, h);
  x = get(c, 0);
  y = get(d, 0); h = high(x, y); t0 = add(t0, low(x, y, h)); t1 = add(t1, h);
  y = get(d, 1); h = high(x, y); t1 = add(t1, low(x, y, h)); t2 = add(t2, h);
  y = get(d, 2); h = high(x, y); t2 = add(t2, low(x, y, h)); t3 = add(t3, h);
  y = get(d, 3); h = high(x, y); t3 = add(t3, low(x, y, h)); t4 = add(t4, h);
  y = get(d, 4); h = high(x, y); t4 = add(t4, low(x, y, h)); t5 = add(t5, h);
  x = get(c, 1);
  y = get(d, 0); h = high(x, y); t1 = add(t1, low(x, y, h)); t2 = add(t2, h);
  y = get(d, 1); h = high(x, y); t2 = add(t2, low(x, y, h)); t3 = add(t3, h);
  y = get(d, 2); h = high(x, y); t3 = add(t3, low(x, y, h)); t4 = add(t4, h);
  y = get(d, 3); h = high(x, y); t4 = add(t4, low(x, y, h)); t5 = add(t5, h);
  y = get(d, 4); h = high(x, y); t5 = add(t5, low(x, y, h)); t6 = add(t6, h);
  x = get(c, 2);
  y = get(d, 0); h = high(x, y); t2 = add(t2, low(x, y, h)); t3 = add(t3, h);
  y = get(d, 1); h = high(x, y); t3 = add(t3, low(x, y, h)); t4 = add(t4, h);
  y = get(d, 2); h = high(x, y); t4 = add(t4, low(x, y, h)); t5 = add(t5, h);
  y = get(d, 3); h = high(x, y); t5 = add(t5, low(x, y, h)); t6 = add(t6, h);
  y = get(d, 4); h = high(x, y); t6 = add(t6, low(x, y, h)); t7 = add(t7, h);
  x = get(c, 3);
  y = get(d, 0); h = high(x, y); t3 = add(t3, low(x, y, h)); t4 = add(t4, h);
  y = get(d, 1); h = high(x, y); t4 = add(t4, low(x, y, h)); t5 = add(t5, h);
  y = get(d, 2); h = high(x, y); t5 = add(t5, low(x, y, h)); t6 = add(t6, h);
  y = get(d, 3); h = high(x, y); t6 = add(t6, low(x, y, h)); t7 = add(t7, h);
  y = get(d, 4); h = high(x, y); t7 = add(t7, low(x, y, h)); t8 = add(t8, h);
  x = get(c, 4);
  y = get(d, 0); h = high(x, y); t4 = add(t4, low(x, y, h)); t5 = add(t5, h);
  y = get(d, 1); h = high(x, y); t5 = add(t5, low(x, y, h)); t6 = add(t6, h);
  y = get(d, 2); h = high(x, y); t6 = add(t6, low(x, y, h)); t7 = add(t7, h);
  y = get(d, 3); h = high(x, y); t7 = add(t7, low(x, y, h)); t8 = add(t8, h);
  y = get(d, 4); h = high(x, y); t8 = add(t8, low(x, y, h)); t9 = add(t9, h);
  divide(as, f, t0, t1, t2, t3, t4, t5, t6, t7, t8, t9, s, out);
}

/** out = (a^2 + b^2) / R, as doubles. */
export function squareTwo(f: usize, a: usize, b: usize, out: usize): void {
  if (!ASC_NO_ASSERT) {
    checkProduct(a, a);
    checkProduct(b, b);
  }
  let t0 = both(squaresStart);
  let t1 = both(squaresStart + 8 * 1);
  let t2 = both(squaresStart + 8 * 2);
  let t3 = both(squaresStart + 8 * 3);
  let t4 = both(squaresStart + 8 * 4);
  let t5 = both(squaresStart + 8 * 5);
  let t6 = both(squaresStart + 8 * 6);
  let t7 = both(squaresStart + 8 * 7);
  let t8 = both(squaresStart + 8 * 8);
  let t9 = both(squaresStart + 8 * 9);
  let x: v128, y: v128, h: v128;
  x = get(a, 0);
  h = high(x, x); t0 = add(t0, low(x, x, h)); t1 = add(t1, h);
  x = f64x2.add(x, x);
  y = get(a, 1); h = high(x, y); t1 = add(t1, low(x, y, h)); t2 = add(t2, h);
  y = get(a, 2); h = high(x, y); t2 = add(t2, low(x, y, h)); t3 = add(t3, h);
  y = get(a, 3); h = high(x, y); t3 = add(t3, low(x, y, h)); t4 = add(t4, h);
  y = get(a, 4); h = high(x, y); t4 = add(t4, low(x, y, h)); t5 = add(t5, h);
  x = get(a, 1);
  h = high(x, x); t2 = add(t2, low(x, x, h)); t3 = add(t3, h);
  x = f64x2.add(x, x);
  y = get(a, 2); h = high(x, y); t3 = add(t3, low(x, y, h)); t4 = add(t4, h);
  y = get(a, 3); h = high(x, y); t4 = add(t4, low(x, y, h)); t5 = add(t5, h);
  y = get(a, 4); h = high(x, y); t5 = add(t5, low(x, y, h)); t6 = add(t6, h);
  x = get(a, 2);
  h = high(x, x); t4 = add(t4, low(x, x, h)); t5 = add(t5, h);
  x = f64x2.add(x, x);
  y = get(a, 3); h = high(x, y); t5 = add(t5, low(x, y, h)); t6 = add(t6, h);
  y = get(a, 4); h = high(x, y); t6 = add(t6, low(x, y, h)); t7 = add(t7, h);
  x = get(a, 3);
  h = high(x, x); t6 = add(t6, low(x, x, h)); t7 = add(t7, h);
  x = f64x2.add(x, x);
  y = get(a, 4); h = high(x, y); t7 = add(t7, low(x, y, h)); t8 = add(t8, h);
  x = get(a, 4);
  h = high(x, x); t8 = add(t8, low(x, x, h)); t9 = add(t9, h);
  x = get(b, 0);
  h = high(x, x); t0 = add(t0, low(x, x, h)); t1 = add(t1, h);
  x = f64x2.add(x, x);
  y = get(b, 1); h = high(x, y); t1 = add(t1, low(x, y, h)); t2 = add(t2, h);
  y = get(b, 2); h = high(x, y); t2 = add(t2, low(x, y, h)); t3 = add(t3, h);
  y = get(b, 3); h = high(x, y); t3 = add(t3, low(x, y, h)); t4 = add(t4, h);
  y = get(b, 4); h = high(x, y); t4 = add(t4, low(x, y, h)); t5 = add(t5, h);
  x = get(b, 1);
  h = high(x, x); t2 = add(t2, low(x, x, h)); t3 = add(t3, h);
  x = f64x2.add(x, x);
  y = get(b, 2); h = high(x, y); t3 = add(t3, low(x, y, h)); t4 = add(t4, h);
  y = get(b, 3); h = high(x, y); t4 = add(t4, low(x, y, h)); t5 = add(t5, h);
  y = get(b, 4); h = high(x, y); t5 = add(t5, low(x, y, h)); t6 = add(t6, h);
  x = get(b, 2);
  h = high(x, x); t4 = add(t4, low(x, x, h)); t5 = add(t5, h);
  x = f64x2.add(x, x);
  y = get(b, 3); h = high(x, y); t5 = add(t5, low(x, y, h)); t6 = add(t6, h);
  y = get(b, 4); h = high(x, y); t6 = add(t6, low(x, y, h)); t7 = add(t7, h);
  x = get(b, 3);
  h = high(x, x); t6 = add(t6, low(x, x, h)); t7 = add(t7, h);
  x = f64x2.add(x, x);
  y = get(b, 4); h = high(x, y); t7 = add(t7, low(x, y, h)); t8 = add(t8, h);
  x = get(b, 4);
  h = high(x, x); t8 = add(t8, low(x, x, h)); t9 = add(t9, h);
  divide(DOUBLES, f, t0, t1, t2, t3, t4, t5, t6, t7, t8, t9, 0, out);
}

/** Columns / R. */
// @ts-ignore: decorator
@inline export function divide(
  as: i32, f: usize,
  t0: v128, t1: v128, t2: v128, t3: v128, t4: v128, t5: v128, t6: v128, t7: v128, t8: v128, t9: v128,
  s: usize, out: usize,
): void {
  let x: v128, y: v128, h: v128;
  const d0 = toDouble(add(digit(t0), both(firstDigit)));
  const d1 = toDouble(add(add(digit(t1), carry(t0)), both(nextDigit)));
  const d2 = toDouble(add(add(digit(t2), carry(t1)), both(nextDigit)));
  const d3 = toDouble(add(add(digit(t3), carry(t2)), both(nextDigit)));
  y = get(f, FOLDS + 0); h = high(d0, y); t4 = add(t4, low(d0, y, h)); t5 = add(t5, h);
  y = get(f, FOLDS + 5); h = high(d1, y); t4 = add(t4, low(d1, y, h)); t5 = add(t5, h);
  y = get(f, FOLDS + 10); h = high(d2, y); t4 = add(t4, low(d2, y, h)); t5 = add(t5, h);
  y = get(f, FOLDS + 15); h = high(d3, y); t4 = add(t4, low(d3, y, h)); t5 = add(t5, h);
  t4 = add(t4, carry(t3));
  y = get(f, NEGATED_INVERSE);
  x = f64x2.sub(v128.or(digit(t4), both(unsignedBits)), both(unsignedBits));
  x = toDouble(low(x, y, high(x, y)));
  y = get(f, FOLDS + 1); h = high(d0, y); t5 = add(t5, low(d0, y, h)); t6 = add(t6, h);
  y = get(f, FOLDS + 6); h = high(d1, y); t5 = add(t5, low(d1, y, h)); t6 = add(t6, h);
  y = get(f, FOLDS + 11); h = high(d2, y); t5 = add(t5, low(d2, y, h)); t6 = add(t6, h);
  y = get(f, FOLDS + 16); h = high(d3, y); t5 = add(t5, low(d3, y, h)); t6 = add(t6, h);
  y = get(f, FOLDS + 2); h = high(d0, y); t6 = add(t6, low(d0, y, h)); t7 = add(t7, h);
  y = get(f, FOLDS + 7); h = high(d1, y); t6 = add(t6, low(d1, y, h)); t7 = add(t7, h);
  y = get(f, FOLDS + 12); h = high(d2, y); t6 = add(t6, low(d2, y, h)); t7 = add(t7, h);
  y = get(f, FOLDS + 17); h = high(d3, y); t6 = add(t6, low(d3, y, h)); t7 = add(t7, h);
  y = get(f, FOLDS + 3); h = high(d0, y); t7 = add(t7, low(d0, y, h)); t8 = add(t8, h);
  y = get(f, FOLDS + 8); h = high(d1, y); t7 = add(t7, low(d1, y, h)); t8 = add(t8, h);
  y = get(f, FOLDS + 13); h = high(d2, y); t7 = add(t7, low(d2, y, h)); t8 = add(t8, h);
  y = get(f, FOLDS + 18); h = high(d3, y); t7 = add(t7, low(d3, y, h)); t8 = add(t8, h);
  y = get(f, FOLDS + 4); h = high(d0, y); t8 = add(t8, low(d0, y, h)); t9 = add(t9, h);
  y = get(f, FOLDS + 9); h = high(d1, y); t8 = add(t8, low(d1, y, h)); t9 = add(t9, h);
  y = get(f, FOLDS + 14); h = high(d2, y); t8 = add(t8, low(d2, y, h)); t9 = add(t9, h);
  y = get(f, FOLDS + 19); h = high(d3, y); t8 = add(t8, low(d3, y, h)); t9 = add(t9, h);
  y = get(f, MODULUS + 0); h = high(x, y); t4 = add(t4, low(x, y, h)); t5 = add(t5, h);
  y = get(f, MODULUS + 1); h = high(x, y); t5 = add(t5, low(x, y, h)); t6 = add(t6, h);
  y = get(f, MODULUS + 2); h = high(x, y); t6 = add(t6, low(x, y, h)); t7 = add(t7, h);
  y = get(f, MODULUS + 3); h = high(x, y); t7 = add(t7, low(x, y, h)); t8 = add(t8, h);
  y = get(f, MODULUS + 4); h = high(x, y); t8 = add(t8, low(x, y, h)); t9 = add(t9, h);
  t5 = add(t5, carry(t4));
  const r0 = add(digit(t5), both(firstDigit));
  const r1 = add(add(digit(t6), carry(t5)), both(nextDigit));
  const r2 = add(add(digit(t7), carry(t6)), both(nextDigit));
  const r3 = add(add(digit(t8), carry(t7)), both(nextDigit));
  const top = add(t9, carry(t8));
  if (!ASC_NO_ASSERT) checkTop(top);
  const r4 = add(top, both(lowBits));
  if (as == LESS) {
    settle(f, less(r0, s, 0), less(r1, s, 1), less(r2, s, 2), less(r3, s, 3), less(r4, s, 4), out);
  } else {
    finish(out, 0, r0, as == DOUBLES);
    finish(out, 1, r1, as == DOUBLES);
    finish(out, 2, r2, as == DOUBLES);
    finish(out, 3, r3, as == DOUBLES);
    finish(out, 4, r4, as == DOUBLES);
  }
}

// @ts-ignore: decorator
@inline function less(r: v128, s: usize, i: usize): v128 { return f64x2.sub(toDouble(r), get(s, i)); }

/** To be called once. */
export function prepareProducts(): void {
  for (let column: usize = 0; column < 10; column++) {
    store<i64>(squareStart + 8 * column, start(column, squareLows, 1));
    store<i64>(squaresStart + 8 * column, start(column, squareLows, 2));
    store<i64>(productStart + 8 * column, start(column, productLows, 1));
    store<i64>(productsStart + 8 * column, start(column, productLows, 2));
  }
}

/** What a column begins with: all constants that are to be added to it, in the products and in `divide`. */
export function start(column: usize, lowsAt: usize, products: i64): i64 {
  const lows = products * <i64>load<u8>(lowsAt + column);
  const highs = column == 0 ? 0 : products * <i64>load<u8>(lowsAt + column - 1);
  if (column < 4) return HALF + BIAS + without(lows, highs);
  if (column == 4) return BIAS - CARRIED_BIAS + without(lows + 5, highs);
  if (column == 5) return HALF + BIAS - CARRIED_BIAS + without(lows + 5, highs + 5);
  if (column < 9) return HALF + BIAS + without(lows + 5, highs + 5);
  return without(lows, highs + 5) - CARRIED_BIAS;
}
