/**
 * A separate chain for a test file, and the gas that a transaction costs before a contract runs.
 */
import { setImmediate } from "node:timers/promises";
import { network } from "hardhat";
import type { EthereumProvider } from "hardhat/types/providers";
import { startAnvil } from "./anvil.ts";

export type TestChain = Awaited<ReturnType<typeof testChain>>;

/** Whether the tests run on anvil rather than on Hardhat's own EVM: `npm run test:anvil`. */
export const ON_ANVIL = process.env["HOLDFAST_EVM"] === "anvil";

export async function testChain(override: { chainId?: number } = {}) {
  if (!ON_ANVIL) return network.create({ network: "hardhat", override });
  const url = await startAnvil(override.chainId);
  const chain = await network.create({ network: "anvil", override: { url, ...override } });
  waitForBlocks(chain.provider);
  return chain;
}

/** anvil answers before the block of a transaction is there, Hardhat after. */
function waitForBlocks(provider: EthereumProvider): void {
  const request = provider.request.bind(provider);
  provider.request = async (args) => {
    const result: unknown = await request(args);
    if (args.method !== "eth_sendTransaction" && args.method !== "eth_sendRawTransaction") return result;
    while (!(await request({ method: "eth_getTransactionReceipt", params: [result] }))) await setImmediate();
    return result;
  };
}

/** Gas that a transaction spends before the contract runs: the base, and 4 or 16 for each byte of its data. */
export function intrinsicGas(data: string): bigint {
  const bytes = Buffer.from(data.slice(2), "hex");
  return bytes.reduce((gas, byte) => gas + (byte === 0 ? 4n : 16n), 21_000n);
}
