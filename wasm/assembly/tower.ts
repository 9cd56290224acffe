/**
 * Arithmetic in Fq12 = Fq2[w] / (w^6 - xi), xi = 9 + u: six elements of Fq2, the coefficient of 1 first. Each coefficient of a
 * product is one sum of six products, reduced once (complex.ts).
 */
import { conjugate, copy, invertComplex, multiplyComplex, multiplyXi, negate, OPERAND, sumLess, term, turn, twice } from "./complex";
import { ELEMENT, nothing, one, toMontgomery } from "./field";
import { isZero } from "./lanes";
import { multiply } from "./product";

/** Bytes of an element. */
export const TOWER: usize = 6 * ELEMENT;

/** xi^(i (q - 1) / 6) for i from 1 to 5: w^q is the first of them times w. */
export const gammas = memory.data(400, 16);
/** 1 in both lanes, and in the first alone. */
const unit = memory.data(80, 16);

/** To be called once. */
export function prepareTower(f: usize): void {
  multiply(f, one, toMontgomery(f), unit);
  for (let i: usize = 0; i < 5; i++) store<f64>(unit + 16 * i, 0, 8);
}

// @ts-ignore: decorator
@inline function at(x: usize, i: usize): usize { return x + i * ELEMENT; }

export function setOne(x: usize): void {
  memory.fill(x, 0, TOWER);
  copy(unit, x);
}

// Right factors: the coefficients, and xi times them.
const plain = memory.data(960, 16);
const wrapped = memory.data(960, 16);
const product = memory.data(480, 16);
const scaled = memory.data(80, 16);

// @ts-ignore: decorator
@inline function right(i: usize): usize { return plain + i * OPERAND; }
// @ts-ignore: decorator
@inline function rightXi(i: usize): usize { return wrapped + i * OPERAND; }

function prepareRight(f: usize, y: usize): void {
  for (let i: usize = 0; i < 6; i++) {
    turn(at(y, i), right(i));
    multiplyXi(f, at(y, i), scaled);
    turn(scaled, rightXi(i));
  }
}

/** out = x y. */
export function multiplyTower(f: usize, x: usize, y: usize, out: usize): void {
  prepareRight(f, y);
  for (let k: usize = 0; k < 6; k++) {
    for (let i: usize = 0; i <= k; i++) term(at(x, i), right(k - i));
    for (let i = k + 1; i < 6; i++) term(at(x, i), rightXi(k + 6 - i));
    sumLess(f, nothing, at(product, k));
  }
  memory.copy(out, product, TOWER);
}

const doubled = memory.data(480, 16);

/** x = x^2. */
export function squareTower(f: usize, x: usize): void {
  prepareRight(f, x);
  for (let i: usize = 0; i < 6; i++) twice(at(x, i), at(doubled, i));
  for (let k: usize = 0; k < 6; k++) {
    for (let i: usize = 0; i + i <= k; i++) term(i + i == k ? at(x, i) : at(doubled, i), right(k - i));
    for (let i = k + 1; i + i <= k + 6; i++) term(i + i == k + 6 ? at(x, i) : at(doubled, i), rightXi(k + 6 - i));
    sumLess(f, nothing, at(product, k));
  }
  memory.copy(x, product, TOWER);
}

/** x = x (a w + b w^3 - 1), for a line. */
export function multiplyLine(f: usize, x: usize, a: usize, b: usize): void {
  turn(a, right(0));
  turn(b, right(1));
  multiplyXi(f, a, scaled);
  turn(scaled, rightXi(0));
  multiplyXi(f, b, scaled);
  turn(scaled, rightXi(1));
  for (let k: usize = 0; k < 6; k++) {
    if (k < 1) term(at(x, 5), rightXi(0));
    else term(at(x, k - 1), right(0));
    if (k < 3) term(at(x, k + 3), rightXi(1));
    else term(at(x, k - 3), right(1));
    sumLess(f, at(x, k), at(product, k));
  }
  memory.copy(x, product, TOWER);
}

/** out = x^(q^6): w becomes -w. */
export function conjugateTower(x: usize, out: usize): void {
  for (let i: usize = 0; i < 6; i++) {
    if (i & 1) negate(at(x, i), at(out, i));
    else copy(at(x, i), at(out, i));
  }
}

/** out = x^(q^n). */
export function frobenius(f: usize, x: usize, n: i32, out: usize): void {
  memory.copy(out, x, TOWER);
  for (; n > 0; n--) {
    conjugate(out, out);
    for (let i: usize = 1; i < 6; i++) {
      conjugate(at(out, i), at(out, i));
      multiplyComplex(f, at(out, i), gammas + (i - 1) * ELEMENT, at(out, i));
    }
  }
}

const ofSix = memory.data(480, 16);
const others = memory.data(480, 16);
const norm = memory.data(480, 16);

/** out = 1 / x: norms over Fq6 = Fq2[w^2] and over Fq2, which is inverted. */
export function invertTower(f: usize, x: usize, out: usize): void {
  conjugateTower(x, out);
  multiplyTower(f, x, out, ofSix);
  frobenius(f, ofSix, 2, others);
  frobenius(f, ofSix, 4, norm);
  multiplyTower(f, others, norm, others);
  multiplyTower(f, ofSix, others, norm);
  multiplyTower(f, out, others, out);
  invertComplex(f, norm, scaled);
  turn(scaled, plain);
  for (let i: usize = 0; i < 6; i++) {
    term(at(out, i), plain);
    sumLess(f, nothing, at(out, i));
  }
}

const difference = memory.data(80, 16);

export function isOne(f: usize, x: usize): bool {
  for (let i: usize = 0; i < 6; i++) {
    if (i == 0) {
      for (let j: usize = 0; j < 80; j += 16) {
        v128.store(difference + j, f64x2.sub(v128.load(x + j), v128.load(unit + j)));
      }
    } else copy(at(x, i), difference);
    if (!isZero(f, difference, 0) || !isZero(f, difference, 1)) return false;
  }
  return true;
}
