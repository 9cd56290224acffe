/**
 * A chain of its own for a test file, and contracts whose precompiles are broken.
 */
import { network } from "hardhat";

export type TestChain = Awaited<ReturnType<typeof testChain>>;

export function testChain(override: { chainId?: number } = {}) {
  return network.create({ network: "hardhat", override });
}

/** Where no contract is. */
export const NOWHERE = "0x00000000000000000000000000000000000000fe";

/** Every STATICCALL in `code` to the precompile at `address` goes to the contract at `substitute` (both below 256). */
export function redirectPrecompile(code: string, address: number, substitute = NOWHERE): string {
  // PUSH1 address, GAS, STATICCALL: how the compiler calls with all gas.
  const call = (to: number): string => `60${to.toString(16).padStart(2, "0")}5afa`;
  if (!code.includes(call(address))) throw new Error(`no call to precompile ${address}`);
  return code.replaceAll(call(address), call(Number(substitute)));
}

/** Code of a contract that answers every call with these words. */
export function answering(...words: number[]): string {
  const stores = words.map((word, i) => `60${hex(word)}60${hex(32 * i)}52`).join("");
  return `0x${stores}60${hex(32 * words.length)}5ff3`;
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}

/** Gas that a transaction spends before the contract runs: the base, and 4 or 16 for each byte of its data. */
export function intrinsicGas(data: string): bigint {
  const bytes = Buffer.from(data.slice(2), "hex");
  return bytes.reduce((gas, byte) => gas + (byte === 0 ? 4n : 16n), 21_000n);
}
