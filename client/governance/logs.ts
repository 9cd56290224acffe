/**
 * All that a contract has said so far, for contracts that are no part of a deployment.
 */
import { Interface, type JsonFragment, type Log } from "ethers";
import { createLogReader } from "../../chain/logs.ts";
import { refuse } from "../chain-errors.ts";
import type { Chain } from "../chain.ts";

export interface Said {
  readonly name: string;
  /** In the event's order. */
  readonly args: readonly unknown[];
}

export async function readAll(chain: Chain, address: string, abi: readonly JsonFragment[]): Promise<Said[]> {
  const events = new Interface(abi);
  const reader = createLogReader<Log>(chain.provider, [address]);
  const { number } = await chain.block();
  const logs = await reader.read(0, number).catch(refuse("getLogs"));
  return logs.flatMap((log) => {
    const parsed = events.parseLog(log);
    return parsed ? [{ name: parsed.name, args: [...parsed.args] as unknown[] }] : [];
  });
}
