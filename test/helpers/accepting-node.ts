/**
 * A fake storage node that accepts everything: it keeps the bytes, signs acceptances as its operator, and serves what it has.
 * A test can make it refuse.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { Wallet } from "ethers";
import { hashSegmentList } from "../../chain/segment-list.ts";
import { ACCEPTANCE, domain } from "../../protocol/typed-data.ts";
import { RENT, type LiveChain, type LiveNode } from "./live-chain.ts";

export interface AcceptingNode {
  readonly url: string;
  /** The requests that it got, such as "PUT /v1/...". */
  readonly asked: string[];
  readonly held: Map<string, Buffer>;
  /** Whether it signs acceptances. */
  accepts: boolean;
  close(): Promise<void>;
}

interface Asked {
  readonly bucket: string;
  readonly epochs: string;
  readonly segments: { root: string; leaves: number }[];
}

export async function startAcceptingNode(
  live: LiveChain,
  { id, operator }: LiveNode,
): Promise<AcceptingNode> {
  let nonce = 0n;
  const { chainId, addresses } = live.app;
  const accept = async (vNode: string, { bucket, epochs, segments }: Asked): Promise<object> => {
    const { timestamp } = await live.app.block();
    const { revision } = await live.app.read<{ revision: bigint }>("registry", "node", [id]);
    const message = {
      node: id,
      revision,
      bucket: BigInt(bucket),
      vNode: BigInt(vNode),
      segments: hashSegmentList(segments),
      epochs: BigInt(epochs),
      rent: RENT,
      nonce: nonce++,
      deadline: BigInt(timestamp + 3600),
    };
    const wallet = new Wallet(operator.privateKey);
    const signature = await wallet.signTypedData(domain(chainId, addresses.registry), ACCEPTANCE, message);
    return { ...message, signature };
  };
  const answer = async (method: string, url: string, body: Buffer): Promise<string | Buffer | undefined> => {
    const name = url.split("/").at(-1) ?? "";
    if (method === "PUT") node.held.set(name, body);
    if (method === "GET") return url === "/status" ? "{}" : node.held.get(name);
    if (method === "PUT") return "{}";
    if (!node.accepts) return undefined;
    const vNode = /^\/v1\/vnodes\/(\d+)\/acceptances$/.exec(url)?.[1] ?? "0";
    const signed = await accept(vNode, JSON.parse(body.toString()) as Asked);
    return JSON.stringify(signed, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value));
  };
  const server = createServer((request, response) => {
    const { method = "", url = "" } = request;
    node.asked.push(`${method} ${url}`);
    void buffer(request)
      .then((body) => answer(method, url, body))
      .then((text) => {
        if (text !== undefined) return response.end(text);
        const error = { code: "busy", message: "not now", details: {} };
        return response.writeHead(503).end(JSON.stringify({ error }));
      });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const node: AcceptingNode = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: [],
    held: new Map(),
    accepts: true,
    close: async () => {
      server.closeAllConnections();
      await once(server.close(), "close");
    },
  };
  return node;
}
