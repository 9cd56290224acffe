/**
 * The headers that the factory tests a chain with: of the block of a probe and the seven after it.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Contract, type JsonRpcProvider } from "ethers";
import { contractArtifact } from "../../contracts/artifacts.ts";
import { headersFrom } from "../../contracts/headers.ts";
import { isLocalChain } from "../../keys/key-gate.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import { addressOf, type Plan } from "./plan.ts";

/** Of ChainTest, the probe's first. */
const TEST_BLOCKS = 8;
const POLL_MS = 1000;

/** Waits for the blocks after the probe's, and completes the step that is made with their headers. */
export async function addHeaders(provider: JsonRpcProvider, plan: Plan, signal: AbortSignal): Promise<Plan> {
  const index = plan.steps.findIndex(({ needsProbe }) => needsProbe !== undefined);
  const step = plan.steps[index];
  if (step?.needsProbe === undefined) return plan;
  const { needsProbe: probeId, ...rest } = step;
  const probe = new Contract(addressOf(plan, probeId), contractArtifact("PrevrandaoProbe").abi, provider);
  const first = Number(await probe.getFunction("blockNumber")());
  while ((await provider.getBlockNumber()) < first + TEST_BLOCKS - 1) {
    if (signal.aborted) throw new HoldfastError("aborted", "stopped: the same command goes on later");
    // On a local chain nobody else may be there to make blocks.
    if (isLocalChain(BigInt(plan.chainId))) await provider.send("evm_mine", []);
    else await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
  const headers = await headersFrom(provider, first, TEST_BLOCKS);
  const args = [...rest.args, await probe.getAddress(), headers];
  return { ...plan, steps: plan.steps.with(index, { ...rest, args }) };
}
