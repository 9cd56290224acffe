/**
 * Draws the positions and leaves that a seed asks for (protocol.md, section 6).
 */
import { permute4 } from "./poseidon2.ts";

/** "sample" in ASCII. */
export const TAG_SAMPLE = 0x73616d706c65n;

export interface Range {
  /** Below 2^248. */
  readonly seed: bigint;
  readonly start: number;
  /** Number of positions: 1 or more, and none of them above 2^40 - 1. */
  readonly length: number;
}

/** What one sample asks for. */
export interface Draw {
  /** A unit of weight of the vNode. */
  readonly position: number;
  /** 34 bits that choose a leaf of the segment at this position. */
  readonly v: number;
}

const SEED_LIMIT = 1n << 248n;
const RANGE_LIMIT = 2 ** 40;
const POSITION_BITS = 50n;
const LEAF_BITS = 34n;
const SAMPLE_BITS = POSITION_BITS + LEAF_BITS;
/** One field element of 254 bits gives so many samples. */
const ELEMENT_SAMPLES = 3;
const BLOCK_SAMPLES = 4 * ELEMENT_SAMPLES;

/** Draws `samples` samples, in order, with replacement. @throws RangeError for values out of range */
export function drawSamples({ seed, start, length, samples }: Range & { samples: number }): Draw[] {
  if (typeof seed !== "bigint") throw new TypeError(`"seed" expected a bigint, got ${typeof seed}`);
  if (seed < 0n || seed >= SEED_LIMIT) throw new RangeError('"seed" expected an integer below 2^248');
  if (!Number.isInteger(start) || start < 0 || start >= RANGE_LIMIT)
    throw new RangeError(`"start" expected 0 to 2^40 - 1, got ${start}`);
  if (!Number.isInteger(length) || length < 1 || start + length > RANGE_LIMIT)
    throw new RangeError(`"length" expected 1 to ${RANGE_LIMIT - start}, got ${length}`);
  if (!Number.isInteger(samples) || samples < 1)
    throw new RangeError(`"samples" expected 1 or more, got ${samples}`);

  const draws: Draw[] = [];
  for (let block = 0n; draws.length < samples; block++) {
    const elements = permute4([seed, block, 0n, TAG_SAMPLE]);
    for (let i = 0; i < BLOCK_SAMPLES && draws.length < samples; i++) {
      const element = elements[Math.floor(i / ELEMENT_SAMPLES)] ?? 0n;
      const window = element >> (SAMPLE_BITS * BigInt(i % ELEMENT_SAMPLES));
      const u = BigInt.asUintN(Number(POSITION_BITS), window);
      const v = BigInt.asUintN(Number(LEAF_BITS), window >> POSITION_BITS);
      draws.push({ position: start + Number((u * BigInt(length)) >> POSITION_BITS), v: Number(v) });
    }
  }
  return draws;
}

/** The leaf that a draw's `v` chooses in a segment of `leaves` leaves: floor(v * leaves / 2^34). */
export const leafAt = (v: number, leaves: number): number =>
  Number((BigInt(v) * BigInt(leaves)) >> LEAF_BITS);
