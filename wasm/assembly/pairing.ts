/**
 * The optimal ate pairing of BN254: lines through multiples of a point of G2, their product at points of G1, and its power by
 * (q^12 - 1) / r, up to a factor that r does not divide.
 *
 * Sources: F. Vercauteren, "Optimal Pairings" (2010); L. Fuentes-Castaneda, E. Knapp, F. Rodriguez-Henriquez, "Faster Hashing
 * to G2" (2011) for the power; Y. El Housni, A. Guillevic, T. Piellard, "Co-factor Clearing and Subgroup Membership Testing on
 * Pairing-Friendly Curves" (2022) for the subgroup.
 */
import { conjugate, copy, invertComplex, minus, multiplyComplex, multiplyComplexLess, negate, plus, twice } from "./complex";
import { ELEMENT, nothing } from "./field";
import { isZero } from "./lanes";
import { multiplyLess } from "./product";
import {
  conjugateTower, frobenius, gammas, invertTower, isOne, multiplyLine, multiplyTower, setOne, squareTower, TOWER,
} from "./tower";

/** Signed digits of 6 x + 2 and of the curve's parameter x, the highest, 1, left out; then END. */
export const loopDigits = memory.data(80);
export const parameterDigits = memory.data(80);
const END: i8 = 2;

/** Bytes of a line's slope and offset. */
const LINE: usize = 2 * ELEMENT;

// @ts-ignore: decorator
@inline function digit(i: usize): i8 { return load<i8>(loopDigits + i); }

/** Bytes of a point's lines. */
export function linesBytes(): usize {
  let lines: usize = 2;
  for (let i: usize = 0; digit(i) != END; i++) lines += digit(i) == 0 ? 1 : 2;
  return lines * LINE;
}

// The multiple of the point, the point that is added to it, and their line.
const x = memory.data(80, 16);
const y = memory.data(80, 16);
const otherX = memory.data(80, 16);
const otherY = memory.data(80, 16);
const divisor = memory.data(80, 16);
const numerator = memory.data(80, 16);
let line: usize;

/**
 * The lines of a point of the curve y^2 = x^3 + 3 / xi, its coordinates at `point`. Returns whether it is in G2: if
 * [6 x + 2] Q + F(Q) - F^2(Q) is -F^3(Q), with F for the power by q. The degree of 6 x + 2 + F - F^2 + F^3 has no factor but r in
 * common with the curve's order over Fq2. A multiple of a point of G2 that is met here is never the other one or its negative.
 */
export function prepareLines(f: usize, point: usize, out: usize): bool {
  copy(point, x);
  copy(point + ELEMENT, y);
  line = out;
  for (let i: usize = 0; digit(i) != END; i++) {
    if (!double(f)) return false;
    if (digit(i) == 0) continue;
    copy(point, otherX);
    if (digit(i) > 0) copy(point + ELEMENT, otherY);
    else negate(point + ELEMENT, otherY);
    if (!addOther(f)) return false;
  }
  copy(point, otherX);
  copy(point + ELEMENT, otherY);
  power(f);
  if (!addOther(f)) return false;
  power(f);
  negate(otherY, otherY);
  if (!addOther(f)) return false;
  power(f); // of -F^2(Q)
  minus(f, x, otherX, divisor);
  minus(f, y, otherY, numerator);
  return isNothing(f, divisor) && isNothing(f, numerator);
}

/** The other point to the power of q. */
function power(f: usize): void {
  conjugate(otherX, otherX);
  conjugate(otherY, otherY);
  multiplyComplex(f, otherX, gammas + ELEMENT, otherX);
  multiplyComplex(f, otherY, gammas + 2 * ELEMENT, otherY);
}

function isNothing(f: usize, x: usize): bool { return isZero(f, x, 0) && isZero(f, x, 1); }

function double(f: usize): bool {
  plus(f, y, y, divisor);
  twice(x, otherX);
  multiplyComplex(f, otherX, x, numerator);
  multiplyComplex(f, x, x, otherX);
  plus(f, numerator, otherX, numerator);
  copy(x, otherX);
  return pass(f);
}

function addOther(f: usize): bool {
  minus(f, otherX, x, divisor);
  minus(f, otherY, y, numerator);
  return pass(f);
}

const sum = memory.data(80, 16);

