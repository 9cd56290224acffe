/**
 * Contracts compiled so that they call the curve's precompiles through stand-ins that a test can break. (No chain lets a
 * test take a precompile away.)
 */
import { readFileSync } from "node:fs";
import { ContractFactory, type Signer } from "ethers";
import solc from "solc";
import type { TestChain } from "../../evidence/world/contracts.ts";
import { present } from "../../evidence/world/present.ts";

const compile = solc.compile as (
  input: string,
  callbacks: { import: (path: string) => { contents: string } },
) => string;
const ROOT = new URL("../../", import.meta.url);
const PRECOMPILES = [5, 6, 7, 8] as const;
export type Precompile = (typeof PRECOMPILES)[number];
/** The precompile that computes pairings. */
export const PAIRING = 8;

/** Code of a contract that answers every call with these words. */
export function answering(...words: number[]): string {
  const stores = words.map((word, i) => `60${hex(word)}60${hex(32 * i)}52`).join("");
  return `0x${stores}60${hex(32 * words.length)}5ff3`;
}

/** Ways for a precompile to be broken. */
export const BROKEN = {
  missing: "0x",
  failing: "0xfe",
  "short of bytes": "0x60015ff3",
  "too long": answering(1, 1, 1),
} as const;

/** A factory of the contract in `path`, such as "verifier/Groth16Verifier.sol"; its precompiles work until broken. */
export async function breakableFactory(
  { networkHelpers }: TestChain,
  path: string,
  signer: Signer,
): Promise<ContractFactory> {
  for (const precompile of PRECOMPILES)
    await networkHelpers.setCode(standIn(precompile), forwarding(precompile));
  const { abi, evm } = compileWithStandIns(`contracts/${path}`);
  return new ContractFactory(abi, evm.bytecode.object, signer);
}

export async function breakPrecompile(chain: TestChain, precompile: Precompile, code: string): Promise<void> {
  await chain.networkHelpers.setCode(standIn(precompile), code);
}

interface Compiled {
  readonly abi: never[];
  readonly evm: { readonly bytecode: { readonly object: string } };
}

const compiled = new Map<string, Compiled>();

function compileWithStandIns(path: string): Compiled {
  const cached = compiled.get(path);
  if (cached) return cached;
  const read = (file: string): string =>
    readFileSync(new URL(file, ROOT), "utf8").replaceAll(
      /staticcall\(gas\(\), (\d),/g,
      (_, address) => `staticcall(gas(), ${Number(standIn(Number(address) as Precompile))},`,
    );
  const input = {
    language: "Solidity",
    sources: { [path]: { content: read(path) } },
    settings: {
      evmVersion: "prague",
      viaIR: true,
      optimizer: { enabled: true },
      outputSelection: { "*": { "*": ["abi", "evm.bytecode.object"] } },
    },
  };
  const output = JSON.parse(
    compile(JSON.stringify(input), { import: (file) => ({ contents: read(file) }) }),
  ) as {
    contracts: Record<string, Record<string, Compiled>>;
  };
  const [contract] = Object.values(present(output.contracts[path]));
  compiled.set(path, present(contract));
  return present(contract);
}

function standIn(precompile: Precompile): string {
  return `0x${"0".repeat(38)}f${precompile}`;
}

/** Passes a call on, and its answer or its failure back. */
function forwarding(precompile: Precompile): string {
  // calldatacopy(0, 0, calldatasize()); staticcall(gas(), precompile, 0, calldatasize(), 0, 0); returndatacopy(0, 0, ...)
  const call = `365f5f375f5f365f60${hex(precompile)}5afa3d5f5f3e`;
  // Jumps to the return if the call succeeded, reverts otherwise.
  return `0x${call}6016573d5ffd5b3d5ff3`;
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}
