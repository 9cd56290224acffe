/**
 * Numbers coefficients by value, so that each is kept, and computed with, once: circuits have few.
 */
import { HoldfastError } from "../protocol/errors.ts";
import { P } from "../protocol/field.ts";
import { isBelow, wordsOf } from "./shared.ts";

export interface Distinct {
  /** The number of the coefficient of eight words at `at`; 0 has number 0. Throws "corrupt" if it is no field element. */
  numberOf(words: Uint32Array, at: number): number;
  /** All of them in order, 32 bytes each. */
  bytes(): Uint8Array;
}

const COEFFICIENT_WORDS = 8;
const P_WORDS = wordsOf(P);

/**
 * A hash table with open addressing.
 *
 * @param where they stand, for an error's message
 */
export function createDistinct(where: string): Distinct {
  let values = new Uint32Array(COEFFICIENT_WORDS * 1024);
  let count = 1;
  let table = new Int32Array(2048).fill(-1);

  const place = (words: Uint32Array, at: number): number => {
    let hash = 0;
    for (let i = at; i < at + COEFFICIENT_WORDS; i++)
      hash = Math.imul(hash ^ (words[i] as number), 0x9e3779b1);
    hash ^= hash >>> 15;
    for (let slot = hash & (table.length - 1); ; slot = (slot + 1) & (table.length - 1)) {
      const number = table[slot] as number;
      if (number < 0 || equal(values, COEFFICIENT_WORDS * number, words, at)) return slot;
    }
  };
  const grow = (): void => {
    const larger = new Uint32Array(2 * values.length);
    larger.set(values);
    values = larger;
    table = new Int32Array(2 * table.length).fill(-1);
    for (let number = 0; number < count; number++) table[place(values, COEFFICIENT_WORDS * number)] = number;
  };
  table[place(values, 0)] = 0;
  return {
    numberOf(words, at) {
      const slot = place(words, at);
      const number = table[slot] as number;
      if (number >= 0) return number;
      if (!isBelow(words, at, P_WORDS))
        throw new HoldfastError("corrupt", `${where} has coefficients that are no field elements`);
      values.set(words.subarray(at, at + COEFFICIENT_WORDS), COEFFICIENT_WORDS * count);
      table[slot] = count++;
      if (COEFFICIENT_WORDS * count === values.length) grow();
      return count - 1;
    },
    bytes: () => new Uint8Array(values.buffer, 0, 32 * count),
  };
}

function equal(a: Uint32Array, at: number, b: Uint32Array, bt: number): boolean {
  for (let i = 0; i < COEFFICIENT_WORDS; i++) if (a[at + i] !== b[bt + i]) return false;
  return true;
}
