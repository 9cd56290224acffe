/**
 * Sums of a few scalars times points of G1, all bits of one place at a time: Jacobian coordinates X / Z^2, Y / Z^3, infinite if Z is
 * 0, each in both lanes. Formulas dbl-2009-l and madd-2007-bl of the Explicit-Formulas Database.
 *
 * Bounds. All that is stored is settled: at most p / 2, with digits of at most 2^50 + 4.
 */
import { minus, plus } from "./complex";
import { ELEMENT, get, nothing, set } from "./field";
import { invert } from "./inverse";
import { isZero } from "./lanes";
import { multiplyLess, squareLess } from "./product";

const x = memory.data(80, 16);
const y = memory.data(80, 16);
const z = memory.data(80, 16);
const a = memory.data(80, 16);
const b = memory.data(80, 16);
const c = memory.data(80, 16);
const d = memory.data(80, 16);
const e = memory.data(80, 16);

// @ts-ignore: decorator
@inline function times(f: usize, x: usize, y: usize, out: usize): void { multiplyLess(f, x, y, nothing, out); }
// @ts-ignore: decorator
@inline function squared(f: usize, x: usize, out: usize): void { squareLess(f, x, nothing, out); }

function double(f: usize): void {
  squared(f, x, a);
  squared(f, y, b);
  times(f, x, b, d);
  plus(f, d, d, d);
  plus(f, d, d, d); // 4 x y^2
  plus(f, a, a, e);
  plus(f, e, a, e); // 3 x^2
  times(f, y, z, z);
  plus(f, z, z, z);
  squared(f, e, x);
  minus(f, x, d, x);
  minus(f, x, d, x);
  minus(f, d, x, d);
  squared(f, b, c);
  plus(f, c, c, c);
  plus(f, c, c, c);
  plus(f, c, c, c); // 8 y^4
  multiplyLess(f, e, d, c, y);
}

/** Adds an affine point: x, y, and 1 in the place of Z. */
function addPoint(f: usize, point: usize): void {
  if (isZero(f, z, 0)) {
    memory.copy(x, point, ELEMENT);
    memory.copy(y, point + ELEMENT, ELEMENT);
    memory.copy(z, point + 2 * ELEMENT, ELEMENT);
    return;
  }
  squared(f, z, a);
  multiplyLess(f, point, a, x, b); // the difference of x
  times(f, z, a, a);
  multiplyLess(f, point + ELEMENT, a, y, c); // and of y
  if (isZero(f, b, 0)) {
    if (isZero(f, c, 0)) double(f);
    else memory.fill(z, 0, ELEMENT);
    return;
  }
  times(f, z, b, z);
  squared(f, b, a);
  times(f, b, a, b); // cubed
  times(f, x, a, d);
  multiplyLess(f, c, c, b, x);
  minus(f, x, d, x);
  minus(f, x, d, x);
  minus(f, d, x, d);
  times(f, y, b, e);
  multiplyLess(f, c, d, e, y);
}

/** Bytes of a point. */
export const AFFINE: usize = 3 * ELEMENT;

/**
 * Writes x / y and -1 / y of the sum, for `multiplyLines`. Returns false if it is infinite.
 *
 * @param scalars of 32 bytes, of which the lowest `bits` count
 */
export function combine(f: usize, points: usize, scalars: usize, count: usize, bits: i32, out: usize): bool {
  memory.fill(z, 0, ELEMENT);
  for (let bit = bits - 1; bit >= 0; bit--) {
    if (!isZero(f, z, 0)) double(f);
    for (let i: usize = 0; i < count; i++) {
      const byte = load<u8>(scalars + 32 * i + <usize>(bit >> 3));
      if ((byte >> <u8>(bit & 7)) & 1) addPoint(f, points + i * AFFINE);
    }
  }
  if (isZero(f, z, 0)) return false;
  invert(f, y, a);
  times(f, x, z, b);
  times(f, a, b, out);
  squared(f, z, b);
  times(f, b, z, b);
  for (let i: usize = 0; i < 5; i++) set(a, i, f64x2.neg(get(a, i)));
  times(f, a, b, out + ELEMENT);
  return true;
}
