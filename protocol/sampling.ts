/**
 * Which positions a seed asks for (protocol.md, section 6).
 */
import { permute4 } from "./poseidon2.ts";

/** "sample" in ASCII. */
export const TAG_SAMPLE = 0x73616d706c65n;

export interface Range {
  /** Below 2^248. */
  readonly seed: bigint;
  readonly start: number;
  /** 1 to 2^40 - 1 positions. */
  readonly length: number;
}

const SEED_LIMIT = 1n << 248n;
const RANGE_LIMIT = 2 ** 40;
const WINDOW_BITS = 60n;
const WINDOW_MASK = (1n << WINDOW_BITS) - 1n;
/** Samples drawn from one block: 4 windows of each of its 4 elements. */
const BLOCK_SAMPLES = 16;

/** The `samples` positions, in order, with replacement. Throws RangeError for values out of range. */
export function samplePositions({ seed, start, length, samples }: Range & { samples: number }): number[] {
  if (typeof seed !== "bigint") throw new TypeError(`"seed" expected a bigint, got ${typeof seed}`);
  if (seed < 0n || seed >= SEED_LIMIT) throw new RangeError('"seed" expected an integer below 2^248');
  if (!Number.isInteger(start) || start < 0 || start >= RANGE_LIMIT)
    throw new RangeError(`"start" expected 0 to 2^40 - 1, got ${start}`);
  if (!Number.isInteger(length) || length < 1 || length >= RANGE_LIMIT)
    throw new RangeError(`"length" expected 1 to 2^40 - 1, got ${length}`);
  if (!Number.isInteger(samples) || samples < 1)
    throw new RangeError(`"samples" expected 1 or more, got ${samples}`);

  const positions: number[] = [];
  for (let block = 0n; positions.length < samples; block++) {
    const elements = permute4([seed, block, 0n, TAG_SAMPLE]);
    for (let i = 0; i < BLOCK_SAMPLES && positions.length < samples; i++) {
      const w = ((elements[i >> 2] ?? 0n) >> (WINDOW_BITS * BigInt(i & 3))) & WINDOW_MASK;
      positions.push(start + Number((w * BigInt(length)) >> WINDOW_BITS));
    }
  }
  return positions;
}
