/**
 * The draws of a ProofOfStorageManager, as contracts/managers/proof/SeatDraws.sol and Lots.sol make them: whoever reads the
 * events can check who got which seat.
 */
import { AbiCoder, keccak256 } from "ethers";

/** Bits after the point of a logarithm. */
const PRECISION = 48n;
const ONE = 128n;

/** What a member puts into a draw. */
export interface Lot {
  readonly node: number;
  readonly provider: string;
  /** Seats that it had free before the randomness was known. */
  readonly weight: number;
  /** Seats that it is owed. */
  readonly owed: number;
}

export interface DrawRules<Cost> {
  readonly costOf: (node: number) => Cost;
  readonly isLess: (cost: Cost, weight: number, cost2: Cost, weight2: number) => boolean;
}

export interface Outcome {
  /** undefined if nobody can have the seat. */
  readonly winner: number | undefined;
  readonly least: number | undefined;
  /** The member that is owed one seat more, or less. */
  readonly owedMore: number | undefined;
  readonly owedLess: number | undefined;
}

/** -log2(u) times 2^48, rounded up, for the u in (0, 1] that the seed gives the node. */
export function lotCost(seed: string, node: number): bigint {
  const hash = BigInt(keccak256(AbiCoder.defaultAbiCoder().encode(["bytes32", "uint32"], [seed, node])));
  return (ONE << PRECISION) - log2Down(BigInt.asUintN(128, hash) + 1n);
}

/** log2(u) times 2^48, for u from 1 to 2^128. */
export function log2Down(u: bigint): bigint {
  const whole = BigInt(u.toString(2).length - 1);
  if (whole === ONE) return ONE << PRECISION;
  let [x, result] = [u << (127n - whole), whole];
  for (let i = 0n; i < PRECISION; i++) {
    x = (x * x) >> 127n;
    const bit = x >> 128n;
    x >>= bit;
    result = (result << 1n) | bit;
  }
  return result;
}

/** The draws of the contract, with the seed of its event Seated. */
export function exactRules(seed: string): DrawRules<bigint> {
  return {
    costOf: (node) => lotCost(seed, node),
    isLess: (cost, weight, cost2, weight2) => cost * BigInt(weight2) < cost2 * BigInt(weight),
  };
}

/**
 * Who gets a vNode.
 *
 * @param lots of the members that are fit, in the order of the manager's list
 * @param next the providers that have a neighbour of the vNode
 */
export function drawSeat<Cost>(
  lots: readonly Lot[],
  next: ReadonlySet<string>,
  rules: DrawRules<Cost>,
): Outcome {
  const order = inOrder(lots, rules);
  const [least] = order;
  const none = { least: least?.node, owedMore: undefined, owedLess: undefined };
  if (!least) return { winner: undefined, ...none };
  const free = order.filter(({ provider }) => !next.has(provider));
  if (next.has(least.provider)) {
    const winner = free[0]?.node;
    return { winner, ...none, owedMore: winner === undefined ? undefined : least.node };
  }
  const owed = free.find(({ node, owed }) => owed > 0 && node !== least.node);
  return { winner: owed?.node ?? least.node, ...none, owedLess: owed?.node };
}

/** Of equal lots the one that is earlier in the list is less. */
function inOrder<Cost>(lots: readonly Lot[], { costOf, isLess }: DrawRules<Cost>): Lot[] {
  const drawn = lots.filter(({ weight }) => weight > 0).map((lot) => ({ lot, cost: costOf(lot.node) }));
  drawn.sort((a, b) => {
    if (isLess(a.cost, a.lot.weight, b.cost, b.lot.weight)) return -1;
    return isLess(b.cost, b.lot.weight, a.cost, a.lot.weight) ? 1 : 0;
  });
  return drawn.map(({ lot }) => lot);
}
