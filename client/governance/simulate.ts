/**
 * Tries calls out, one after the other, without sending anything.
 */
import { Interface, isCallException, toQuantity, type JsonRpcProvider } from "ethers";
import { refuse } from "../chain-errors.ts";
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
  for (const each of calls) await call(chain, { from: sender, ...each }).catch(refuse("this"));
  return { together: calls.length === 1 };
}

/** @returns whether the endpoint could */
async function simulateTogether(chain: Chain, sender: string, calls: readonly Call[]): Promise<boolean> {
  const { abi, deployedBytecode } = safeArtifact("MultiSendCallOnly");
  const data = new Interface(abi).encodeFunctionData("multiSend", [packCalls(calls)]);
  const override = { [sender]: { code: deployedBytecode } };
  try {
    await call(chain, { to: sender, data }, override);
    return true;
  } catch (error) {
    if (isCallException(error)) refuse("this")(error);
    return false;
  }
}

async function call(
  { provider }: Chain,
  transaction: Readonly<Record<string, string>>,
  ...override: object[]
): Promise<unknown> {
  const at = (endpoint: Pick<JsonRpcProvider, "send">, block: string): Promise<unknown> =>
    endpoint.send("eth_call", [transaction, block, ...override]) as Promise<unknown>;
  if (provider.isOne) return at(provider, "latest");
  const block = toQuantity(await provider.sharedBlock());
  return provider.agreed((endpoint) => at(endpoint, block), "a simulation");
}
