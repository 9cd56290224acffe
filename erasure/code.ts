/**
 * Reed-Solomon codes: n shards of which any k give back all the others (docs/formats.md). Byte by byte, shard i is the value at i
 * of the polynomial of degree below k whose values at 0 to k - 1 are the data.
 */
import { HoldfastError } from "../protocol/errors.ts";
import { divide, multiply } from "./field.ts";

/** Shards that a code can have: GF(2^8) has as many elements. */
export const MAX_SHARDS = 256;
/** Bytes of a shard that are combined at once: with a few shards, they stay in a core's cache. */
const BLOCK = 4096;
const TABLE = 32;
const PAGE = 65_536;

export interface ErasureCode {
  /** Shards that are needed, k. */
  readonly needed: number;
  /** All shards, n. */
  readonly total: number;
}

/** By the shards' numbers, from 0; all of them equally long. */
export type Shards = ReadonlyMap<number, Uint8Array>;

export interface ErasureCoder {
  /**
   * @param data the first k shards
   * @returns the n - k others
   */
  encode(code: ErasureCode, data: readonly Uint8Array[]): Uint8Array[];
  /**
   * Throws "not-found" if fewer than k shards are there. It cannot know whether a shard is right: check its root first.
   *
   * @param wanted numbers of the shards to compute
   */
  recover(code: ErasureCode, shards: Shards, wanted: readonly number[]): Uint8Array[];
}

/** What wasm/assembly/erasure.ts exports. */
interface ErasureModule {
  readonly memory: WebAssembly.Memory;
  base(): number;
  combine(
    tables: number,
    inputs: number,
    columns: number,
    outputs: number,
    rows: number,
    length: number,
  ): void;
}

/** @param module the bytes of erasure.wasm, see wasm/prepare.ts */
export function createErasureCoder(module: Uint8Array): ErasureCoder {
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module));
  const wasm = instance.exports as unknown as ErasureModule;
  const compute = (given: Shards, wanted: readonly number[]): Uint8Array[] => {
    const numbers = [...given.keys()];
    const rows = wanted.map((number) => coefficients(numbers, number));
    return combine(wasm, rows, [...given.values()]);
  };
  return {
    encode(code, data) {
      checkCode(code);
      if (data.length !== code.needed)
        throw new HoldfastError("bad-input", `expected ${code.needed} shards, not ${data.length}`);
      const others = Array.from({ length: code.total - code.needed }, (_, i) => code.needed + i);
      return compute(new Map(data.entries()), others);
    },
    recover(code, shards, wanted) {
      checkCode(code);
      const { needed, total } = code;
      const wrong = [...shards.keys(), ...wanted].find(
        (number) => !(Number.isInteger(number) && 0 <= number && number < total),
      );
      if (wrong !== undefined) throw new HoldfastError("bad-input", `there is no shard ${wrong} of ${total}`);
      if (shards.size < needed)
        throw new HoldfastError(
          "not-found",
          `${needed} of ${total} shards are needed, and there are ${shards.size}`,
        );
      const given = [...shards].sort(([a], [b]) => a - b).slice(0, needed);
      return compute(new Map(given), wanted);
    },
  };
}

function checkCode({ needed, total }: ErasureCode): void {
  const isCode =
    Number.isInteger(needed) &&
    Number.isInteger(total) &&
    1 <= needed &&
    needed <= total &&
    total <= MAX_SHARDS;
  if (isCode) return;
  throw new HoldfastError(
    "bad-input",
    `${needed} of ${total} is no code: there are 1 to ${MAX_SHARDS} shards, of which at least one is needed`,
  );
}

/** Lagrange's: what the values at the given points count for in the value at another one. */
function coefficients(given: readonly number[], wanted: number): Uint8Array {
  return Uint8Array.from(given, (own) =>
    given.reduce(
      (product, other) => (other === own ? product : multiply(product, divide(wanted ^ other, own ^ other))),
      1,
    ),
  );
}

/** The sums of the rows' coefficients times the inputs. */
function combine(
  wasm: ErasureModule,
  rows: readonly Uint8Array[],
  inputs: readonly Uint8Array[],
): Uint8Array[] {
  const length = inputs[0]?.length ?? 0;
  if (inputs.some((input) => input.length !== length))
    throw new HoldfastError("bad-input", "all shards must have the same length");
  const columns = inputs.length;
  const tables = wasm.base();
  const inputsAt = tables + rows.length * columns * TABLE;
  const outputsAt = inputsAt + columns * BLOCK;
  const memory = reserve(wasm.memory, outputsAt + rows.length * BLOCK);
  memory.set(tablesOf(rows, columns), tables);
  const outputs = rows.map(() => new Uint8Array(length));
  for (let from = 0; from < length; from += BLOCK) {
    const bytes = Math.min(BLOCK, length - from);
    // What is read past the end is not used.
    const block = Math.ceil(bytes / 64) * 64;
    inputs.forEach((input, i) => memory.set(input.subarray(from, from + bytes), inputsAt + i * block));
    wasm.combine(tables, inputsAt, columns, outputsAt, rows.length, block);
    outputs.forEach((output, i) => {
      const at = outputsAt + i * block;
      output.set(memory.subarray(at, at + bytes), from);
    });
  }
  return outputs;
}

function reserve(memory: WebAssembly.Memory, bytes: number): Uint8Array {
  const missing = bytes - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
  return new Uint8Array(memory.buffer);
}

function tablesOf(rows: readonly Uint8Array[], columns: number): Uint8Array {
  const tables = new Uint8Array(rows.length * columns * TABLE);
  rows.forEach((row, i) => {
    row.forEach((coefficient, j) => {
      const at = (i * columns + j) * TABLE;
      for (let digit = 0; digit < 16; digit++) {
        tables[at + digit] = multiply(coefficient, digit);
        tables[at + 16 + digit] = multiply(coefficient, 16 * digit);
      }
    });
  });
  return tables;
}
