/**
 * One instance of the prover's WebAssembly module (wasm/assembly/prover.ts) with its own memory, in the calling thread.
 */
import { HoldfastError } from "../protocol/errors.ts";
import { inv, mod, P } from "../protocol/field.ts";
import { fieldParameters, R, writeElements, centered } from "../wasm/parameters.ts";
import { Q } from "./curve.ts";
import type { KeyPoints, ProverKey } from "./prover-key.ts";
import type { Matrix } from "./prover-matrices.ts";

/** What the module exports; numbers are addresses and counts, booleans 0 or 1. */
interface ProverModule {
  readonly memory: WebAssembly.Memory;
  readonly freeAt: () => number;
  parametersAt(ofScalars: number): number;
  prepare(): void;
  windowCount(bits: number): number;
  placePoints(g2: number, bits: number, first: number, last: number, most: number, at: number): number;
  beginMultiExp(): void;
  addBlock(points: number, indices: number, scalars: number, count: number): void;
  finishMultiExp(): number;
  areScalars(at: number, count: number): number;
  placeDomain(log: number, at: number): number;
  prepareTransform(given: number): void;
  setCoefficients(given: number, count: number, shift: number, out: number): void;
  evaluateRows(...addresses: number[]): void;
  multiplyAll(a: number, b: number, out: number): void;
  readonly toCoefficients: (data: number) => void;
  readonly shift: (data: number) => void;
  readonly toValues: (data: number) => void;
  writeQuotient(a: number, b: number, c: number, scalars: number): void;
}

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

const SCALAR = 32;
/** Doubles of an element. */
const DIGITS = 5;
const ELEMENT = 8 * DIGITS;
const PAGE = 65536;
/** Points that are added to all buckets before the next ones: they, a window's buckets and a batch fit in the cache. */
const BLOCK = { G1: 5120, G2: 3072 } as const;
const COORDINATES = { G1: 2, G2: 4 } as const;
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
  const wasm = new WebAssembly.Instance(module).exports as unknown as ProverModule;
  for (const [ofScalars, modulus] of [Q, P].entries())
    writeElements(wasm.memory, wasm.parametersAt(ofScalars), fieldParameters(modulus));
  wasm.prepare();
  return {
    multiExp: (points, scalars, windows, pause) => multiExp(wasm, points, scalars, windows, pause),
    quotient: (key, witness, pause, out = new Uint8Array(SCALAR * 2 ** key.domain)) =>
      quotient(wasm, key, witness, pause, out),
  };
}

/** Hands out memory from the free part's beginning on. */
function createPlace({ freeAt }: ProverModule): (bytes: number) => number {
  let next = freeAt();
  return (bytes) => {
    const at = next;
    next += Math.ceil(bytes / 16) * 16;
    return at;
  };
}

function grow({ memory }: ProverModule, end: number): void {
  const missing = end - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
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
  const longest = Math.max(longestRow(a), longestRow(b), TERMS);
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
  for (const [matrix, out] of [
    [a, arrays[0]],
    [b, arrays[1]],
  ] as const) {
    for (const { first, last } of runsOf(matrix, longest)) {
      const ends = matrix.ends.subarray(first, last + 1);
      new Uint32Array(memory.buffer, endsAt, ends.length).set(ends);
      const terms = matrix.terms.subarray(2 * (ends[0] as number), 2 * (ends[ends.length - 1] as number));
      new Uint32Array(memory.buffer, termsAt, terms.length).set(terms);
      wasm.evaluateRows(first, last, endsAt, termsAt, coefficientsAt, witnessAt, size / 2, out);
      await pause();
    }
  }
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

function longestRow({ ends }: Matrix): number {
  let longest = 0;
  for (let i = 1; i < ends.length; i++)
    longest = Math.max(longest, (ends[i] as number) - (ends[i - 1] as number));
  return longest;
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
const ROOT = power(5n, (P - 1n) >> BigInt(TWO_ADICITY));

/** In Montgomery form: 1 / n, g / n with g of order 2 n, and the roots of order 4, 8 ... n. */
function transformParameters(domain: number): bigint[] {
  const root = (log: number): bigint => power(ROOT, 1n << BigInt(TWO_ADICITY - log));
  const inverse = inv(2n ** BigInt(domain));
  const orders = Array.from({ length: domain - 1 }, (_, i) => root(i + 2));
  return [inverse, inverse * root(domain + 1), ...orders].map((x) => centered(x * R, P));
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let square = mod(base), rest = exponent; rest > 0n; rest >>= 1n, square = mod(square * square))
    if (rest & 1n) result = mod(result * square);
  return result;
}
