/**
 * Opens entries of a directory on chain, as many in one transaction as its gas allows.
 */
import type { Directory } from "../protocol/directory.ts";
import { HoldfastError } from "../protocol/errors.ts";
import { contractError } from "./chain-errors.ts";
import type { Call, NodeChain } from "./chain-model.ts";
import type { Contents, Holding } from "./history.ts";

/** A holding and where its entry is in the tree. */
export interface Placed extends Holding {
  readonly index: number;
}

export const placed = ({ holdings }: Contents): Placed[] =>
  holdings.map((holding, index) => ({ ...holding, index }));

/** @param entries in the order of their indices */
export function openingCall(
  kind: "retire" | "compact",
  vNode: bigint,
  directory: Directory,
  entries: readonly Placed[],
): Call {
  const openings = entries.map(({ serial, root, index }) => ({
    ...{ serial, root },
    start: directory.entries[index]?.start ?? 0,
  }));
  const siblings = entries.length === 0 ? [] : directory.multiPath(entries.map(({ index }) => index));
  return { kind, vNode, openings, siblings };
}

/** A first guess; what it really takes is estimated. */
const GAS_PER_ENTRY = 60_000;

/**
 * The largest call for the first of so many entries that takes no more gas than the limit: for one of them at least.
 *
 * @throws HoldfastError what `NodeChain.estimate` throws
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

/** undefined if it fails for no reason of the contract's: it may take more gas than a block has. */
async function estimate(chain: NodeChain, call: Call, mayShrink: boolean): Promise<bigint | undefined> {
  try {
    return await chain.estimate(call);
  } catch (error) {
    const tooMuch = error instanceof HoldfastError && contractError(error) === undefined;
    if (mayShrink && tooMuch) return undefined;
    throw error;
  }
}
