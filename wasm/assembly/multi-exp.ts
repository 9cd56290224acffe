/**
 * Sums of scalars times points: signed digits of the scalars, a bucket for each digit and window (Pippenger).
 *
 * Points come in blocks, so that a block, the buckets of a window and a batch of pairs fit in the cache together; the
 * buckets of all windows stay. A window's sum of i B_i is then taken apart by halves of i's bits, and each half by bits:
 * what comes out are sums S_b for each bit b of each window, of which the caller takes sum 2^b S_b.
 */
import { get, isElement } from "./field";
import { G1_POINT } from "./g1";
import { G2_POINT } from "./g2";
import { digitsOf, halve, SINGLE } from "./lanes";
import { addEntries, clearBuckets, isFull, isInfinite, placeTree, prepareTree, pushEntry } from "./tree";

/** Bytes of a scalar, and of a coordinate as the key has it. */
const WORD: usize = 32;
/** Bits of a scalar, and one for the carry of the signed digits. */
const SCALAR_BITS: u32 = 255;
/** Bits of all windows are at most this many. */
const MOST_SUMS: usize = 512;

let field: usize, coordinates: usize, pointBytes: usize;
let block: usize, bits: u32, windows: u32, firstWindow: u32, lastWindow: u32;
let points: usize, digits: usize, buckets: usize, halves: usize, sums: usize;

/** Buckets of a window: digits of up to 2^(bits - 1), and none for 0. */
// @ts-ignore: decorator
@inline function bucketCount(): usize { return 1 << (bits - 1); }
/** Digits are taken apart into `lowBits` low ones and the rest. */
// @ts-ignore: decorator
@inline function lowCount(): usize { return 1 << (bits >> 1); }
// @ts-ignore: decorator
@inline function highCount(): usize { return (bucketCount() >> (bits >> 1)) + 1; }

export function windowCount(bits: u32): u32 { return (SCALAR_BITS + bits - 1) / bits; }

/**
 * Takes memory from `at` on for blocks of up to `most` points and the windows from `first` to before `last`. Returns its end.
 */
export function placeMultiExp(f: usize, g2: bool, windowBits: u32, first: u32, last: u32, most: usize, at: usize): usize {
  field = f;
  coordinates = g2 ? 4 : 2;
  pointBytes = g2 ? G2_POINT : G1_POINT;
  block = most;
  bits = windowBits;
  windows = windowCount(bits);
  firstWindow = first;
  lastWindow = last;
  const count = <usize>(last - first);
  points = at; at += most * pointBytes;
  digits = at; at += ((2 * most * <usize>windows) + 15) & ~15;
  buckets = at; at += count * bucketCount() * pointBytes;
  halves = at; at += count * (lowCount() + highCount()) * pointBytes;
  sums = at; at += count * <usize>bits * pointBytes;
  // As many entries as a block, or a window's buckets taken apart, have; and as many buckets as there are sums.
  return placeTree(f, g2, max(max(most, 2 * bucketCount()), MOST_SUMS), at);
}

export function beginMultiExp(): void {
  prepareTree();
  const count = <usize>(lastWindow - firstWindow);
  clearBuckets(buckets, count * bucketCount());
  clearBuckets(halves, count * (lowCount() + highCount()));
  clearBuckets(sums, count * <usize>bits);
}

/**
 * Adds scalars times points to the buckets.
 *
 * @param given the coordinates of `count` points as the key has them, none infinite
 * @param indices of their scalars, of 32 bits each
 */
export function addBlock(given: usize, indices: usize, scalars: usize, count: usize): void {
  for (let i: usize = 0; i < count; i++) {
    readPoint(given + i * coordinates * WORD, points + i * pointBytes);
    splitScalar(scalars + WORD * <usize>load<u32>(indices + 4 * i), bits, windows, block, digits + 2 * i);
  }
  for (let window = firstWindow; window < lastWindow; window++) {
    const row = digits + 2 * block * <usize>window;
    for (let i: usize = 0; i < count; i++) {
      const d = <i32>load<i16>(row + 2 * i);
      if (d == 0) continue;
      const sign = <u32>d >> 31;
      pushEntry(<u32>abs(d) - 1, <u32>(points + i * pointBytes) | sign);
    }
    addEntries(buckets + <usize>(window - firstWindow) * bucketCount() * pointBytes, bucketCount());
  }
}

const coordinate = memory.data(80, 16);

/** The key's coordinates are Montgomery's for 2^256, ours for 2^255: half of them. */
// @ts-ignore: decorator
@inline function readPoint(from: usize, to: usize): void {
  for (let i: usize = 0; i < coordinates; i += 2) {
    digitsOf(from + i * WORD, from + (i + 1) * WORD, coordinate);
    halve(field, coordinate);
    for (let j: usize = 0; j < 5; j++) {
      const v = get(coordinate, j);
      v128.store64_lane(to + i * SINGLE + 8 * j, v, 0);
      v128.store64_lane(to + (i + 1) * SINGLE + 8 * j, v, 1);
    }
  }
}

/** Signed digits of a scalar below 2^254, one for each window, of 16 bits, `apart` from one to the next. */
export function splitScalar(scalar: usize, bits: u32, windows: u32, apart: usize, to: usize): void {
  const half = 1 << (bits - 1), mask = (1 << bits) - 1;
  let carry = 0;
  for (let window: u32 = 0; window < windows; window++) {
    const bit = window * bits;
    const byte = min<u32>(bit >> 3, 24);
    const d = (<i32>(load<u64>(scalar + <usize>byte) >> <u64>(bit - 8 * byte)) & mask) + carry;
    carry = <i32>(d > half);
    store<i16>(to, <i16>(d - (carry << bits)));
    to += 2 * apart;
  }
}

/** Returns where the sums are: for each bit of each window a point, which may be infinite (`isInfinite`). */
export function finishMultiExp(): usize {
  const count = <usize>(lastWindow - firstWindow), low = lowCount(), parts = low + highCount();
  for (let window: usize = 0; window < count; window++) {
    for (let i: usize = 1; i <= bucketCount(); i++) {
      const point = buckets + (window * bucketCount() + i - 1) * pointBytes;
      if (isInfinite(point)) continue;
      const ofLow = i & (low - 1), ofHigh = i >> (bits >> 1);
      if (ofLow != 0) pushEntry(<u32>ofLow, <u32>point);
      if (ofHigh != 0) pushEntry(<u32>(low + ofHigh), <u32>point);
    }
    addEntries(halves + window * parts * pointBytes, parts);
  }
  for (let window: usize = 0; window < count; window++) {
    for (let i: usize = 0; i < parts; i++) {
      const point = halves + (window * parts + i) * pointBytes;
      if (isInfinite(point)) continue;
      const first = window * bits + (i < low ? 0 : bits >> 1);
      if (isFull(32)) addEntries(sums, count * <usize>bits);
      for (let rest = i < low ? i : i - low, bit = first; rest != 0; rest >>= 1, bit++) {
        if (rest & 1) pushEntry(<u32>bit, <u32>point);
      }
    }
  }
  addEntries(sums, count * <usize>bits);
  return sums;
}

/** Whether all scalars are below the modulus. */
export function areElements(f: usize, scalars: usize, count: usize): bool {
  for (let i: usize = 0; i < count; i++) if (!isElement(f, scalars + WORD * i)) return false;
  return true;
}
