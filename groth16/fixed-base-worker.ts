/**
 * A thread that multiplies the generator of G1 or G2 by many scalars, using tables of precomputed multiples.
 */
import { parentPort, workerData } from "node:worker_threads";
import { instantiateBn254, type Operation } from "./bn254-module.ts";

export type GroupName = "G1" | "G2";
export interface FixedBaseTask {
  readonly group: GroupName;
  /** Bits of a digit: the same for all tasks of one group. */
  readonly window: number;
  /** 32 bytes each, little-endian, below p. */
  readonly scalars: Uint8Array;
}

/** The data that a thread starts with: the curve's WebAssembly module, and the affine generators. */
export interface FixedBaseData {
  readonly code: Uint8Array;
  readonly generators: Readonly<Record<GroupName, Uint8Array>>;
}

const SCALAR_BITS = 254;
const SCALAR_BYTES = 32;

interface Table {
  readonly window: number;
  readonly digits: number;
  /** Entry (digit, value) at `at + (digit * 2^window + value) * affineBytes` is value * 2^(window * digit) * generator. */
  readonly at: number;
  readonly affineBytes: number;
}

const { code, generators } = workerData as FixedBaseData;
const wasm = await instantiateBn254(code);
const tables = new Map<GroupName, Table>();

parentPort?.on("message", (task: FixedBaseTask) => {
  const points = multiply(task);
  parentPort?.postMessage(points, [points.buffer as ArrayBuffer]);
});

/** Affine points in Montgomery form, as a zkey stores them. */
function multiply({ group, window, scalars }: FixedBaseTask): Uint8Array {
  let table = tables.get(group);
  if (!table) tables.set(group, (table = buildTable(group, window)));

  const prefix = group.toLowerCase() + "m";
  const count = scalars.length / SCALAR_BYTES;
  const { affineBytes } = table;
  const jacobianBytes = (affineBytes * 3) / 2;
  const scratch = scratchOf(count * (jacobianBytes + affineBytes));
  const [zero, addMixed, batchToAffine] = functions(prefix, "zero", "addMixed", "batchToAffine");
  const view = new DataView(scalars.buffer, scalars.byteOffset, scalars.byteLength);
  for (let i = 0; i < count; i++) {
    const sum = scratch + i * jacobianBytes;
    zero(sum);
    for (let digit = 0; digit < table.digits; digit++) {
      const value = digitOf(view, i * SCALAR_BYTES, digit * window, window);
      if (value !== 0) addMixed(sum, table.at + ((digit << window) + value) * affineBytes, sum);
    }
  }
  const affine = scratch + count * jacobianBytes;
  batchToAffine(scratch, count, affine);
  return wasm.bytes().slice(affine, affine + count * affineBytes);
}

function buildTable(group: GroupName, window: number): Table {
  const prefix = group.toLowerCase() + "m";
  const generator = generators[group];
  const affineBytes = generator.length;
  const jacobianBytes = (affineBytes * 3) / 2;
  const digits = Math.ceil(SCALAR_BITS / window);
  const size = 2 ** window;
  const [zero, add, double, toJacobian, batchToAffine] = functions(
    prefix,
    "zero",
    "add",
    "double",
    "toJacobian",
    "batchToAffine",
  );

  const at = wasm.alloc(digits * size * affineBytes);
  const base = wasm.alloc(jacobianBytes);
  const row = wasm.alloc(size * jacobianBytes);
  const start = wasm.alloc(affineBytes);
  wasm.bytes().set(generator, start);
  toJacobian(start, base);
  for (let digit = 0; digit < digits; digit++) {
    zero(row);
    for (let value = 1; value < size; value++) {
      add(row + (value - 1) * jacobianBytes, base, row + value * jacobianBytes);
    }
    batchToAffine(row, size, at + digit * size * affineBytes);
    for (let i = 0; i < window; i++) double(base, base);
  }
  return { window, digits, at, affineBytes };
}

let scratch = { at: 0, bytes: 0 };

/** Working memory, kept between tasks. */
function scratchOf(bytes: number): number {
  if (bytes > scratch.bytes) scratch = { at: wasm.alloc(bytes), bytes };
  return scratch.at;
}

function functions<const N extends readonly string[]>(
  prefix: string,
  ...names: N
): { [K in keyof N]: Operation } {
  return names.map((name) => wasm.operation(`${prefix}_${name}`)) as { [K in keyof N]: Operation };
}

/** Up to 16 bits of the scalar at `at`, from bit `from` on. */
function digitOf(view: DataView, at: number, from: number, bits: number): number {
  const byte = Math.min(from >> 3, SCALAR_BYTES - 4);
  const word = view.getUint32(at + byte, true);
  return (word >>> (from - 8 * byte)) & (2 ** bits - 1);
}
