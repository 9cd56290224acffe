/**
 * Products of pairings of BN254, in an instance of the verifier's WebAssembly module (wasm/assembly/verifier.ts) in the calling
 * thread.
 */
import { HoldfastError } from "../protocol/errors.ts";
import { fieldParameters, writeElements } from "../wasm/parameters.ts";
import { FQ, FQ2, G2, GENERATOR_G1, GENERATOR_G2, Q, type Fq2 } from "./curve.ts";
import { UNFIT } from "./prover-module.ts";
import { wordsOf } from "./shared.ts";

/** What the module exports; numbers are addresses and counts, booleans 0 or 1. */
interface VerifierModule {
  readonly memory: WebAssembly.Memory;
  readonly freeAt: () => number;
  readonly parametersAt: () => number;
  readonly loopAt: () => number;
  readonly parameterAt: () => number;
  readonly affineBytes: () => number;
  readonly linesBytes: () => number;
  prepare(given: number): void;
  readAffine(given: number, out: number): void;
  readLines(given: number, out: number): number;
  combinePoints(points: number, scalars: number, count: number, bits: number, out: number): number;
  areOne(pairs: number, count: number): number;
}

export type G1Point = readonly [x: bigint, y: bigint];
export type G2Point = readonly [x: Fq2, y: Fq2];

/** What a point of G2 has been prepared to. */
export interface Lines {
  readonly linesAt: number;
}

/** The sum of scalars times points, with a point of G2. */
export interface Pair {
  /** Scalars are 0 or more, and below 2^256. */
  readonly terms: readonly (readonly [scalar: bigint, point: G1Point])[];
  readonly with: Lines | G2Point;
}

export interface Pairing {
  /** For many uses. Undefined for a point that is not in G2. */
  prepare(point: G2Point): Lines | undefined;
  /** Whether the product of the pairs' pairings is 1. False if a point is not in G2. */
  isOne(pairs: readonly Pair[]): boolean;
}

/** The curve's parameter: q and r are polynomials of it. */
export const X = 4965661367192848881n;
const XI: Fq2 = [9n, 1n];
const B2 = FQ2.mul([3n, 0n], FQ2.inverse(XI));
const [BYTES, ELEMENT, PAGE] = [32, 80, 65536];
/** What ends a list of digits. */
const END = 2;

/** Coordinates below Q; every such point is of G1. */
export function isOnCurve([x, y]: G1Point): boolean {
  return [x, y].every((c) => c >= 0n && c < Q) && FQ.mul(y, y) === FQ.add(FQ.mul(FQ.mul(x, x), x), 3n);
}

/** Coordinates below Q; not every such point is of G2. */
export function isOnTwist([x, y]: G2Point): boolean {
  if (![...x, ...y].every((c) => c >= 0n && c < Q)) return false;
  const difference = FQ2.sub(FQ2.mul(y, y), FQ2.add(FQ2.mul(FQ2.mul(x, x), x), B2));
  return FQ2.isZero(difference);
}

