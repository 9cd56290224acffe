/**
 * A JSON-RPC proxy that injects faults, and passes everything else to the chain unchanged.
 */
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { keccak256 } from "ethers";
import type { Random } from "../simulation/random.ts";
import type { Fault } from "./faults.ts";

export interface Proxy {
  readonly url: string;
  /** The current fault. */
  fault: Fault | undefined;
  /** Number of requests, and of those that a fault affected. */
  readonly counts: { requests: number; spoiled: number };
  close(): void;
}

interface Call {
  readonly id: number;
  readonly method: string;
  readonly params?: readonly unknown[];
}
type Answer = Readonly<Record<string, unknown>>;

const HEADERS = { "content-type": "application/json" };
const PRICES = ["eth_gasPrice", "eth_maxPriorityFeePerGas"];
/** Index of the block among a method's parameters. */
const BLOCK_AT: Readonly<Record<string, number>> = {
  eth_call: 1,
  eth_getBalance: 1,
  eth_getCode: 1,
  eth_getTransactionCount: 1,
  eth_getBlockByNumber: 0,
  eth_getStorageAt: 2,
};

/** @param random decides which requests a fault affects */
export async function startProxy(target: string, random: Random): Promise<Proxy> {
  const held = new Set<ServerResponse>();
  const pass = async (body: unknown): Promise<unknown> =>
    (await fetch(target, { method: "POST", headers: HEADERS, body: JSON.stringify(body) })).json();
  const ask = async (method: string, params: readonly unknown[]): Promise<unknown> =>
    ((await pass({ jsonrpc: "2.0", id: 1, method, params })) as Answer)["result"];

  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const body = JSON.parse(Buffer.concat(chunks).toString()) as Call | Call[];
      const calls = [body].flat();
      proxy.counts.requests++;
      const fault = proxy.fault && random.next() < proxy.fault.share ? proxy.fault : undefined;
      if (fault) proxy.counts.spoiled++;
      const send = (status: number, value: unknown, headers: object = {}): void =>
        void response.writeHead(status, { ...HEADERS, ...headers }).end(JSON.stringify(value));
      if (fault?.kind === "errors") send(500, { message: "internal error" });
      else if (fault?.kind === "limited") send(429, { message: "slow down" }, { "retry-after": "1" });
      else if (fault?.kind === "hanging") held.add(response);
      else if (fault?.kind === "batches refused" && Array.isArray(body) && body.length > fault.size)
        send(400, refusal(calls[0] as Call, -32600, `batch is too large, the limit is ${fault.size}`));
      else if (!fault) send(200, await pass(body));
      else {
        const view = fault.kind === "behind" ? await headOf(fault.size) : 0;
        const answers = await Promise.all(calls.map((call) => spoil(call, fault, view)));
        send(200, Array.isArray(body) ? answers : answers[0]);
      }
    })().catch(() => response.destroy());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");

  const headOf = async (behind: number): Promise<number> =>
    Math.max(0, Number(await ask("eth_blockNumber", [])) - behind);

  async function spoil(call: Call, { kind, size }: Fault, head: number): Promise<Answer> {
    const { id, method, params = [] } = call;
    const result = (value: unknown): Answer => ({ jsonrpc: "2.0", id, result: value });
    const honest = async (): Promise<Answer> => (await pass(call)) as Answer;
    switch (kind) {
      case "empty logs":
        return method === "eth_getLogs" ? result([]) : honest();
      case "null receipts":
        return method === "eth_getTransactionReceipt" ? result(null) : honest();
      case "ranges refused":
        if (method !== "eth_getLogs" || rangeOf(params) <= size) return honest();
        return refusal(call, -32005, `block range is too large, the limit is ${size} blocks`);
      case "gas lies":
        if (!PRICES.includes(method)) return honest();
        return result(`0x${(BigInt(String((await honest())["result"])) * BigInt(size)).toString(16)}`);
      case "swallowing":
        return method === "eth_sendRawTransaction" ? result(keccak256(params[0] as string)) : honest();
      case "behind":
        return seenFrom(call, head, honest);
      default:
        return honest();
    }
  }

  /** The answer of an endpoint whose newest block is `head`. */
  async function seenFrom(call: Call, head: number, honest: () => Promise<Answer>): Promise<Answer> {
    const { id, method, params = [] } = call;
    const result = (value: unknown): Answer => ({ jsonrpc: "2.0", id, result: value });
    if (method === "eth_blockNumber") return result(hex(head));
    if (method === "eth_getLogs") {
      const [filter] = params as [{ fromBlock?: string; toBlock?: string; blockHash?: string }];
      if (filter.blockHash !== undefined) return honest();
      const to = Math.min(head, numberOf(filter.toBlock, head));
      if (numberOf(filter.fromBlock, head) > to) return result([]);
      return (await pass({ ...call, params: [{ ...filter, toBlock: hex(to) }] })) as Answer;
    }
    const at = BLOCK_AT[method];
    if (at !== undefined) {
      const block = params[at];
      if (typeof block === "object" && block !== null) return honest(); // by hash
      const isTag = block === undefined || block === "latest" || block === "pending";
      if (!isTag && numberOf(block as string, head) > head)
        return method === "eth_getBlockByNumber" ? result(null) : refusal(call, -32000, "header not found");
      if (!isTag) return honest();
      return (await pass({ ...call, params: params.with(at, hex(head)) })) as Answer;
    }
    const answer = await honest();
    const there = answer["result"] as { number?: string; blockNumber?: string } | null | undefined;
    const number = there?.blockNumber ?? (method === "eth_getBlockByHash" ? there?.number : undefined);
    return typeof number === "string" && Number(number) > head ? result(null) : answer;
  }

  const proxy: Proxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get fault() {
      return current;
    },
    set fault(next) {
      current = next;
      // Requests that were left without an answer end with a broken connection.
      for (const response of held) response.destroy();
      held.clear();
    },
    counts: { requests: 0, spoiled: 0 },
    close: () => server.close().closeAllConnections(),
  };
  let current: Fault | undefined;
  return proxy;
}

function refusal({ id }: Call, code: number, message: string): Answer {
  return { jsonrpc: "2.0", id, error: { code, message } };
}

function rangeOf(params: readonly unknown[]): number {
  const [{ fromBlock, toBlock, blockHash } = {}] = params as [Record<string, string>?];
  if (blockHash !== undefined) return 1;
  return numberOf(toBlock, Number.MAX_SAFE_INTEGER) - numberOf(fromBlock, 0) + 1;
}

function numberOf(block: string | undefined, head: number): number {
  if (block === "earliest") return 0;
  return block?.startsWith("0x") === true ? Number(block) : head;
}

const hex = (value: number): string => `0x${value.toString(16)}`;
