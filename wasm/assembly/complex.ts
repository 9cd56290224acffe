/**
 * Arithmetic in Fq2 = Fq[u] / (u^2 + 1): the real part of an element lies in lane 0 of a vector, the imaginary one in lane 1.
 *
 * x y is x0 (y0, y1) + x1 (-y1, y0): a product of each part of x with a vector. Sums of such products are reduced once.
 *
 * Bounds. All that is stored here is settled: at most p / 2, with digits of at most 2^50 + 4. Only the left factors of a
 * sum, and what is taken off it, may be sums of two. A sum of n products of at most p / 2, where one with a factor of p counts
 * twice, is at most (2 n / 4 / 2.645 + 1.008) p: 2.15 p for n = 6, and with p taken off it 3.15 p, which `settle` takes. Columns are
 * sums of at most 65 low parts of 2^50 and 65 high ones of 2^51, so carries are at most 98: digits of 2^50 + 98 are
 * exact as factors of the residues, and are settled before they are factors of anything else.
 */
import { checkLane } from "./bounds";
import { add, both, ELEMENT, get, high, low, nothing, set, settle, VECTOR } from "./field";
import { invert } from "./inverse";
import { divide, LESS, multiplyLess, productLows, squareTwo, start } from "./product";

/** Bytes of a right factor: y, and u y. */
export const OPERAND: usize = 2 * ELEMENT;
const MOST_TERMS: usize = 6;

const terms = memory.data(48, 16);
let count: usize = 0;
/** What the columns of a sum begin with, for each number of terms. */
const starts = memory.data(560);

/** To be called once. */
export function prepareComplex(): void {
  for (let n: usize = 0; n <= MOST_TERMS; n++) {
    for (let column: usize = 0; column < 10; column++) {
      store<i64>(starts + 80 * n + 8 * column, start(column, productLows, 2 * <i64>n));
    }
  }
}

/** out = x and u x, for a right factor. */
export function turn(x: usize, out: usize): void {
  for (let i: usize = 0; i < 5; i++) {
    const v = get(x, i);
    set(out, i, v);
    set(out, i + 5, v128.xor(i64x2.shuffle(v, v, 1, 0), i64x2(<i64>1 << 63, 0)));
  }
}

/** Adds x y to the next sum; y as `turn` gives it. */
// @ts-ignore: decorator
@inline export function term(x: usize, y: usize): void {
  store<u32>(terms + 8 * count, <u32>x);
  store<u32>(terms + 8 * count, <u32>y, 4);
  count++;
}

/** out = the sum of all terms / R - s, settled. */
export function sumLess(f: usize, s: usize, out: usize): void {
  const first = starts + 80 * count;
  let t0 = both(first);
  let t1 = both(first + 8 * 1);
  let t2 = both(first + 8 * 2);
  let t3 = both(first + 8 * 3);
  let t4 = both(first + 8 * 4);
  let t5 = both(first + 8 * 5);
  let t6 = both(first + 8 * 6);
  let t7 = both(first + 8 * 7);
  let t8 = both(first + 8 * 8);
  let t9 = both(first + 8 * 9);
  for (let i: usize = 0; i < 2 * count; i++) {
    const a = <usize>load<u32>(terms + 8 * (i >> 1)) + 8 * (i & 1);
    const b = <usize>load<u32>(terms + 8 * (i >> 1), 4) + ELEMENT * (i & 1);
    if (!ASC_NO_ASSERT) checkLane(a, b);
    let x: v128, y: v128, h: v128;
    x = both(a);
    y = get(b, 0); h = high(x, y); t0 = add(t0, low(x, y, h)); t1 = add(t1, h);
    y = get(b, 1); h = high(x, y); t1 = add(t1, low(x, y, h)); t2 = add(t2, h);
    y = get(b, 2); h = high(x, y); t2 = add(t2, low(x, y, h)); t3 = add(t3, h);
    y = get(b, 3); h = high(x, y); t3 = add(t3, low(x, y, h)); t4 = add(t4, h);
    y = get(b, 4); h = high(x, y); t4 = add(t4, low(x, y, h)); t5 = add(t5, h);
    x = both(a + VECTOR);
    y = get(b, 0); h = high(x, y); t1 = add(t1, low(x, y, h)); t2 = add(t2, h);
    y = get(b, 1); h = high(x, y); t2 = add(t2, low(x, y, h)); t3 = add(t3, h);
    y = get(b, 2); h = high(x, y); t3 = add(t3, low(x, y, h)); t4 = add(t4, h);
    y = get(b, 3); h = high(x, y); t4 = add(t4, low(x, y, h)); t5 = add(t5, h);
    y = get(b, 4); h = high(x, y); t5 = add(t5, low(x, y, h)); t6 = add(t6, h);
    x = both(a + 2 * VECTOR);
    y = get(b, 0); h = high(x, y); t2 = add(t2, low(x, y, h)); t3 = add(t3, h);
    y = get(b, 1); h = high(x, y); t3 = add(t3, low(x, y, h)); t4 = add(t4, h);
    y = get(b, 2); h = high(x, y); t4 = add(t4, low(x, y, h)); t5 = add(t5, h);
    y = get(b, 3); h = high(x, y); t5 = add(t5, low(x, y, h)); t6 = add(t6, h);
    y = get(b, 4); h = high(x, y); t6 = add(t6, low(x, y, h)); t7 = add(t7, h);
    x = both(a + 3 * VECTOR);
    y = get(b, 0); h = high(x, y); t3 = add(t3, low(x, y, h)); t4 = add(t4, h);
    y = get(b, 1); h = high(x, y); t4 = add(t4, low(x, y, h)); t5 = add(t5, h);
    y = get(b, 2); h = high(x, y); t5 = add(t5, low(x, y, h)); t6 = add(t6, h);
    y = get(b, 3); h = high(x, y); t6 = add(t6, low(x, y, h)); t7 = add(t7, h);
    y = get(b, 4); h = high(x, y); t7 = add(t7, low(x, y, h)); t8 = add(t8, h);
    x = both(a + 4 * VECTOR);
    y = get(b, 0); h = high(x, y); t4 = add(t4, low(x, y, h)); t5 = add(t5, h);
    y = get(b, 1); h = high(x, y); t5 = add(t5, low(x, y, h)); t6 = add(t6, h);
    y = get(b, 2); h = high(x, y); t6 = add(t6, low(x, y, h)); t7 = add(t7, h);
    y = get(b, 3); h = high(x, y); t7 = add(t7, low(x, y, h)); t8 = add(t8, h);
    y = get(b, 4); h = high(x, y); t8 = add(t8, low(x, y, h)); t9 = add(t9, h);
  }
  count = 0;
  divide(LESS, f, t0, t1, t2, t3, t4, t5, t6, t7, t8, t9, s, out);
}

