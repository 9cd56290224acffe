/**
 * A proxy between a node and its chain, which records transactions, and loses them when told to.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { keccak256 } from "ethers";

export interface RpcProxy {
  readonly url: string;
  /** The raw transactions that came, in order, including lost ones. */
  readonly sent: readonly string[];
  loses: boolean;
  /** Whether it acknowledges transactions and does not pass them on. */
  swallows: boolean;
  /** Whether it answers nothing. */
  hangs: boolean;
  /** Whether it answers everything with 503. */
  fails: boolean;
  /** Methods of all calls that came, in order. */
  readonly asked: string[];
  /** Its own answers, by method. undefined: passes the call on. */
  readonly lies: Map<string, (params: readonly unknown[]) => unknown>;
  /** What happens to the chain's answer to a transaction. */
  answer: "passed on" | "lost" | "held";
  /** Resolves with the next transaction. */
  next(): Promise<void>;
  /** Resolves after this many calls of the method in a row. */
  until(method: string, times: number): Promise<void>;
  close(): void;
}

interface Call {
  readonly id: number;
  readonly method: string;
  readonly params: readonly string[];
}

export async function startRpcProxy(target: string): Promise<RpcProxy> {
  const sent: string[] = [];
  let waiting: (() => void)[] = [];
  const looking = new Set<() => void>();
  const lying = (calls: readonly Call[], text: string): string => {
    if (!calls.some(({ method }) => proxy.lies.has(method))) return text;
    const byId = new Map(calls.map((call) => [call.id, call]));
    const lie = (answer: { id: number }): object => {
      const { method, params } = byId.get(answer.id) as Call;
      const result = proxy.lies.get(method)?.(params);
      return result === undefined ? answer : { jsonrpc: "2.0", id: answer.id, result };
    };
    const answers = JSON.parse(text) as { id: number } | { id: number }[];
    return JSON.stringify(Array.isArray(answers) ? answers.map(lie) : lie(answers));
  };
  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const body = Buffer.concat(chunks).toString();
      const calls = [JSON.parse(body) as Call | Call[]].flat();
      proxy.asked.push(...calls.map(({ method }) => method));
      for (const look of looking) look();
      const raw = calls.flatMap(({ method, params }) => (method === "eth_sendRawTransaction" ? params : []));
      for (const each of raw) sent.push(each);
      if (proxy.hangs) return;
      if (proxy.fails) {
        response.writeHead(503).end();
        return;
      }
      if (raw.length > 0 && proxy.swallows) {
        // What came along with it is answered as always.
        const answers = calls.map(async (call): Promise<unknown> => {
          if (call.method === "eth_sendRawTransaction")
            return { jsonrpc: "2.0", id: call.id, result: keccak256(call.params[0] ?? "0x") };
          const headers = { "content-type": "application/json" };
          return (await fetch(target, { method: "POST", headers, body: JSON.stringify(call) })).json();
        });
        const all = await Promise.all(answers);
        response
          .writeHead(200, { "content-type": "application/json" })
          .end(JSON.stringify(body.startsWith("[") ? all : all[0]));
      } else if (raw.length > 0 && proxy.loses) response.writeHead(503).end();
      else {
        const headers = { "content-type": "application/json" };
        const answer = await fetch(target, { method: "POST", headers, body });
        const text = lying(calls, await answer.text());
        if (raw.length === 0 || proxy.answer === "passed on")
          response.writeHead(answer.status, headers).end(text);
        else if (proxy.answer === "lost") response.destroy();
      }
      if (raw.length > 0) for (const done of waiting.splice(0)) done();
    })().catch(() => response.destroy());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const proxy: RpcProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sent,
    asked: [],
    lies: new Map(),
    loses: false,
    fails: false,
    swallows: false,
    hangs: false,
    answer: "passed on",
    until: (method, times) =>
      new Promise((resolve) => {
        const from = proxy.asked.length;
        const look = (): void => {
          const last = proxy.asked.slice(from).slice(-times);
          if (last.length < times || last.some((each) => each !== method)) return;
          looking.delete(look);
          resolve();
        };
        looking.add(look);
      }),
    next: () => new Promise((resolve) => waiting.push(resolve)),
    close: () => server.close().closeAllConnections(),
  };
  waiting = [];
  return proxy;
}
