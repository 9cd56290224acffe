/**
 * The contracts' functions as hexadecimal calldata.
 */
import { Interface } from "ethers";
import { contractArtifact } from "../../contracts/artifacts.ts";
import { word } from "./words.ts";

const NAMES = ["TestToken", "Ledger", "Registry", "Audits", "Challenges"] as const;
export type ContractName = (typeof NAMES)[number];

const faces = Object.fromEntries(
  NAMES.map((name) => [name, new Interface(contractArtifact(name).abi as never)]),
) as Record<ContractName, Interface>;
const selectors = new Map<string, string>();

/** Encodes calls of a function whose arguments are one word each. */
export function quick(
  contract: ContractName,
  name: string,
  ...args: readonly (bigint | number | string)[]
): string {
  const key = `${contract}.${name}`;
  let selector = selectors.get(key);
  if (selector === undefined) {
    selector = faces[contract].getFunction(name)?.selector.slice(2);
    if (selector === undefined) throw new Error(`there is no ${key}`);
    selectors.set(key, selector);
  }
  return selector + args.map(wordsOf).join("");
}

function wordsOf(value: bigint | number | string): string {
  if (typeof value !== "string") return word(value);
  return value.startsWith("0x") ? value.slice(2).padStart(64, "0") : value;
}

/** Encodes a call of any function. */
export const encode = (contract: ContractName, name: string, args: readonly unknown[]): string =>
  faces[contract].encodeFunctionData(name, args).slice(2);

/** The selector of an error, with which the revert data begins. */
export function errorSelector(contract: ContractName, name: string): string {
  const selector = faces[contract].getError(name)?.selector.slice(2);
  if (selector === undefined) throw new Error(`${contract} has no error ${name}`);
  return selector;
}
