/**
 * Resumes a deployment: checks that it can still be completed as planned, and sends signed transactions again.
 */
import { isDeepStrictEqual } from "node:util";
import { keccak256, type JsonRpcProvider } from "ethers";
import { HoldfastError } from "../../protocol/errors.ts";
import type { Origins, SignedTransaction } from "./folder.ts";
import { addressOf, type DeploymentPlan } from "./plan.ts";

/** @throws HoldfastError "bad-input", naming the settings that have changed since the plan was made */
export function checkOrigins(before: Origins, now: Origins): void {
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])];
  const changed = names.filter((name) => !isDeepStrictEqual(before[name], now[name]));
  if (changed.length === 0) return;
  const message = `the deployment in this folder was planned with another ${changed.join(", ")}: restore the old value, or begin in a new folder`;
  throw new HoldfastError("bad-input", message, { changed });
}

/**
 * Sends the signed transactions that the chain does not know again. They have the same bytes, so nothing is deployed twice.
 *
 * @throws HoldfastError "chain" if the account sent something else in the meantime
 */
export async function resendSigned(
  provider: JsonRpcProvider,
  plan: DeploymentPlan,
  signed: readonly SignedTransaction[],
): Promise<void> {
  const { account, nonce: first, steps } = plan;
  for (const { nonce, raw } of signed) {
    const known = async (): Promise<boolean> => (await provider.getTransaction(keccak256(raw))) !== null;
    const step = steps[nonce - first]?.id ?? "";
    const mined = (await provider.getTransactionCount(account)) > nonce;
    // Servers forget old transactions, and somebody else may have made the factory's contract: look for the code.
    if (mined && (await provider.getCode(addressOf(plan, step))) !== "0x") continue;
    if (await known()) continue;
    if (mined) throw passed(plan, step, nonce + 1);
    await provider.send("eth_sendRawTransaction", [raw]).catch(async (cause: unknown) => {
      if (await known()) return;
      const message = `the chain refuses the transaction that was signed for ${step}: ${reasonOf(cause)}. Correct the cause and run the same command again`;
      throw new HoldfastError("chain", message, { step, nonce }, { cause });
    });
  }
  if (signed.length === steps.length) return;
  const expected = first + signed.length;
  const pending = await provider.getTransactionCount(account, "pending");
  if (pending > expected) throw passed(plan, steps[signed.length]?.id ?? "", pending);
  if (pending < expected) {
    const message = `the chain knows ${pending} transactions of ${account}, and this folder has ${expected}: it is another chain, or the endpoint is behind; try again later, or begin in a new folder`;
    throw new HoldfastError("chain", message, { expected, pending });
  }
}

function passed({ account }: DeploymentPlan, step: string, nonce: number): HoldfastError {
  const message = `${account} sent something else in the meantime, so ${step} cannot get its planned address: begin in a new folder, and do not use the account until the deployment is complete`;
  return new HoldfastError("chain", message, { account, step, nonce });
}

function reasonOf(error: unknown): string {
  const { error: answer, message } = error as { error?: { message?: string }; message?: string };
  return answer?.message ?? message ?? String(error);
}
