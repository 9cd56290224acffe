/**
 * Sums of pairs of points of G1, y^2 = x^3 + 3 over Fq: affine, with one inversion for a batch, 5 products and a square
 * each.
 *
 * A point is 10 doubles, x and y, both at most p / 2 with digits (field.ts). A pair is two references and where the sum
 * goes; bit 0 of a reference asks for the negative point.
 *
 * Bounds, in multiples of p. Differences of coordinates are sums of at most 1. A product of such is at most
 * b = b / 2.645 + 1.008 = 1.63, and so is what goes backwards; an inverse 1.63^2 / 2.645 + 1.01 = 2.02; a slope
 * 2.02 / 2.645 + 1.01 = 1.78; its square 2.2, and less two x 3.2; a slope times a difference 1.7, and less y 2.2. The last two
 * are settled.
 */
import { ELEMENT, get, one, set, toMontgomery } from "./field";
import { backwards, beginProducts, invertProducts } from "./inverse";
import { isZero, pairOf, scatter, signs, SINGLE, subtract } from "./lanes";
import { multiply, multiplyLess, square, squareLess } from "./product";

export const G1_POINT: usize = 2 * SINGLE;
/** Bytes of a pair: two references and a destination. */
export const PAIR: usize = 12;
/** What stands in the place of a point's first double if it is infinity: no double of ours. */
export const INFINITE: u64 = 0x7ff8000000000001;

// Of two vectors.
const slope = memory.data(160, 16);
const change = memory.data(160, 16); // of y, then of x
const x = memory.data(160, 16);
const y = memory.data(160, 16);

// @ts-ignore: decorator
@inline export function first(pair: usize): usize { return <usize>(load<u32>(pair) & ~1); }
// @ts-ignore: decorator
@inline export function second(pair: usize): usize { return <usize>(load<u32>(pair, 4) & ~1); }
// @ts-ignore: decorator
@inline export function destination(pair: usize): usize { return <usize>load<u32>(pair, 8); }
/** Whether the references ask for negative points, in the lanes of two pairs. */
// @ts-ignore: decorator
@inline export function firstSigns(pair: usize): v128 { return signs(load<u32>(pair), load<u32>(pair + PAIR)); }
// @ts-ignore: decorator
@inline export function secondSigns(pair: usize): v128 { return signs(load<u32>(pair, 4), load<u32>(pair + PAIR, 4)); }

/**
 * Adds pairs, two to a vector, of which there are an even number; `work` has room for two elements and G1_WORK bytes for each
 * vector. Returns how many sums are infinite; they are marked.
 */
export function addPairsG1(f: usize, pairs: usize, vectors: usize, work: usize): i32 {
  const products = work + 2 * ELEMENT;
  const differences = products + vectors * ELEMENT;
  beginProducts(f, products);
  for (let i: usize = 0; i < vectors; i++) {
    const pair = pairs + i * 2 * PAIR, d = differences + i * ELEMENT;
    difference(first(pair), first(pair + PAIR), second(pair), second(pair + PAIR), d);
    multiply(f, products + (i - 2) * ELEMENT, d, products + i * ELEMENT);
  }
  if (invertProducts(f, products, vectors)) {
    finishPairs(f, pairs, vectors, products, differences, 0);
    return 0;
  }
  const numerators = differences + vectors * ELEMENT;
  const list = numerators + vectors * ELEMENT;
  const infinite = replaceEqual(f, pairs, vectors, differences, numerators, list);
  for (let i: usize = 0; i < vectors; i++) {
    multiply(f, products + (i - 2) * ELEMENT, differences + i * ELEMENT, products + i * ELEMENT);
  }
  invertProducts(f, products, vectors);
  finishPairs(f, pairs, vectors, products, differences, numerators);
  for (let i = 0; i < infinite; i++) store<u64>(<usize>load<u32>(list + 4 * <usize>i), INFINITE);
  return infinite;
}

/** The second's x less the first's. */
// @ts-ignore: decorator
@inline function difference(a: usize, b: usize, c: usize, d: usize, out: usize): void {
  set(out, 0, f64x2.sub(pairOf(c, d), pairOf(a, b)));
  set(out, 1, f64x2.sub(pairOf(c + 8, d + 8), pairOf(a + 8, b + 8)));
  set(out, 2, f64x2.sub(pairOf(c + 16, d + 16), pairOf(a + 16, b + 16)));
  set(out, 3, f64x2.sub(pairOf(c + 24, d + 24), pairOf(a + 24, b + 24)));
  set(out, 4, f64x2.sub(pairOf(c + 32, d + 32), pairOf(a + 32, b + 32)));
}

