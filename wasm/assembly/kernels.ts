/**
 * The kernels one by one, for tests that hold each of them to plain integers. Elements are vectors of doubles.
 */
import { invertComplex, multiplyXi, OPERAND, prepareComplex, sumLess, term, turn } from "./complex";
import { combineValues } from "./constraints";
import { carryDoubles, ELEMENT, get, prepareField, settle } from "./field";
import { invert } from "./inverse";
import { digitsOf, halve, isZero, writeDoubles, writeTwice } from "./lanes";
import {
  multiply, multiplyIntegers, multiplyLess, multiplyTwo, multiplyTwoLess, prepareProducts, square, squareLess,
  squareTwo,
} from "./product";

const parameters = memory.data(280, 16);
const f = memory.data(608, 16);
const elements = memory.data(1280, 16);
const operands = memory.data(960, 16);

export function parametersAt(): usize { return parameters; }
/** Where sixteen elements are. */
export function elementsAt(): usize { return elements; }
export function prepare(): void { prepareProducts(); prepareField(f, parameters); prepareComplex(); }

export function testMultiply(x: usize, y: usize, out: usize): void { multiply(f, x, y, out); }
export function testIntegers(x: usize, y: usize, out: usize): void { multiplyIntegers(f, x, y, out); }
export function testLess(x: usize, y: usize, s: usize, out: usize): void { multiplyLess(f, x, y, s, out); }
export function testSquare(x: usize, out: usize): void { square(f, x, out); }
export function testSquareLess(x: usize, s: usize, out: usize): void { squareLess(f, x, s, out); }
export function testTwo(x: usize, y: usize, z: usize, w: usize, out: usize): void { multiplyTwo(f, x, y, z, w, out); }
export function testTwoLess(x: usize, y: usize, z: usize, w: usize, s: usize, out: usize): void {
  multiplyTwoLess(f, x, y, z, w, s, out);
}
export function testSquareTwo(x: usize, y: usize, out: usize): void { squareTwo(f, x, y, out); }
export function testSettle(x: usize, out: usize): void {
  settle(f, get(x, 0), get(x, 1), get(x, 2), get(x, 3), get(x, 4), out);
}
export function testCarry(x: usize, out: usize): void {
  carryDoubles(get(x, 0), get(x, 1), get(x, 2), get(x, 3), get(x, 4), out);
}
export function testInvert(x: usize, out: usize): void { invert(f, x, out); }
/** @param a two elements of 32 bytes */
export function testHalve(a: usize, out: usize): void {
  digitsOf(a, a + 32, out);
  halve(f, out);
}
export function testWrite(x: usize, lane: usize, out: usize): void { writeDoubles(f, x, lane, out); }
export function testIsZero(x: usize, lane: usize): bool { return isZero(f, x, lane); }
/** @param y elements that follow each other, as those at x do */
export function testComplexSum(n: usize, x: usize, y: usize, s: usize, out: usize): void {
  for (let i: usize = 0; i < n; i++) {
    turn(y + i * ELEMENT, operands + i * OPERAND);
    term(x + i * ELEMENT, operands + i * OPERAND);
  }
  sumLess(f, s, out);
}
export function testXi(x: usize, out: usize): void { multiplyXi(f, x, out); }
export function testInvertComplex(x: usize, out: usize): void { invertComplex(f, x, out); }
export function testWriteTwice(x: usize, out: usize): void { writeTwice(f, x, out, out + 32); }
/** @param given three elements of integers, 40 bytes each */
export function testCombine(a: usize, b: usize, c: usize, given: usize, out: usize): void {
  combineValues(f, a, b, c, given, 1, out);
}
