/**
 * Arithmetic of two field elements at a time, one in each lane of a vector.
 *
 * An element is five signed digits of 51 bits, in Montgomery form with R = 2^255. Sums and small multiples are of
 * 64-bit integers, without carries. Products are of doubles: with a fused multiply-add, the product of two digits is
 * split exactly into a high part, a multiple of 2^51, and a low part of at most 2^50 in magnitude, each in the lowest
 * bits of a double of known exponent, so that a column is a sum of such bits as integers. This is N. Emmart's technique
 * ("Faster Modular Exponentiation Using Double Precision Floating Point Arithmetic on the GPU", 2018) with signed
 * digits, since WebAssembly rounds to nearest.
 *
 * Bounds. Digits 0 to 3 are at most 2^50 and a little, digit 4 is below 2^51, so that every product is at most 2^102
 * and every column below 2^56. `reduce` gives at most p / 2. From x and y of at most a p and b p, a product is at most
 * (a b / 2.6 + 1.5) p: 1.5 p is four folds of p / 4 each and Montgomery's p / 2. So x^2, x^4 and x^5 of a reduced x are
 * at most 1.6 p, 2.5 p and 2.0 p; 2^51 2^204 is 2.6 p.
 */

/** Bytes of a vector and of an element: 5 digits. */
export const VECTOR: usize = 16;
export const ELEMENT: usize = 5 * VECTOR;

// Parameters as the caller writes them: elements as 5 signed digits of 64 bits, in this order.
const GIVEN_MODULUS: usize = 0;
const GIVEN_FOLDS: usize = 1; // 2^-204, 2^-153, 2^-102, 2^-51 mod p, centered
const GIVEN_NEGATED_INVERSE: usize = 5; // -1/p mod 2^51, centered
const GIVEN_TO_MONTGOMERY: usize = 6; // R^2 mod p, centered
export const FIELD_PARAMETERS: usize = 7;

// What `prepareField` makes of them: vectors of two equal lanes, of doubles.
const modulus = memory.data(80, 16);
const folds = memory.data(320, 16);
const negatedInverse = memory.data(16, 16);
export const toMontgomery = memory.data(80, 16);
export const one = memory.data(80, 16);
const quotientOf = memory.data(16, 16); // 2^216 / p
/** 0 as a summand of `reduce`. */
export const zero = memory.data(80, 16);
const modulusDigits = memory.data(40, 16);
const modulusBytes = memory.data(32, 16); // little-endian

// Doubles whose bits hold a product's parts: 1.5 * 2^103 has units of 2^51, 1.5 * 2^52 has units of 1.
const HIGH: i64 = 0x4668000000000000;
const LOW: i64 = 0x4338000000000000;
const HIGH_AND_LOW: i64 = 0x4668000000000003;
/** 2^52: its lowest bits are an unsigned integer. */
const UNSIGNED: i64 = 0x4330000000000000;
const DIGIT_BITS = 51;
const DIGIT: i64 = (1 << 51) - 1;
const HALF: i64 = 1 << 50;
/** Makes a column positive, so that its carry is a logical shift; and what that adds to the carry. */
const BIAS: i64 = 1 << 62;
const CARRIED_BIAS: i64 = BIAS >> DIGIT_BITS;

// The same in memory: a load is one instruction, where V8 makes a vector constant of three.
const highBits = memory.data<i64>([HIGH]);
const highAndLow = memory.data<i64>([HIGH_AND_LOW]);
export const lowBits = memory.data<i64>([LOW]);
const unsignedBits = memory.data<i64>([UNSIGNED]);
const digitMask = memory.data<i64>([DIGIT]);
const topOffset = memory.data<f64>([<f64>(1 << 52) + <f64>(BIAS >> 12)]);
const firstDigit = memory.data<i64>([LOW - HALF]);
const nextDigit = memory.data<i64>([LOW - HALF - CARRIED_BIAS]);
const topOfReduced = memory.data<i64>([-HIGH - BIAS - CARRIED_BIAS]);
// What the columns of a product begin with, and how many low parts each gets; high parts go to the next column.
const squareStart = memory.data(80);
const squareLows = memory.data<u8>([1, 1, 2, 2, 3, 2, 2, 1, 1, 0]);
const productStart = memory.data(80);
const productLows = memory.data<u8>([1, 2, 3, 4, 5, 4, 3, 2, 1, 0]);

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
@inline function carry(x: v128): v128 { return i64x2.shr_u(x, DIGIT_BITS); }

