/**
 * What a segment costs per epoch, and so weighs in its directory (protocol.md, sections 5 and 9.1).
 */
const RENT_UNIT = 10n ** 18n;

export interface Price {
  /** In token units, a multiple of the cluster's quantum. */
  readonly perEpoch: bigint;
  /** What of it is rounding up to the quantum. */
  readonly rounding: bigint;
}

/** @param rent token units per 1e18 leaves and epoch; @param quantumBits what is paid is a multiple of 2^quantumBits units */
export function priceOf(leaves: number, rent: bigint, quantumBits: number): Price {
  const exact = (BigInt(leaves) * rent + RENT_UNIT - 1n) / RENT_UNIT;
  const quantum = 1n << BigInt(quantumBits);
  const perEpoch = ((exact + quantum - 1n) / quantum) * quantum;
  return { perEpoch, rounding: perEpoch - exact };
}
