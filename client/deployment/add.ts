/**
 * Adds a profile or a beacon to a deployment, for clusters to choose. Anybody can pay for the contract; the treasury adds it.
 */
import { getAddress, Interface, Wallet } from "ethers";
import { contractArtifact } from "../../contracts/artifacts.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import type { Chain } from "../chain.ts";
import { initCode, isMadeBy } from "./code.ts";
import type { Argument, Step } from "./plan.ts";

export interface AddOptions {
  readonly chain: Chain;
  /** Of the account that pays. */
  readonly privateKey: string;
  /** What to deploy. */
  readonly step: Step;
  /** Where it is already. */
  readonly at?: string | undefined;
  readonly method: "addProfile" | "addBeacon";
  /** What the method takes, from the contract's address. */
  readonly argument: (address: string) => Argument;
}

export interface Addition {
  readonly address: string;
  /** Whether the treasury has added it: it is the account that paid. */
  readonly added: boolean;
  /** Its number, if so. */
  readonly index?: string;
  /** What the treasury has to send otherwise. */
  readonly call: { readonly from: string; readonly to: string; readonly data: string };
}

/** @throws HoldfastError "chain" if what is at `at` is another contract, or one with other values */
export async function addToDeployment(options: AddOptions): Promise<Addition> {
  const { chain, method, argument } = options;
  const address = await placeOf(options);
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

async function placeOf({ chain, privateKey, step, at }: AddOptions): Promise<string> {
  const data = initCode(step, getAddress);
  if (at !== undefined) {
    if (await isMadeBy(chain.provider, at, data)) return getAddress(at);
    const message = `what is at ${at} is not this ${step.contract}: check the address, the key and the parameters`;
    throw new HoldfastError("chain", message, { at, contract: step.contract });
  }
  const sent = await new Wallet(privateKey, chain.provider).sendTransaction({ data });
  const receipt = await sent.wait();
  if (receipt?.contractAddress) return receipt.contractAddress;
  const message = `the transaction ${sent.hash} made no ${step.contract}: look it up, and try again`;
  throw new HoldfastError("chain", message, { transaction: sent.hash });
}
