/**
 * The quantum of a cluster. A segment pays a multiple of it per epoch, and a vNode is paid less than 2^40 quanta (protocol.md,
 * section 5).
 */
import { MAX_TOTAL } from "../protocol/directory.ts";
import { HoldfastError } from "../protocol/errors.ts";

/** The contracts accept powers of two below 2^80. */
const MAX_BITS = 79;
/** Tokens per epoch that a vNode can be paid with the default quantum: far more than a large one costs. */
const DEFAULT_REACH = 1_000n;

/** The finest quantum with which a vNode can be paid 1,000 tokens per epoch. */
export function defaultQuantumBits(decimals: number): number {
  const reach = DEFAULT_REACH * 10n ** BigInt(decimals);
  let bits = 0;
  while (bits < MAX_BITS && reachOf(bits) < reach) bits++;
  return bits;
}

/** log2 of a number of token units, rounded down. @throws HoldfastError "bad-input" if it is out of range */
export function quantumBitsOf(units: bigint): number {
  if (units < 1n) throw new HoldfastError("bad-input", "a quantum is at least one token unit");
  const bits = units.toString(2).length - 1;
  if (bits <= MAX_BITS) return bits;
  throw new HoldfastError("bad-input", `a quantum is at most 2^${MAX_BITS} token units, not ${units}`);
}

/** The limit, in token units per epoch, that the payments of a vNode stay below. */
export function reachOf(quantumBits: number): bigint {
  return BigInt(MAX_TOTAL) << BigInt(quantumBits);
}
