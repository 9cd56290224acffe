/**
 * Views that decide about money, data or access rights. If there are several endpoints, two must give the same answer
 * for one block.
 */
import type { JsonRpcProvider } from "ethers";
import type { Endpoints } from "./endpoints.ts";

/** The part of ethers' Contract that is used. */
interface Viewed {
  getFunction(method: string): { staticCall(...args: readonly unknown[]): Promise<unknown> };
}

/** @param args may end with a block tag; then one endpoint is asked, as for events */
export async function agreedView(
  provider: Endpoints,
  contract: Viewed & { connect(runner: JsonRpcProvider): Viewed },
  method: string,
  args: readonly unknown[],
): Promise<unknown> {
  const ask = (of: Viewed, ...block: readonly object[]): Promise<unknown> =>
    of.getFunction(method).staticCall(...args, ...block);
  if (provider.isOne || isPinned(args.at(-1))) return ask(contract);
  const blockTag = await provider.sharedBlock();
  return provider.agreed((endpoint) => ask(contract.connect(endpoint), { blockTag }), method);
}

const isPinned = (last: unknown): boolean => typeof last === "object" && last !== null && "blockTag" in last;
