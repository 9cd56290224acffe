/**
 * Opens entries of a directory on chain: as many in one transaction as its gas allows.
 */
import type { Directory } from "../protocol/directory.ts";
import { HoldfastError } from "../protocol/errors.ts";
import { contractError } from "./chain-errors.ts";
import type { Call, NodeChain } from "./chain-model.ts";
import type { Contents, Holding } from "./history.ts";

/** A holding and the index of its entry in the tree. */
export interface IndexedHolding extends Holding {
  readonly index: number;
}

export const withIndexes = ({ holdings }: Contents): IndexedHolding[] =>
  holdings.map((holding, index) => ({ ...holding, index }));

/** @param entries in the order of their indices */
export function openingCall(
  kind: "retire" | "compact",
  vNode: bigint,
  directory: Directory,
  entries: readonly IndexedHolding[],
): Call {
  const openings = entries.map(({ serial, root, index }) => ({
    serial,
    root,
    start: directory.entries[index]?.start ?? 0,
  }));
  const siblings = entries.length === 0 ? [] : directory.multiPath(entries.map(({ index }) => index));
  return { kind, vNode, openings, siblings };
}

/** A first guess; the real gas is estimated. */
const GAS_PER_ENTRY = 60_000;

/**
 * Makes the largest call for the first entries that takes no more gas than the limit, but for one entry at least.
 *
 * @throws HoldfastError whatever `NodeChain.estimate` throws
 */
export async function fit(
  chain: NodeChain,
  callFor: (count: number) => Call,
  { count, maxGas }: { count: number; maxGas: bigint },
): Promise<{ call: Call; count: number }> {
  let size = Math.max(1, Math.min(count, Math.floor(Number(maxGas) / GAS_PER_ENTRY)));
  for (;;) {
    const call = callFor(size);
    const gas = await estimate(chain, call, size > 1);
    if (gas !== undefined && (gas <= maxGas || size === 1)) return { call, count: size };
    const next = gas === undefined ? size / 2 : Number((BigInt(size) * maxGas) / gas);
    size = Math.max(1, Math.min(size - 1, Math.floor(next)));
  }
}

/** undefined if the call fails without a contract's error: it may take more gas than a block has. */
async function estimate(chain: NodeChain, call: Call, mayShrink: boolean): Promise<bigint | undefined> {
  try {
    return await chain.estimate(call);
  } catch (error) {
    const tooMuch = error instanceof HoldfastError && contractError(error) === undefined;
    if (mayShrink && tooMuch) return undefined;
    throw error;
  }
}