/** HIGH + the multiple of 2^51 nearest to x * y. */
// @ts-ignore: decorator
@inline function high(x: v128, y: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f64x2.relaxed_madd(x, y, both(highBits));
  return f64x2.add(f64x2.mul(x, y), both(highBits));
}

/** LOW + what `high` left of x * y. */
// @ts-ignore: decorator
@inline function low(x: v128, y: v128, high: v128): v128 {
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
@inline function without(lows: i64, highs: i64): i64 { return -(lows * LOW + highs * HIGH); }

/** The double of an integer that has LOW added to it. */
// @ts-ignore: decorator
@inline export function toDouble(x: v128): v128 { return f64x2.sub(x, both(lowBits)); }

/** out = x + summand, as doubles; see `subtractQuotient`. */
export function reduce(x: usize, summand: usize, out: usize): void { subtractQuotient(x, summand, out, true); }

/** x = x, as integers; see `subtractQuotient`. */
export function normalize(x: usize): void { subtractQuotient(x, zero, x, false); }

/**
 * x + summand less the multiple of p next to it: at most (1 / 2 + 2^-35) p in magnitude. The digits of x are integers
 * below 2^61 in magnitude; the summand is as `setSummand` makes it.
 */
// @ts-ignore: decorator
@inline function subtractQuotient(x: usize, summand: usize, out: usize, asDoubles: bool): void {
  let x0 = add(get(x, 0), get(summand, 0));
  let x1 = add(get(x, 1), get(summand, 1));
  let x2 = add(get(x, 2), get(summand, 2));
  let x3 = add(get(x, 3), get(summand, 3));
  let x4 = add(get(x, 4), get(summand, 4));
  const top = f64x2.sub(v128.or(i64x2.shr_u(x4, 12), both(unsignedBits)), both(topOffset));
  const rounded = f64x2.add(f64x2.mul(top, get(quotientOf, 0)), both(lowBits));
  const quotient = f64x2.sub(both(lowBits), rounded); // negative
  let p: v128, h: v128;
  p = get(modulus, 0); h = high(quotient, p); x0 = add(x0, low(quotient, p, h)); x1 = add(x1, h);
  p = get(modulus, 1); h = high(quotient, p); x1 = add(x1, low(quotient, p, h)); x2 = add(x2, h);
  p = get(modulus, 2); h = high(quotient, p); x2 = add(x2, low(quotient, p, h)); x3 = add(x3, h);
  p = get(modulus, 3); h = high(quotient, p); x3 = add(x3, low(quotient, p, h)); x4 = add(x4, h);
  // The top digit is small again: it may be computed mod 2^64, where HIGH << 51 is 0.
  p = get(modulus, 4); h = high(quotient, p); x4 = add(x4, low(quotient, p, h));
  x4 = add(x4, i64x2.shl(h, DIGIT_BITS));
  finish(out, 0, add(digit(x0), both(firstDigit)), asDoubles);
  finish(out, 1, add(add(digit(x1), carry(x0)), both(nextDigit)), asDoubles);
  finish(out, 2, add(add(digit(x2), carry(x1)), both(nextDigit)), asDoubles);
  finish(out, 3, add(add(digit(x3), carry(x2)), both(nextDigit)), asDoubles);
  finish(out, 4, add(add(x4, carry(x3)), both(topOfReduced)), asDoubles);
}

/** Stores a digit that has LOW added to it. */
// @ts-ignore: decorator
@inline function finish(out: usize, i: usize, x: v128, asDoubles: bool): void {
  set(out, i, asDoubles ? toDouble(x) : sub(x, both(lowBits)));
}

/** out = x * x / R, as doubles. */
export function square(x: usize, out: usize): void {
  const x0 = get(x, 0), x1 = get(x, 1), x2 = get(x, 2), x3 = get(x, 3), x4 = get(x, 4);
  let h: v128;
  let t0 = both(squareStart);
  let t1 = both(squareStart + 8 * 1);
  h = high(x0, x0); t0 = add(t0, low(x0, x0, h)); t1 = add(t1, h);
  const twice0 = f64x2.add(x0, x0);
  let t2 = both(squareStart + 8 * 2);
  h = high(twice0, x1); t1 = add(t1, low(twice0, x1, h)); t2 = add(t2, h);
  let t3 = both(squareStart + 8 * 3);
  h = high(twice0, x2); t2 = add(t2, low(twice0, x2, h)); t3 = add(t3, h);
  h = high(x1, x1); t2 = add(t2, low(x1, x1, h)); t3 = add(t3, h);
  const twice1 = f64x2.add(x1, x1);
  let t4 = both(squareStart + 8 * 4);
  h = high(twice0, x3); t3 = add(t3, low(twice0, x3, h)); t4 = add(t4, h);
  h = high(twice1, x2); t3 = add(t3, low(twice1, x2, h)); t4 = add(t4, h);
  let t5 = both(squareStart + 8 * 5);
  h = high(twice0, x4); t4 = add(t4, low(twice0, x4, h)); t5 = add(t5, h);
  h = high(twice1, x3); t4 = add(t4, low(twice1, x3, h)); t5 = add(t5, h);
  h = high(x2, x2); t4 = add(t4, low(x2, x2, h)); t5 = add(t5, h);
  const twice2 = f64x2.add(x2, x2);
  let t6 = both(squareStart + 8 * 6);
  h = high(twice1, x4); t5 = add(t5, low(twice1, x4, h)); t6 = add(t6, h);
  h = high(twice2, x3); t5 = add(t5, low(twice2, x3, h)); t6 = add(t6, h);
  let t7 = both(squareStart + 8 * 7);
  h = high(twice2, x4); t6 = add(t6, low(twice2, x4, h)); t7 = add(t7, h);
  h = high(x3, x3); t6 = add(t6, low(x3, x3, h)); t7 = add(t7, h);
  const twice3 = f64x2.add(x3, x3);
  let t8 = both(squareStart + 8 * 8);
  h = high(twice3, x4); t7 = add(t7, low(twice3, x4, h)); t8 = add(t8, h);
  let t9 = both(squareStart + 8 * 9);
  h = high(x4, x4); t8 = add(t8, low(x4, x4, h)); t9 = add(t9, h);
  divide(t0, t1, t2, t3, t4, t5, t6, t7, t8, t9, out, true);
}

/** out = x * y / R, as integers. */
export function multiply(x: usize, y: usize, out: usize): void {
  const x0 = get(x, 0), x1 = get(x, 1), x2 = get(x, 2), x3 = get(x, 3), x4 = get(x, 4);
  const y0 = get(y, 0), y1 = get(y, 1), y2 = get(y, 2), y3 = get(y, 3), y4 = get(y, 4);
  let h: v128;
  let t0 = both(productStart);
  let t1 = both(productStart + 8 * 1);
  h = high(x0, y0); t0 = add(t0, low(x0, y0, h)); t1 = add(t1, h);
  let t2 = both(productStart + 8 * 2);
  h = high(x0, y1); t1 = add(t1, low(x0, y1, h)); t2 = add(t2, h);
  h = high(x1, y0); t1 = add(t1, low(x1, y0, h)); t2 = add(t2, h);
  let t3 = both(productStart + 8 * 3);
  h = high(x0, y2); t2 = add(t2, low(x0, y2, h)); t3 = add(t3, h);
  h = high(x1, y1); t2 = add(t2, low(x1, y1, h)); t3 = add(t3, h);
  h = high(x2, y0); t2 = add(t2, low(x2, y0, h)); t3 = add(t3, h);
  let t4 = both(productStart + 8 * 4);
  h = high(x0, y3); t3 = add(t3, low(x0, y3, h)); t4 = add(t4, h);
  h = high(x1, y2); t3 = add(t3, low(x1, y2, h)); t4 = add(t4, h);
  h = high(x2, y1); t3 = add(t3, low(x2, y1, h)); t4 = add(t4, h);
  h = high(x3, y0); t3 = add(t3, low(x3, y0, h)); t4 = add(t4, h);
  let t5 = both(productStart + 8 * 5);
  h = high(x0, y4); t4 = add(t4, low(x0, y4, h)); t5 = add(t5, h);
  h = high(x1, y3); t4 = add(t4, low(x1, y3, h)); t5 = add(t5, h);
  h = high(x2, y2); t4 = add(t4, low(x2, y2, h)); t5 = add(t5, h);
  h = high(x3, y1); t4 = add(t4, low(x3, y1, h)); t5 = add(t5, h);
  h = high(x4, y0); t4 = add(t4, low(x4, y0, h)); t5 = add(t5, h);
  let t6 = both(productStart + 8 * 6);
  h = high(x1, y4); t5 = add(t5, low(x1, y4, h)); t6 = add(t6, h);
  h = high(x2, y3); t5 = add(t5, low(x2, y3, h)); t6 = add(t6, h);
  h = high(x3, y2); t5 = add(t5, low(x3, y2, h)); t6 = add(t6, h);
  h = high(x4, y1); t5 = add(t5, low(x4, y1, h)); t6 = add(t6, h);
  let t7 = both(productStart + 8 * 7);
  h = high(x2, y4); t6 = add(t6, low(x2, y4, h)); t7 = add(t7, h);
  h = high(x3, y3); t6 = add(t6, low(x3, y3, h)); t7 = add(t7, h);
  h = high(x4, y2); t6 = add(t6, low(x4, y2, h)); t7 = add(t7, h);
  let t8 = both(productStart + 8 * 8);
  h = high(x3, y4); t7 = add(t7, low(x3, y4, h)); t8 = add(t8, h);
  h = high(x4, y3); t7 = add(t7, low(x4, y3, h)); t8 = add(t8, h);
  let t9 = both(productStart + 8 * 9);
  h = high(x4, y4); t8 = add(t8, low(x4, y4, h)); t9 = add(t9, h);
  divide(t0, t1, t2, t3, t4, t5, t6, t7, t8, t9, out, false);
}

/**
 * Columns / R. The four lowest digits are multiplied by the residues that they stand for (2^-204 to 2^-51); the fifth
 * is removed as Montgomery does.
 */
// @ts-ignore: decorator
@inline function divide(
  t0: v128, t1: v128, t2: v128, t3: v128, t4: v128, t5: v128, t6: v128, t7: v128, t8: v128, t9: v128,
  out: usize, asDoubles: bool,
): void {
  let f: v128, h: v128;
  const d0 = toDouble(add(digit(t0), both(firstDigit)));
  const d1 = toDouble(add(add(digit(t1), carry(t0)), both(nextDigit)));
  const d2 = toDouble(add(add(digit(t2), carry(t1)), both(nextDigit)));
  const d3 = toDouble(add(add(digit(t3), carry(t2)), both(nextDigit)));
  f = get(folds, 0); h = high(d0, f); t4 = add(t4, low(d0, f, h)); t5 = add(t5, h);
  f = get(folds, 5); h = high(d1, f); t4 = add(t4, low(d1, f, h)); t5 = add(t5, h);
  f = get(folds, 10); h = high(d2, f); t4 = add(t4, low(d2, f, h)); t5 = add(t5, h);
  f = get(folds, 15); h = high(d3, f); t4 = add(t4, low(d3, f, h)); t5 = add(t5, h);
  t4 = add(t4, carry(t3));
  f = get(negatedInverse, 0);
  let m = f64x2.sub(v128.or(digit(t4), both(unsignedBits)), both(unsignedBits));
  m = toDouble(low(m, f, high(m, f)));
  f = get(folds, 1); h = high(d0, f); t5 = add(t5, low(d0, f, h)); t6 = add(t6, h);
  f = get(folds, 6); h = high(d1, f); t5 = add(t5, low(d1, f, h)); t6 = add(t6, h);
  f = get(folds, 11); h = high(d2, f); t5 = add(t5, low(d2, f, h)); t6 = add(t6, h);
  f = get(folds, 16); h = high(d3, f); t5 = add(t5, low(d3, f, h)); t6 = add(t6, h);
  f = get(folds, 2); h = high(d0, f); t6 = add(t6, low(d0, f, h)); t7 = add(t7, h);
  f = get(folds, 7); h = high(d1, f); t6 = add(t6, low(d1, f, h)); t7 = add(t7, h);
  f = get(folds, 12); h = high(d2, f); t6 = add(t6, low(d2, f, h)); t7 = add(t7, h);
  f = get(folds, 17); h = high(d3, f); t6 = add(t6, low(d3, f, h)); t7 = add(t7, h);
  f = get(folds, 3); h = high(d0, f); t7 = add(t7, low(d0, f, h)); t8 = add(t8, h);
  f = get(folds, 8); h = high(d1, f); t7 = add(t7, low(d1, f, h)); t8 = add(t8, h);
  f = get(folds, 13); h = high(d2, f); t7 = add(t7, low(d2, f, h)); t8 = add(t8, h);
  f = get(folds, 18); h = high(d3, f); t7 = add(t7, low(d3, f, h)); t8 = add(t8, h);
  f = get(folds, 4); h = high(d0, f); t8 = add(t8, low(d0, f, h)); t9 = add(t9, h);
  f = get(folds, 9); h = high(d1, f); t8 = add(t8, low(d1, f, h)); t9 = add(t9, h);
  f = get(folds, 14); h = high(d2, f); t8 = add(t8, low(d2, f, h)); t9 = add(t9, h);
  f = get(folds, 19); h = high(d3, f); t8 = add(t8, low(d3, f, h)); t9 = add(t9, h);
  f = get(modulus, 0); h = high(m, f); t4 = add(t4, low(m, f, h)); t5 = add(t5, h);
  f = get(modulus, 1); h = high(m, f); t5 = add(t5, low(m, f, h)); t6 = add(t6, h);
  f = get(modulus, 2); h = high(m, f); t6 = add(t6, low(m, f, h)); t7 = add(t7, h);
  f = get(modulus, 3); h = high(m, f); t7 = add(t7, low(m, f, h)); t8 = add(t8, h);
  f = get(modulus, 4); h = high(m, f); t8 = add(t8, low(m, f, h)); t9 = add(t9, h);
  t5 = add(t5, carry(t4));
  finish(out, 0, add(digit(t5), both(firstDigit)), asDoubles);
  finish(out, 1, add(add(digit(t6), carry(t5)), both(nextDigit)), asDoubles);
  finish(out, 2, add(add(digit(t7), carry(t6)), both(nextDigit)), asDoubles);
  finish(out, 3, add(add(digit(t8), carry(t7)), both(nextDigit)), asDoubles);
  finish(out, 4, add(add(t9, carry(t8)), both(lowBits)), asDoubles);
}

/** Whether the 32 little-endian bytes are below p. */
export function isElement(at: usize): bool {
  for (let i: usize = 32; i > 0; i -= 8) {
    const x = load<u64>(at + i - 8), p = load<u64>(modulusBytes + i - 8);
    if (x != p) return x < p;
  }
  return false;
}

/** One lane of x, as integers, above -2 p and below 3 p (2^256 is 5.2 p), as a canonical element of 32 bytes. */
export function write(x: usize, lane: usize, out: usize): void {
  const p0 = digitOfModulus(0), p1 = digitOfModulus(1), p2 = digitOfModulus(2);
  const p3 = digitOfModulus(3), p4 = digitOfModulus(4);
  let x0 = integer(x, 0, lane) + 2 * p0;
  let x1 = integer(x, 1, lane) + 2 * p1;
  let x2 = integer(x, 2, lane) + 2 * p2;
  let x3 = integer(x, 3, lane) + 2 * p3;
  let x4 = integer(x, 4, lane) + 2 * p4;
  pack(x0, x1, x2, x3, x4, out);
  while (!isElement(out)) {
    x0 -= p0; x1 -= p1; x2 -= p2; x3 -= p3; x4 -= p4;
    pack(x0, x1, x2, x3, x4, out);
  }
}

// @ts-ignore: decorator
@inline function integer(x: usize, i: usize, lane: usize): i64 { return load<i64>(x + i * VECTOR + 8 * lane); }

/** Signed digits of a value from 0 to 2^256 - 1 as 32 little-endian bytes. */
function pack(x0: i64, x1: i64, x2: i64, x3: i64, x4: i64, out: usize): void {
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
@inline function digitOfModulus(i: usize): i64 { return load<i64>(modulusDigits + 8 * i); }

/** Digit `i` of a parameter. */
// @ts-ignore: decorator
@inline export function given(parameters: usize, parameter: usize, i: usize): i64 {
  return load<i64>(parameters + (5 * parameter + i) * 8);
}

/** To be called once, with the parameters' address. */
export function prepareField(parameters: usize): void {
  for (let column: usize = 0; column < 10; column++) {
    store<i64>(squareStart + 8 * column, start(column, squareLows));
    store<i64>(productStart + 8 * column, start(column, productLows));
  }
  for (let i: usize = 0; i < 5; i++) {
    store<i64>(modulusDigits + 8 * i, given(parameters, GIVEN_MODULUS, i));
    set(modulus, i, f64x2.splat(<f64>digitOfModulus(i)));
    set(toMontgomery, i, f64x2.splat(<f64>given(parameters, GIVEN_TO_MONTGOMERY, i)));
    set(one, i, f64x2.splat(i == 0 ? 1 : 0));
    for (let fold: usize = 0; fold < 4; fold++) {
      set(folds, 5 * fold + i, f64x2.splat(<f64>given(parameters, GIVEN_FOLDS + fold, i)));
    }
  }
  set(negatedInverse, 0, f64x2.splat(<f64>given(parameters, GIVEN_NEGATED_INVERSE, 0)));
  const top = <f64>digitOfModulus(4) + <f64>digitOfModulus(3) / <f64>(1 << DIGIT_BITS);
  set(quotientOf, 0, f64x2.splat(4096.0 / top));
  const p3 = digitOfModulus(3), p4 = digitOfModulus(4);
  pack(digitOfModulus(0), digitOfModulus(1), digitOfModulus(2), p3, p4, modulusBytes);
  for (let i: usize = 0; i < 5; i++) setSummand(zero, i, 0);
}

/** Makes `x` digit `i` of a summand of `reduce`. */
export function setSummand(at: usize, i: usize, x: i64): void {
  if (i == 0) set(at, i, all(x + HALF + BIAS + without(1, 0)));
  else if (i < 4) set(at, i, all(x + HALF + BIAS + without(1, 1)));
  else set(at, i, all(x + BIAS));
}

/** What a column begins with: all constants that are to be added to it, in the product and in `divide`. */
function start(column: usize, lowsAt: usize): i64 {
  const lows = <i64>load<u8>(lowsAt + column);
  const highs = column == 0 ? 0 : <i64>load<u8>(lowsAt + column - 1);
  if (column < 4) return HALF + BIAS + without(lows, highs);
  if (column == 4) return BIAS - CARRIED_BIAS + without(lows + 5, highs);
  if (column == 5) return HALF + BIAS - CARRIED_BIAS + without(lows + 5, highs + 5);
  if (column < 9) return HALF + BIAS + without(lows + 5, highs + 5);
  return without(lows, highs + 5) - CARRIED_BIAS;
}
