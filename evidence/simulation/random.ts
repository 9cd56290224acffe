/**
 * Numbers that are the same in every run with the same seed.
 */
import { createHash } from "node:crypto";

export interface Random {
  /** From 0 to 1. */
  next(): number;
  /** An integer, both ends included. */
  between(low: number, high: number): number;
}

/** mulberry32, seeded by a hash of the words. */
export function randomOf(...words: readonly (string | number)[]): Random {
  let state = createHash("sha256").update(words.join("/")).digest().readUInt32LE();
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return { next, between: (low, high) => low + Math.floor(next() * (high - low + 1)) };
}

export const hash32 = (...words: readonly (string | number)[]): string =>
  createHash("sha256").update(words.join("/")).digest("hex");
