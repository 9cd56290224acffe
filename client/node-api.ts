/**
 * The client of a storage node's HTTP interface, with a signed authorization for every request. Nodes are strangers: every
 * wait has a time limit, and every answer a limit of size.
 */
import { createHash, randomBytes } from "node:crypto";
import type { Readable } from "node:stream";
import { z } from "zod";
import { createAgent } from "../net/addresses.ts";
import { ask, readText, type Reply } from "../net/ask.ts";
import { encodeAuthorization } from "../protocol/authorization.ts";
import { HoldfastError, type ErrorCode } from "../protocol/errors.ts";
import type { Hex } from "../protocol/field.ts";
import { domain, MAX_REQUEST_SECONDS, REQUEST } from "../protocol/typed-data.ts";
import type { Chain } from "./chain.ts";

export interface NodeAddress {
  readonly id: bigint;
  readonly url: string;
}

export interface AcceptanceTerms {
  readonly bucket: bigint;
  readonly vNode: bigint;
  readonly epochs: number;
}

export interface NodeAcceptance {
  readonly node: bigint;
  /** How many times the node had revoked its acceptances before. */
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
  upload(node: NodeAddress, terms: Omit<AcceptanceTerms, "epochs">, upload: Upload): Promise<void>;
  accept(
    node: NodeAddress,
    terms: AcceptanceTerms,
    segments: readonly { root: Hex; leaves: number }[],
  ): Promise<NodeAcceptance>;
  /** The bytes from `from` to the end. They must begin within `answerMs`. The reader closes the stream. */
  download(node: NodeAddress, part: DownloadPart, answerMs: number): Promise<Readable>;
  status(node: NodeAddress): Promise<unknown>;
}

export interface DownloadPart {
  readonly bucket: bigint;
  readonly root: Hex;
  readonly from: number;
}

export interface NodeApiOptions {
  readonly signal?: AbortSignal | undefined;
  /** Also calls nodes at private addresses. */
  readonly allowPrivate?: boolean | undefined;
  /** Milliseconds until an answer begins, and until a short one ends. */
  readonly answerMs?: number | undefined;
}

interface Call {
  readonly method: "GET" | "PUT" | "POST";
  readonly path: string;
  readonly body?: string | Readable;
  readonly bodyHash?: string;
  readonly headers?: Record<string, string>;
  readonly signed?: boolean;
  readonly answerMs?: number;
}

const ANSWER_MS = 60_000;
/** A node that takes an upload more slowly is given up. */
const MIN_BYTES_PER_SECOND = 16 * 1024;
/** Limit for short answers. */
const MAX_ANSWER_BYTES = 1 << 20;
const ADVICE = "on a local network give --allow-private-nodes";
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

export function createNodeApi(
  chain: Chain,
  { signal, allowPrivate = false, answerMs = ANSWER_MS }: NodeApiOptions = {},
): NodeApi {
  const agent = createAgent({ allowPrivate, advice: ADVICE, idleMs: answerMs });
  const limits = { maxBytes: MAX_ANSWER_BYTES, ms: answerMs, signal };
  const call = async (node: NodeAddress, options: Call): Promise<Reply> => {
    const { method, path, body, signed = true } = options;
    const headers = { ...options.headers };
    if (signed) headers["authorization"] = await authorize(chain, node, options);
    let reply: Reply;
    try {
      const asked = { agent, method, headers, body, answerMs: options.answerMs ?? answerMs };
      reply = await ask(new URL(path, node.url), { ...asked, takeMs: answerMs, signal });
    } catch (cause) {
      throw noAnswer(node, cause);
    }
    if (reply.status < 400) return reply;
    const text = await readText(reply.body, limits).catch(() => "");
    signal?.throwIfAborted();
    throw refusal(node, reply.status, text);
  };
  const noAnswer = (node: NodeAddress, cause: unknown): unknown => {
    signal?.throwIfAborted();
    const details = { node: String(node.id), url: node.url };
    if (!(cause instanceof HoldfastError)) {
      const message = `node ${node.id} does not answer at ${node.url}: check that it runs, or use another replica`;
      return new HoldfastError("unreachable", message, details, { cause });
    }
    if (cause.code !== "unreachable") return cause; // the file to send cannot be read
    const message = `node ${node.id} at ${node.url} cannot be used: ${cause.message}`;
    return new HoldfastError("unreachable", message, details, { cause });
  };
  const textOf = async (node: NodeAddress, { body }: Reply): Promise<string> => {
    try {
      return await readText(body, limits);
    } catch (cause) {
      throw noAnswer(node, cause);
    }
  };

  return {
    async upload(node, { bucket, vNode }, { root, bytes, sha256, open }) {
      const body = open();
      try {
        const reply = await call(node, {
          method: "PUT",
          path: `/v1/vnodes/${vNode}/buckets/${bucket}/segments/${root.slice(2)}`,
          body,
          bodyHash: sha256,
          headers: { "content-type": "application/octet-stream", "content-length": String(bytes) },
          answerMs: answerMs + Math.ceil((1000 * bytes) / MIN_BYTES_PER_SECOND),
        });
        reply.body.on("error", () => undefined).destroy();
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
      const parsed = acceptanceSchema.safeParse(parseJson(await textOf(node, answer)));
      if (parsed.success) return parsed.data;
      const message = `node ${node.id} answers with something that is not an acceptance: use another node`;
      throw new HoldfastError("bad-input", message, { node: String(node.id) }, { cause: parsed.error });
    },
    async download(node, { bucket, root, from }, beginsWithin) {
      const headers: Record<string, string> = from > 0 ? { range: `bytes=${from}-` } : {};
      const path = `/v1/buckets/${bucket}/segments/${root.slice(2)}`;
      const { body, status } = await call(node, { method: "GET", path, headers, answerMs: beginsWithin });
      body.on("error", () => undefined); // also when nobody reads it any more
      if (from > 0 && status !== 206) {
        body.destroy();
        throw new HoldfastError("unreachable", `node ${node.id} does not serve ranges of bytes`, {
          node: String(node.id),
        });
      }
      return body;
    },
    status: async (node) =>
      parseJson(await textOf(node, await call(node, { method: "GET", path: "/status", signed: false }))),
  };
}

/** undefined if the text is not JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
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
  return encodeAuthorization(message, signature);
}

function refusal(node: NodeAddress, status: number, text: string): HoldfastError {
  const details = { node: String(node.id), url: node.url, status };
  const parsed = errorSchema.safeParse(parseJson(text));
  if (!parsed.success)
    return new HoldfastError("unreachable", `node ${node.id} answers with status ${status}`, details);
  const { code, message, details: more } = parsed.data.error;
  return new HoldfastError(code as ErrorCode, `node ${node.id} refuses: ${message}`, { ...more, ...details });
}
