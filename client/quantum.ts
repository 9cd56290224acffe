/**
 * The quantum of a cluster: what a segment pays per epoch is a multiple of it, and a vNode is paid less than 2^40 of them
 * (protocol.md, section 5).
 */
import { MAX_TOTAL } from "../protocol/directory.ts";
import { HoldfastError } from "../protocol/errors.ts";

/** The contracts take powers of two below 2^80. */
const MAX_BITS = 79;
/** Tokens per epoch that a vNode can be paid with the default: far more than what a large one costs. */
const DEFAULT_REACH = 1_000n;

/** The finest quantum with which a vNode can be paid 1,000 tokens per epoch. */
export function defaultQuantumBits(decimals: number): number {
  const reach = DEFAULT_REACH * 10n ** BigInt(decimals);
  let bits = 0;
  while (bits < MAX_BITS && reachOf(bits) < reach) bits++;
  return bits;
}

/** The power of two that is at most so many token units. Throws "bad-input" for none, and for one that is too large. */
export function quantumBitsOf(units: bigint): number {
  if (units < 1n) throw new HoldfastError("bad-input", "a quantum is one token unit at least");
  const bits = units.toString(2).length - 1;
  if (bits <= MAX_BITS) return bits;
  throw new HoldfastError("bad-input", `a quantum is 2^${MAX_BITS} token units at most, not ${units}`);
}

/** Token units per epoch that a vNode's payments stay below. */
export function reachOf(quantumBits: number): bigint {
  return BigInt(MAX_TOTAL) << BigInt(quantumBits);
}
