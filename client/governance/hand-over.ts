/**
 * Who is to take over a cluster, and from when that is possible.
 */
import type { Chain } from "../chain.ts";
import { calendarOf, startOf } from "./time.ts";

export interface HandOver {
  readonly manager: string;
  /** The zero address: nobody. */
  readonly pendingManager: string;
  /** The epoch from which the pending manager can accept, and its start in seconds since 1970. */
  readonly acceptableFrom: bigint;
  readonly time: bigint;
  /** Seconds until then; 0 if it is now. */
  readonly seconds: bigint;
}

export async function handOverOf(chain: Chain, cluster: bigint): Promise<HandOver> {
  const { manager, pendingManager, acceptableFrom } = await chain.read<
    Pick<HandOver, "manager" | "pendingManager" | "acceptableFrom">
  >("registry", "cluster", [cluster]);
  const time = startOf(await calendarOf(chain), acceptableFrom);
  const now = BigInt((await chain.block()).timestamp);
  return { manager, pendingManager, acceptableFrom, time, seconds: time > now ? time - now : 0n };
}
