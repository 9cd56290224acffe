/**
 * What a proof needs of the prover's WebAssembly module, in the calling thread.
 */
import { HoldfastError } from "../protocol/errors.ts";
import { inv, P, pow } from "../protocol/field.ts";
import { R, writeElements, centered } from "../wasm/parameters.ts";
import {
  COORDINATES,
  createPlace,
  DIGITS,
  ELEMENT,
  grow,
  instantiateProver,
  SCALAR,
  type ProverModule,
} from "./prover-instance.ts";
import type { KeyPoints, ProverKey } from "./prover-key.ts";
import type { Matrix } from "./prover-matrices.ts";

export interface Kernel {
  /**
   * A part of the sum of scalars times points: S_b of each bit b of the windows, of which the whole is sum 2^b S_b. Of each point
   * the coordinates as prover-sums.ts reads them; the first double is NaN if it is infinite.
   *
   * @param pause awaited between steps of a few ms: it may throw to end the work
   */
  multiExp(points: KeyPoints, scalars: Uint8Array, windows: Windows, pause: Pause): Promise<Float64Array>;
  /** The scalars of the key's points `h`, to `out`. Throws "corrupt" if the witness has values that are no field elements. */
  quotient(key: ProverKey, witness: Uint8Array, pause: Pause, out?: Uint8Array): Promise<Uint8Array>;
}

export interface Windows {
  readonly bits: number;
  readonly first: number;
  readonly last: number;
}

export type Pause = () => Promise<void>;

/** Points that are added to all buckets before the next ones: they, a window's buckets and a batch fit in the cache. */
const BLOCK = { G1: 5120, G2: 3072 } as const;
/** Terms that are given to the module at a time. */
const TERMS = 2 ** 17;

/** The windows of all scalars' bits: additions to buckets, and of buckets, at their least. */
export function allWindows(points: number): Windows {
  const count = (bits: number): number => Math.ceil(255 / bits);
  const cost = (bits: number): number => count(bits) * (points + 2 ** bits);
  let bits = 3;
  for (let more = 4; more <= 13; more++) if (cost(more) < cost(bits)) bits = more;
  return { bits, first: 0, last: count(bits) };
}

/** @param module of wasm/assembly/prover.ts */
export function createKernel(module: WebAssembly.Module): Kernel {
  const wasm = instantiateProver(module);
  return {
    multiExp: (points, scalars, windows, pause) => multiExp(wasm, points, scalars, windows, pause),
    quotient: (key, witness, pause, out = new Uint8Array(SCALAR * 2 ** key.domain)) =>
      quotient(wasm, key, witness, pause, out),
  };
}

async function multiExp(
  wasm: ProverModule,
  { group, points, indices }: KeyPoints,
  scalars: Uint8Array,
  { bits, first, last }: Windows,
  pause: Pause,
): Promise<Float64Array> {
  const block = Math.min(BLOCK[group], indices.length + 1);
  const bytes = SCALAR * COORDINATES[group];
  const place = createPlace(wasm);
  const [scalarsAt, pointsAt, indicesAt] = [
    place(scalars.length),
    place(block * bytes),
    place(4 * block),
  ] as const;
  grow(wasm, wasm.placePoints(group === "G2" ? 1 : 0, bits, first, last, block, place(0)));
  const memory = new Uint8Array(wasm.memory.buffer);
  memory.set(scalars, scalarsAt);
  wasm.beginMultiExp();
  for (let done = 0; done < indices.length; done += block) {
    const count = Math.min(block, indices.length - done);
    memory.set(points.subarray(done * bytes, (done + count) * bytes), pointsAt);
    new Uint32Array(memory.buffer, indicesAt, count).set(indices.subarray(done, done + count));
    wasm.addBlock(pointsAt, indicesAt, scalarsAt, count);
    await pause();
  }
  const length = (last - first) * bits * COORDINATES[group] * DIGITS;
  return new Float64Array(memory.buffer, wasm.finishMultiExp(), length).slice();
}

