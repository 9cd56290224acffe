/**
 * The fees that a transaction offers (EIP-1559). The endpoint says what the chain asks for. This file decides how
 * much of that to believe, for node, auditor and commands alike.
 */

/** Wei for a unit of gas. */
export interface Fees {
  readonly maxFeePerGas: bigint;
  /** The tip: goes to the block's producer in addition to the base fee. */
  readonly maxPriorityFeePerGas: bigint;
}

/** The fees that an endpoint suggests for the next block, as ethers' FeeData; null if the chain has no such fee. */
export interface Quote {
  readonly maxFeePerGas: bigint | null;
  readonly maxPriorityFeePerGas: bigint | null;
  readonly gasPrice: bigint | null;
}

export const GWEI = 10n ** 9n;
/** Wei: the default limit of a fee. */
export const DEFAULT_MAX_FEE = 500n * GWEI;
/** Wei: a tip of up to this is always accepted, because some chains take no less. */
const USUAL_TIP = 30n * GWEI;
/** A tip may be at most a tenth of the fee limit, because it is paid in full. */
const TIP_DIVISOR = 10n;
/** Percent: nodes replace a transaction only if both fees rise by at least a tenth. */
const [RAISE, LEAST_RAISE] = [125n, 110n];

/** @param maxFee wei: the fee never exceeds it */
export function feesFor(quote: Quote, maxFee: bigint): Fees {
  const { fee, tip } = asked(quote, maxFee);
  const maxFeePerGas = lesser(fee, maxFee);
  return { maxFeePerGas, maxPriorityFeePerGas: lesser(tip, maxFeePerGas) };
}

/** Wei by which the chain's fee exceeds maxFee; 0 if it does not. */
export function excess(quote: Quote, maxFee: bigint): bigint {
  const { fee } = asked(quote, maxFee);
  return fee > maxFee ? fee - maxFee : 0n;
}

/**
 * A quarter more, or the current fees if those are higher. undefined if maxFee allows no raise that nodes would
 * accept.
 */
export function raisedFees(old: Fees, quote: Quote, maxFee: bigint): Fees | undefined {
  const now = feesFor(quote, maxFee);
  const raise = (value: bigint): bigint => (value * RAISE) / 100n + 1n;
  const maxFeePerGas = lesser(greater(raise(old.maxFeePerGas), now.maxFeePerGas), maxFee);
  if (maxFeePerGas < (old.maxFeePerGas * LEAST_RAISE) / 100n + 1n) return undefined;
  const tip = greater(raise(old.maxPriorityFeePerGas), now.maxPriorityFeePerGas);
  return { maxFeePerGas, maxPriorityFeePerGas: lesser(tip, maxFeePerGas) };
}

/** Whether the offered fee is below the current base fee, so that no block can take it. */
export function isBelow(
  { maxFeePerGas }: Fees,
  { maxFeePerGas: fee, maxPriorityFeePerGas: tip }: Quote,
): boolean {
  // A quoted fee is twice the base fee plus the tip.
  return fee !== null && maxFeePerGas < (fee - (tip ?? 0n)) / 2n;
}

/** The fee leaves room for the base fee to double, as is usual. */
function asked({ maxFeePerGas, maxPriorityFeePerGas, gasPrice }: Quote, maxFee: bigint) {
  if (maxFeePerGas === null) return { fee: gasPrice ?? 0n, tip: gasPrice ?? 0n };
  const said = maxPriorityFeePerGas ?? 0n;
  const twiceBaseFee = greater(maxFeePerGas - said, 0n);
  const bound = lesser(greater(twiceBaseFee / 2n, USUAL_TIP), maxFee / TIP_DIVISOR);
  const tip = lesser(said, bound);
  return { fee: twiceBaseFee + tip, tip };
}

const lesser = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const greater = (a: bigint, b: bigint): bigint => (a > b ? a : b);
