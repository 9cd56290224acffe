/**
 * The arguments of an event or an error by their names, in the ABI's order: for `withArgs`.
 */
import type { BaseContract } from "ethers";

/** @throws Error unless these are exactly the names that the ABI has */
export function named(
  contract: { readonly interface: BaseContract["interface"] },
  name: string,
  values: Readonly<Record<string, unknown>>,
): unknown[] {
  const fragment = contract.interface.getEvent(name) ?? contract.interface.getError(name);
  if (!fragment) throw new Error(`the ABI has no event or error ${name}`);
  const names = fragment.inputs.map((input) => input.name);
  const given = Object.keys(values);
  if (given.length !== names.length || !names.every((one) => given.includes(one)))
    throw new Error(`${name} has ${names.join(", ")}, not ${given.join(", ")}`);
  return names.map((one) => values[one]);
}
