/**
 * Tries calls out, one after the other, without sending anything.
 */
import { Interface, toQuantity } from "ethers";
import type { Chain } from "../chain.ts";
import { packCalls, type Call } from "./calls.ts";
import { safeArtifact } from "./safe-artifacts.ts";

export interface Simulation {
  /** Whether each call saw what those before it did. If not, the endpoint can only try each one alone. */
  readonly together: boolean;
}

/**
 * What would happen if `sender` made the calls now. The endpoint runs several with the code of MultiSendCallOnly in the place of
 * the sender's own, so that the Registry sees the sender. What the chain is like later, this cannot know.
 *
 * @throws HoldfastError "chain" as the real transaction would, if a call fails
 */
export async function simulate(chain: Chain, sender: string, calls: readonly Call[]): Promise<Simulation> {
  if (calls.length > 1 && (await simulateTogether(chain, sender, calls))) return { together: true };
  for (const each of calls) await call(chain, { from: sender, ...each });
  return { together: calls.length === 1 };
}

/** @returns whether the endpoint could */
async function simulateTogether(chain: Chain, sender: string, calls: readonly Call[]): Promise<boolean> {
  if (!(await runsOtherCode(chain, sender))) return false;
  const { abi, deployedBytecode } = safeArtifact("MultiSendCallOnly");
  const data = new Interface(abi).encodeFunctionData("multiSend", [packCalls(calls)]);
  await call(chain, { to: sender, data }, { [sender]: { code: deployedBytecode } });
  return true;
}

/** Code that returns 1. */
const ONE = "0x600160005260206000f3";

/** Whether the endpoint can run other code in the place of an account's. Some refuse, and some ignore the request. */
async function runsOtherCode(chain: Chain, account: string): Promise<boolean> {
  try {
    return BigInt(await call(chain, { to: account, data: "0x" }, { [account]: { code: ONE } })) === 1n;
  } catch {
    return false;
  }
}

/** Two endpoints must agree that it succeeds. */
const call = (
  chain: Chain,
  transaction: Readonly<Record<string, string>>,
  ...override: object[]
): Promise<string> =>
  chain.ask(
    (endpoint, block) =>
      endpoint.send("eth_call", [
        transaction,
        block === "latest" ? block : toQuantity(block),
        ...override,
      ]) as Promise<string>,
    "this",
  );