/** The line of slope numerator / divisor, and the third point on it, with the other sign, as the next multiple. */
function pass(f: usize): bool {
  if (isNothing(f, divisor)) return false;
  invertComplex(f, divisor, divisor);
  multiplyComplex(f, numerator, divisor, line);
  multiplyComplexLess(f, line, x, y, line + ELEMENT);
  for (let i: usize = 0; i < ELEMENT; i += 16) {
    v128.store(sum + i, f64x2.add(v128.load(x + i), v128.load(otherX + i)));
  }
  multiplyComplexLess(f, line, line, sum, sum); // the new x
  minus(f, x, sum, x);
  multiplyComplexLess(f, line, x, y, y);
  copy(sum, x);
  line += LINE;
  return true;
}

const slope = memory.data(80, 16);
const offset = memory.data(80, 16);

/**
 * The product of all pairs' lines at their points.
 *
 * @param pairs addresses of 32 bits: a point's lines, and of a point of G1 x / y and -1 / y, each in both lanes
 */
export function multiplyLines(f: usize, pairs: usize, count: usize, out: usize): void {
  setOne(out);
  let at: usize = 0;
  for (let i: usize = 0; digit(i) != END; i++) {
    squareTower(f, out);
    multiplyAllAt(f, pairs, count, at, out);
    at += LINE;
    if (digit(i) == 0) continue;
    multiplyAllAt(f, pairs, count, at, out);
    at += LINE;
  }
  multiplyAllAt(f, pairs, count, at, out);
  multiplyAllAt(f, pairs, count, at + LINE, out);
}

/** With u = -1 / y: (y - s x w + o w^3) u, where s is the line's slope and o its offset. */
function multiplyAllAt(f: usize, pairs: usize, count: usize, at: usize, out: usize): void {
  for (let i: usize = 0; i < count; i++) {
    const line = <usize>load<u32>(pairs + 8 * i) + at, point = <usize>load<u32>(pairs + 8 * i, 4);
    multiplyLess(f, line, point, nothing, slope);
    multiplyLess(f, line + ELEMENT, point + ELEMENT, nothing, offset);
    multiplyLine(f, out, slope, offset);
  }
}

const inverse = memory.data(480, 16);
const easy = memory.data(480, 16);
const x1 = memory.data(480, 16);
const x2 = memory.data(480, 16);
const x3 = memory.data(480, 16);
const a = memory.data(480, 16);
const b = memory.data(480, 16);

/** Whether the pairing with this product of lines is 1. */
export function isPairingOne(f: usize, product: usize): bool {
  conjugateTower(product, easy);
  invertTower(f, product, inverse);
  multiplyTower(f, easy, inverse, inverse);
  frobenius(f, inverse, 2, easy);
  multiplyTower(f, easy, inverse, easy); // from here on the conjugate is the inverse
  raise(f, easy, x1);
  squareTower(f, x1); // 2 x
  memory.copy(b, x1, TOWER);
  squareTower(f, b);
  multiplyTower(f, x1, b, b); // 6 x
  raise(f, b, x2); // 6 x^2
  memory.copy(x3, x2, TOWER);
  squareTower(f, x3);
  raise(f, x3, x3); // 12 x^3
  multiplyTower(f, x3, x2, a);
  multiplyTower(f, a, b, a); // 12 x^3 + 6 x^2 + 6 x
  conjugateTower(x1, b);
  multiplyTower(f, a, b, b); // 12 x^3 + 6 x^2 + 4 x
  multiplyTower(f, a, x2, x3);
  multiplyTower(f, x3, easy, x3); // 12 x^3 + 12 x^2 + 6 x + 1
  frobenius(f, b, 1, x1);
  multiplyTower(f, x3, x1, x3);
  frobenius(f, a, 2, x1);
  multiplyTower(f, x3, x1, x3);
  conjugateTower(easy, easy);
  multiplyTower(f, b, easy, b); // 12 x^3 + 6 x^2 + 4 x - 1
  frobenius(f, b, 3, x1);
  multiplyTower(f, x3, x1, x3);
  return isOne(f, x3);
}

const base = memory.data(480, 16);
const baseInverse = memory.data(480, 16);

/** out = g to the curve's parameter. */
function raise(f: usize, g: usize, out: usize): void {
  memory.copy(base, g, TOWER);
  conjugateTower(g, baseInverse);
  memory.copy(out, base, TOWER);
  for (let i: usize = 0; load<i8>(parameterDigits + i) != END; i++) {
    squareTower(f, out);
    const d = load<i8>(parameterDigits + i);
    if (d > 0) multiplyTower(f, out, base, out);
    else if (d < 0) multiplyTower(f, out, baseInverse, out);
  }
}
