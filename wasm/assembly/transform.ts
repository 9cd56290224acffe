/**
 * Number-theoretic transforms of n values: from values to coefficients in bit-reversed order and back, without reordering
 * in between.
 *
 * Vector i of an array holds the values i and i + n / 2, so that the first level alone crosses lanes. A level's blocks
 * each have one factor: block b's is the root with the exponent of b's bits reversed, the same table for all levels. Both
 * directions take large arrays apart before they go through levels, so that most of the work is in the cache.
 *
 * Bounds, in multiples of p. Roots and what `toCoefficients` keeps are settled: 1 / 2. There, a product is at most 1.1 and
 * u + v t 1.6, settled. On the way back, values are at most b = 2 b / (2 2.645) + 1.008 = 1.63; u + v is at most 3.3, settled.
 */
import { ELEMENT, get, nothing, one, set, settle, toMontgomery, VECTOR } from "./field";
import { gather, pairOf, scatter, SINGLE, writeDoubles } from "./lanes";
import { multiply, multiplyLess } from "./product";

/** Vectors that fit in the cache. */
const NEAR: usize = 4096;

let field: usize, logSize: u32, half: usize;
/** n / 2 roots in the order of their blocks. */
let roots: usize;
/** 1 / n and g / n, where g is of order 2 n; and roots of order 4, 8 ... n. */
let scale: usize, generators: usize;

const factor = memory.data(80, 16);
const term = memory.data(80, 16);

/** Takes memory from `at` on for 2^log values, and returns its end. */
export function placeTransform(f: usize, log: u32, at: usize): usize {
  field = f;
  logSize = log;
  half = 1 << (log - 1);
  scale = at; at += ELEMENT;
  generators = at; at += ELEMENT * log;
  roots = at;
  return at + (((half * SINGLE) + 15) & ~15);
}

/** @param given five integers of 64 bits each, in Montgomery form: 1 / n, g / n, and the roots of order 4, 8 ... n */
export function prepareTransform(given: usize): void {
  for (let i: usize = 0; i < 5; i++) {
    const inverse = f64x2.splat(<f64>load<i64>(given + 8 * i));
    set(scale, i, f64x2.replace_lane(inverse, 1, <f64>load<i64>(given + 40 + 8 * i)));
    for (let k: usize = 0; k + 1 < logSize; k++) {
      set(generators + k * ELEMENT, i, f64x2.splat(<f64>load<i64>(given + 40 * (k + 2) + 8 * i)));
    }
  }
  multiplyLess(field, one, toMontgomery(field), nothing, factor);
  scatter(factor, roots, roots);
  for (let k: usize = 0; k + 1 < logSize; k++) {
    const count: usize = 1 << k;
    for (let i: usize = 0; i < count; i += 2) {
      const a = roots + i * SINGLE, b = i + 1 < count ? a + SINGLE : a;
      gather(a, b, term);
      multiplyLess(field, term, generators + k * ELEMENT, nothing, factor);
      scatter(factor, a + count * SINGLE, b + count * SINGLE);
    }
  }
}

/** Values at the n-th roots of unity, in order, to n times the coefficients, by bit-reversed exponent. */
export function toCoefficients(data: usize): void {
  crossLanes(data);
  if (half > 1) split(data, half, 0, 1);
}

/** Coefficients by bit-reversed exponent to values at the n-th roots of unity, in order. */
export function toValues(data: usize): void {
  if (half > 1) join(data, half, 0, 1);
  crossLanes(data);
}

/** Coefficients c_i to g^i c_i / n. */
export function shift(data: usize): void {
  for (let i: usize = 0; i < half; i++) {
    const x = data + i * ELEMENT, root = roots + i * SINGLE;
    gather(root, root, factor);
    multiply(field, x, factor, term);
    multiply(field, term, scale, x);
  }
}

/** The scalars a b - c, 32 bytes each. */
export function writeQuotient(a: usize, b: usize, c: usize, scalars: usize): void {
  for (let i: usize = 0; i < half; i++) {
    const at = i * ELEMENT;
    multiplyLess(field, a + at, b + at, c + at, term);
    multiply(field, term, one, term);
    writeDoubles(field, term, 0, scalars + 32 * i);
    writeDoubles(field, term, 1, scalars + 32 * (i + half));
  }
}

/** out = a b for all values. */
export function multiplyAll(a: usize, b: usize, out: usize): void {
  for (let i: usize = 0; i < half * ELEMENT; i += ELEMENT) multiply(field, a + i, b + i, out + i);
}

/** Both lanes' sum and difference. */
function crossLanes(data: usize): void {
  const sign = i64x2.replace_lane(i64x2.splat(0), 1, 1 << 63);
  for (let x = data, end = data + half * ELEMENT; x < end; x += ELEMENT) {
    settle(
      field, crossed(x, 0, sign), crossed(x, 1, sign), crossed(x, 2, sign), crossed(x, 3, sign), crossed(x, 4, sign), x,
    );
  }
}

