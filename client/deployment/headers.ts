/**
 * The block headers with which the factory tests a chain: those of the probe's block and the seven after it.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Contract, type JsonRpcProvider } from "ethers";
import { contractArtifact } from "../../contracts/artifacts.ts";
import { headersFrom } from "../../contracts/headers.ts";
import { isLocalChain } from "../../keys/key-gate.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import { addressOf, type DeploymentPlan } from "./plan.ts";

/** As ChainTest has it. The probe's block is the first. */
const TEST_BLOCKS = 8;
const POLL_MS = 1000;

/** Waits for the blocks after the probe's, and adds their headers to the step that needs them. */
export async function addHeaders(
  provider: JsonRpcProvider,
  plan: DeploymentPlan,
  signal: AbortSignal,
): Promise<DeploymentPlan> {
  const index = plan.steps.findIndex(({ needsProbe }) => needsProbe !== undefined);
  const step = plan.steps[index];
  if (step?.needsProbe === undefined) return plan;
  const { needsProbe: probeId, ...rest } = step;
  const probe = new Contract(addressOf(plan, probeId), contractArtifact("PrevrandaoProbe").abi, provider);
  const first = Number(await probe.getFunction("blockNumber")());
  while ((await provider.getBlockNumber()) < first + TEST_BLOCKS - 1) {
    if (signal.aborted) throw new HoldfastError("aborted", "stopped: run the same command again to resume");
    // A local chain may make no blocks by itself.
    if (isLocalChain(BigInt(plan.chainId))) await provider.send("evm_mine", []);
    else await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
  const headers = await headersFrom(provider, first, TEST_BLOCKS);
  const args = [...rest.args, await probe.getAddress(), headers];
  return { ...plan, steps: plan.steps.with(index, { ...rest, args }) };
}
