/**
 * What the rest of a plan costs, before the first of it is sent: most contracts cannot be simulated until those before them
 * are there.
 */
import { formatEther, getBytes, ZeroAddress, type JsonRpcProvider } from "ethers";
import { contractArtifact } from "../../contracts/artifacts.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import { offer } from "../sending.ts";
import { isMade } from "./made.ts";
import { transactionOf, type Plan } from "./plan.ts";
import type { Step } from "./step.ts";

export interface Cost {
  readonly gas: bigint;
  /** Wei for one unit of gas at most, as the chain is now. */
  readonly gasPrice: bigint;
  /** Wei. */
  readonly most: bigint;
}

/** How a person allows higher fees. */
export const ALLOWING = "maxFeeGwei";
/** A transaction, and a contract that is made. */
const CREATE_GAS = 21_000n + 32_000n;
const ZERO_BYTE_GAS = 4n;
const BYTE_GAS = 16n;
/** EIP-3860, for 32 bytes of what is executed; and for each byte of what stays. */
const WORD_GAS = 2n;
const CODE_BYTE_GAS = 200n;
/** For what constructors do, more than any of them takes (a test compares). */
const CONSTRUCTOR_GAS: Readonly<Record<string, bigint>> = {
  Groth16Verifier: 1_800_000n,
  Factory: 300_000n,
};
const OTHER_CONSTRUCTOR_GAS = 150_000n;
/** For what the factory does besides: it hashes and copies the code, and tests the chain. */
const MAKING_GAS: Readonly<Record<string, bigint>> = { PrevrandaoBeacon: 450_000n };
const OTHER_MAKING_GAS = 100_000n;
/** As long as those of 8 blocks are, or longer. */
const HEADERS = Array.from({ length: 8 }, () => `0x${"ff".repeat(700)}`);

/**
 * Of a plan's steps from one on.
 *
 * @param maxFee wei for a unit of gas
 * @throws HoldfastError "chain" if the chain asks for more
 */
export async function estimateCost(
  provider: JsonRpcProvider,
  plan: Plan,
  from: number,
  maxFee: bigint,
): Promise<Cost> {
  const gas = plan.steps.slice(from).reduce((sum, step) => sum + gasOf(plan, step), 0n);
  if (gas === 0n) return { gas, gasPrice: 0n, most: 0n };
  const { maxFeePerGas: gasPrice } = await offer(provider, maxFee, ALLOWING);
  return { gas, gasPrice, most: gas * gasPrice };
}

/** @throws HoldfastError "funds", saying how much is missing */
export async function checkFunds(
  provider: JsonRpcProvider,
  { account }: Plan,
  { most, gas }: Cost,
): Promise<void> {
  const balance = await provider.getBalance(account);
  if (balance >= most) return;
  const missing = most - balance;
  const message = `${account} has ${formatEther(balance)} of the chain's coin, and ${gas} gas may cost ${formatEther(most)}: send it ${formatEther(missing)} more`;
  throw new HoldfastError("funds", message, { balance, needed: most, missing });
}

/** Of one step, at most. */
export function gasOf(plan: Plan, step: Step): bigint {
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
