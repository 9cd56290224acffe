/**
 * Adds points to buckets: what belongs to one bucket is added in a tree, and a level of all trees is a batch.
 *
 * What is to be added is a list of entries, a bucket and a reference to a point each (g1.ts). Buckets are points that
 * begin infinite.
 */
import { ELEMENT } from "./field";
import { addPairsG1, G1_POINT, G1_WORK, INFINITE, PAIR } from "./g1";
import { addPairsG2, G2_POINT, G2_WORK } from "./g2";

/** Pairs of a batch: what is kept of them should stay in the cache. A multiple of four. */
const BATCH: usize = 4096;
/** Bytes of a group: bucket and number of references. */
const GROUP: usize = 8;

/** Where things lie; see `placeTree`. */
let field: usize, pointBytes: usize, isG2: bool;
let entries: usize, sorted: usize, ends: usize, groups: usize, pairs: usize, work: usize;
let temporary: usize, nextTemporary: usize;
let entryCount: usize, capacity: usize, pairCount: usize, infinite: i32;
/** A pair of points that can be added, and where the sum of such goes. */
let idle: usize;

/**
 * Takes memory from `at` on, for up to `most` entries at a time and as many buckets. Returns its end.
 */
export function placeTree(f: usize, g2: bool, most: usize, at: usize): usize {
  field = f;
  isG2 = g2;
  pointBytes = g2 ? G2_POINT : G1_POINT;
  capacity = most;
  entryCount = 0;
  pairCount = 0;
  const vectors = BATCH / 2;
  entries = at; at += 8 * most;
  sorted = at; at += 4 * 2 * most;
  ends = at; at += 4 * (most + 2);
  groups = at; at += GROUP * most;
  pairs = at; at += PAIR * BATCH;
  at = (at + 15) & ~15;
  work = at; at += 2 * ELEMENT + vectors * (g2 ? G2_WORK : G1_WORK);
  at = (at + 15) & ~15;
  idle = at; at += 3 * pointBytes;
  temporary = at; at += pointBytes * most;
  return at;
}

/** To be called when the memory is there. */
export function prepareTree(): void {
  memory.fill(ends, 0, 4 * (capacity + 2));
  memory.fill(idle, 0, 3 * pointBytes);
  store<f64>(idle + pointBytes, 1);
}

// @ts-ignore: decorator
@inline export function isInfinite(point: usize): bool { return load<u64>(point) == INFINITE; }

export function clearBuckets(buckets: usize, count: usize): void {
  for (let i: usize = 0; i < count; i++) store<u64>(buckets + i * pointBytes, INFINITE);
}

/** @param reference the address of a point that is not infinite; plus 1: of its negative */
// @ts-ignore: decorator
@inline export function pushEntry(bucket: u32, reference: u32): void {
  const at = entries + 8 * entryCount++;
  store<u32>(at, bucket);
  store<u32>(at, reference, 4);
  const counter = ends + 4 * <usize>bucket;
  store<u32>(counter, load<u32>(counter) + 1);
}

/** Whether there is no room for `more` entries. */
// @ts-ignore: decorator
@inline export function isFull(more: usize): bool { return entryCount + more > capacity; }

/** Adds all entries to their buckets, of which there are `count`, and forgets them. */
export function addEntries(buckets: usize, count: usize): void {
  sortEntries(count);
  nextTemporary = temporary;
  let left = firstGroups(buckets, count);
  memory.fill(ends, 0, 4 * count);
  while (left > 0) left = addLevel(left);
  entryCount = 0;
}

/** References by bucket, to `sorted`; in `ends`, numbers of entries become ends of each bucket's. */
function sortEntries(count: usize): void {
  const end = entries + 8 * entryCount;
  let sum: u32 = 0;
  for (let i: usize = 0; i < count; i++) {
    const counter = ends + 4 * i, own = load<u32>(counter);
    store<u32>(counter, sum);
    sum += own;
  }
  for (let at = entries; at < end; at += 8) {
    const counter = ends + 4 * <usize>load<u32>(at), place = load<u32>(counter);
    store<u32>(counter, place + 1);
    store<u32>(sortedFrom() + 4 * <usize>place, load<u32>(at, 4));
  }
}

/** The upper half: `firstGroups` writes a reference more for each bucket, from the beginning on. */
// @ts-ignore: decorator
@inline function sortedFrom(): usize { return sorted + 4 * capacity; }

