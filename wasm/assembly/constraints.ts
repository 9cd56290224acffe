/**
 * Sparse matrices times values: A w and B w of a proof, and the wires' polynomials of a key at its secret point.
 */
import { add, all, ELEMENT, get, normalize, nothing, reduce, set, VECTOR, zero } from "./field";
import { digitsOf, gather, scatter, setIntegers, SINGLE, toDoubles, writeDoubles } from "./lanes";
import { multiplyIntegers, multiplyLess, multiplyTwo } from "./product";

/** Bytes of a term: wire and number of its coefficient. */
const TERM: usize = 8;
/** Terms that are added before they are reduced: products are below 2^51, `normalize` takes 2^61. */
const RUN: usize = 512;

const value = memory.data(80, 16);
const coefficient = memory.data(80, 16);
const sum = memory.data(80, 16);

/**
 * Coefficients c of 32 bytes to c shift / R, settled. For a proof, c 2^512 as the key has it becomes c 2^510: times a plain
 * witness that gives c w 2^255. For a key, plain c become c R, and give plain products.
 *
 * @param shift 2^253, or R^2, as 5 integers of 64 bits
 */
export function readCoefficients(f: usize, given: usize, count: usize, shift: usize, out: usize): void {
  for (let i: usize = 0; i < 5; i++) set(sum, i, f64x2.splat(<f64>load<i64>(shift + 8 * i)));
  for (let i: usize = 0; i < count; i++) {
    digitsOf(given + 32 * i, given + 32 * i, value);
    toDoubles(value);
    multiplyLess(f, sum, value, nothing, coefficient);
    scatter(coefficient, out + i * SINGLE, out + i * SINGLE);
  }
}

/**
 * The rows from `first` to before `last` of a matrix.
 *
 * @param ends of 32 bits: of each row's terms, counted from the first row's first; before it the first row's begin
 * @param half vectors of `out`, see transform.ts
 */
export function multiplyRows(
  f: usize, first: usize, last: usize, ends: usize, terms: usize, coefficients: usize, witness: usize, half: usize,
  out: usize,
): void {
  let term = terms;
  for (let row = first; row < last; row++) {
    const end = terms + TERM * <usize>(load<u32>(ends + 4 * (row - first + 1)) - load<u32>(ends));
    for (let i: usize = 0; i < 5; i++) set(sum, i, all(0));
    for (let run: usize = 1; term < end; term += 2 * TERM, run++) {
      // Coefficient 0 is 0, and stands beside the last of an odd number.
      const isLast = term + TERM >= end;
      const other = isLast ? term : term + TERM;
      const c = isLast ? coefficients : coefficients + SINGLE * <usize>load<u32>(other, 4);
      digitsOf(witness + 32 * <usize>load<u32>(term), witness + 32 * <usize>load<u32>(other), value);
      toDoubles(value);
      gather(coefficients + SINGLE * <usize>load<u32>(term, 4), c, coefficient);
      multiplyIntegers(f, coefficient, value, value);
      for (let i: usize = 0; i < 5; i++) set(sum, i, add(get(sum, i), get(value, i)));
      if (run % RUN == 0) normalize(f, sum);
    }
    term = end;
    for (let i: usize = 0; i < 5; i++) set(sum, i, add(get(sum, i), i64x2.shuffle(get(sum, i), get(sum, i), 1, 0)));
    reduce(f, sum, zero, value);
    const to = row < half ? out + row * ELEMENT : out + (row - half) * ELEMENT + 8;
    for (let i: usize = 0; i < 5; i++) store<f64>(to + VECTOR * i, load<f64>(value + VECTOR * i));
  }
}

/** Values that all lie in the first lane, 32 bytes each. */
export function writeValues(f: usize, values: usize, count: usize, out: usize): void {
  for (let i: usize = 0; i < count; i++) writeDoubles(f, values + i * ELEMENT, 0, out + 32 * i);
}

const factors = memory.data(240, 16);

/**
 * Sums of three rows' values, each times a factor: 32 bytes each. Values and factors are settled, so that two products are at most
 * 0.5 / 2.645 + 1.008 = 1.2 p, and three 2.3 p.
 *
 * @param given the factors in Montgomery form, as 5 integers of 64 bits each
 */
export function combineValues(f: usize, a: usize, b: usize, c: usize, given: usize, count: usize, out: usize): void {
  for (let i: usize = 0; i < 3; i++) setIntegers(given + i * SINGLE, given + i * SINGLE, factors + i * ELEMENT);
  for (let i: usize = 0; i < count; i++) {
    const at = i * ELEMENT;
    multiplyTwo(f, a + at, factors, b + at, factors + ELEMENT, sum);
    for (let j: usize = 0; j < 5; j++) set(sum, j, f64x2.neg(get(sum, j)));
    multiplyLess(f, c + at, factors + 2 * ELEMENT, sum, value);
    writeDoubles(f, value, 0, out + 32 * i);
  }
}
