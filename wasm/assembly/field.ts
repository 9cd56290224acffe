/**
 * Arithmetic of two field elements at a time, one in each lane of a vector; the modulus comes by address, so that the
 * hash, the curve and the transform share it (docs/prover.md).
 *
 * An element is five signed digits of 51 bits, in Montgomery form with R = 2^255. Products are of doubles: with a fused
 * multiply-add, the product of two digits is split exactly into a high part, a multiple of 2^51, and a low part of at
 * most 2^50 in magnitude, each in the lowest bits of a double of known exponent, so that a column is a sum of such bits
 * as integers. This is N. Emmart's technique ("Faster Modular Exponentiation Using Double Precision Floating Point
 * Arithmetic on the GPU", 2018) with signed digits, since WebAssembly rounds to nearest.
 *
 * Bounds. A *digit* is at most 2^50 + 64 in magnitude, digit 4 as large as the value asks for: a p has a top digit of
 * a 2^49.6. A *sum* is of two digits. The product of two doubles is split rightly up to 2^102: a digit times a digit or
 * a sum always, a sum times a sum not; top digits of a p and b p as long as a b is below 7, and a below 5.2 beside any
 * digit. The top digit of a product, an integer that becomes a double, must be below 2^51, which is 2.645 p. `reduce` and
 * `settle` give at most p / 2. What products give is in product.ts. bounds.ts checks all of this in modules for tests.
 */
import { checkSettled, checkValue } from "./bounds";

/** Bytes of a vector and of an element: 5 digits. */
export const VECTOR: usize = 16;
export const ELEMENT: usize = 5 * VECTOR;

// Parameters as the caller writes them: elements as 5 signed digits of 64 bits, in this order.
const GIVEN_MODULUS: usize = 0;
const GIVEN_FOLDS: usize = 1; // 2^-204, 2^-153, 2^-102, 2^-51 mod p, centered
const GIVEN_NEGATED_INVERSE: usize = 5; // -1/p mod 2^51, centered
const GIVEN_TO_MONTGOMERY: usize = 6; // R^2 mod p, centered
export const FIELD_PARAMETERS: usize = 7;

// What `prepareField` makes of them at the field's address: vectors of two equal lanes, of doubles, by number.
export const MODULUS: usize = 0;
export const FOLDS: usize = 5;
export const NEGATED_INVERSE: usize = 25;
const TO_MONTGOMERY: usize = 26;
const QUOTIENT_OF: usize = 31; // 2^216 / p
const INVERSE_OF_TOP: usize = 32; // 2^204 / p
// Then the modulus as digits of 64 bits, and as 32 little-endian bytes.
export const MODULUS_DIGITS: usize = 33 * VECTOR;
export const MODULUS_BYTES: usize = 36 * VECTOR;
/** Bytes of a field. */
export const FIELD: usize = 38 * VECTOR;

/** 1, as it is and not in Montgomery form. */
export const one = memory.data(80, 16);
/** 0 as a summand of `reduce`. */
export const zero = memory.data(80, 16);
/** 0 as doubles. */
export const nothing = memory.data(80, 16);

// Doubles whose bits hold a product's parts: 1.5 * 2^103 has units of 2^51, 1.5 * 2^52 has units of 1.
export const HIGH: i64 = 0x4668000000000000;
export const LOW: i64 = 0x4338000000000000;
const HIGH_AND_LOW: i64 = 0x4668000000000003;
/** 2^52: its lowest bits are an unsigned integer. */
const UNSIGNED: i64 = 0x4330000000000000;
export const DIGIT_BITS = 51;
const DIGIT: i64 = (1 << 51) - 1;
export const HALF: i64 = 1 << 50;
/** Makes a column positive, so that its carry is a logical shift; and what that adds to the carry. */
export const BIAS: i64 = 1 << 62;
export const CARRIED_BIAS: i64 = BIAS >> DIGIT_BITS;

// The same in memory: a load is one instruction, where V8 makes a vector constant of three.
const highBits = memory.data<i64>([HIGH]);
const highAndLow = memory.data<i64>([HIGH_AND_LOW]);
export const lowBits = memory.data<i64>([LOW]);
export const unsignedBits = memory.data<i64>([UNSIGNED]);
const digitMask = memory.data<i64>([DIGIT]);
const topOffset = memory.data<f64>([<f64>(1 << 52) + <f64>(BIAS >> 12)]);
export const firstDigit = memory.data<i64>([LOW - HALF]);
export const nextDigit = memory.data<i64>([LOW - HALF - CARRIED_BIAS]);
const topOfReduced = memory.data<i64>([-HIGH - BIAS - CARRIED_BIAS]);
const digitUnit = memory.data<f64>([2251799813685248.0]); // 2^51
const inverseUnit = memory.data<f64>([1.0 / 2251799813685248.0]);

