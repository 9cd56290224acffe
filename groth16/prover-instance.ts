/**
 * An instance of the prover's WebAssembly module (wasm/assembly/prover.ts) with its own memory, and how its memory is given out.
 */
import { P } from "../protocol/field.ts";
import { fieldParameters, writeElements } from "../wasm/parameters.ts";
import { Q } from "./curve.ts";

/** What the module exports; numbers are addresses and counts, booleans 0 or 1. */
export interface ProverModule {
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
  writeRows(values: number, count: number, out: number): void;
  combineRows(a: number, b: number, c: number, factors: number, count: number, out: number): void;
  multiplyAll(a: number, b: number, out: number): void;
  readonly toCoefficients: (data: number) => void;
  readonly shift: (data: number) => void;
  readonly toValues: (data: number) => void;
  writeQuotient(a: number, b: number, c: number, scalars: number): void;
  placeTable(g2: number, bits: number, most: number, at: number): number;
  prepareTable(point: number): void;
  multiplyScalars(scalars: number, count: number, out: number): void;
  placeBasis(count: number, at: number): number;
  prepareLagrange(given: number): number;
  writeLagrange(lane: number, factor: number, out: number): void;
}

/** Bytes of a scalar. */
export const SCALAR = 32;
/** Doubles, or integers of 64 bits, of an element. */
export const DIGITS = 5;
export const ELEMENT = 8 * DIGITS;
/** Affine coordinates of a point. */
export const COORDINATES = { G1: 2, G2: 4 } as const;

const PAGE = 65536;

/** @param module of wasm/assembly/prover.ts */
export function instantiateProver(module: WebAssembly.Module): ProverModule {
  const wasm = new WebAssembly.Instance(module).exports as unknown as ProverModule;
  for (const [ofScalars, modulus] of [Q, P].entries())
    writeElements(wasm.memory, wasm.parametersAt(ofScalars), fieldParameters(modulus));
  wasm.prepare();
  return wasm;
}

/** Hands out memory from the free part's beginning on. */
export function createPlace({ freeAt }: ProverModule): (bytes: number) => number {
  let next = freeAt();
  return (bytes) => {
    const at = next;
    next += Math.ceil(bytes / 16) * 16;
    return at;
  };
}

export function grow({ memory }: ProverModule, end: number): void {
  const missing = end - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
}
