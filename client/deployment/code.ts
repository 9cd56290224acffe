/**
 * The code that this build deploys, and whether a chain runs it.
 */
import { getAddress, Interface, type Provider } from "ethers";
import { contractArtifact, type ContractArtifact, type Gap } from "../../contracts/artifacts.ts";

/** The data of the transaction that creates the contract. */
export function initCode(
  { contract, args }: { readonly contract: string; readonly args: readonly unknown[] },
  addressOf: (library: string) => string,
): string {
  const encoded = new Interface(constructorAbi(contract)).encodeDeploy(args);
  return linkedBytecode(contract, addressOf) + encoded.slice(2);
}

/** The ABI without functions: ethers does not know all types of the libraries' functions. */
export function constructorAbi(name: string): ContractArtifact["abi"] {
  return contractArtifact(name).abi.filter(({ type }) => type === "constructor");
}

/** The bytecode with the address of each library filled in. */
export function linkedBytecode(name: string, addressOf: (library: string) => string): string {
  const { bytecode, linkReferences } = contractArtifact(name);
  let code = bytecode;
  for (const [library, gaps] of Object.values(linkReferences).flatMap((file) => Object.entries(file))) {
    const address = addressOf(library).slice(2).toLowerCase();
    for (const { start } of gaps) {
      const at = 2 + 2 * start;
      code = code.slice(0, at) + address + code.slice(at + address.length);
    }
  }
  return code;
}

/** All libraries that the contracts are linked with. Each comes after the libraries that it needs itself. */
export function librariesFor(names: readonly string[]): string[] {
  const found: string[] = [];
  const visit = (name: string): void => {
    const { linkReferences } = contractArtifact(name);
    for (const library of Object.values(linkReferences)
      .flatMap((file) => Object.keys(file))
      .toSorted()) {
      visit(library);
      if (!found.includes(library)) found.push(library);
    }
  };
  for (const name of names) visit(name);
  return found;
}

/** Whether an address has exactly the code that the init code creates, with the values that the constructor fills in. */
export async function isMadeBy(
  provider: Provider,
  address: string,
  data: string,
  block?: number,
): Promise<boolean> {
  const at = block === undefined ? {} : { blockTag: block };
  return (await provider.getCode(address, block)) === (await provider.call({ data, ...at }));
}

/** Compares the code apart from the values that the constructor fills in. */
export function isCodeOf(name: string, code: string): boolean {
  const { deployedBytecode, immutableReferences, deployedLinkReferences } = contractArtifact(name);
  const gaps = [
    ...Object.values(immutableReferences).flat(),
    ...Object.values(deployedLinkReferences).flatMap((file) => Object.values(file).flat()),
  ];
  return code.length === deployedBytecode.length && masked(code, gaps) === masked(deployedBytecode, gaps);
}

/** Each library that the code calls, with its address. */
export function librariesOf(name: string, code: string): [string, string][] {
  const { deployedLinkReferences } = contractArtifact(name);
  return Object.values(deployedLinkReferences).flatMap((file) =>
    Object.entries(file).flatMap(([library, gaps]) => {
      const places = gaps.map(({ start }) => getAddress(`0x${code.slice(2 + 2 * start, 42 + 2 * start)}`));
      return [...new Set(places)].map((place): [string, string] => [library, place]);
    }),
  );
}

function masked(code: string, gaps: readonly Gap[]): string {
  let result = code.toLowerCase();
  for (const { start, length } of gaps) {
    const at = 2 + 2 * start;
    result = result.slice(0, at) + "0".repeat(2 * length) + result.slice(at + 2 * length);
  }
  return result;
}
