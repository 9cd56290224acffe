/**
 * A storage node's HTTP interface as its users see it, with a signed authorization for every request.
 */
import { createHash, randomBytes } from "node:crypto";
import type { Readable } from "node:stream";
import { request, type Dispatcher } from "undici";
import { z } from "zod";
import { HoldfastError, type ErrorCode } from "../protocol/errors.ts";
import type { Hex } from "../protocol/field.ts";
import { domain, MAX_REQUEST_SECONDS, REQUEST } from "../protocol/typed-data.ts";
import type { Chain } from "./chain.ts";

export interface NodeAddress {
  readonly id: bigint;
  readonly url: string;
}

export interface Terms {
  readonly bucket: bigint;
  readonly vNode: bigint;
  readonly epochs: number;
}

export interface NodeAcceptance {
  readonly node: bigint;
  /** Times that the node had revoked its acceptances before. */
  readonly revision: bigint;
  readonly bucket: bigint;
  readonly vNode: bigint;
  /** Hash of the segments. */
  readonly segments: string;
  readonly epochs: bigint;
  readonly rent: bigint;
  readonly nonce: bigint;
  readonly deadline: bigint;
  readonly signature: string;
}

export interface Upload {
  readonly root: Hex;
  readonly bytes: number;
  readonly sha256: string;
  /** Makes the stream of its bytes. */
  readonly open: () => Readable;
}

export interface NodeApi {
  upload(node: NodeAddress, terms: Omit<Terms, "epochs">, upload: Upload): Promise<void>;
  accept(
    node: NodeAddress,
    terms: Terms,
    segments: readonly { root: Hex; leaves: number }[],
  ): Promise<NodeAcceptance>;
  /** Bytes `from` to the end. */
  download(node: NodeAddress, bucket: bigint, root: Hex, from: number): Promise<Readable>;
  status(node: NodeAddress): Promise<unknown>;
}

interface Call {
  readonly method: "GET" | "PUT" | "POST";
  readonly path: string;
  readonly body?: string | Readable;
  readonly bodyHash?: string;
  readonly headers?: Record<string, string>;
  readonly signed?: boolean;
}

/** Milliseconds without a byte from the node. */
const IDLE_MS = 60_000;
const EMPTY_HASH = createHash("sha256").digest("hex");
const integer = z.string().regex(/^\d+$/).transform(BigInt);
const acceptanceSchema = z.object({
  node: integer,
  revision: integer,
  bucket: integer,
  vNode: integer,
  segments: z.string(),
  epochs: integer,
  rent: integer,
  nonce: integer,
  deadline: integer,
  signature: z.string(),
});
const errorSchema = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    details: z.record(z.string(), z.unknown()).optional(),
  }),
});

export function createNodeApi(chain: Chain, { signal }: { signal?: AbortSignal | undefined } = {}): NodeApi {
  const call = async (node: NodeAddress, options: Call): Promise<Dispatcher.ResponseData> => {
    const { method, path, body, signed = true } = options;
    const headers = { ...options.headers };
    if (signed) headers["authorization"] = await authorize(chain, node, options);
    let response: Dispatcher.ResponseData;
    try {
      response = await request(new URL(path, node.url), {
        ...{ method, headers, body: body ?? null },
        ...{ headersTimeout: IDLE_MS, bodyTimeout: IDLE_MS, signal: signal ?? null },
      });
    } catch (cause) {
      signal?.throwIfAborted();
      if (cause instanceof HoldfastError) throw cause; // what is sent cannot be read
      const message = `node ${node.id} does not answer at ${node.url}: check that it runs, or use another replica`;
      throw new HoldfastError("unreachable", message, { node: String(node.id), url: node.url }, { cause });
    }
    if (response.statusCode >= 400) throw await refusal(node, response);
    return response;
  };

  return {
    async upload(node, { bucket, vNode }, { root, bytes, sha256, open }) {
      const body = open();
      try {
        const { body: answer } = await call(node, {
          method: "PUT",
          path: `/v1/vnodes/${vNode}/buckets/${bucket}/segments/${root.slice(2)}`,
          body,
          bodyHash: sha256,
          headers: { "content-type": "application/octet-stream", "content-length": String(bytes) },
        });
        await answer.dump();
      } finally {
        body.destroy();
      }
    },
    async accept(node, { bucket, vNode, epochs }, segments) {
      const body = JSON.stringify({ bucket: String(bucket), segments, epochs: String(epochs) });
      const answer = await call(node, {
        method: "POST",
        path: `/v1/vnodes/${vNode}/acceptances`,
        body,
        bodyHash: createHash("sha256").update(body).digest("hex"),
        headers: { "content-type": "application/json" },
      });
      const parsed = acceptanceSchema.safeParse(await answer.body.json());
      if (parsed.success) return parsed.data;
      const message = `node ${node.id} answers with something that is no acceptance`;
      throw new HoldfastError("bad-input", message, { node: String(node.id) }, { cause: parsed.error });
    },
    async download(node, bucket, root, from) {
      const headers = from > 0 ? { range: `bytes=${from}-` } : {};
      const path = `/v1/buckets/${bucket}/segments/${root.slice(2)}`;
      const { body, statusCode } = await call(node, { method: "GET", path, headers });
      if (from > 0 && statusCode !== 206) {
        body.destroy();
        throw new HoldfastError("unreachable", `node ${node.id} does not serve ranges`, {
          node: String(node.id),
        });
      }
      return body;
    },
    status: async (node) => (await call(node, { method: "GET", path: "/status", signed: false })).body.json(),
  };
}

async function authorize(chain: Chain, node: NodeAddress, { method, path, bodyHash }: Call): Promise<string> {
  const message = {
    node: node.id,
    method,
    path,
    bodyHash: `0x${bodyHash ?? EMPTY_HASH}`,
    expiry: BigInt(Math.floor(Date.now() / 1000) + MAX_REQUEST_SECONDS / 2),
    nonce: BigInt(`0x${randomBytes(32).toString("hex")}`),
  };
  const signature = await chain.sign(domain(chain.chainId, chain.addresses.registry), REQUEST, message);
  const text = JSON.stringify({ ...message, signature }, (_, value: unknown) =>
    typeof value === "bigint" ? String(value) : value,
  );
  return `Holdfast ${Buffer.from(text).toString("base64url")}`;
}

async function refusal(node: NodeAddress, response: Dispatcher.ResponseData): Promise<HoldfastError> {
  const text = await response.body.text();
  const details = { node: String(node.id), url: node.url, status: response.statusCode };
  try {
    const { error } = errorSchema.parse(JSON.parse(text));
    const message = `node ${node.id} refuses: ${error.message}`;
    return new HoldfastError(error.code as ErrorCode, message, { ...error.details, ...details });
  } catch {
    return new HoldfastError(
      "unreachable",
      `node ${node.id} answers with status ${response.statusCode}`,
      details,
    );
  }
}
