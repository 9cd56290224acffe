/**
 * Estimates what the rest of a plan costs before it is sent. Most steps cannot be simulated, because they need the contracts
 * of the steps before them.
 */
import { formatEther, getBytes, ZeroAddress, type JsonRpcProvider } from "ethers";
import { contractArtifact } from "../../contracts/artifacts.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import { currentFees } from "../sending.ts";
import { isMade } from "./made.ts";
import { transactionOf, type DeploymentPlan } from "./plan.ts";
import type { Step } from "./step.ts";

export interface Cost {
  readonly gas: bigint;
  /** The most for a unit of gas now, in wei. */
  readonly gasPrice: bigint;
  /** The most that all of it costs, in wei. */
  readonly most: bigint;
}

/** The setting with which a person allows higher fees. */
export const FEE_SETTING = "maxFeeGwei";
/** Gas of a transaction, and of a contract that it creates. */
const CREATE_GAS = 21_000n + 32_000n;
const ZERO_BYTE_GAS = 4n;
const BYTE_GAS = 16n;
/** Gas for 32 bytes of init code (EIP-3860), and for each byte of the code that stays. */
const WORD_GAS = 2n;
const CODE_BYTE_GAS = 200n;
/** Upper bounds of the gas that constructors need (a test compares). */
const CONSTRUCTOR_GAS: Readonly<Record<string, bigint>> = {
  Groth16Verifier: 1_800_000n,
  Factory: 300_000n,
};
const OTHER_CONSTRUCTOR_GAS = 150_000n;
/** Upper bounds of the factory's own gas: it hashes and copies the code, and tests the chain. */
const MAKING_GAS: Readonly<Record<string, bigint>> = { PrevrandaoBeacon: 450_000n };
const OTHER_MAKING_GAS = 100_000n;
/** Stands for the headers of 8 blocks, which are no longer than this. */
const HEADERS = Array.from({ length: 8 }, () => `0x${"ff".repeat(700)}`);

/**
 * The cost of a plan's steps from one of them on.
 *
 * @param maxFee the most for a unit of gas, in wei
 * @throws HoldfastError "chain" if the chain asks for more
 */
export async function estimateCost(
  provider: JsonRpcProvider,
  plan: DeploymentPlan,
  from: number,
  maxFee: bigint,
): Promise<Cost> {
  const gas = plan.steps.slice(from).reduce((sum, step) => sum + gasOf(plan, step), 0n);
  if (gas === 0n) return { gas, gasPrice: 0n, most: 0n };
  const { maxFeePerGas: gasPrice } = await currentFees(provider, maxFee, FEE_SETTING);
  return { gas, gasPrice, most: gas * gasPrice };
}

/** @throws HoldfastError "funds", saying how much is missing */
export async function checkFunds(
  provider: JsonRpcProvider,
  { account }: DeploymentPlan,
  { most, gas }: Cost,
): Promise<void> {
  const balance = await provider.getBalance(account);
  if (balance >= most) return;
  const missing = most - balance;
  const message = `${account} has ${formatEther(balance)} of the chain's coin, and ${gas} gas may cost ${formatEther(most)}: send it ${formatEther(missing)} more`;
  throw new HoldfastError("funds", message, { balance, needed: most, missing });
}

/** An upper bound of the gas of one step. */
export function gasOf(plan: DeploymentPlan, step: Step): bigint {
  const { contract, args, needsProbe } = step;
  const complete = needsProbe === undefined ? args : [...args, ZeroAddress, HEADERS];
  const data = getBytes(transactionOf(plan, { ...step, args: complete }).data);
  const { deployedBytecode } = contractArtifact(contract);
  const zeros = BigInt(data.filter((byte) => byte === 0).length);
  const length = BigInt(data.length);
  return (
    CREATE_GAS +
    ZERO_BYTE_GAS * zeros +
    BYTE_GAS * (length - zeros) +
    WORD_GAS * ((length + 31n) / 32n) +
    CODE_BYTE_GAS * BigInt((deployedBytecode.length - 2) / 2) +
    (CONSTRUCTOR_GAS[contract] ?? OTHER_CONSTRUCTOR_GAS) +
    (isMade(step) ? (MAKING_GAS[contract] ?? OTHER_MAKING_GAS) : 0n)
  );
}
