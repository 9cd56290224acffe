/**
 * The price of a segment per epoch, which is also its weight in the directory (protocol.md, sections 5 and 9.1).
 */
const RENT_UNIT = 10n ** 18n;

/**
 * The price in token units, rounded up to a multiple of the cluster's quantum.
 *
 * @param rent token units per 10^18 leaves and epoch
 * @param quantumBits the quantum is 2^quantumBits token units
 */
export function priceOf(leaves: number, rent: bigint, quantumBits: number): bigint {
  const [exact, quantum] = [(BigInt(leaves) * rent + RENT_UNIT - 1n) / RENT_UNIT, 1n << BigInt(quantumBits)];
  return ((exact + quantum - 1n) / quantum) * quantum;
}
