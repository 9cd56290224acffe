/**
 * Sums of pairs of points of G2, y^2 = x^3 + 3 / (9 + u) over Fq[u] / (u^2 + 1), as in g1.ts. Of a difference d of two x,
 * the norm is inverted, in Fq: 1 / d is its conjugate / norm.
 *
 * Bounds, in multiples of p. A difference is settled: 1 / 2 for each part. A norm is at most 0.5 / 2.645 + 1.008 = 1.2; a
 * product of such b = 1.2 b / 2.645 + 1.008 = 1.85, and so is what goes backwards; an inverse 1.85^2 / 2.645 + 1.01 = 2.3. A
 * change of y times a conjugate is at most 1 / 2.645 + 1.01 = 1.4; times the inverse 2.3, settled to a slope of 1 / 2. Its
 * square is at most 1.4, and less two x 2.4; a slope times a difference 1.4, and less y 1.9. Both are settled.
 */
import { carryDoubles, ELEMENT, get, nothing, one, set, settle, toMontgomery } from "./field";
import { changeOfDigit, destination, first, firstSigns, G1_POINT, INFINITE, PAIR, second, secondSigns, sumOfDigit } from "./g1";
import { backwards, beginProducts, invertProducts } from "./inverse";
import { isZero, pairOf, scatter, SINGLE, subtract } from "./lanes";
import { multiply, multiplyLess, multiplyTwo, multiplyTwoLess, squareTwo } from "./product";

/** A point is x and y, and of each the real and the imaginary part. */
export const G2_POINT: usize = 2 * G1_POINT;
/** An element of Fq2, in a vector of each. */
const COMPLEX: usize = 2 * ELEMENT;
/** Products, norms, differences, numerators, and addresses of infinite sums. */
export const G2_WORK: usize = 2 * ELEMENT + 2 * COMPLEX + 8;

const slope = memory.data(160, 16);
const change = memory.data(160, 16);
const x = memory.data(160, 16);
const y = memory.data(160, 16);
const product = memory.data(160, 16);
const inverse = memory.data(160, 16);
const negative = memory.data(160, 16);

/** As `addPairsG1`. */
export function addPairsG2(f: usize, pairs: usize, vectors: usize, work: usize): i32 {
  const products = work + 2 * ELEMENT;
  const norms = products + vectors * ELEMENT, differences = norms + vectors * ELEMENT;
  beginProducts(f, products);
  for (let i: usize = 0; i < vectors; i++) {
    const d = differences + i * COMPLEX;
    difference(f, pairs + i * 2 * PAIR, 0, d);
    difference(f, pairs + i * 2 * PAIR, SINGLE, d + ELEMENT);
    multiplyNorm(f, d, products, norms, i);
  }
  if (invertProducts(f, products, vectors)) {
    finishPairs(f, pairs, vectors, products, norms, differences, 0);
    return 0;
  }
  const numerators = differences + vectors * COMPLEX;
  const list = numerators + vectors * COMPLEX;
  const infinite = replaceEqual(f, pairs, vectors, differences, numerators, list);
  for (let i: usize = 0; i < vectors; i++) multiplyNorm(f, differences + i * COMPLEX, products, norms, i);
  invertProducts(f, products, vectors);
  finishPairs(f, pairs, vectors, products, norms, differences, numerators);
  for (let i = 0; i < infinite; i++) store<u64>(<usize>load<u32>(list + 4 * <usize>i), INFINITE);
  return infinite;
}

// @ts-ignore: decorator
@inline function multiplyNorm(f: usize, d: usize, products: usize, norms: usize, i: usize): void {
  squareTwo(f, d, d + ELEMENT, norms + i * ELEMENT);
  multiply(f, products + (i - 2) * ELEMENT, norms + i * ELEMENT, products + i * ELEMENT);
}