const right = memory.data(160, 16);

/** out = x y - s, settled; x and s may be sums. */
export function multiplyComplexLess(f: usize, x: usize, y: usize, s: usize, out: usize): void {
  turn(y, right);
  term(x, right);
  sumLess(f, s, out);
}

// @ts-ignore: decorator
@inline export function multiplyComplex(f: usize, x: usize, y: usize, out: usize): void {
  multiplyComplexLess(f, x, y, nothing, out);
}

// @ts-ignore: decorator
@inline export function copy(x: usize, out: usize): void { memory.copy(out, x, ELEMENT); }

/** out = x + y, settled. */
export function plus(f: usize, x: usize, y: usize, out: usize): void {
  settle(
    f, f64x2.add(get(x, 0), get(y, 0)), f64x2.add(get(x, 1), get(y, 1)), f64x2.add(get(x, 2), get(y, 2)),
    f64x2.add(get(x, 3), get(y, 3)), f64x2.add(get(x, 4), get(y, 4)), out,
  );
}

/** out = x - y, settled. */
export function minus(f: usize, x: usize, y: usize, out: usize): void {
  settle(
    f, f64x2.sub(get(x, 0), get(y, 0)), f64x2.sub(get(x, 1), get(y, 1)), f64x2.sub(get(x, 2), get(y, 2)),
    f64x2.sub(get(x, 3), get(y, 3)), f64x2.sub(get(x, 4), get(y, 4)), out,
  );
}

/** out = 2 x, a sum. */
export function twice(x: usize, out: usize): void {
  for (let i: usize = 0; i < 5; i++) set(out, i, f64x2.add(get(x, i), get(x, i)));
}

export function negate(x: usize, out: usize): void {
  for (let i: usize = 0; i < 5; i++) set(out, i, f64x2.neg(get(x, i)));
}

export function conjugate(x: usize, out: usize): void {
  for (let i: usize = 0; i < 5; i++) set(out, i, v128.xor(get(x, i), i64x2(0, <i64>1 << 63)));
}

const triple = memory.data(80, 16);

/** out = (9 + u) x, settled on the way: 3 x, then three times that and u x. */
export function multiplyXi(f: usize, x: usize, out: usize): void {
  settle(f, times3(x, 0), times3(x, 1), times3(x, 2), times3(x, 3), times3(x, 4), triple);
  settle(f, rest(x, 0), rest(x, 1), rest(x, 2), rest(x, 3), rest(x, 4), out);
}

// @ts-ignore: decorator
@inline function times3(x: usize, i: usize): v128 { const v = get(x, i); return f64x2.add(f64x2.add(v, v), v); }
// @ts-ignore: decorator
@inline function rest(x: usize, i: usize): v128 {
  const v = get(x, i);
  return f64x2.add(times3(triple, i), v128.xor(i64x2.shuffle(v, v, 1, 0), i64x2(<i64>1 << 63, 0)));
}

const norm = memory.data(80, 16);
const real = memory.data(80, 16);
const imaginary = memory.data(80, 16);

/** out = 1 / x: the conjugate by the norm. 0 gives 0. */
export function invertComplex(f: usize, x: usize, out: usize): void {
  for (let i: usize = 0; i < 5; i++) {
    set(real, i, both(x + VECTOR * i));
    set(imaginary, i, both(x + VECTOR * i + 8));
  }
  squareTwo(f, real, imaginary, norm);
  invert(f, norm, norm);
  conjugate(x, real);
  multiplyLess(f, real, norm, nothing, out);
}