// @ts-ignore: decorator
@inline export function both(at: usize): v128 { return v128.load64_splat(at); }
// @ts-ignore: decorator
@inline export function all(x: i64): v128 { return i64x2.splat(x); }
// @ts-ignore: decorator
@inline export function get(at: usize, i: usize): v128 { return v128.load(at + i * VECTOR); }
// @ts-ignore: decorator
@inline export function set(at: usize, i: usize, x: v128): void { v128.store(at + i * VECTOR, x); }
// @ts-ignore: decorator
@inline export function add(x: v128, y: v128): v128 { return i64x2.add(x, y); }
// @ts-ignore: decorator
@inline export function sub(x: v128, y: v128): v128 { return i64x2.sub(x, y); }
// @ts-ignore: decorator
@inline export function digit(x: v128): v128 { return v128.and(x, both(digitMask)); }
// @ts-ignore: decorator
@inline export function carry(x: v128): v128 { return i64x2.shr_u(x, DIGIT_BITS); }

/** HIGH + the multiple of 2^51 nearest to x * y. */
// @ts-ignore: decorator
@inline export function high(x: v128, y: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f64x2.relaxed_madd(x, y, both(highBits));
  return f64x2.add(f64x2.mul(x, y), both(highBits));
}

/** LOW + what `high` left of x * y. */
// @ts-ignore: decorator
@inline export function low(x: v128, y: v128, high: v128): v128 {
  const rest = f64x2.sub(both(highAndLow), high);
  if (ASC_FEATURE_RELAXED_SIMD) return f64x2.relaxed_madd(x, y, rest);
  const product = f64x2.mul(x, y);
  return f64x2.add(f64x2.add(product, rest), productError(x, y, product));
}

/** x * y - product, exactly (Dekker, "A Floating-Point Technique for Extending the Available Precision", 1971). */
// @ts-ignore: decorator
@inline function productError(x: v128, y: v128, product: v128): v128 {
  const x1 = upper(x), x0 = f64x2.sub(x, x1);
  const y1 = upper(y), y0 = f64x2.sub(y, y1);
  let error = f64x2.sub(f64x2.mul(x1, y1), product);
  error = f64x2.add(error, f64x2.mul(x1, y0));
  error = f64x2.add(error, f64x2.mul(x0, y1));
  return f64x2.add(error, f64x2.mul(x0, y0));
}

/** x to 26 bits. */
// @ts-ignore: decorator
@inline function upper(x: v128): v128 {
  const scaled = f64x2.mul(x, f64x2.splat(134217729)); // 2^27 + 1
  return f64x2.sub(scaled, f64x2.sub(scaled, x));
}

/** Removes from a column the bits of the exponents of `lows` low and `highs` high parts. */
// @ts-ignore: decorator
@inline export function without(lows: i64, highs: i64): i64 { return -(lows * LOW + highs * HIGH); }

/** The double of an integer that has LOW added to it. */
// @ts-ignore: decorator
@inline export function toDouble(x: v128): v128 { return f64x2.sub(x, both(lowBits)); }

/** out = x + summand, as doubles; see `subtractQuotient`. */
export function reduce(f: usize, x: usize, summand: usize, out: usize): void {
  subtractQuotient(f, x, summand, out, true);
}

/** x = x, as integers; see `subtractQuotient`. */
export function normalize(f: usize, x: usize): void { subtractQuotient(f, x, zero, x, false); }

/**
 * x + summand less the multiple of p next to it: at most (1 / 2 + 2^-35) p in magnitude. The digits of x are integers
 * below 2^61 in magnitude; the summand is as `setSummand` makes it.
 */
