/**
 * Adds a profile or a beacon to a deployment, for clusters to choose. Anybody can make the contract through the factory.
 * Only the treasury can add it.
 */
import { Contract, getAddress, Interface } from "ethers";
import { contractArtifact } from "../../contracts/artifacts.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import type { Chain } from "../chain.ts";
import { isMadeBy } from "./code.ts";
import { madeInitCode, makingData, factoryAddressOf, type Home, type MadeStep } from "./made.ts";
import type { Argument } from "./step.ts";

export interface AddOptions {
  readonly chain: Chain;
  /** The contract to make. */
  readonly step: MadeStep;
  /** Its address if the factory has made it already. A verifier's address depends on the known answer that it was given. */
  readonly at?: string | undefined;
  readonly method: "addProfile" | "addBeacon";
  /** Makes the method's argument from the contract's address. */
  readonly argument: (address: string) => Argument;
}

export interface Addition {
  readonly address: string;
  /** Whether it was added, because the account that paid is the treasury. */
  readonly added: boolean;
  /** Its number, if it was added. */
  readonly index?: string;
  /** The transaction that the treasury has to send otherwise. */
  readonly call: { readonly from: string; readonly to: string; readonly data: string };
}

/** @throws HoldfastError "chain" if the factory has not made the contract at `at`, or not with this code and these values */
export async function addToDeployment(options: AddOptions): Promise<Addition> {
  const { chain, method, argument } = options;
  const address = await makeIt(options);
  const args = [argument(address)];
  const from = await chain.read<string>("ledger", "treasury");
  const to = chain.addresses.audits;
  const data = new Interface(contractArtifact("Audits").abi).encodeFunctionData(method, args);
  const result = { address, call: { from, to, data } };
  if (chain.account() !== from) return { ...result, added: false };
  const { events } = await chain.send("audits", method, args);
  const index = events.map(({ args: values }) => values["index"]).find((value) => typeof value === "bigint");
  return { ...result, added: true, ...(index !== undefined && { index: String(index) }) };
}

async function makeIt({ chain, step, at }: AddOptions): Promise<string> {
  const factory = await chain.read<string>("audits", "factory");
  const views = new Contract(factory, contractArtifact("Factory").abi, chain.provider);
  const home = await homeOf(views);
  if (at !== undefined) {
    const view = views.getFunction(step.making === "makeVerifier" ? "isVerifier" : "isBeacon");
    const isMade =
      ((await view(at)) as boolean) && (await isMadeBy(chain.provider, at, madeInitCode(step, home)));
    if (isMade) return getAddress(at);
    const message = `the contract at ${at} is not this ${step.contract}, or the deployment's factory did not make it: check the address, the key and the parameters`;
    throw new HoldfastError("chain", message, { at, contract: step.contract });
  }
  const place = factoryAddressOf(step, factory, home);
  const isThere = async (): Promise<boolean> => (await chain.provider.getCode(place)) !== "0x";
  if (await isThere()) return place;
  const { hash } = await chain.submit(step.making, factory, makingData(step));
  if (await isThere()) return place;
  const message = `the transaction ${hash} made no ${step.contract} at ${place}: look at what it did, and try again`;
  throw new HoldfastError("chain", message, { hash });
}

async function homeOf(factory: Contract): Promise<Home> {
  const read = (name: string): Promise<unknown> => factory.getFunction(name)();
  const [audits, ...times] = await Promise.all(["audits", "genesis", "epochSeconds", "margin"].map(read));
  const [genesis, epochSeconds, margin] = times.map(Number) as [number, number, number];
  return { audits: audits as string, genesis, epochSeconds, margin };
}
