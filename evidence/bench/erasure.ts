/**
 * How fast data becomes shards and comes back from them, on one core, beside the same sums in plain JavaScript.
 */
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createErasureCoder, type ErasureCode } from "../../erasure/code.ts";
import { multiply } from "../../erasure/field.ts";
import { prepareErasure } from "../../wasm/prepare.ts";

export interface ErasureSpeed {
  /** k of n. */
  readonly code: string;
  /** 10^6 bytes of data in each second of processor time. */
  readonly encodeMbPerSecond: number;
  /** With as many of the data's shards lost as can be. */
  readonly recoverMbPerSecond: number;
  readonly javascriptMbPerSecond: number;
  /** Of encoding to JavaScript's. */
  readonly ratio: number;
}

const CODES: readonly ErasureCode[] = [
  { needed: 2, total: 3 },
  { needed: 4, total: 6 },
  { needed: 10, total: 16 },
];
const BYTES = 32_000_000;
const RUNS = 5;

export async function benchErasure(): Promise<ErasureSpeed[]> {
  const coder = createErasureCoder(await readFile(await prepareErasure()));
  return CODES.map((code) => {
    const { needed, total } = code;
    const length = Math.floor(BYTES / needed);
    const data = Array.from({ length: needed }, () => new Uint8Array(randomBytes(length)));
    const shards = [...data, ...coder.encode(code, data)];
    const left = new Map(shards.slice(total - needed).map((shard, i) => [total - needed + i, shard]));
    const lost = Array.from({ length: Math.min(needed, total - needed) }, (_, i) => i);
    const encode = median(() => coder.encode(code, data));
    const recover = median(() => coder.recover(code, left, lost));
    const plain = median(() => encodePlainly(data, total));
    return {
      code: `${needed} of ${total}`,
      encodeMbPerSecond: BYTES / encode,
      recoverMbPerSecond: BYTES / recover,
      javascriptMbPerSecond: BYTES / plain,
      ratio: plain / encode,
    };
  });
}

/** As many sums of products as an encoding takes, a table of 256 products for each coefficient. Which ones does not matter. */
function encodePlainly(data: readonly Uint8Array[], total: number): Uint8Array[] {
  return Array.from({ length: total - data.length }, (_, row) => {
    const sum = new Uint8Array(data[0]?.length ?? 0);
    data.forEach((shard, column) => {
      const products = Uint8Array.from({ length: 256 }, (_, byte) => multiply(byte, row + column + 2));
      for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) ^ (products[shard[i] ?? 0] ?? 0);
    });
    return sum;
  });
}

/** Microseconds of processor time, after a run that lets the compiler finish. */
function median(run: () => unknown): number {
  const times = Array.from({ length: RUNS + 1 }, () => {
    const before = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(before);
    return user + system;
  });
  return times.slice(1).sort((a, b) => a - b)[RUNS >> 1] ?? 0;
}
