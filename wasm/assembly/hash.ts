/**
 * compress16 of many leaves or nodes, two at a time (protocol.md, section 3).
 *
 * The parameters come from the caller, so that they are defined in one place; only the two matrices are written out
 * here, as additions, and the caller compares the whole with the reference.
 */
import {
  add, all, both, digit, ELEMENT, FIELD_PARAMETERS, get, given, isElement, lowBits, normalize, one, prepareField,
  reduce, set, setSummand, sub, toDouble, toMontgomery, VECTOR, write, zero,
} from "./field";
import { multiplyIntegers, prepareProducts, square } from "./product";

/** Bytes of a state: 16 elements. */
const STATE: usize = 16 * ELEMENT;
const EXTERNAL_ROUNDS: usize = 8;
const INTERNAL_ROUNDS: usize = 57;
const ROUND_CONSTANTS = EXTERNAL_ROUNDS * 16 + INTERNAL_ROUNDS;

/** Leaves or groups of nodes that fit in the input. */
const CAPACITY: usize = 1024;

/** The field's, then the round constants times R mod p, in round order: 192 of 5 signed digits of 64 bits. */
const parameters = memory.data(7680, 16);
const field = memory.data(608, 16);
const roundConstants = memory.data(14800, 16); // as summands of `reduce`
const state = memory.data(1280, 16);
const base = memory.data(80, 16);
const power = memory.data(80, 16);
const first = memory.data(80, 16);
const input = memory.data(524304, 16); // CAPACITY * 512, and what is read past the end
const output = memory.data(32768, 16); // CAPACITY * 32

export function parametersAt(): usize { return parameters; }
export function parametersCount(): usize { return FIELD_PARAMETERS + ROUND_CONSTANTS; }
export function inputAt(): usize { return input; }
export function outputAt(): usize { return output; }
export function capacity(): usize { return CAPACITY; }

/** To be called once, after the parameters are written. */
export function prepare(): void {
  prepareProducts();
  prepareField(field, parameters);
  for (let constant: usize = 0; constant < ROUND_CONSTANTS; constant++) {
    for (let i: usize = 0; i < 5; i++) {
      setSummand(roundConstants + constant * ELEMENT, i, given(parameters, FIELD_PARAMETERS + constant, i));
    }
  }
}

/** Hashes `count` leaves of the input, each 16 chunks of 31 bytes, to the output. */
export function hashLeaves(count: usize): void {
  hash(count, 31, 44);
}

/** Hashes `count` times 16 nodes. Returns false if one is not below p. */
export function hashNodes(count: usize): bool {
  for (let at = input; at < input + 512 * count; at += 32) if (!isElement(field, at)) return false;
  hash(count, 32, 52);
  return true;
}

/** @param bytes of an element @param topBits of its digit 4 */
function hash(count: usize, bytes: usize, topBits: i64): void {
  for (let i: usize = 0; i < count; i += 2) {
    const left = input + i * 16 * bytes;
    // An odd one out is hashed in both lanes; the output has room for an even number.
    const right = i + 1 < count ? left + 16 * bytes : left;
    for (let j: usize = 0; j < 16; j++) {
      const x = state + j * ELEMENT;
      read(left + j * bytes, right + j * bytes, topBits, x);
      if (j == 0) memory.copy(first, x, ELEMENT);
      for (let d: usize = 0; d < 5; d++) set(base, d, toDouble(add(get(x, d), both(lowBits))));
      multiplyIntegers(field, base, toMontgomery(field), x);
    }
    permute();
    reduce(field, state, zero, base);
    multiplyIntegers(field, base, one, state);
    for (let d: usize = 0; d < 5; d++) set(state, d, add(get(state, d), get(first, d)));
    write(field, state, 0, output + i * 32);
    write(field, state, 1, output + i * 32 + 32);
  }
}

/** The digits of two little-endian elements. */
function read(left: usize, right: usize, topBits: i64, out: usize): void {
  set(out, 0, digit(pair(left, right, 0)));
  set(out, 1, digit(i64x2.shr_u(pair(left, right, 6), 3)));
  set(out, 2, digit(i64x2.shr_u(pair(left, right, 12), 6)));
  set(out, 3, digit(i64x2.shr_u(pair(left, right, 19), 1)));
  set(out, 4, v128.and(i64x2.shr_u(pair(left, right, 25), 4), all((<i64>1 << topBits) - 1)));
}

// @ts-ignore: decorator
@inline function pair(left: usize, right: usize, offset: usize): v128 {
  return v128.load64_lane(right + offset, v128.load64_splat(left + offset), 1);
}

function permute(): void {
  let constant = roundConstants;
  externalLayer();
  for (let round: usize = 0; round < EXTERNAL_ROUNDS / 2; round++) constant = externalRound(constant);
  for (let round: usize = 0; round < INTERNAL_ROUNDS; round++) {
    // In units of 2^50: from digits of 1, one round leads to at most 17 + 10 = 27, the next to 332 + 10 27 = 602.
    if ((round & 1) == 0) for (let i: usize = 1; i < 16; i++) normalize(field, state + i * ELEMENT);
    raise(state, constant);
    constant += ELEMENT;
    internalLayer();
  }
  for (let round: usize = 0; round < EXTERNAL_ROUNDS / 2; round++) constant = externalRound(constant);
}

