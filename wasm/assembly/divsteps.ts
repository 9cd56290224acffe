/**
 * The inverse of one element, by divsteps: D. J. Bernstein and B.-Y. Yang, "Fast constant-time gcd computation and modular inversion"
 * (2019), in the variant of P. Wuille for variable time (libsecp256k1, modinv32): 30 steps at a time on the lowest bits of
 * f and g, then their matrix times f, g and times d, e with d = f / x and e = g / x mod p up to a sign. A third of the time of x^(p - 2).
 *
 * Numbers are nine signed digits of 30 bits, in 64 bits each. Entries of a matrix are at most 2^30 in magnitude, d and e stay
 * between -2 p and p, so that sums of products are below 2^62.
 */
import { MODULUS_BYTES } from "./field";

const LENGTH: i32 = 9;
const BITS = 30;
const MASK: i64 = (1 << 30) - 1;
/** Of matrices until g is 0: 590 steps suffice for 256 bits, 20 times 30. */
const MOST_ROUNDS = 25;

const f = memory.data(72, 8);
const g = memory.data(72, 8);
const d = memory.data(72, 8);
const e = memory.data(72, 8);
const p = memory.data(72, 8);

/** A matrix of 30 steps: f' = (u f + v g) / 2^30, g' = (q f + r g) / 2^30. */
let u: i64, v: i64, q: i64, r: i64;

// @ts-ignore: decorator
@inline function get(x: usize, i: i32): i64 { return load<i64>(x + 8 * <usize>i); }
// @ts-ignore: decorator
@inline function set(x: usize, i: i32, value: i64): void { store<i64>(x + 8 * <usize>i, value); }

/** 1 / x mod p for 32 canonical bytes, as 32 bytes below p; 0 gives 0. */
export function invertBytes(field: usize, x: usize, out: usize): void {
  read(field + MODULUS_BYTES, p);
  memory.copy(f, p, 72);
  read(x, g);
  memory.fill(d, 0, 72);
  memory.fill(e, 0, 72);
  set(e, 0, 1);
  const inverse = inverseOfOdd(<i32>get(p, 0));
  let eta = -1;
  for (let round = 0; round < MOST_ROUNDS && !isZero(g); round++) {
    eta = steps(eta, <i32>get(f, 0), <i32>get(g, 0));
    updateInverses(inverse);
    updateRests();
  }
  // f is 1 or -1 (or p, for 0), and d is 1 / x or -1 / x between -2 p and p.
  if (get(f, LENGTH - 1) < 0) for (let i = 0; i < LENGTH; i++) set(d, i, -get(d, i));
  carry(d);
  while (get(d, LENGTH - 1) < 0) addModulus(1);
  while (!isBelow(d, p)) addModulus(-1);
  pack(d, out);
}

/** 30 bits at a time of 32 little-endian bytes. */
function read(from: usize, to: usize): void {
  for (let i = 0; i < LENGTH; i++) {
    const bit = BITS * i, at = min(bit >> 3, 24);
    set(to, i, <i64>(load<u64>(from + <usize>at) >> <u64>(bit - 8 * at)) & MASK);
  }
}

function pack(x: usize, out: usize): void {
  for (let i = 0; i < 4; i++) {
    let word: u64 = 0;
    for (let j = 0; j < LENGTH; j++) {
      const shift = BITS * j - 64 * i;
      if (shift <= -BITS || shift >= 64) continue;
      word |= shift >= 0 ? <u64>get(x, j) << <u64>shift : <u64>get(x, j) >> <u64>(-shift);
    }
    store<u64>(out + 8 * <usize>i, word);
  }
}

function isZero(x: usize): bool {
  let bits: i64 = 0;
  for (let i = 0; i < LENGTH; i++) bits |= get(x, i);
  return bits == 0;
}

function isBelow(x: usize, y: usize): bool {
  for (let i = LENGTH - 1; i >= 0; i--) if (get(x, i) != get(y, i)) return get(x, i) < get(y, i);
  return false;
}

