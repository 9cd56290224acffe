/**
 * Reorganizations of the chain: its last blocks are replaced by empty ones, or removed. Time goes on.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Provider } from "ethers";
import { randomOf } from "../simulation/random.ts";
import type { Diary } from "./diary.ts";
import type { Miner, Rpc } from "./mining.ts";

export interface Reorganizations {
  readonly counts: { made: number; deepest: number };
  act(): Promise<void>;
}

const DEPTHS = [1, 2, 3, 8, 21, 40, 64] as const;
/** Share of the reorganizations after which the chain is shorter. */
const SHORTER_SHARE = 0.25;

/** @param first the last block that is never replaced */
export function createReorganizations(
  miner: Pick<Miner, "pause">,
  rpc: Rpc,
  provider: Provider,
  { seed, diary, first }: { seed: number; diary: Diary; first: number },
): Reorganizations {
  const random = randomOf(seed, "reorganizations");
  const counts = { made: 0, deepest: 0 };
  const replace = async (): Promise<void> => {
    const wanted = DEPTHS[random.between(0, DEPTHS.length - 1)] ?? 1;
    const isShorter = random.next() < SHORTER_SHARE;
    const head = Number(await rpc("eth_blockNumber", []));
    const depth = Math.min(wanted, head - first);
    if (depth < 1) return;
    const common = await provider.getBlock(head - depth);
    const begun = 1000 * (common?.timestamp ?? 0);
    await rpc(isShorter ? "anvil_rollback" : "anvil_reorg", isShorter ? [depth] : [depth, []]);
    await rpc("evm_setTime", [Date.now()]);
    counts.made++;
    counts.deepest = Math.max(counts.deepest, depth);
    diary.since(begun, "reorganization", "chain", isShorter ? "taken back" : "replaced", { depth, head });
  };
  return { counts, act: () => miner.pause(replace) };
}

/** @returns true if the time has passed, false if the signal was aborted */
export const pause = (milliseconds: number, signal: AbortSignal): Promise<boolean> =>
  delay(milliseconds, true, { signal }).catch(() => false);
