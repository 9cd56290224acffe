/**
 * What this build compiles to, with what is filled in when it is deployed, and whether that is what runs on a chain.
 */
import { getAddress } from "ethers";
import { contractArtifact, type Gap } from "../../contracts/artifacts.ts";

/** What makes the contract, with each library's address where the compiler left a gap for it. */
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

/** Apart from what a constructor fills in. */
export function isCodeOf(name: string, code: string): boolean {
  const { deployedBytecode, immutableReferences, deployedLinkReferences } = contractArtifact(name);
  const gaps = [
    ...Object.values(immutableReferences).flat(),
    ...Object.values(deployedLinkReferences).flatMap((file) => Object.values(file).flat()),
  ];
  return code.length === deployedBytecode.length && masked(code, gaps) === masked(deployedBytecode, gaps);
}

/** Each library that the code calls, and where. */
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