// @ts-ignore: decorator
@inline function crossed(x: usize, i: usize, sign: v128): v128 {
  const v = get(x, i);
  return f64x2.add(v128.xor(v, sign), i64x2.shuffle(v, v, 1, 0));
}

/** The levels of a block of `size` vectors: in each lane it is one of `blocks`. */
function split(data: usize, size: usize, block: usize, blocks: usize): void {
  if (size > NEAR) {
    splitBlock(data, size, block, blocks);
    split(data, size >> 1, 2 * block, 2 * blocks);
    split(data + (size >> 1) * ELEMENT, size >> 1, 2 * block + 1, 2 * blocks);
    return;
  }
  for (let part = size, count: usize = 1; part > 1; part >>= 1, count <<= 1) {
    for (let i: usize = 0; i < count; i++) {
      splitBlock(data + i * part * ELEMENT, part, block * count + i, blocks * count);
    }
  }
}

function join(data: usize, size: usize, block: usize, blocks: usize): void {
  if (size > NEAR) {
    join(data, size >> 1, 2 * block, 2 * blocks);
    join(data + (size >> 1) * ELEMENT, size >> 1, 2 * block + 1, 2 * blocks);
    joinBlock(data, size, block, blocks);
    return;
  }
  for (let part: usize = 2, count = size >> 1; part <= size; part <<= 1, count >>= 1) {
    for (let i: usize = 0; i < count; i++) {
      joinBlock(data + i * part * ELEMENT, part, block * count + i, blocks * count);
    }
  }
}

/** u, v -> u + v / t, u - v / t for both halves of a block. */
function splitBlock(data: usize, size: usize, block: usize, blocks: usize): void {
  inverseRoot(block, blocks);
  const width = (size >> 1) * ELEMENT;
  for (let u = data, end = data + width; u < end; u += ELEMENT) {
    const v = u + width;
    multiply(field, v, factor, term);
    const u0 = get(u, 0), u1 = get(u, 1), u2 = get(u, 2), u3 = get(u, 3), u4 = get(u, 4);
    const t0 = get(term, 0), t1 = get(term, 1), t2 = get(term, 2), t3 = get(term, 3), t4 = get(term, 4);
    settle(
      field, f64x2.add(u0, t0), f64x2.add(u1, t1), f64x2.add(u2, t2), f64x2.add(u3, t3), f64x2.add(u4, t4), u,
    );
    settle(
      field, f64x2.sub(u0, t0), f64x2.sub(u1, t1), f64x2.sub(u2, t2), f64x2.sub(u3, t3), f64x2.sub(u4, t4), v,
    );
  }
}

/** u, v -> u + v, (u - v) t for both halves of a block. */
function joinBlock(data: usize, size: usize, block: usize, blocks: usize): void {
  gather(roots + block * SINGLE, roots + (block + blocks) * SINGLE, factor);
  const width = (size >> 1) * ELEMENT;
  for (let u = data, end = data + width; u < end; u += ELEMENT) {
    const v = u + width;
    const u0 = get(u, 0), u1 = get(u, 1), u2 = get(u, 2), u3 = get(u, 3), u4 = get(u, 4);
    const v0 = get(v, 0), v1 = get(v, 1), v2 = get(v, 2), v3 = get(v, 3), v4 = get(v, 4);
    settle(
      field, f64x2.add(u0, v0), f64x2.add(u1, v1), f64x2.add(u2, v2), f64x2.add(u3, v3), f64x2.add(u4, v4), u,
    );
    set(term, 0, f64x2.sub(u0, v0));
    set(term, 1, f64x2.sub(u1, v1));
    set(term, 2, f64x2.sub(u2, v2));
    set(term, 3, f64x2.sub(u3, v3));
    set(term, 4, f64x2.sub(u4, v4));
    multiply(field, term, factor, v);
  }
}

/** 1 / t is minus the root whose exponent and t's make n / 2: of the block with all bits but the highest flipped. */
// @ts-ignore: decorator
@inline function inverseRoot(block: usize, blocks: usize): void {
  const a = roots + mirrored(block) * SINGLE, b = roots + mirrored(block + blocks) * SINGLE;
  const sign = i64x2.replace_lane(i64x2.splat(1 << 63), 0, block == 0 ? 0 : 1 << 63);
  for (let i: usize = 0; i < 5; i++) set(factor, i, v128.xor(pairOf(a + 8 * i, b + 8 * i), sign));
}

// @ts-ignore: decorator
@inline function mirrored(block: usize): usize {
  return block == 0 ? 0 : block ^ ((1 << (31 - clz<u32>(<u32>block))) - 1);
}
