/**
 * Between elements one by one, of 40 bytes of doubles or 32 little-endian bytes, and vectors of two.
 */
import {
  add, all, BIAS, both, carryDoubles, digit, DIGIT_BITS, get, lowBits, MODULUS_DIGITS, set, sub, toDouble, VECTOR, write,
} from "./field";

/** Bytes of one element as doubles. */
export const SINGLE: usize = 40;

/** A vector of the doubles at two addresses. */
// @ts-ignore: decorator
@inline export function pairOf(a: usize, b: usize): v128 { return v128.load64_lane(b, v128.load64_splat(a), 1); }

/** The first element's sign is changed if bit 0 of `a` is set, the other's by bit 0 of `b`. */
// @ts-ignore: decorator
@inline export function signs(a: u32, b: u32): v128 {
  return i64x2.replace_lane(i64x2.splat(<i64>a << 63), 1, <i64>b << 63);
}

// @ts-ignore: decorator
@inline export function gather(a: usize, b: usize, out: usize): void {
  set(out, 0, pairOf(a, b));
  set(out, 1, pairOf(a + 8, b + 8));
  set(out, 2, pairOf(a + 16, b + 16));
  set(out, 3, pairOf(a + 24, b + 24));
  set(out, 4, pairOf(a + 32, b + 32));
}

// @ts-ignore: decorator
@inline export function scatter(x: usize, a: usize, b: usize): void {
  scatterDigit(x, 0, a, b);
  scatterDigit(x, 1, a, b);
  scatterDigit(x, 2, a, b);
  scatterDigit(x, 3, a, b);
  scatterDigit(x, 4, a, b);
}

/** Five integers of 64 bits at two addresses, which are digits, as doubles. */
export function setIntegers(a: usize, b: usize, out: usize): void {
  for (let i: usize = 0; i < 5; i++) {
    const first = f64x2.splat(<f64>load<i64>(a + 8 * i));
    set(out, i, f64x2.replace_lane(first, 1, <f64>load<i64>(b + 8 * i)));
  }
}

// @ts-ignore: decorator
@inline function scatterDigit(x: usize, i: usize, a: usize, b: usize): void {
  const v = get(x, i);
  v128.store64_lane(a + 8 * i, v, 0);
  v128.store64_lane(b + 8 * i, v, 1);
}

/** out = x - y, without carries. */
// @ts-ignore: decorator
@inline export function subtract(x: usize, y: usize, out: usize): void {
  set(out, 0, f64x2.sub(get(x, 0), get(y, 0)));
  set(out, 1, f64x2.sub(get(x, 1), get(y, 1)));
  set(out, 2, f64x2.sub(get(x, 2), get(y, 2)));
  set(out, 3, f64x2.sub(get(x, 3), get(y, 3)));
  set(out, 4, f64x2.sub(get(x, 4), get(y, 4)));
}

/** The digits of the 32 bytes at two addresses, as integers from 0 to 2^51 - 1. */
// @ts-ignore: decorator
@inline export function digitsOf(a: usize, b: usize, out: usize): void {
  set(out, 0, digit(pairOf(a, b)));
  set(out, 1, digit(i64x2.shr_u(pairOf(a + 6, b + 6), 3)));
  set(out, 2, digit(i64x2.shr_u(pairOf(a + 12, b + 12), 6)));
  set(out, 3, digit(i64x2.shr_u(pairOf(a + 19, b + 19), 1)));
  set(out, 4, i64x2.shr_u(pairOf(a + 24, b + 24), 12));
}

/** Integers of at most 2^51 in magnitude as doubles. */
// @ts-ignore: decorator
@inline export function toDoubles(x: usize): void {
  for (let i: usize = 0; i < 5; i++) set(x, i, toDouble(add(get(x, i), both(lowBits))));
}

/** Half of integers from 0 to 2^51 - 1: (x - p) / 2 where x is odd, so that an element becomes one of at most p / 2. */
// @ts-ignore: decorator
@inline export function halve(f: usize, x: usize): void {
  const x0 = get(x, 0);
  const odd = sub(all(0), v128.and(x0, all(1)));
  const d0 = lessModulus(f, x0, 0, odd);
  const d1 = lessModulus(f, get(x, 1), 1, odd);
  const d2 = lessModulus(f, get(x, 2), 2, odd);
  const d3 = lessModulus(f, get(x, 3), 3, odd);
  const d4 = lessModulus(f, get(x, 4), 4, odd);
  carryDoubles(half(d0, d1), half(d1, d2), half(d2, d3), half(d3, d4), half(d4, all(0)), x);
}

// @ts-ignore: decorator
@inline function lessModulus(f: usize, x: v128, i: usize, mask: v128): v128 {
  return sub(x, v128.and(both(f + MODULUS_DIGITS + 8 * i), mask));
}

/**
 * x is from -0.4 2^51 to 1.4 2^51; its half is rounded up, and what the next one's is too high is taken off: from -0.7 to
 * 0.7 2^51.
 */
// @ts-ignore: decorator
@inline function half(x: v128, next: v128): v128 {
  const rounded = sub(i64x2.shr_u(add(x, all(BIAS + 1)), 1), all(BIAS >> 1));
  return toDouble(add(sub(rounded, i64x2.shl(v128.and(next, all(1)), DIGIT_BITS - 1)), both(lowBits)));
}

const integers = memory.data(80, 16);

/** One lane of doubles above -2 p and below 3 p as a canonical element of 32 bytes. */
export function writeDoubles(f: usize, x: usize, lane: usize, out: usize): void {
  for (let i: usize = 0; i < 5; i++) {
    store<i64>(integers + i * VECTOR, <i64>load<f64>(x + i * VECTOR + 8 * lane));
  }
  write(f, integers, 0, out);
}

const twice = memory.data(80, 16);

/** Both lanes of x + x: of a settled x that is at most p in magnitude, with digits of at most 2^51 + 8. */
export function writeTwice(f: usize, x: usize, a: usize, b: usize): void {
  for (let i: usize = 0; i < 5; i++) set(twice, i, f64x2.add(get(x, i), get(x, i)));
  writeDoubles(f, twice, 0, a);
  writeDoubles(f, twice, 1, b);
}

const canonical = memory.data(32, 16);

/** Whether one lane of doubles above -2 p and below 3 p is a multiple of p. */
export function isZero(f: usize, x: usize, lane: usize): bool {
  writeDoubles(f, x, lane, canonical);
  return (load<i64>(canonical) | load<i64>(canonical, 8) | load<i64>(canonical, 16) | load<i64>(canonical, 24)) == 0;
}
