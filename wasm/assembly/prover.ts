/**
 * What a Groth16 prover for BN254 computes, and who makes keys for it (docs/prover.md). Memory after `freeAt` is the caller's: it says where
 * everything goes, and grows the memory before.
 */
import { FIELD_PARAMETERS, prepareField } from "./field";
import { isInfinite } from "./tree";
import { prepareProducts } from "./product";
import { writeDoubles } from "./lanes";
import { combineValues, multiplyRows, readCoefficients, writeValues } from "./constraints";
import { multiplyScalars, placeFixedBase, prepareTable } from "./fixed-base";
import { placeLagrange, prepareLagrange, writeLagrange } from "./lagrange";
import { multiplyAll, placeTransform, prepareTransform, shift, toCoefficients, toValues, writeQuotient } from "./transform";
import { addBlock, areElements, beginMultiExp, finishMultiExp, placeMultiExp, windowCount } from "./multi-exp";

const parametersFq = memory.data(280, 16);
const parametersFr = memory.data(280, 16);
const fq = memory.data(608, 16);
const fr = memory.data(608, 16);

export function freeAt(): usize { return (__heap_base + 15) & ~15; }
export function parametersAt(ofScalars: bool): usize { return ofScalars ? parametersFr : parametersFq; }
export function parametersCount(): usize { return FIELD_PARAMETERS; }

/** To be called once, after the parameters of both fields are written. */
export function prepare(): void {
  prepareProducts();
  prepareField(fq, parametersFq);
  prepareField(fr, parametersFr);
}

export { addBlock, beginMultiExp, finishMultiExp, isInfinite, windowCount };
export { multiplyScalars, prepareLagrange, prepareTable, writeLagrange };
export { multiplyAll, prepareTransform, shift, toCoefficients, toValues, writeQuotient };

export function placePoints(g2: bool, bits: u32, first: u32, last: u32, most: usize, at: usize): usize {
  return placeMultiExp(fq, g2, bits, first, last, most, at);
}

export function areScalars(at: usize, count: usize): bool { return areElements(fr, at, count); }

export function placeDomain(log: u32, at: usize): usize { return placeTransform(fr, log, at); }

export function setCoefficients(given: usize, count: usize, shift: usize, out: usize): void {
  readCoefficients(fr, given, count, shift, out);
}

export function evaluateRows(
  first: usize, last: usize, ends: usize, terms: usize, coefficients: usize, witness: usize, half: usize, out: usize,
): void {
  multiplyRows(fr, first, last, ends, terms, coefficients, witness, half, out);
}

/** For multiples of one point. */
export function placeTable(g2: bool, bits: u32, most: usize, at: usize): usize {
  return placeFixedBase(fq, g2, bits, most, at);
}

export function placeBasis(count: usize, at: usize): usize { return placeLagrange(fr, count, at); }

export function writeRows(values: usize, count: usize, out: usize): void { writeValues(fr, values, count, out); }

export function combineRows(a: usize, b: usize, c: usize, factors: usize, count: usize, out: usize): void {
  combineValues(fr, a, b, c, factors, count, out);
}