/** Groups of what is to be added, each bucket's own point included. What is alone goes to its bucket at once. */
function firstGroups(buckets: usize, count: usize): usize {
  let group = groups, out = sorted, start: usize = 0;
  for (let i: usize = 0; i < count; i++) {
    const end = <usize>load<u32>(ends + 4 * i);
    if (end == start) continue;
    const bucket = buckets + i * pointBytes, references = sortedFrom() + 4 * start;
    const isEmpty = isInfinite(bucket);
    if (isEmpty && end == start + 1) {
      copyPoint(load<u32>(references), bucket);
    } else {
      store<u32>(group, <u32>bucket);
      store<u32>(group, <u32>(end - start) + <u32>!isEmpty, 4);
      group += GROUP;
      if (!isEmpty) { store<u32>(out, <u32>bucket); out += 4; }
      // A few words: memory.copy would be a call.
      for (let at = references, last = sortedFrom() + 4 * end; at < last; at += 4, out += 4) {
        store<u32>(out, load<u32>(at));
      }
    }
    start = end;
  }
  return (group - groups) / GROUP;
}

/** Copies a point, or its negative. */
export function copyPoint(reference: u32, to: usize): void {
  const from = <usize>(reference & ~1), half = pointBytes >> 1, sign = <u64>reference << 63;
  memory.copy(to, from, half);
  for (let at = half; at < pointBytes; at += 8) store<u64>(to + at, load<u64>(from + at) ^ sign);
}

/** Adds the references of each group in pairs. What is left of them is the next level: returns how many groups. */
function addLevel(count: usize): usize {
  let from = sorted, to = sorted, kept = groups;
  for (let group = groups, end = groups + GROUP * count; group < end; group += GROUP) {
    const bucket = load<u32>(group), size = <usize>load<u32>(group, 4);
    if (size == 2) {
      pushPair(load<u32>(from), load<u32>(from, 4), bucket);
      from += 8;
      continue;
    }
    for (let i: usize = 1; i < size; i += 2, from += 8, to += 4) {
      const sum = <u32>nextTemporary;
      nextTemporary += pointBytes;
      pushPair(load<u32>(from), load<u32>(from, 4), sum);
      store<u32>(to, sum);
    }
    if (size & 1) {
      store<u32>(to, load<u32>(from));
      from += 4; to += 4;
    }
    store<u32>(kept, bucket);
    store<u32>(kept, <u32>((size + 1) >> 1), 4);
    kept += GROUP;
  }
  addPairs();
  const left = (kept - groups) / GROUP;
  if (infinite == 0) return left;
  infinite = 0;
  return dropInfinite(left);
}

/** Adds two points, neither of them infinite, at the next `addPairs` or before. The sum may take the place of one. */
// @ts-ignore: decorator
@inline export function pushPair(a: u32, b: u32, sum: u32): void {
  if (pairCount == BATCH) addPairs();
  const at = pairs + PAIR * pairCount++;
  store<u32>(at, a);
  store<u32>(at, b, 4);
  store<u32>(at, sum, 8);
}

export function addPairs(): void {
  if (pairCount == 0) return;
  for (; (pairCount & 3) != 0; pairCount++) {
    const at = pairs + PAIR * pairCount;
    store<u32>(at, <u32>idle);
    store<u32>(at, <u32>(idle + pointBytes), 4);
    store<u32>(at, <u32>(idle + 2 * pointBytes), 8);
  }
  const vectors = pairCount >> 1;
  infinite += isG2 ? addPairsG2(field, pairs, vectors, work) : addPairsG1(field, pairs, vectors, work);
  pairCount = 0;
}

/** Takes infinite sums out of the groups, and finishes those that have less than two references left. */
function dropInfinite(count: usize): usize {
  let from = sorted, to = sorted, kept = groups;
  for (let group = groups, end = groups + GROUP * count; group < end; group += GROUP) {
    const bucket = load<u32>(group), begin = to;
    for (let i = load<u32>(group, 4); i > 0; i--, from += 4) {
      const reference = load<u32>(from);
      if (isInfinite(<usize>(reference & ~1))) continue;
      store<u32>(to, reference);
      to += 4;
    }
    const size = (to - begin) >> 2;
    if (size >= 2) {
      store<u32>(kept, bucket);
      store<u32>(kept, <u32>size, 4);
      kept += GROUP;
      continue;
    }
    to = begin;
    if (size == 0) store<u64>(<usize>bucket, INFINITE);
    else if (load<u32>(begin) != bucket) copyPoint(load<u32>(begin), <usize>bucket);
  }
  return (kept - groups) / GROUP;
}