async function quotient(
  wasm: ProverModule,
  { domain, wires, matrices }: ProverKey,
  witness: Uint8Array,
  pause: Pause,
  out: Uint8Array,
): Promise<Uint8Array> {
  const size = 2 ** domain;
  const { a, b, coefficients } = matrices;
  const longest = mostTerms(a, b);
  const place = createPlace(wasm);
  const [parametersAt, witnessAt] = [place(ELEMENT * (domain + 1)), place(SCALAR * wires)] as const;
  const arrays = [place(ELEMENT * size), place(ELEMENT * size), place(ELEMENT * size)] as const;
  const given = place(coefficients.length);
  const coefficientsAt = place((ELEMENT * coefficients.length) / SCALAR);
  const [endsAt, termsAt] = [place(4 * (size + 1)), place(8 * longest)] as const;
  const scalarsAt = place(SCALAR * size);
  grow(wasm, wasm.placeDomain(domain, place(0)));
  const memory = new Uint8Array(wasm.memory.buffer);

  memory.set(witness.subarray(0, SCALAR * wires), witnessAt);
  if (wasm.areScalars(witnessAt, wires) === 0)
    throw new HoldfastError("corrupt", "the witness has values that are no field elements");
  memory.set(coefficients, given);
  writeElements(wasm.memory, parametersAt, [centered(2n ** 253n, P)]);
  wasm.setCoefficients(given, coefficients.length / SCALAR, parametersAt, coefficientsAt);
  await pause();
  const at = { endsAt, termsAt, most: longest, coefficientsAt, valuesAt: witnessAt };
  await multiplyMatrix(wasm, a, { ...at, half: size / 2, out: arrays[0] }, pause);
  await multiplyMatrix(wasm, b, { ...at, half: size / 2, out: arrays[1] }, pause);
  wasm.multiplyAll(...arrays);
  writeElements(wasm.memory, parametersAt, transformParameters(domain));
  wasm.prepareTransform(parametersAt);
  for (const array of arrays) {
    for (const step of [wasm.toCoefficients, wasm.shift, wasm.toValues]) {
      step(array);
      await pause();
    }
  }
  wasm.writeQuotient(...arrays, scalarsAt);
  out.set(memory.subarray(scalarsAt, scalarsAt + SCALAR * size));
  return out;
}

/** Where a matrix and what it is multiplied by lie, and where the products go: see wasm/assembly/constraints.ts. */
export interface MatrixPlaces {
  readonly endsAt: number;
  readonly termsAt: number;
  /** As many terms as there is room for. */
  readonly most: number;
  readonly coefficientsAt: number;
  readonly valuesAt: number;
  readonly half: number;
  readonly out: number;
}

export async function multiplyMatrix(
  wasm: ProverModule,
  matrix: Matrix,
  { endsAt, termsAt, most, coefficientsAt, valuesAt, half, out }: MatrixPlaces,
  pause: Pause,
): Promise<void> {
  const { buffer } = wasm.memory;
  for (const { first, last } of runsOf(matrix, most)) {
    const ends = matrix.ends.subarray(first, last + 1);
    new Uint32Array(buffer, endsAt, ends.length).set(ends);
    const terms = matrix.terms.subarray(2 * (ends[0] as number), 2 * (ends[ends.length - 1] as number));
    new Uint32Array(buffer, termsAt, terms.length).set(terms);
    wasm.evaluateRows(first, last, endsAt, termsAt, coefficientsAt, valuesAt, half, out);
    await pause();
  }
}

/** Room for this many terms holds each matrix's longest row. */
export function mostTerms(...matrices: readonly Matrix[]): number {
  let most = TERMS;
  for (const { ends } of matrices)
    for (let i = 1; i < ends.length; i++)
      most = Math.max(most, (ends[i] as number) - (ends[i - 1] as number));
  return most;
}

/** Runs of rows with no more terms together than `most`. */
function* runsOf({ ends }: Matrix, most: number): Generator<{ first: number; last: number }> {
  for (let first = 0; first < ends.length - 1;) {
    let last = first + 1;
    while (last < ends.length - 1 && (ends[last + 1] as number) - (ends[first] as number) <= most) last++;
    yield { first, last };
    first = last;
  }
}

/** ffjavascript's root of order 2^28: 5 is the least that is no square. */
const TWO_ADICITY = 28;
const ROOT = pow(5n, (P - 1n) >> BigInt(TWO_ADICITY));

/** The root of unity of order 2^log that snarkjs takes. */
export function rootOfUnity(log: number): bigint {
  return pow(ROOT, 1n << BigInt(TWO_ADICITY - log));
}

/** In Montgomery form: 1 / n, g / n with g of order 2 n, and the roots of order 4, 8 ... n. */
function transformParameters(domain: number): bigint[] {
  const inverse = inv(2n ** BigInt(domain));
  const orders = Array.from({ length: domain - 1 }, (_, i) => rootOfUnity(i + 2));
  return [inverse, inverse * rootOfUnity(domain + 1), ...orders].map((x) => centered(x * R, P));
}
