// The internal matrix of width 16 meets the conditions of the Poseidon2 paper (section 5.3): it is invertible, and the
// characteristic polynomials of its powers 1 to 32 are irreducible, so that no subspace trail goes on for ever.
import { expect } from "chai";
import { present } from "../../evidence/world/present.ts";
import { inv, mod, mul, P, sub } from "../../protocol/field.ts";
import { poseidon2Parameters } from "../../protocol/poseidon2.ts";

type Matrix = readonly (readonly bigint[])[];
/** Coefficients, the constant one first; monic ones include the leading 1. */
type Polynomial = readonly bigint[];

const POWERS = 32;

describe("protocol: internal matrix of width 16", () => {
  const diagonal = poseidon2Parameters(16).internalDiagonal;
  const matrix = onesPlus(diagonal);

  it("is invertible", () => {
    expect(characteristic(matrix)[0]).to.not.equal(0n);
  });

  it(`has irreducible characteristic polynomials in its powers 1 to ${POWERS}`, () => {
    let power = matrix;
    for (let exponent = 1; exponent <= POWERS; exponent++) {
      expect(isIrreducible(characteristic(power)), `power ${exponent}`).to.be.true;
      power = product(power, matrix);
    }
  });

  describe("the test itself", () => {
    it("finds the characteristic polynomial that the definition gives in closed form", () => {
      // det(x - D - 1 1^T) = prod (x - d_i) - sum_i prod_{j != i} (x - d_j)
      const without = (skip: number): Polynomial =>
        diagonal.reduce<Polynomial>((f, d, j) => (j === skip ? f : times(f, [mod(-d), 1n])), [1n]);
      const expected = [...without(-1)];
      for (const i of diagonal.keys())
        without(i).forEach((c, k) => (expected[k] = sub(present(expected[k]), c)));
      expect(characteristic(matrix)).to.deep.equal(expected);
    });

    it("has every matrix be a root of its characteristic polynomial", () => {
      const zero = matrix.map((row) => row.map(() => 0n));
      const value = characteristic(matrix).reduceRight<Matrix>(
        (sum, c) => plusScalar(product(sum, matrix), c),
        zero,
      );
      expect(value).to.deep.equal(zero);
    });

    it("tells a product from an irreducible polynomial", () => {
      const f = characteristic(matrix);
      const half = characteristic(onesPlus(diagonal.slice(0, 8)));
      expect(isIrreducible(times(half, half))).to.be.false;
      expect(isIrreducible(times([mod(-1n), 1n], f.slice(0, 15).concat(1n)))).to.be.false;
      expect(isIrreducible(characteristic(onesPlus(new Array<bigint>(16).fill(1n))))).to.be.false;
      expect(isIrreducible(characteristic(onesPlus(diagonal.with(1, present(diagonal[2])))))).to.be.false;
    });
  });
});

function onesPlus(diagonal: readonly bigint[]): Matrix {
  return diagonal.map((d, i) => diagonal.map((_, j) => (i === j ? mod(1n + d) : 1n)));
}

function product(a: Matrix, b: Matrix): Matrix {
  return a.map((row) => b.map((_, j) => mod(row.reduce((sum, x, k) => sum + x * present(b[k]?.[j]), 0n))));
}

function plusScalar(a: Matrix, c: bigint): Matrix {
  return a.map((row, i) => row.map((x, j) => (i === j ? mod(x + c) : x)));
}

/** det(x - a), by reduction to Hessenberg form (Cohen, "A Course in Computational Algebraic Number Theory", 2.2.9). */
function characteristic(a: Matrix): Polynomial {
  const n = a.length;
  const h = a.map((row) => [...row]);
  const at = (i: number, j: number): bigint => present(h[i]?.[j]);
  for (let m = 1; m < n - 1; m++) {
    const pivot = h.findIndex((_, i) => i >= m && at(i, m - 1) !== 0n);
    if (pivot < 0) continue;
    [h[pivot], h[m]] = [present(h[m]), present(h[pivot])];
    for (const row of h) [row[pivot], row[m]] = [present(row[m]), present(row[pivot])];
    const scale = inv(at(m, m - 1));
    for (let i = m + 1; i < n; i++) {
      const u = mul(at(i, m - 1), scale);
      if (u === 0n) continue;
      h[i] = present(h[i]).map((x, j) => mod(x - u * at(m, j)));
      for (const row of h) row[m] = mod(present(row[m]) + u * present(row[i]));
    }
  }
  const minors: Polynomial[] = [[1n]];
  for (let m = 0; m < n; m++) {
    const next = [...times(present(minors[m]), [mod(-at(m, m)), 1n])];
    let below = 1n;
    for (let i = m - 1; i >= 0; i--) {
      below = mul(below, at(i + 1, i));
      const factor = mul(below, at(i, m));
      present(minors[i]).forEach((c, k) => (next[k] = mod(present(next[k]) - factor * c)));
    }
    minors.push(next);
  }
  return present(minors[n]);
}

function times(f: Polynomial, g: Polynomial): Polynomial {
  const result = new Array<bigint>(f.length + g.length - 1).fill(0n);
  f.forEach((a, i) => g.forEach((b, j) => (result[i + j] = present(result[i + j]) + a * b)));
  return result.map(mod);
}

/** f mod g, of deg g coefficients; g is monic. */
function remainder(f: Polynomial, g: Polynomial): bigint[] {
  const rest = [...f];
  const degree = g.length - 1;
  while (rest.length > degree) {
    const lead = mod(rest.pop() ?? 0n);
    const shift = rest.length - degree;
    for (let i = 0; i < degree; i++) rest[shift + i] = present(rest[shift + i]) - lead * present(g[i]);
  }
  while (rest.length < degree) rest.push(0n);
  return rest.map(mod);
}

/** Rabin's test for a degree that is a power of two: x^(p^n) = x, and x^(p^(n/2)) - x has no factor in common with f. */
function isIrreducible(f: Polynomial): boolean {
  const degree = f.length - 1;
  const x = remainder([0n, 1n], f);
  const frobenius = frobeniusMap(f);
  let power = x;
  for (let i = 1; i <= degree / 2; i++) power = frobenius(power);
  if (
    gcdDegree(
      f,
      power.map((c, i) => sub(c, present(x[i]))),
    ) > 0
  )
    return false;
  for (let i = degree / 2 + 1; i <= degree; i++) power = frobenius(power);
  return power.every((c, i) => c === x[i]);
}

/** h -> h^p mod f, which is linear: h(x)^p = h(x^p). */
function frobeniusMap(f: Polynomial): (h: readonly bigint[]) => bigint[] {
  const degree = f.length - 1;
  let xp = [1n];
  for (const bit of P.toString(2)) {
    xp = remainder(times(xp, xp), f);
    if (bit === "1") xp = remainder([0n, ...xp], f);
  }
  const powers: bigint[][] = [remainder([1n], f)];
  while (powers.length < degree) powers.push(remainder(times(present(powers.at(-1)), xp), f));
  return (h) =>
    present(powers[0]).map((_, k) => mod(h.reduce((sum, c, i) => sum + c * present(powers[i]?.[k]), 0n)));
}

function gcdDegree(f: Polynomial, g: Polynomial): number {
  let [a, b] = [trim(f), trim(g)];
  while (b.length > 0) {
    const scale = inv(present(b.at(-1)));
    const monic = b.map((c) => mul(c, scale));
    [a, b] = [monic, trim(remainder(a, monic))];
  }
  return a.length - 1;
}

function trim(f: Polynomial): Polynomial {
  return f.slice(0, f.findLastIndex((c) => c !== 0n) + 1);
}