/** @param numerators of the slopes, or 0 if they are the differences of y */
function finishPairs(
  f: usize, pairs: usize, vectors: usize, products: usize, differences: usize, numerators: usize,
): void {
  for (let i: usize = vectors; i > 0; i -= 2) {
    const d = differences + (i - 2) * ELEMENT, before = products + (i - 4) * ELEMENT;
    const pair = pairs + (i - 2) * 2 * PAIR, next = pair + 2 * PAIR;
    // Each step for both vectors, so that no product waits for the one before.
    multiply(f, backwards, before, slope);
    multiply(f, backwards + ELEMENT, before + ELEMENT, slope + ELEMENT);
    multiply(f, backwards, d, backwards);
    multiply(f, backwards + ELEMENT, d + ELEMENT, backwards + ELEMENT);
    changeOfY(pair, 0);
    changeOfY(next, ELEMENT);
    if (numerators != 0) memory.copy(change, numerators + (i - 2) * ELEMENT, 2 * ELEMENT);
    multiply(f, slope, change, slope);
    multiply(f, slope + ELEMENT, change + ELEMENT, slope + ELEMENT);
    sumOfX(pair, 0);
    sumOfX(next, ELEMENT);
    squareLess(f, slope, change, change);
    squareLess(f, slope + ELEMENT, change + ELEMENT, change + ELEMENT);
    scatter(change, destination(pair), destination(pair + PAIR));
    scatter(change + ELEMENT, destination(next), destination(next + PAIR));
    subtract(x, change, x);
    subtract(x + ELEMENT, change + ELEMENT, x + ELEMENT);
    multiplyLess(f, slope, x, y, change);
    multiplyLess(f, slope + ELEMENT, x + ELEMENT, y + ELEMENT, change + ELEMENT);
    scatter(change, destination(pair) + SINGLE, destination(pair + PAIR) + SINGLE);
    scatter(change + ELEMENT, destination(next) + SINGLE, destination(next + PAIR) + SINGLE);
  }
}

/** The first's y, and the second's less that. */
// @ts-ignore: decorator
@inline function changeOfY(pair: usize, at: usize): void {
  const a = first(pair) + SINGLE, b = first(pair + PAIR) + SINGLE, ab = firstSigns(pair);
  const c = second(pair) + SINGLE, d = second(pair + PAIR) + SINGLE, cd = secondSigns(pair);
  changeOfDigit(a, b, ab, c, d, cd, y + at, change + at, 0);
  changeOfDigit(a, b, ab, c, d, cd, y + at, change + at, 1);
  changeOfDigit(a, b, ab, c, d, cd, y + at, change + at, 2);
  changeOfDigit(a, b, ab, c, d, cd, y + at, change + at, 3);
  changeOfDigit(a, b, ab, c, d, cd, y + at, change + at, 4);
}

/** Digit `i` of the first coordinates, with their signs, and of the second less that. */
// @ts-ignore: decorator
@inline export function changeOfDigit(
  a: usize, b: usize, ab: v128, c: usize, d: usize, cd: v128, firsts: usize, changes: usize, i: usize,
): void {
  const v = v128.xor(pairOf(a + 8 * i, b + 8 * i), ab);
  set(firsts, i, v);
  set(changes, i, f64x2.sub(v128.xor(pairOf(c + 8 * i, d + 8 * i), cd), v));
}

/** The first's x, and both together. */
// @ts-ignore: decorator
@inline function sumOfX(pair: usize, at: usize): void {
  const a = first(pair), b = first(pair + PAIR), c = second(pair), d = second(pair + PAIR);
  sumOfDigit(a, b, c, d, x + at, change + at, 0);
  sumOfDigit(a, b, c, d, x + at, change + at, 1);
  sumOfDigit(a, b, c, d, x + at, change + at, 2);
  sumOfDigit(a, b, c, d, x + at, change + at, 3);
  sumOfDigit(a, b, c, d, x + at, change + at, 4);
}

/** Digit `i` of the first coordinates, and of both together. */
// @ts-ignore: decorator
@inline export function sumOfDigit(a: usize, b: usize, c: usize, d: usize, firsts: usize, sums: usize, i: usize): void {
  const v = pairOf(a + 8 * i, b + 8 * i);
  set(firsts, i, v);
  set(sums, i, f64x2.add(v, pairOf(c + 8 * i, d + 8 * i)));
}

/** Products, differences, numerators, and addresses of infinite sums. */
export const G1_WORK: usize = 3 * ELEMENT + 8;

const tangent = memory.data(160, 16);

/**
 * Looks through pairs of which some have the same x: with the same y, the slope is 3 x^2 / 2 y; otherwise the sum is infinite,
 * its destination is listed, and it is computed with a difference of 1. Returns how many are.
 */
function replaceEqual(f: usize, pairs: usize, vectors: usize, differences: usize, numerators: usize, list: usize): i32 {
  let infinite = 0;
  for (let i: usize = 0; i < 2 * vectors; i++) {
    const pair = pairs + (i & ~1) * PAIR, lane = i & 1;
    const d = differences + (i >> 1) * ELEMENT + 8 * lane, n = numerators + (i >> 1) * ELEMENT + 8 * lane;
    changeOfY(pair, 0);
    copyLane(change + 8 * lane, n);
    if (!isZero(f, d - 8 * lane, lane)) continue;
    if (isZero(f, change, lane)) {
      sumOfX(pair, 0);
      // 3 x^2 is at most 3 (1 / 10.6 + 1.01) = 3.4; the slope is then as small as with a difference once it is settled.
      square(f, x, tangent);
      for (let j: usize = 0; j < 5; j++) set(tangent + ELEMENT, j, f64x2.neg(f64x2.add(get(tangent, j), get(tangent, j))));
      multiplyLess(f, x, x, tangent + ELEMENT, tangent);
      copyLane(tangent + 8 * lane, n);
      for (let j: usize = 0; j < 5; j++) set(tangent, j, f64x2.add(get(y, j), get(y, j)));
      copyLane(tangent + 8 * lane, d);
    } else {
      multiply(f, one, toMontgomery(f), tangent);
      copyLane(tangent + 8 * lane, d);
      store<u32>(list + 4 * <usize>infinite, <u32>destination(pair + lane * PAIR));
      infinite++;
    }
  }
  return infinite;
}

function copyLane(from: usize, to: usize): void {
  for (let j: usize = 0; j < 5; j++) store<f64>(to + 16 * j, load<f64>(from + 16 * j));
}
