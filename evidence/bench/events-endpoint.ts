/**
 * An endpoint, in its own process, with the events of a fake deployment, which are made up on request. It tells its parent
 * process where it listens.
 */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { Interface, type ParamType, toBeHex, zeroPadValue } from "ethers";
import { contractArtifact } from "../../contracts/artifacts.ts";

/** The parameters of the fake deployment. */
export interface MadeUp {
  readonly events: number;
  readonly eventsPerBlock: number;
  readonly vNodes: number;
}

export const REGISTRY = `0x${"01".repeat(20)}`;
export const AUDITS = `0x${"02".repeat(20)}`;
export const CHALLENGES = `0x${"03".repeat(20)}`;
/** Of the remaining events, one in STORES stores a segment. The others are proofs. */
const STORES = 10;
const NODE = 1;
const SECONDS = 12;

const registry = new Interface(contractArtifact("Registry").abi);
const audits = new Interface(contractArtifact("Audits").abi);

export const lastBlock = ({ events, eventsPerBlock }: MadeUp): number => Math.ceil(events / eventsPerBlock);
const hashOf = (block: number): string => zeroPadValue(toBeHex(block), 32);

/** The i-th event: first a cluster, its vNodes and their nodes, then stores and proofs in turn. */
function eventOf(
  i: number,
  { vNodes }: MadeUp,
): { readonly address: string; readonly topics: string[]; readonly data: string } {
  const made = (address: string, contract: Interface, name: string, values: unknown[]) => ({
    ...contract.encodeEventLog(name, values),
    address,
  });
  if (i === 0) return made(REGISTRY, registry, "ClusterCreated", clusterValues());
  if (i <= vNodes) return made(REGISTRY, registry, "VNodeAdded", [i, 1, i]);
  if (i <= 2 * vNodes)
    return made(REGISTRY, registry, "NodeAssigned", [i - vNodes, 1 + ((i - vNodes) % 100), 1]);
  const rest = i - 2 * vNodes - 1;
  const vNode = 1 + (Math.floor(rest / STORES) % vNodes);
  if (rest % STORES !== 0) return made(AUDITS, audits, "Proven", [vNode, NODE, rest, rest, 1, 0, 0]);
  const serial = Math.floor(rest / STORES / vNodes);
  return made(REGISTRY, registry, "SegmentStored", [
    vNode,
    1,
    serial,
    hashOf(i + 1),
    serial,
    1,
    1n,
    1,
    1_000_000,
    REGISTRY,
  ]);
}

/** A value for each word of the cluster's event, with a quantum of one unit. */
function clusterValues(): unknown[] {
  const { inputs } = registry.getEvent("ClusterCreated") ?? { inputs: [] };
  return inputs.map((input) => (input.name === "cluster" ? 1 : emptyOf(input)));
}

function emptyOf({ type, components }: ParamType): unknown {
  if (components) return components.map(emptyOf);
  if (type === "address") return REGISTRY;
  return type === "string" ? "" : 0;
}

function blockOf(number: number): object {
  return {
    number: toBeHex(number),
    hash: hashOf(number),
    parentHash: hashOf(number - 1),
    transactions: [],
    timestamp: toBeHex(number * SECONDS),
    nonce: "0x00",
    difficulty: "0x0",
    gasLimit: "0x0",
    gasUsed: "0x0",
    miner: REGISTRY,
    extraData: "0x",
    baseFeePerGas: "0x0",
  };
}

function answer(method: string, [first]: readonly unknown[], made: MadeUp): unknown {
  if (method === "eth_chainId") return "0x1";
  if (method === "eth_getBlockByNumber") return blockOf(first === "latest" ? lastBlock(made) : Number(first));
  if (method === "eth_getBlockByHash") return blockOf(Number(first));
  const { fromBlock, toBlock, blockHash } = first as Readonly<Record<string, string>>;
  const [from, to] =
    blockHash === undefined ? [Number(fromBlock), Number(toBlock)] : [Number(blockHash), Number(blockHash)];
  const logs: object[] = [];
  for (let block = from; block <= to; block++)
    for (let nth = 0; nth < made.eventsPerBlock; nth++) {
      const i = (block - 1) * made.eventsPerBlock + nth;
      if (i < 0 || i >= made.events) continue;
      const place = { blockNumber: toBeHex(block), blockHash: hashOf(block), logIndex: toBeHex(nth) };
      logs.push({ ...eventOf(i, made), ...place, transactionHash: hashOf(i), removed: false });
    }
  return logs;
}

async function textOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}

/** Like most endpoints, it returns logs without block times: those must be asked for separately. */
function serve(made: MadeUp): void {
  const server = createServer((request, response) => {
    void textOf(request).then((text) => {
      const asked = JSON.parse(text) as
        | { id: number; method: string; params: unknown[] }
        | { id: number; method: string; params: unknown[] }[];
      const answers = [asked]
        .flat()
        .map(({ id, method, params }) => ({ jsonrpc: "2.0", id, result: answer(method, params, made) }));
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(Array.isArray(asked) ? answers : answers[0]));
    });
  });
  server.listen(0, "127.0.0.1", () =>
    process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
  );
}

if (import.meta.main) serve(JSON.parse(process.argv[2] ?? "{}") as MadeUp);
