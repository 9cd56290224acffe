/**
 * Block headers as the chain hashes them, from what an RPC server says of a block; PrevrandaoBeacon is made with some.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Contract, encodeRlp, toBeArray, type JsonRpcProvider } from "ethers";
import { contractArtifact } from "../../contracts/artifacts.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import { isLocalChain } from "./chain-check.ts";
import { addressOf, type Plan } from "./plan.ts";

/** In the order of the header's list; what a chain's version does not know is left out. */
const FIELDS = [
  ...["parentHash", "sha3Uncles", "miner", "stateRoot", "transactionsRoot", "receiptsRoot", "logsBloom"],
  ...["difficulty", "number", "gasLimit", "gasUsed", "timestamp", "extraData", "mixHash", "nonce"],
  ...["baseFeePerGas", "withdrawalsRoot", "blobGasUsed", "excessBlobGas", "parentBeaconBlockRoot"],
  "requestsHash",
] as const;
/** Written without leading zeros. */
const NUMBERS = new Set<string>([
  ...["difficulty", "number", "gasLimit", "gasUsed", "timestamp", "baseFeePerGas", "blobGasUsed"],
  "excessBlobGas",
]);

type Field = (typeof FIELDS)[number];

export interface Header extends Readonly<Partial<Record<Field, string>>> {
  readonly number: string;
  readonly timestamp: string;
  readonly mixHash: string;
}

interface Asking {
  send(method: string, params: unknown[]): Promise<unknown>;
}

export async function headerOf(provider: Asking, block: number | "latest"): Promise<Header> {
  const tag = block === "latest" ? block : `0x${block.toString(16)}`;
  return (await provider.send("eth_getBlockByNumber", [tag, false])) as Header;
}

export function headerRlp(header: Header): string {
  const present = FIELDS.filter((field) => header[field] !== undefined);
  return encodeRlp(
    present.map((field) => {
      const value = header[field] ?? "0x";
      return NUMBERS.has(field) ? toBeArray(value) : value;
    }),
  );
}

/** Headers of blocks in a row, as RLP. */
export async function headersFrom(provider: Asking, first: number, count: number): Promise<string[]> {
  const blocks = Array.from({ length: count }, (_, i) => headerOf(provider, first + i));
  return (await Promise.all(blocks)).map(headerRlp);
}

/** That PrevrandaoBeacon tests the chain with, the probe's first. */
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