function addModulus(times: i64): void {
  for (let i = 0; i < LENGTH; i++) set(d, i, get(d, i) + times * get(p, i));
  carry(d);
}

/** Digits from 0 to 2^30 - 1, but the top one, which has the sign. */
function carry(x: usize): void {
  for (let i = 0; i < LENGTH - 1; i++) {
    const digit = get(x, i);
    set(x, i, digit & MASK);
    set(x, i + 1, get(x, i + 1) + (digit >> BITS));
  }
}

/** 1 / x mod 2^30, by Newton. */
function inverseOfOdd(x: i32): i32 {
  let result = x;
  for (let i = 0; i < 4; i++) result *= 2 - x * result;
  return result;
}

/** The matrix of 30 steps on the lowest bits; several steps at once where g's multiple of f that makes it even is known. */
function steps(eta: i32, f0: i32, g0: i32): i32 {
  let u0 = 1, v0 = 0, q0 = 0, r0 = 1;
  for (let left = BITS; ; ) {
    const zeros = ctz<i32>(g0 | (-1 << left));
    g0 >>= zeros;
    u0 <<= zeros; v0 <<= zeros;
    eta -= zeros;
    left -= zeros;
    if (left == 0) break;
    let w: i32;
    if (eta < 0) {
      let swap: i32;
      eta = -eta;
      swap = f0; f0 = g0; g0 = -swap;
      swap = u0; u0 = q0; q0 = -swap;
      swap = v0; v0 = r0; r0 = -swap;
      // As many bits as come off before f and g would be exchanged again, at most 6: -g / f mod 2^6.
      const limit = min(eta + 1, left);
      w = (f0 * g0 * (f0 * f0 - 2)) & <i32>((<u32>-1 >> <u32>(32 - limit)) & 63);
    } else {
      const limit = min(eta + 1, left);
      w = f0 + (((f0 + 1) & 4) << 1); // 1 / f mod 2^4
      w = (-w * g0) & <i32>((<u32>-1 >> <u32>(32 - limit)) & 15);
    }
    g0 += f0 * w;
    q0 += u0 * w;
    r0 += v0 * w;
  }
  u = u0; v = v0; q = q0; r = r0;
  return eta;
}

/** d, e = (matrix times d, e, and the multiples of p that make both divisible) / 2^30. */
function updateInverses(inverse: i32): void {
  const signD = get(d, LENGTH - 1) >> 63, signE = get(e, LENGTH - 1) >> 63;
  let md = (u & signD) + (v & signE), me = (q & signD) + (r & signE);
  let cd = u * get(d, 0) + v * get(e, 0), ce = q * get(d, 0) + r * get(e, 0);
  md -= (<i64>inverse * (cd & MASK) + md) & MASK;
  me -= (<i64>inverse * (ce & MASK) + me) & MASK;
  cd = (cd + get(p, 0) * md) >> BITS;
  ce = (ce + get(p, 0) * me) >> BITS;
  for (let i = 1; i < LENGTH; i++) {
    const di = get(d, i), ei = get(e, i), pi = get(p, i);
    cd += u * di + v * ei + pi * md;
    ce += q * di + r * ei + pi * me;
    set(d, i - 1, cd & MASK);
    set(e, i - 1, ce & MASK);
    cd >>= BITS;
    ce >>= BITS;
  }
  set(d, LENGTH - 1, cd);
  set(e, LENGTH - 1, ce);
}

/** f, g = matrix times f, g / 2^30, which is exact. */
function updateRests(): void {
  let cf = (u * get(f, 0) + v * get(g, 0)) >> BITS, cg = (q * get(f, 0) + r * get(g, 0)) >> BITS;
  for (let i = 1; i < LENGTH; i++) {
    const fi = get(f, i), gi = get(g, i);
    cf += u * fi + v * gi;
    cg += q * fi + r * gi;
    set(f, i - 1, cf & MASK);
    set(g, i - 1, cg & MASK);
    cf >>= BITS;
    cg >>= BITS;
  }
  set(f, LENGTH - 1, cf);
  set(g, LENGTH - 1, cg);
}
