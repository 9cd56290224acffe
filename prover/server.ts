/**
 * The node's public HTTP interface: uploads, acceptances, reads, openings and health (docs/node-api.md).
 */
import { createHash } from "node:crypto";
import rateLimit from "@fastify/rate-limit";
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import type { Logger } from "pino";
import { z } from "zod";
import { HoldfastError, type ErrorCode } from "../protocol/errors.ts";
import { leafCount, toHex32, type Hex } from "../protocol/field.ts";
import type { Profile } from "../protocol/profiles.ts";
import { accept, checkPayer, clusterOf } from "./acceptances.ts";
import { EMPTY_BODY_HASH, type Access, type Authorization } from "./auth.ts";
import type { NodeChain } from "./chain-model.ts";
import type { Clock } from "./clock.ts";
import { priceOf } from "./consents.ts";
import { extend } from "./extensions.ts";
import type { Holdings } from "./holdings.ts";
import type { Journal } from "./journal.ts";
import { isHealthy, type NodeStatus } from "./status.ts";
import type { Store } from "./store.ts";

export interface ServerOptions {
  readonly node: bigint;
  readonly profile: Profile;
  readonly acceptSeconds: number;
  /** At the same time. */
  readonly maxUploads: number;
  /** From one address. */
  readonly requestsPerMinute: number;
}

export interface ServerModules {
  readonly chain: NodeChain;
  readonly access: Access;
  readonly store: Store;
  readonly holdings: Holdings;
  readonly journal: Journal;
  /** vNodes whose directories this node is about to write again. */
  readonly compacting: ReadonlySet<bigint>;
  readonly status: () => NodeStatus;
  readonly clock: Clock;
  readonly log: Logger;
}

const STATUS: Readonly<Record<ErrorCode, number>> = {
  aborted: 503,
  "bad-input": 400,
  busy: 503,
  chain: 502,
  corrupt: 422,
  "disk-full": 507,
  expired: 401,
  funds: 402,
  io: 500,
  key: 500,
  locked: 500,
  "not-found": 404,
  proof: 500,
  "too-large": 413,
  unauthorized: 401,
  unreachable: 502,
};
const MAX_JSON_BYTES = 64 * 1024;
/** In one acceptance: the contract's transaction has to fit them. */
const MAX_SEGMENTS = 256;
/** Milliseconds without a byte, and for the headers. */
const IDLE_MS = 60_000;
const HEADERS_MS = 15_000;
/** An upload slower than this holds its room for nothing. */
const MIN_BYTES_PER_SECOND = 16 * 1024;

const id = z
  .string()
  .regex(/^[1-9]\d{0,12}$/)
  .transform(BigInt);
const rootName = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .transform((name): Hex => `0x${name}`);
const root = z
  .string()
  .regex(/^0x[0-9a-f]{64}$/)
  .transform((text) => text as Hex);
const decimal = z.union([z.string().regex(/^\d{1,10}$/), z.int().nonnegative()]).transform(Number);
const orderSchema = z.strictObject({
  bucket: z.union([id, z.int().positive().transform(BigInt)]),
  segments: z
    .array(z.strictObject({ root, leaves: decimal }))
    .min(1)
    .max(MAX_SEGMENTS),
  epochs: decimal.refine((epochs) => epochs >= 1).transform(BigInt),
});
const extensionSchema = orderSchema.pick({ epochs: true }).extend({ serial: decimal });

export async function createServer(options: ServerOptions, modules: ServerModules): Promise<FastifyInstance> {
  const app = Fastify({
    bodyLimit: MAX_JSON_BYTES,
    connectionTimeout: IDLE_MS,
    requestTimeout: 0, // for all of a request; a large segment takes its time
    http: { headersTimeout: HEADERS_MS },
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 80 },
  });
  await app.register(rateLimit, { max: options.requestsPerMinute, timeWindow: 60_000 });
  app.removeAllContentTypeParsers();
  // A segment is never in memory as a whole: whoever handles the request reads the stream.
  app.addContentTypeParser("application/octet-stream", (_request, payload, done) => done(null, payload));
  app.addContentTypeParser("application/json", { parseAs: "buffer" }, (_request, body, done) =>
    done(null, body),
  );
  app.setErrorHandler((error, request, reply) => sendError(error, request, reply, modules.log));
  app.setNotFoundHandler((request, reply) =>
    sendError(
      new HoldfastError("not-found", "there is no such path; see docs/node-api.md"),
      request,
      reply,
      modules.log,
    ),
  );
  addWriting(app, options, modules);
  addReading(app, modules);
  addHealth(app, options, modules);
  return app;
}

