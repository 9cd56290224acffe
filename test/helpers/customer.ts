/**
 * The owner of a bucket, who uses a storage node over HTTP, and the contracts.
 */
import { createHash, randomBytes } from "node:crypto";
import type { Chain } from "../../client/chain.ts";
import { present } from "../../evidence/world/present.ts";
import { encodeAuthorization } from "../../protocol/authorization.ts";
import { domain, REQUEST } from "../../protocol/typed-data.ts";
import type { TestSegment } from "./segments.ts";

export interface Customer {
  upload(node: NodeAt, order: CustomerOrder): Promise<void>;
  /** Gets an acceptance from the node. @throws Error with the node's answer if it refuses */
  accept(node: NodeAt, order: CustomerOrder): Promise<Record<string, string>>;
  /** Uploads a segment, gets the acceptance and stores it. @returns the serial */
  store(node: NodeAt, order: CustomerOrder): Promise<number>;
  extend(node: NodeAt, terms: { vNode: number; serial: number; epochs: number }): Promise<void>;
  read(node: NodeAt, root: string): Promise<Buffer>;
}

export interface NodeAt {
  readonly id: bigint;
  readonly url: string;
}

export interface CustomerOrder {
  readonly vNode: number;
  readonly segment: TestSegment;
  readonly epochs: number;
}

/** Agrees to any rent. */
const MAX_RENT = 2n ** 96n - 1n;

/** The owner of bucket 1. */
export function createCustomer(app: Chain): Customer {
  const ask = async (
    { id, url }: NodeAt,
    method: string,
    path: string,
    body: Uint8Array = new Uint8Array(),
  ): Promise<Buffer> => {
    const message = {
      node: id,
      method,
      path,
      bodyHash: `0x${createHash("sha256").update(body).digest("hex")}`,
      expiry: BigInt(Math.floor(Date.now() / 1000) + 60),
      nonce: BigInt(`0x${randomBytes(32).toString("hex")}`),
    };
    const signature = await app.sign(domain(app.chainId, app.addresses.registry), REQUEST, message);
    const type = method === "PUT" ? "application/octet-stream" : "application/json";
    const headers = { authorization: encodeAuthorization(message, signature), "content-type": type };
    const init = method === "GET" ? { method, headers } : { method, headers, body: Buffer.from(body) };
    const answer = await fetch(new URL(path, url), init);
    const bytes = Buffer.from(await answer.arrayBuffer());
    if (!answer.ok) throw new Error(`${answer.status}: ${bytes.toString()}`);
    return bytes;
  };
  const post = async (node: NodeAt, path: string, body: object): Promise<Record<string, string>> =>
    JSON.parse(String(await ask(node, "POST", path, Buffer.from(JSON.stringify(body))))) as Record<
      string,
      string
    >;
  const consentOf = ({ rent, nonce, deadline, signature }: Record<string, string>): object => ({
    rent,
    nonce,
    deadline,
    signature,
  });

  const customer: Customer = {
    async upload(node, { vNode, segment: { root, data } }) {
      await ask(node, "PUT", `/v1/vnodes/${vNode}/buckets/1/segments/${root.slice(2)}`, data);
    },
    accept: (node, { vNode, segment: { root, leaves }, epochs }) =>
      post(node, `/v1/vnodes/${vNode}/acceptances`, { bucket: 1, segments: [{ root, leaves }], epochs }),
    async store(node, order) {
      await customer.upload(node, order);
      const { vNode, segment, epochs } = order;
      const consent = consentOf(await customer.accept(node, order));
      const segments = [{ root: segment.root, leaves: segment.leaves }];
      const { events } = await app.send("registry", "store", [1, vNode, segments, epochs, MAX_RENT, consent]);
      return Number(present(events.find(({ name }) => name === "SegmentStored")).args["serial"]);
    },
    async extend(node, { vNode, ...terms }) {
      const consent = consentOf(await post(node, `/v1/vnodes/${vNode}/extensions`, terms));
      await app.send("registry", "extend", [vNode, terms.serial, terms.epochs, MAX_RENT, consent]);
    },
    read: (node, root) => ask(node, "GET", `/v1/buckets/1/segments/${root.slice(2)}`),
  };
  return customer;
}
