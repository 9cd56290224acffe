/**
 * Finds the deployment's contracts from the address of Audits, and turns a node's calls into transactions.
 */
import {
  Contract,
  dataLength,
  getAddress,
  Interface,
  type JsonRpcProvider,
  type TransactionRequest,
} from "ethers";
import { contractArtifact } from "../contracts/artifacts.ts";
import { HoldfastError } from "../protocol/errors.ts";
import { toHex32 } from "../protocol/field.ts";
import { refusing } from "./chain-errors.ts";
import type { Call } from "./chain-model.ts";

/** Libraries and verifiers that revert with errors of their own. */
const LIBRARIES = ["Groth16Verifier", "Segments", "Compaction", "Settlement", "Responsibility"];

export interface Contracts {
  readonly audits: Contract;
  readonly registry: Contract;
  readonly ledger: Contract;
  readonly challenges: Contract;
  readonly beacon: Interface;
  /** ABIs of everything that can revert with errors of its own. */
  readonly errors: readonly Interface[];
}

export async function findContracts(
  provider: JsonRpcProvider,
  auditsAddress: string,
  expectedToken: string | undefined,
): Promise<Contracts> {
  const interfaceOf = (name: string): Interface => new Interface(contractArtifact(name).abi);
  const [auditsAbi, registryAbi, ledgerAbi, challengesAbi, beacon] = [
    interfaceOf("Audits"),
    interfaceOf("Registry"),
    interfaceOf("Ledger"),
    interfaceOf("Challenges"),
    interfaceOf("DrandBeacon"),
  ];
  // The ABI of a contract lacks the errors of the libraries that it is linked with.
  const others = LIBRARIES.map(interfaceOf);
  const errors = [auditsAbi, registryAbi, ledgerAbi, challengesAbi, beacon, ...others];
  const existing = async (name: string, address: string, abi: Interface): Promise<Contract> => {
    if (dataLength(await refusing(errors, "getCode", provider.getCode(address))) > 0)
      return new Contract(address, abi, provider);
    const message = `there is no ${name} contract at ${address} on this chain: check the address and the chain`;
    throw new HoldfastError("chain", message, { address });
  };
  const audits = await existing("Audits", getAddress(auditsAddress), auditsAbi);
  const of = (method: string): Promise<string> =>
    refusing(errors, method, audits.getFunction(method).staticCall() as Promise<string>);
  const token = await of("token");
  if (expectedToken !== undefined && getAddress(expectedToken) !== token) {
    const message = `this deployment pays in the token ${token}, not in ${expectedToken}: use another deployment, or correct the setting`;
    throw new HoldfastError("chain", message, { expected: expectedToken, actual: token });
  }
  const registry = await existing("Registry", await of("registry"), registryAbi);
  const ledger = await existing("Ledger", await of("ledger"), ledgerAbi);
  const challenges = await existing("Challenges", await of("challenges"), challengesAbi);
  return { audits, registry, ledger, challenges, beacon, errors };
}

// --------------------------------------------------------------------------------------------------------------- calls

/** The transaction of a call, without fees and nonce. */
export function transactionOf({ audits, registry, challenges }: Contracts, call: Call): TransactionRequest {
  const to = (contract: Contract, args: readonly unknown[]): TransactionRequest => ({
    to: contract.target,
    data: contract.interface.encodeFunctionData(call.kind, args),
  });
  switch (call.kind) {
    case "prove":
    case "takeOver":
      return to(audits, [call.vNode, call.epoch, call.proof]);
    case "settle":
      return to(audits, [call.vNode, call.epochs]);
    case "recordBeacon":
      return to(audits, [call.beacon, call.epoch, call.evidence]);
    case "answer":
      return to(challenges, [call.challenge, call.proof]);
    case "retire":
    case "compact":
      return to(registry, [call.vNode, call.openings, call.siblings.map(toHex32)]);
  }
}