/** One part of the second's x less the first's, settled. */
function difference(f: usize, pair: usize, part: usize, out: usize): void {
  const a = first(pair) + part, b = first(pair + PAIR) + part;
  const c = second(pair) + part, d = second(pair + PAIR) + part;
  settle(
    f,
    f64x2.sub(pairOf(c, d), pairOf(a, b)),
    f64x2.sub(pairOf(c + 8, d + 8), pairOf(a + 8, b + 8)),
    f64x2.sub(pairOf(c + 16, d + 16), pairOf(a + 16, b + 16)),
    f64x2.sub(pairOf(c + 24, d + 24), pairOf(a + 24, b + 24)),
    f64x2.sub(pairOf(c + 32, d + 32), pairOf(a + 32, b + 32)),
    out,
  );
}

function finishPairs(
  f: usize, pairs: usize, vectors: usize, products: usize, norms: usize, differences: usize, numerators: usize,
): void {
  for (let i = vectors; i > 0; i -= 2) {
    const before = products + (i - 4) * ELEMENT, norm = norms + (i - 2) * ELEMENT;
    multiply(f, backwards, before, inverse);
    multiply(f, backwards + ELEMENT, before + ELEMENT, inverse + ELEMENT);
    multiply(f, backwards, norm, backwards);
    multiply(f, backwards + ELEMENT, norm + ELEMENT, backwards + ELEMENT);
    for (let j = i - 2; j < i; j++) {
      const given = numerators == 0 ? <usize>0 : numerators + j * COMPLEX;
      finishTwo(f, pairs + j * 2 * PAIR, inverse + (j & 1) * ELEMENT, differences + j * COMPLEX, given);
    }
  }
}

/** Two pairs, with the inverses of their norms. */
function finishTwo(f: usize, pair: usize, inverse: usize, d: usize, numerator: usize): void {
  changeOfY(pair, 0);
  changeOfY(pair, 1);
  if (numerator != 0) memory.copy(change, numerator, COMPLEX);
  negate(change, negative);
  multiplyTwo(f, change, d, change + ELEMENT, d + ELEMENT, product); // times the conjugate
  multiplyTwo(f, change + ELEMENT, d, negative, d + ELEMENT, product + ELEMENT);
  multiplyLess(f, product, inverse, nothing, slope);
  multiplyLess(f, product + ELEMENT, inverse, nothing, slope + ELEMENT);
  sumOfX(pair, 0);
  sumOfX(pair, 1);
  squareComplex(f, slope, change, change);
  scatterComplex(change, destination(pair), destination(pair + PAIR));
  subtract(x, change, x);
  subtract(x + ELEMENT, change + ELEMENT, x + ELEMENT);
  negate(slope + ELEMENT, negative);
  multiplyTwoLess(f, slope, x, negative, x + ELEMENT, y, change);
  multiplyTwoLess(f, slope, x + ELEMENT, slope + ELEMENT, x, y + ELEMENT, change + ELEMENT);
  scatterComplex(change, destination(pair) + G1_POINT, destination(pair + PAIR) + G1_POINT);
}

// @ts-ignore: decorator
@inline function negate(x: usize, out: usize): void {
  for (let j: usize = 0; j < 5; j++) set(out, j, f64x2.neg(get(x, j)));
}

// @ts-ignore: decorator
@inline function scatterComplex(x: usize, a: usize, b: usize): void {
  scatter(x, a, b);
  scatter(x + ELEMENT, a + SINGLE, b + SINGLE);
}

const sum = memory.data(80, 16);
const rest = memory.data(160, 16);

/** out = x^2 - s, settled: (x0 + x1) (x0 - x1) and 2 x0 x1; x at most p / 2. */
function squareComplex(f: usize, x: usize, s: usize, out: usize): void {
  carryDoubles(
    f64x2.add(get(x, 0), get(x, 5)),
    f64x2.add(get(x, 1), get(x, 6)),
    f64x2.add(get(x, 2), get(x, 7)),
    f64x2.add(get(x, 3), get(x, 8)),
    f64x2.add(get(x, 4), get(x, 9)),
    sum,
  );
  for (let j: usize = 0; j < 5; j++) {
    set(rest, j, f64x2.sub(get(x, j), get(x, j + 5)));
    set(rest, j + 5, f64x2.add(get(x, j), get(x, j)));
  }
  const imaginary = x + ELEMENT;
  multiplyLess(f, sum, rest, s, out);
  multiplyLess(f, imaginary, rest + ELEMENT, s + ELEMENT, out + ELEMENT);
}

