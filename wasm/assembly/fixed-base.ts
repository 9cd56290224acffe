/**
 * One point times many scalars: a table of the point's multiples for each window of the scalars' signed digits, and for each
 * scalar the sum of its entries, window by window, as batches of affine additions (tree.ts).
 *
 * Bounds: entries and sums are points as g1.ts and g2.ts take and give them, with settled coordinates; the generator's are digits
 * of at most p / 2. Nothing else is computed with them, but the way out (`writeTwice`).
 */
import { G1_POINT } from "./g1";
import { G2_POINT } from "./g2";
import { gather, SINGLE, writeTwice } from "./lanes";
import { splitScalar, windowCount } from "./multi-exp";
import { addPairs, clearBuckets, copyPoint, isInfinite, placeTree, prepareTree, pushPair } from "./tree";

/** Bytes of a scalar, and of a coordinate as the key has it. */
const WORD: usize = 32;

let field: usize, coordinates: usize, pointBytes: usize;
let block: usize, bits: u32, windows: u32;
let table: usize, digits: usize, sums: usize;

/** Entries of a window: multiples of up to 2^(bits - 1), and none for 0. */
// @ts-ignore: decorator
@inline function entryCount(): usize { return 1 << (bits - 1); }

/** A window's multiple, from 1 on. */
// @ts-ignore: decorator
@inline function entry(window: u32, multiple: usize): usize {
  return table + (<usize>window * entryCount() + multiple - 1) * pointBytes;
}

/** Takes memory from `at` on for windows of 2 to 15 bits, and `most` scalars at a time. Returns its end. */
export function placeFixedBase(f: usize, g2: bool, windowBits: u32, most: usize, at: usize): usize {
  field = f;
  coordinates = g2 ? 4 : 2;
  pointBytes = g2 ? G2_POINT : G1_POINT;
  block = most;
  bits = windowBits;
  windows = windowCount(bits);
  table = at; at += <usize>windows * entryCount() * pointBytes;
  digits = at; at += ((2 * most * <usize>windows) + 15) & ~15;
  sums = at; at += most * pointBytes;
  return placeTree(f, g2, 2, at); // of which only the batches are used
}

/** @param point coordinates of five integers of 64 bits each: digits, in Montgomery form, of at most p / 2 */
export function prepareTable(point: usize): void {
  prepareTree();
  const base = entry(0, 1);
  for (let at: usize = 0; at < pointBytes; at += 8) store<f64>(base + at, <f64>load<i64>(point + at));
  for (let window: u32 = 0; window < windows; window++) {
    for (let count: usize = 1; count < entryCount(); count <<= 1) {
      const last = entry(window, count);
      for (let i: usize = 1; i < count; i++) pushPair(<u32>entry(window, i), <u32>last, <u32>entry(window, count + i));
      addPairs();
      // Alone, because a batch in which points are equal is looked through.
      double(last, entry(window, 2 * count));
    }
    if (window + 1 < windows) double(entry(window, entryCount()), entry(window + 1, 1));
  }
}

function double(point: usize, to: usize): void {
  pushPair(<u32>point, <u32>point, <u32>to);
  addPairs();
}

/**
 * Writes the coordinates of scalars times the point as the key has them, 0 for infinity.
 *
 * @param scalars below 2^254, 32 bytes each, at most as many as there is room for
 */
export function multiplyScalars(scalars: usize, count: usize, out: usize): void {
  for (let i: usize = 0; i < count; i++) splitScalar(scalars + WORD * i, bits, windows, block, digits + 2 * i);
  clearBuckets(sums, count);
  for (let window: u32 = 0; window < windows; window++) {
    const row = digits + 2 * block * <usize>window;
    for (let i: usize = 0; i < count; i++) {
      const d = <i32>load<i16>(row + 2 * i);
      if (d == 0) continue;
      const reference = <u32>entry(window, <usize>abs(d)) | (<u32>d >> 31);
      const sum = sums + i * pointBytes;
      if (isInfinite(sum)) copyPoint(reference, sum);
      else pushPair(<u32>sum, reference, <u32>sum);
    }
    addPairs();
  }
  const bytes = coordinates * WORD;
  for (let i: usize = 0; i < count; i++) {
    const sum = sums + i * pointBytes;
    if (isInfinite(sum)) memory.fill(out + i * bytes, 0, bytes);
    else writePoint(sum, out + i * bytes);
  }
}

const coordinate = memory.data(80, 16);

/** The key's coordinates are Montgomery's for 2^256, ours for 2^255. */
function writePoint(from: usize, to: usize): void {
  for (let i: usize = 0; i < coordinates; i += 2) {
    gather(from + i * SINGLE, from + (i + 1) * SINGLE, coordinate);
    writeTwice(field, coordinate, to + i * WORD, to + (i + 1) * WORD);
  }
}