// @ts-ignore: decorator
@inline function subtractQuotient(f: usize, x: usize, summand: usize, out: usize, asDoubles: bool): void {
  let x0 = add(get(x, 0), get(summand, 0));
  let x1 = add(get(x, 1), get(summand, 1));
  let x2 = add(get(x, 2), get(summand, 2));
  let x3 = add(get(x, 3), get(summand, 3));
  let x4 = add(get(x, 4), get(summand, 4));
  const top = f64x2.sub(v128.or(i64x2.shr_u(x4, 12), both(unsignedBits)), both(topOffset));
  const rounded = f64x2.add(f64x2.mul(top, get(f, QUOTIENT_OF)), both(lowBits));
  const quotient = f64x2.sub(both(lowBits), rounded); // negative
  let p: v128, h: v128;
  p = get(f, MODULUS); h = high(quotient, p); x0 = add(x0, low(quotient, p, h)); x1 = add(x1, h);
  p = get(f, MODULUS + 1); h = high(quotient, p); x1 = add(x1, low(quotient, p, h)); x2 = add(x2, h);
  p = get(f, MODULUS + 2); h = high(quotient, p); x2 = add(x2, low(quotient, p, h)); x3 = add(x3, h);
  p = get(f, MODULUS + 3); h = high(quotient, p); x3 = add(x3, low(quotient, p, h)); x4 = add(x4, h);
  // The top digit is small again: it may be computed mod 2^64, where HIGH << 51 is 0.
  p = get(f, MODULUS + 4); h = high(quotient, p); x4 = add(x4, low(quotient, p, h));
  x4 = add(x4, i64x2.shl(h, DIGIT_BITS));
  finish(out, 0, add(digit(x0), both(firstDigit)), asDoubles);
  finish(out, 1, add(add(digit(x1), carry(x0)), both(nextDigit)), asDoubles);
  finish(out, 2, add(add(digit(x2), carry(x1)), both(nextDigit)), asDoubles);
  finish(out, 3, add(add(digit(x3), carry(x2)), both(nextDigit)), asDoubles);
  finish(out, 4, add(add(x4, carry(x3)), both(topOfReduced)), asDoubles);
}

/** Stores a digit that has LOW added to it. */
// @ts-ignore: decorator
@inline export function finish(out: usize, i: usize, x: v128, asDoubles: bool): void {
  set(out, i, asDoubles ? toDouble(x) : sub(x, both(lowBits)));
}

/**
 * Stores doubles of up to 2^52 as digits of at most 2^50 + 4, less the multiple of p next to their value, which is
 * below 4 p: q p_i is at most 3.1 2^50, so that all is exact.
 */
// @ts-ignore: decorator
@inline export function settle(f: usize, x0: v128, x1: v128, x2: v128, x3: v128, x4: v128, out: usize): void {
  const q = f64x2.sub(fma(x4, get(f, INVERSE_OF_TOP), both(lowBits)), both(lowBits));
  if (!ASC_NO_ASSERT) {
    checkSettled(x0, q, get(f, MODULUS));
    checkSettled(x1, q, get(f, MODULUS + 1));
    checkSettled(x2, q, get(f, MODULUS + 2));
    checkSettled(x3, q, get(f, MODULUS + 3));
    checkValue(x4);
  }
  const y0 = lessProduct(q, get(f, MODULUS), x0);
  const y1 = lessProduct(q, get(f, MODULUS + 1), x1);
  const y2 = lessProduct(q, get(f, MODULUS + 2), x2);
  const y3 = lessProduct(q, get(f, MODULUS + 3), x3);
  carryDoubles(y0, y1, y2, y3, lessProduct(q, get(f, MODULUS + 4), x4), out);
}

/** Stores doubles of up to 2^52.8 as digits of at most 2^50 + 4; the value stays. */
// @ts-ignore: decorator
@inline export function carryDoubles(x0: v128, x1: v128, x2: v128, x3: v128, x4: v128, out: usize): void {
  const c0 = units(x0), c1 = units(x1), c2 = units(x2), c3 = units(x3);
  set(out, 0, lessProduct(c0, both(digitUnit), x0));
  set(out, 1, f64x2.add(lessProduct(c1, both(digitUnit), x1), c0));
  set(out, 2, f64x2.add(lessProduct(c2, both(digitUnit), x2), c1));
  set(out, 3, f64x2.add(lessProduct(c3, both(digitUnit), x3), c2));
  set(out, 4, f64x2.add(x4, c3));
}

/** x / 2^51, rounded. */
// @ts-ignore: decorator
@inline function units(x: v128): v128 {
  return f64x2.sub(fma(x, both(inverseUnit), both(lowBits)), both(lowBits));
}

// Here, products are exact, or only rounded to an integer.
// @ts-ignore: decorator
@inline function fma(x: v128, y: v128, z: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f64x2.relaxed_madd(x, y, z) : f64x2.add(f64x2.mul(x, y), z);
}

/** z - x y. */
// @ts-ignore: decorator
@inline function lessProduct(x: v128, y: v128, z: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f64x2.relaxed_nmadd(x, y, z) : f64x2.sub(z, f64x2.mul(x, y));
}

/** Whether the 32 little-endian bytes are below p. */
export function isElement(f: usize, at: usize): bool {
  for (let i: usize = 32; i > 0; i -= 8) {
    const x = load<u64>(at + i - 8), p = load<u64>(f + MODULUS_BYTES + i - 8);
    if (x != p) return x < p;
  }
  return false;
}

