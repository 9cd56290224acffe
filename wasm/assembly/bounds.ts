/**
 * What the kernels rely on, checked at run time in modules that are compiled without --noAssert, and not there in others:
 * anything else ends the program with a trap.
 */

/** 2^102: a product of two doubles is split rightly up to here. */
const PRODUCT: f64 = 5070602400912917605986812821504.0;
/** 2^51: a digit that is an integer becomes a double rightly below this. */
const DIGIT: i64 = 1 << 51;
/** 2^53. */
const EXACT: f64 = 9007199254740992.0;
/** 4 p has a top digit of this, at least. */
const FOUR: f64 = 3405271744924776.0;

/** Of all digits of x and y, in each lane. */
export function checkProduct(x: usize, y: usize): void {
  for (let lane: usize = 0; lane < 16; lane += 8) {
    if (largest(x + lane) * largest(y + lane) > PRODUCT) unreachable();
  }
}

/** Of all digits of one lane of x and all of y. */
export function checkLane(x: usize, y: usize): void {
  const most = max(largest(y), largest(y + 8));
  if (largest(x) * most > PRODUCT) unreachable();
}

function largest(x: usize): f64 {
  let result: f64 = 0;
  for (let at = x; at < x + 80; at += 16) result = max(result, abs(load<f64>(at)));
  return result;
}

/** The top digit of a product, as an integer: below 2^51, so that the product is below 2.645 p. */
// @ts-ignore: decorator
@inline export function checkTop(x: v128): void {
  if (abs(i64x2.extract_lane(x, 0)) >= DIGIT || abs(i64x2.extract_lane(x, 1)) >= DIGIT) unreachable();
}

/** A digit of what is settled, and how much of the modulus's digit is taken off it. */
// @ts-ignore: decorator
@inline export function checkSettled(x: v128, q: v128, p: v128): void {
  const most = f64x2.add(f64x2.abs(x), f64x2.abs(f64x2.mul(q, p)));
  if (f64x2.extract_lane(most, 0) >= EXACT || f64x2.extract_lane(most, 1) >= EXACT) unreachable();
}

/** The top digit of what is settled: its value is below 4 p. */
// @ts-ignore: decorator
@inline export function checkValue(top: v128): void {
  const most = f64x2.abs(top);
  if (f64x2.extract_lane(most, 0) >= FOUR || f64x2.extract_lane(most, 1) >= FOUR) unreachable();
}