function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply, log: Logger): FastifyReply {
  if (error instanceof HoldfastError) {
    const { code, message, details } = error;
    const status = typeof details["status"] === "number" ? details["status"] : STATUS[code];
    if (status >= 500) log.warn({ err: error, path: request.url }, "request failed");
    if (status === 503) void reply.header("retry-after", "2");
    return reply.code(status).send({ error: { code, message, details } });
  }
  const { statusCode = 500, message } = error as { statusCode?: number; message: string };
  if (statusCode >= 500) {
    // What broke inside is for the log, not for the world.
    log.error({ err: error, path: request.url }, "request failed");
    return reply.code(500).send({ error: { code: "io", message: "the node has a problem", details: {} } });
  }
  const code: ErrorCode = statusCode === 413 ? "too-large" : statusCode === 429 ? "busy" : "bad-input";
  return reply.code(statusCode).send({ error: { code, message, details: {} } });
}

/** Throws "bad-input" with what is wrong. */
function parse<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  throw new HoldfastError("bad-input", `${what} is wrong: ${problems.join("; ")}`, { problems });
}

function authorize(access: Access, request: FastifyRequest): Authorization {
  return access.authorize({
    method: request.method,
    path: request.url,
    header: request.headers.authorization,
  });
}

// ------------------------------------------------------------------------------------------------------------- writing

function addWriting(app: FastifyInstance, options: ServerOptions, modules: ServerModules): void {
  const { chain, access, store, journal, clock } = modules;
  let uploads = 0;

  const upload = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const path = z.object({ vNode: id, bucket: id, root: rootName });
    const { vNode, bucket, root } = parse(path, request.params, "the path");
    const { signer, bodySha256 } = authorize(access, request);
    await access.checkWrite(bucket, vNode, signer);
    const bytes = announcedBytes(request);
    const leaves = leafCount(bytes);
    // Whoever cannot pay for a single epoch will not pay.
    const [{ rent }, { quantumBits }] = await Promise.all([
      chain.node(options.node),
      clusterOf(vNode, chain),
    ]);
    await checkPayer(signer, priceOf(leaves, rent, quantumBits), chain);

    const limit = AbortSignal.timeout(IDLE_MS + Math.ceil((1000 * bytes) / MIN_BYTES_PER_SECOND));
    const tooSlow = (): void => void request.raw.destroy();
    limit.addEventListener("abort", tooSlow, { once: true });
    let existed: boolean;
    try {
      // What was here before may be named by a directory.
      const isOwed = journal.storedAt(root) !== undefined;
      ({ existed } = await store.receive(request.raw, { root, bytes, sha256: bodySha256, isOwed }));
    } finally {
      limit.removeEventListener("abort", tooSlow);
    }
    journal.recordSegment(root, bytes, Math.floor(clock.now() / 1000), bucket);
    return reply.code(existed ? 200 : 201).send({ root, leaves, bytes });
  };

  app.put("/v1/vnodes/:vNode/buckets/:bucket/segments/:root", async (request, reply) => {
    if (uploads >= options.maxUploads)
      throw new HoldfastError("busy", `${uploads} uploads are running: try again later`, { uploads });
    uploads++;
    try {
      return await upload(request, reply);
    } finally {
      uploads--;
    }
  });

  /** Who asks, and for what. */
  const readOrder = <T>(
    request: FastifyRequest,
    schema: z.ZodType<T>,
  ): T & { vNode: bigint; signer: string } => {
    const { vNode } = parse(z.object({ vNode: id }), request.params, "the path");
    const { signer, bodySha256 } = authorize(access, request);
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    if (createHash("sha256").update(body).digest("hex") !== bodySha256)
      throw new HoldfastError(
        "unauthorized",
        "the request's authorization is refused: it is for another body",
      );
    return { ...parse(schema, parseJson(body), "the order"), vNode, signer };
  };

  app.post("/v1/vnodes/:vNode/acceptances", async (request) => {
    const { signer, ...order } = readOrder(request, orderSchema);
    await access.checkWrite(order.bucket, order.vNode, signer);
    return asText(await accept(order, signer, options, modules));
  });

  app.post("/v1/vnodes/:vNode/extensions", async (request) => {
    const { signer, ...order } = readOrder(request, extensionSchema);
    return asText(await extend(order, signer, options, modules));
  });
}

function announcedBytes(request: FastifyRequest): number {
  const header = request.headers["content-length"];
  if (header === undefined) {
    const message = "the number of bytes must be announced: send a Content-Length";
    throw new HoldfastError("bad-input", message, { status: 411 });
  }
  const bytes = Number(header);
  if (!/^\d+$/.test(header) || bytes < 1)
    throw new HoldfastError("bad-input", "a segment has at least one byte: this one is empty", { bytes });
  return bytes;
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch (cause) {
    throw new HoldfastError("bad-input", "the body is not JSON", {}, { cause });
  }
}