/** One lane of x, as integers, above -2 p and below 3 p (2^256 is 5.2 p), as a canonical element of 32 bytes. */
export function write(f: usize, x: usize, lane: usize, out: usize): void {
  const p0 = digitOfModulus(f, 0), p1 = digitOfModulus(f, 1), p2 = digitOfModulus(f, 2);
  const p3 = digitOfModulus(f, 3), p4 = digitOfModulus(f, 4);
  let x0 = integer(x, 0, lane) + 2 * p0;
  let x1 = integer(x, 1, lane) + 2 * p1;
  let x2 = integer(x, 2, lane) + 2 * p2;
  let x3 = integer(x, 3, lane) + 2 * p3;
  let x4 = integer(x, 4, lane) + 2 * p4;
  pack(x0, x1, x2, x3, x4, out);
  while (!isElement(f, out)) {
    x0 -= p0; x1 -= p1; x2 -= p2; x3 -= p3; x4 -= p4;
    pack(x0, x1, x2, x3, x4, out);
  }
}

// @ts-ignore: decorator
@inline function integer(x: usize, i: usize, lane: usize): i64 { return load<i64>(x + i * VECTOR + 8 * lane); }

/** Signed digits of a value from 0 to 2^256 - 1 as 32 little-endian bytes. */
export function pack(x0: i64, x1: i64, x2: i64, x3: i64, x4: i64, out: usize): void {
  x1 += x0 >> DIGIT_BITS; x0 &= DIGIT;
  x2 += x1 >> DIGIT_BITS; x1 &= DIGIT;
  x3 += x2 >> DIGIT_BITS; x2 &= DIGIT;
  x4 += x3 >> DIGIT_BITS; x3 &= DIGIT;
  store<i64>(out, x0 | (x1 << 51));
  store<i64>(out + 8, (x1 >> 13) | (x2 << 38));
  store<i64>(out + 16, (x2 >> 26) | (x3 << 25));
  store<i64>(out + 24, (x3 >> 39) | (x4 << 12));
}

// @ts-ignore: decorator
@inline function digitOfModulus(f: usize, i: usize): i64 { return load<i64>(f + MODULUS_DIGITS + 8 * i); }

/** R^2 of a field, as doubles. */
// @ts-ignore: decorator
@inline export function toMontgomery(f: usize): usize { return f + TO_MONTGOMERY * VECTOR; }

/** Digit `i` of a parameter. */
// @ts-ignore: decorator
@inline export function given(parameters: usize, parameter: usize, i: usize): i64 {
  return load<i64>(parameters + (5 * parameter + i) * 8);
}

/** To be called once for each field, with its parameters' address. */
export function prepareField(f: usize, parameters: usize): void {
  for (let i: usize = 0; i < 5; i++) {
    store<i64>(f + MODULUS_DIGITS + 8 * i, given(parameters, GIVEN_MODULUS, i));
    set(f, MODULUS + i, f64x2.splat(<f64>digitOfModulus(f, i)));
    set(f, TO_MONTGOMERY + i, f64x2.splat(<f64>given(parameters, GIVEN_TO_MONTGOMERY, i)));
    set(one, i, f64x2.splat(i == 0 ? 1 : 0));
    for (let fold: usize = 0; fold < 4; fold++) {
      set(f, FOLDS + 5 * fold + i, f64x2.splat(<f64>given(parameters, GIVEN_FOLDS + fold, i)));
    }
    setSummand(zero, i, 0);
  }
  set(f, NEGATED_INVERSE, f64x2.splat(<f64>given(parameters, GIVEN_NEGATED_INVERSE, 0)));
  const p3 = digitOfModulus(f, 3), p4 = digitOfModulus(f, 4);
  const top = <f64>p4 + <f64>p3 / <f64>(1 << DIGIT_BITS);
  set(f, QUOTIENT_OF, f64x2.splat(4096.0 / top));
  set(f, INVERSE_OF_TOP, f64x2.splat(1.0 / top));
  pack(digitOfModulus(f, 0), digitOfModulus(f, 1), digitOfModulus(f, 2), p3, p4, f + MODULUS_BYTES);
}

/** Makes `x` digit `i` of a summand of `reduce`. */
export function setSummand(at: usize, i: usize, x: i64): void {
  if (i == 0) set(at, i, all(x + HALF + BIAS + without(1, 0)));
  else if (i < 4) set(at, i, all(x + HALF + BIAS + without(1, 1)));
  else set(at, i, all(x + BIAS));
}
