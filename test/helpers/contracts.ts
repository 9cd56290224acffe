/**
 * A chain of its own for a test file, and what a transaction costs before a contract runs.
 */
import { network } from "hardhat";

export type TestChain = Awaited<ReturnType<typeof testChain>>;

export function testChain(override: { chainId?: number } = {}) {
  return network.create({ network: "hardhat", override });
}

/** Gas that a transaction spends before the contract runs: the base, and 4 or 16 for each byte of its data. */
export function intrinsicGas(data: string): bigint {
  const bytes = Buffer.from(data.slice(2), "hex");
  return bytes.reduce((gas, byte) => gas + (byte === 0 ? 4n : 16n), 21_000n);
}
