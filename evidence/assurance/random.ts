/**
 * Pseudo-random numbers that are the same in every run.
 */
import { createHash } from "node:crypto";
import { mod, P } from "../../protocol/field.ts";

export interface Random {
  /** An integer of 0 to limit - 1. */
  readonly below: (limit: number) => number;
  /** An integer of this many bits. */
  readonly bits: (count: number) => bigint;
  /** A field element; one in eight is at an end of the field. */
  readonly element: () => bigint;
  readonly elements: (count: number) => bigint[];
}

const ENDS = [0n, 1n, 2n, P - 1n, P - 2n, (P - 1n) / 2n, 1n << 248n, (1n << 253n) - 1n];

/** @param name the seed */
export function createRandom(name: string): Random {
  let drawn = 0;
  const word = (): bigint =>
    BigInt(`0x${createHash("sha512").update(`${name}/${drawn++}`).digest("hex").slice(0, 96)}`);
  const random: Random = {
    below: (limit) => Number(word() % BigInt(limit)),
    bits: (count) => BigInt.asUintN(count, word()),
    element: () => {
      const w = word();
      return w % 8n === 0n ? (ENDS[Number((w >> 3n) % BigInt(ENDS.length))] ?? 0n) : mod(w >> 8n);
    },
    elements: (count) => Array.from({ length: count }, random.element),
  };
  return random;
}
