/**
 * The contracts that a deployment's Factory makes. Their addresses follow from their code and parameters.
 */
import { getCreate2Address, Interface, keccak256, ZeroHash } from "ethers";
import { contractArtifact } from "../../contracts/artifacts.ts";
import type { Clock } from "../../protocol/epochs.ts";
import { initCode, linkedBytecode } from "./code.ts";
import { MAKINGS, type Argument, type Making, type Step } from "./step.ts";

/** The deployment that a factory belongs to (EpochBeacon.Home). */
export interface Home extends Clock {
  readonly audits: string;
}

/** A step that calls the factory. */
export type MadeStep = Step & { readonly making: Making };

export function isMade(step: Step): step is MadeStep {
  return step.making !== undefined;
}

/** The arguments of the factory's method: the code, then the step's arguments. */
export function makingArgs({ making, args }: MadeStep): Argument[] {
  return [codeOf(MAKINGS[making]), ...args];
}

/** The data of the transaction to the factory. */
export function makingData(step: MadeStep): string {
  return new Interface(contractArtifact("Factory").abi).encodeFunctionData(step.making, makingArgs(step));
}

/** The address at which the factory creates the contract. */
export function factoryAddressOf(step: MadeStep, factory: string, home: Home): string {
  return getCreate2Address(factory, ZeroHash, keccak256(madeInitCode(step, home)));
}

/** The init code that the factory creates the contract from. */
export function madeInitCode({ making, args }: MadeStep, home: Home): string {
  const own = making === "makePrevrandaoBeacon" ? [] : args;
  const given = making === "makeVerifier" ? own : [...own, { ...home }];
  return initCode({ contract: MAKINGS[making], args: given }, noLibrary);
}

/** keccak256 of the code that the factory must be given. */
export function codeHash(making: Making): string {
  return keccak256(codeOf(MAKINGS[making]));
}

function codeOf(contract: string): string {
  return linkedBytecode(contract, noLibrary);
}

function noLibrary(library: string): never {
  throw new TypeError(`what a factory makes has no libraries, but ${library} was asked for`);
}