// ------------------------------------------------------------------------------------------------------------- reading

function addReading(app: FastifyInstance, { access, store }: ServerModules): void {
  const mayRead = async (
    request: FastifyRequest,
    bucket: bigint,
    root: Hex,
  ): Promise<{ bytes: number; leaves: number }> => {
    const { signer, bodySha256 } = authorize(access, request);
    if (`0x${bodySha256}` !== EMPTY_BODY_HASH)
      throw new HoldfastError("unauthorized", "the request's authorization is refused: it is for a body");
    await access.checkRead(bucket, root, signer);
    const found = await store.find(root);
    if (found) return found;
    throw notHere(root);
  };

  app.get("/v1/buckets/:bucket/segments/:root", async (request, reply) => {
    const { bucket, root } = parse(z.object({ bucket: id, root: rootName }), request.params, "the path");
    const { bytes } = await mayRead(request, bucket, root);
    const { start, end, partial } = parseRange(request.headers.range, bytes);
    const body = await wholeOrNotHere(root, () => store.read(root, start, end));
    void reply.type("application/octet-stream");
    void reply.headers({ "accept-ranges": "bytes", "content-length": end - start + 1 });
    if (partial) void reply.code(206).header("content-range", `bytes ${start}-${end}/${bytes}`);
    return reply.send(body);
  });

  app.get("/v1/buckets/:bucket/segments/:root/leaves/:index", async (request) => {
    const path = z.object({ bucket: id, root: rootName, index: z.string().regex(/^\d{1,10}$/) });
    const { bucket, root, index } = parse(path, request.params, "the path");
    const { leaves } = await mayRead(request, bucket, root);
    if (Number(index) >= leaves) {
      throw new HoldfastError("not-found", `segment ${root} has ${leaves} leaves, the first is 0`, {
        leaves,
      });
    }
    const { elements, siblings } = await wholeOrNotHere(root, () => store.openLeaf(root, Number(index)));
    return { elements: elements.map(toHex32), siblings: siblings.map((level) => level.map(toHex32)) };
  });
}

const notHere = (root: Hex): HoldfastError =>
  new HoldfastError("not-found", `segment ${root} is not here (any more): use another replica`, { root });

/** What turns out to be damaged is not here. */
async function wholeOrNotHere<T>(root: Hex, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw error instanceof HoldfastError && error.code === "corrupt" ? notHere(root) : error;
  }
}

interface ByteRange {
  readonly start: number;
  /** Included. */
  readonly end: number;
  readonly partial: boolean;
}

/** RFC 9110: one range of bytes, or all of them; several ranges are answered with all, as it allows. */
function parseRange(header: string | undefined, bytes: number): ByteRange {
  const all = { start: 0, end: bytes - 1, partial: false };
  const parts = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? "");
  if (!parts || parts[0] === "bytes=-") return all;
  const [, first = "", last = ""] = parts;
  const suffix = first === "";
  const start = suffix ? Math.max(0, bytes - Number(last)) : Number(first);
  const end = suffix || last === "" ? bytes - 1 : Math.min(Number(last), bytes - 1);
  if (!suffix && last !== "" && Number(last) < Number(first)) return all;
  if (start <= end) return { start, end, partial: true };
  const message = `the segment has ${bytes} bytes: ask for some of them`;
  throw new HoldfastError("bad-input", message, { status: 416, bytes });
}

// -------------------------------------------------------------------------------------------------------------- health

function addHealth(
  app: FastifyInstance,
  { node, profile }: ServerOptions,
  { chain, status }: ServerModules,
): void {
  app.get("/healthz", () => ({ alive: true }));
  app.get("/readyz", (_request, reply) => {
    const { ready, problem } = status();
    return reply.code(ready ? 200 : 503).send({ ready, ...(problem !== undefined && { problem }) });
  });
  // What the chain says, because that is what is paid for: 503 as soon as a proof is missed, or nothing is paid.
  app.get("/status", (_request, reply) => {
    const now = status();
    const healthy = isHealthy(now);
    return reply.code(healthy ? 200 : 503).send(asText({ node, healthy, ...now }));
  });
  app.get("/v1/node", async () => {
    const { provider, rent, revision, capacity, used } = await chain.node(node);
    const { chainId, registry } = chain;
    return asText({
      ...{ node, provider, chainId, registry, profile: profile.name },
      ...{ rent, revision, freeLeaves: capacity - used },
    });
  });
}

/** Integers of the chain as decimal text. */
function asText(value: object): unknown {
  return JSON.parse(JSON.stringify(value, (_, x: unknown) => (typeof x === "bigint" ? String(x) : x)));
}