function externalRound(constant: usize): usize {
  for (let x = state; x < state + STATE; x += ELEMENT, constant += ELEMENT) raise(x, constant);
  externalLayer();
  return constant;
}

/** x = (x + constant)^5. */
function raise(x: usize, constant: usize): void {
  reduce(field, x, constant, base);
  square(field, base, power);
  square(field, power, power);
  multiplyIntegers(field, base, power, x);
}

/** Digit `i` of all elements: circ(2 M4, M4, M4, M4). */
function externalDigit(i: usize): void {
  const at = state + i * VECTOR;
  let s0 = all(0), s1 = all(0), s2 = all(0), s3 = all(0);
  for (let block = at; block < at + STATE; block += 4 * ELEMENT) {
    const a = element(block, 0), b = element(block, 1), c = element(block, 2), d = element(block, 3);
    // The paper's appendix B: M4 in additions.
    const ab = add(a, b), cd = add(c, d);
    const bcd = add(add(b, b), cd), abd = add(add(d, d), ab);
    const y3 = add(i64x2.shl(cd, 2), abd), y1 = add(i64x2.shl(ab, 2), bcd);
    const y0 = add(abd, y1), y2 = add(bcd, y3);
    setElement(block, 0, y0); s0 = add(s0, y0);
    setElement(block, 1, y1); s1 = add(s1, y1);
    setElement(block, 2, y2); s2 = add(s2, y2);
    setElement(block, 3, y3); s3 = add(s3, y3);
  }
  for (let block = at; block < at + STATE; block += 4 * ELEMENT) {
    setElement(block, 0, add(element(block, 0), s0));
    setElement(block, 1, add(element(block, 1), s1));
    setElement(block, 2, add(element(block, 2), s2));
    setElement(block, 3, add(element(block, 3), s3));
  }
}

function externalLayer(): void {
  for (let i: usize = 0; i < 5; i++) externalDigit(i);
}

// @ts-ignore: decorator
@inline function times2(x: v128): v128 { return i64x2.shl(x, 1); }
// @ts-ignore: decorator
@inline function times3(x: v128): v128 { return add(x, times2(x)); }
// @ts-ignore: decorator
@inline function times4(x: v128): v128 { return i64x2.shl(x, 2); }
// @ts-ignore: decorator
@inline function times5(x: v128): v128 { return add(x, times4(x)); }
// @ts-ignore: decorator
@inline function times8(x: v128): v128 { return i64x2.shl(x, 3); }
// @ts-ignore: decorator
@inline function element(at: usize, i: usize): v128 { return v128.load(at + i * ELEMENT); }
// @ts-ignore: decorator
@inline function setElement(at: usize, i: usize, x: v128): void { v128.store(at + i * ELEMENT, x); }

/** Digit `i` of all elements: all ones + diag(-2, 1, 2, 3, 4, 5, 6, 7, 8, -1, -3, -4, -6, -7, -8, 10). */
function internalDigit(i: usize): void {
  const at = state + i * VECTOR;
  let s = element(at, 0);
  s = add(s, element(at, 1)); s = add(s, element(at, 2)); s = add(s, element(at, 3));
  s = add(s, element(at, 4)); s = add(s, element(at, 5)); s = add(s, element(at, 6));
  s = add(s, element(at, 7)); s = add(s, element(at, 8)); s = add(s, element(at, 9));
  s = add(s, element(at, 10)); s = add(s, element(at, 11)); s = add(s, element(at, 12));
  s = add(s, element(at, 13)); s = add(s, element(at, 14)); s = add(s, element(at, 15));
  setElement(at, 0, sub(s, times2(element(at, 0))));
  setElement(at, 1, add(s, element(at, 1)));
  setElement(at, 2, add(s, times2(element(at, 2))));
  setElement(at, 3, add(s, times3(element(at, 3))));
  setElement(at, 4, add(s, times4(element(at, 4))));
  setElement(at, 5, add(s, times5(element(at, 5))));
  setElement(at, 6, add(s, times2(times3(element(at, 6)))));
  setElement(at, 7, add(s, sub(times8(element(at, 7)), element(at, 7))));
  setElement(at, 8, add(s, times8(element(at, 8))));
  setElement(at, 9, sub(s, element(at, 9)));
  setElement(at, 10, sub(s, times3(element(at, 10))));
  setElement(at, 11, sub(s, times4(element(at, 11))));
  setElement(at, 12, sub(s, times2(times3(element(at, 12)))));
  setElement(at, 13, add(s, sub(element(at, 13), times8(element(at, 13)))));
  setElement(at, 14, sub(s, times8(element(at, 14))));
  setElement(at, 15, add(s, times2(times5(element(at, 15)))));
}

function internalLayer(): void {
  for (let i: usize = 0; i < 5; i++) internalDigit(i);
}
