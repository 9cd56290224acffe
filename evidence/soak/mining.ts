/**
 * Mines blocks at fixed intervals, and none while the chain is being changed. (anvil's own miner would not stop meanwhile, and
 * its times have gaps.)
 */
import { setTimeout as delay } from "node:timers/promises";

export type Rpc = (method: string, params: readonly unknown[]) => Promise<unknown>;

export function rpcAt(url: string): Rpc {
  return async (method, params) => {
    const answer = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
    });
    const { result, error } = (await answer.json()) as { result?: unknown; error?: { message: string } };
    if (error) throw new Error(`${method}: ${error.message}`);
    return result;
  };
}

export interface Miner {
  /** Mines nothing until the work ends. */
  pause<T>(work: () => Promise<T>): Promise<T>;
  /** Stops mining, and returns when the last block is mined. */
  stop(): Promise<void>;
}

export function startMining(rpc: Rpc, seconds: number, onFailure: (why: string) => void): Miner {
  const over = new AbortController();
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = turn.then(work);
    turn = result.catch(() => undefined);
    return result;
  };
  const mine = async (): Promise<void> => {
    while (await delay(1000 * seconds, true, { signal: over.signal }).catch(() => false))
      await inTurn(() => rpc("evm_mine", []));
  };
  const mining = mine().catch((error: unknown) => onFailure(`no block is mined: ${String(error)}`));
  return {
    pause: inTurn,
    stop() {
      over.abort();
      return mining;
    },
  };
}