/** @throws HoldfastError "io" if this machine computes otherwise than it should: snarkjs can verify */
export function createPairing(module: WebAssembly.Module): Pairing {
  const wasm = new WebAssembly.Instance(module).exports as unknown as VerifierModule;
  const { memory } = wasm;
  let free = wasm.freeAt();
  const write = (at: number, values: readonly bigint[]): void => {
    for (const [i, value] of values.entries())
      new Uint32Array(memory.buffer, at + BYTES * i, BYTES / 4).set(wordsOf(value));
  };
  const placeFrom = (start: number): ((bytes: number) => number) => {
    let next = start;
    return (bytes) => {
      const at = next;
      next += Math.ceil(bytes / 16) * 16;
      const missing = next - memory.buffer.byteLength;
      if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
      return at;
    };
  };
  const readLines = ([x, y]: G2Point, given: number, out: number): boolean => {
    write(given, [...x, ...y]);
    return wasm.readLines(given, out) !== 0;
  };

  writeElements(memory, wasm.parametersAt(), fieldParameters(Q));
  for (const [at, scalar] of [
    [wasm.loopAt(), 6n * X + 2n],
    [wasm.parameterAt(), X],
  ] as const)
    new Int8Array(memory.buffer, at, 80).set([...signedDigits(scalar).slice(1), END]);
  const given = placeFrom(free)(10 * BYTES);
  write(given, gammas().flat());
  wasm.prepare(given);

  const pairing: Pairing = {
    prepare(point) {
      const place = placeFrom(free);
      const [lines, given] = [place(wasm.linesBytes()), place(4 * BYTES)];
      if (!isOnTwist(point) || !readLines(point, given, lines)) return undefined;
      free = given;
      return { linesAt: lines };
    },
    isOne(pairs) {
      const place = placeFrom(free);
      const most = Math.max(1, ...pairs.map(({ terms }) => terms.length));
      const [given, points, scalars] = [4 * BYTES, most * wasm.affineBytes(), most * BYTES].map(place) as [
        ...[number, number, number],
      ];
      const list = new Uint32Array(2 * pairs.length);
      let count = 0;
      for (const { terms, with: other } of pairs) {
        let lines: number;
        if ("linesAt" in other) lines = other.linesAt;
        else {
          lines = place(wasm.linesBytes());
          if (!isOnTwist(other) || !readLines(other, given, lines)) return false;
        }
        for (const [i, [, point]] of terms.entries()) {
          write(given, point);
          wasm.readAffine(given, points + i * wasm.affineBytes());
        }
        write(
          scalars,
          terms.map(([scalar]) => scalar),
        );
        const bits = Math.max(1, ...terms.map(([scalar]) => scalar.toString(2).length));
        const sum = place(2 * ELEMENT);
        // The pairing of an infinite point is 1.
        if (wasm.combinePoints(points, scalars, terms.length, bits, sum) === 0) continue;
        list.set([lines, sum], 2 * count++);
      }
      const at = place(list.byteLength);
      new Uint32Array(memory.buffer, at, list.length).set(list);
      return wasm.areOne(at, count) !== 0;
    },
  };
  checkPairing(pairing);
  return pairing;
}

/** e(3 G, H) e(G, -2 H) e(-G, H) is 1, and e(G, H) is not. */
function checkPairing(pairing: Pairing): void {
  const [x, y] = GENERATOR_G1;
  const minus: G1Point = [x, Q - y];
  const two = G2.toAffine(G2.double([...GENERATOR_G2, FQ2.one]));
  const pairs: Pair[] = [
    { terms: [[3n, GENERATOR_G1]], with: GENERATOR_G2 },
    { terms: [[1n, GENERATOR_G1]], with: two && [two[0], FQ2.sub(FQ2.zero, two[1])] } as Pair,
    { terms: [[1n, minus]], with: GENERATOR_G2 },
  ];
  if (!pairing.isOne(pairs) || pairing.isOne(pairs.slice(0, 1))) throw new HoldfastError("io", UNFIT);
}

/** From the highest, which is 1: no two of them that are next to each other differ from 0. */
function signedDigits(value: bigint): number[] {
  const digits: number[] = [];
  for (let rest = value; rest > 0n; rest >>= 1n) {
    const digit = (rest & 1n) === 0n ? 0n : 2n - (rest & 3n);
    digits.push(Number(digit));
    rest -= digit;
  }
  return digits.reverse();
}

/** xi^(i (q - 1) / 6) for i from 1 to 5. */
function gammas(): Fq2[] {
  let gamma = FQ2.one;
  let square = XI;
  for (let rest = (Q - 1n) / 6n; rest > 0n; rest >>= 1n, square = FQ2.mul(square, square))
    if (rest & 1n) gamma = FQ2.mul(gamma, square);
  const powers = [gamma];
  while (powers.length < 5) powers.push(FQ2.mul(gamma, powers.at(-1) as Fq2));
  return powers;
}
