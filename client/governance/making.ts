/**
 * Makes contracts that are no part of a deployment.
 */
import { HoldfastError } from "../../protocol/errors.ts";
import { parseAddress, type Chain } from "../chain.ts";
import { initCode, librariesFor } from "../deployment/code.ts";

/** Called after each transaction. */
export type OnMade = (what: string, gas: bigint) => void;

/** Makes a contract of ours, after the libraries that it is linked with. @returns its address */
export async function makeContract(
  chain: Chain,
  contract: string,
  args: readonly unknown[],
  onMade?: OnMade,
): Promise<string> {
  const libraries = new Map<string, string>();
  const make = (name: string, values: readonly unknown[]): Promise<string> => {
    const data = initCode({ contract: name, args: values }, (library) => libraries.get(library) ?? "");
    return makeOf(chain, name, data, onMade);
  };
  for (const library of librariesFor([contract])) libraries.set(library, await make(library, []));
  return make(contract, args);
}

/** @param data the contract's code, with what its constructor takes */
export async function makeOf(chain: Chain, name: string, data: string, onMade?: OnMade): Promise<string> {
  const { made, gas } = await chain.submit(name, null, data);
  if (made === undefined) throw new HoldfastError("chain", `${name} was not made: try again`);
  onMade?.(name, gas);
  return parseAddress(made);
}
