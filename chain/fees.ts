/**
 * What a transaction offers for its gas (EIP-1559). An endpoint says what the chain asks for; how much of that is believed is
 * decided here, for node, auditor and commands alike.
 */

/** Wei for a unit of gas. */
export interface Fees {
  readonly maxFeePerGas: bigint;
  /** What goes to whoever makes the block, whatever the block asks. */
  readonly maxPriorityFeePerGas: bigint;
}

/** What an endpoint says that the next block asks for, as ethers' FeeData has it; null: it is not that kind of chain. */
export interface Quote {
  readonly maxFeePerGas: bigint | null;
  readonly maxPriorityFeePerGas: bigint | null;
  readonly gasPrice: bigint | null;
}

export const GWEI = 10n ** 9n;
/** Wei: what a fee is never above, unless somebody says so. */
export const DEFAULT_MAX_FEE = 500n * GWEI;
/** A tip may always be so much: some chains take no less. */
const USUAL_TIP = 30n * GWEI;
/** Of the highest fee, the part that may go to the tip, which is paid whatever the block asks. */
const TIP_DIVISOR = 10n;
/** Percent: nodes replace a transaction for a tenth more on both fees, and not for less. */
const [RAISE, LEAST_RAISE] = [125n, 110n];

/** @param maxFee wei: the fee is never above it */
export function feesFor(quote: Quote, maxFee: bigint): Fees {
  const { fee, tip } = asked(quote, maxFee);
  const maxFeePerGas = lesser(fee, maxFee);
  return { maxFeePerGas, maxPriorityFeePerGas: lesser(tip, maxFeePerGas) };
}

/** Wei that the chain asks for above maxFee; 0 if it does not. */
export function excess(quote: Quote, maxFee: bigint): bigint {
  const { fee } = asked(quote, maxFee);
  return fee > maxFee ? fee - maxFee : 0n;
}

/** A quarter more, or what is asked for by now. undefined: maxFee leaves no room for a raise that nodes would take. */
export function raisedFees(old: Fees, quote: Quote, maxFee: bigint): Fees | undefined {
  const now = feesFor(quote, maxFee);
  const raise = (value: bigint): bigint => (value * RAISE) / 100n + 1n;
  const maxFeePerGas = lesser(greater(raise(old.maxFeePerGas), now.maxFeePerGas), maxFee);
  if (maxFeePerGas < (old.maxFeePerGas * LEAST_RAISE) / 100n + 1n) return undefined;
  const tip = greater(raise(old.maxPriorityFeePerGas), now.maxPriorityFeePerGas);
  return { maxFeePerGas, maxPriorityFeePerGas: lesser(tip, maxFeePerGas) };
}

/** Whether no block takes it, as the chain asks now. */
export function isBelow(
  { maxFeePerGas }: Fees,
  { maxFeePerGas: fee, maxPriorityFeePerGas: tip }: Quote,
): boolean {
  // Twice the base fee and the tip.
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
