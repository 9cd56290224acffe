/**
 * Access to a ProofOfStorageManager: its views, what a call of it would do, and its events.
 */
import { Contract, type Interface, type InterfaceAbi } from "ethers";
import { contractArtifact } from "../../contracts/artifacts.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import { refuse } from "../chain-errors.ts";
import { byName, type Value } from "../chain-values.ts";
import type { Chain } from "../chain.ts";
import { createReader } from "../reading.ts";
import { makeContract, type OnMade } from "./making.ts";
import type { ProofRules } from "./proof-rules.ts";

const NAME = "ProofOfStorageManager";

export const STANDINGS = ["none", "candidate", "member"] as const;
export const REASONS = [
  "none",
  "left",
  "belongs to another provider",
  "does not trust the manager",
  "was removed for its misses",
  "lost a challenge",
  "has too little bond or capacity for what it offers",
  "missed too often",
  "failed its probation",
  "gave way to a larger node",
  "asks more than the price",
  "has no room",
  "has too little free bond",
  "has the vNode already, or leaves it",
  "has a seat next to the vNode",
] as const;

export interface Crank {
  readonly method: string;
  readonly args: readonly unknown[];
}

export interface Said {
  readonly name: string;
  readonly args: Readonly<Record<string, Value>>;
}

export interface ProofManager {
  readonly address: string;
  read<T>(method: string, args?: readonly unknown[]): Promise<T>;
  /** Whether a call would change something now. */
  works(crank: Crank): Promise<boolean>;
  /** @throws HoldfastError that says why the contract refuses */
  try(crank: Crank, from: string): Promise<void>;
  send(crank: Crank): Promise<{ transaction: string; gas: bigint; events: Said[] }>;
}

/** @throws HoldfastError "chain" if there is no manager of that kind for this deployment */
export async function openProofManager(chain: Chain, text: string): Promise<ProofManager> {
  const reader = createReader(chain.provider);
  const address = await reader.existingContract(NAME, text);
  const abi = contractArtifact(NAME).abi as unknown as InterfaceAbi;
  const contract = new Contract(address, abi, chain.provider);
  const read = async <T>(method: string, args: readonly unknown[] = []): Promise<T> =>
    (await reader.call(contract, method, args)) as T;
  const audits = await read<string>("audits").catch(() => undefined);
  const rules = await read("rules").catch(() => undefined);
  if (audits !== chain.addresses.audits || rules === undefined) {
    const message = `the contract at ${address} is no ProofOfStorageManager of this deployment: check the address`;
    throw new HoldfastError("chain", message, { address, audits });
  }
  const dataOf = ({ method, args }: Crank): string => contract.interface.encodeFunctionData(method, args);
  return {
    address,
    read,
    works: (crank) =>
      // From an account that a reward can go to.
      chain.provider.call({ from: address, to: address, data: dataOf(crank) }).then(
        () => true,
        () => false,
      ),
    async try(crank, from) {
      await contract
        .getFunction(crank.method)
        .staticCall(...crank.args, { from })
        .catch(refuse(crank.method));
    },
    async send(crank) {
      const { hash, gas } = await chain.submit(crank.method, address, dataOf(crank));
      const receipt = await chain.provider.getTransactionReceipt(hash);
      return { transaction: hash, gas, events: eventsOf(contract.interface, address, receipt?.logs ?? []) };
    },
  };
}

function eventsOf(
  abi: Interface,
  address: string,
  logs: readonly { address: string; topics: readonly string[]; data: string }[],
): Said[] {
  return logs.flatMap((log) => {
    if (log.address.toLowerCase() !== address.toLowerCase()) return [];
    const parsed = abi.parseLog(log);
    return parsed ? [{ name: parsed.name, args: byName(parsed.args) }] : [];
  });
}

/** Makes the libraries and a manager for one cluster, which can then be proposed to it. */
export function createProofManager(
  chain: Chain,
  { cluster, rules }: { readonly cluster: bigint; readonly rules: ProofRules },
  onMade?: OnMade,
): Promise<string> {
  return makeContract(chain, NAME, [chain.addresses.audits, cluster, rules], onMade);
}