/** One part of the first's y, and the second's less that. */
// @ts-ignore: decorator
@inline function changeOfY(pair: usize, part: usize): void {
  const at = G1_POINT + part * SINGLE;
  const a = first(pair) + at, b = first(pair + PAIR) + at, ab = firstSigns(pair);
  const c = second(pair) + at, d = second(pair + PAIR) + at, cd = secondSigns(pair);
  const to = part * ELEMENT;
  changeOfDigit(a, b, ab, c, d, cd, y + to, change + to, 0);
  changeOfDigit(a, b, ab, c, d, cd, y + to, change + to, 1);
  changeOfDigit(a, b, ab, c, d, cd, y + to, change + to, 2);
  changeOfDigit(a, b, ab, c, d, cd, y + to, change + to, 3);
  changeOfDigit(a, b, ab, c, d, cd, y + to, change + to, 4);
}

/** One part of the first's x, and of both together. */
// @ts-ignore: decorator
@inline function sumOfX(pair: usize, part: usize): void {
  const at = part * SINGLE;
  const a = first(pair) + at, b = first(pair + PAIR) + at, c = second(pair) + at, d = second(pair + PAIR) + at;
  const to = part * ELEMENT;
  sumOfDigit(a, b, c, d, x + to, change + to, 0);
  sumOfDigit(a, b, c, d, x + to, change + to, 1);
  sumOfDigit(a, b, c, d, x + to, change + to, 2);
  sumOfDigit(a, b, c, d, x + to, change + to, 3);
  sumOfDigit(a, b, c, d, x + to, change + to, 4);
}

const tangent = memory.data(160, 16);

/** As in g1.ts. */
function replaceEqual(
  f: usize, pairs: usize, vectors: usize, differences: usize, numerators: usize, list: usize,
): i32 {
  let infinite = 0;
  for (let i: usize = 0; i < 2 * vectors; i++) {
    const pair = pairs + (i & ~1) * PAIR, lane = i & 1;
    const d = differences + (i >> 1) * COMPLEX, n = numerators + (i >> 1) * COMPLEX;
    changeOfY(pair, 0);
    changeOfY(pair, 1);
    copyLane(change, n, lane);
    if (!isZero(f, d, lane) || !isZero(f, d + ELEMENT, lane)) continue;
    if (isZero(f, change, lane) && isZero(f, change + ELEMENT, lane)) {
      tripleSquare(f, pair);
      copyLane(tangent, n, lane);
      for (let j: usize = 0; j < 10; j++) set(tangent, j, f64x2.add(get(y, j), get(y, j)));
      settleComplex(f, tangent);
      copyLane(tangent, d, lane);
    } else {
      multiply(f, one, toMontgomery(f), tangent);
      memory.fill(tangent + ELEMENT, 0, ELEMENT);
      settleComplex(f, tangent);
      copyLane(tangent, d, lane);
      store<u32>(list + 4 * <usize>infinite, <u32>destination(pair + lane * PAIR));
      infinite++;
    }
  }
  return infinite;
}

/** tangent = 3 x^2 of the first points, settled: 3 (0.38 + 1.01) is above 4, but x^2 is settled before. */
function tripleSquare(f: usize, pair: usize): void {
  sumOfX(pair, 0);
  sumOfX(pair, 1);
  memory.fill(tangent, 0, COMPLEX);
  squareComplex(f, x, tangent, tangent);
  for (let j: usize = 0; j < 10; j++) {
    const v = get(tangent, j);
    set(tangent, j, f64x2.add(f64x2.add(v, v), v));
  }
  settleComplex(f, tangent);
}

function settleComplex(f: usize, x: usize): void {
  for (let at = x; at < x + COMPLEX; at += ELEMENT) {
    settle(f, get(at, 0), get(at, 1), get(at, 2), get(at, 3), get(at, 4), at);
  }
}

function copyLane(from: usize, to: usize, lane: usize): void {
  for (let j: usize = 0; j < 10; j++) {
    store<f64>(to + 16 * j + 8 * lane, load<f64>(from + 16 * j + 8 * lane));
  }
}
