/**
 * The node's HTTP interface: uploads, acceptances, reads, openings and health (docs/node-api.md).
 */
import { createHash } from "node:crypto";
import rateLimit from "@fastify/rate-limit";
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { z } from "zod";
import { HoldfastError, type ErrorCode } from "../protocol/errors.ts";
import { toHex32, type Hex } from "../protocol/field.ts";
import { accept } from "./acceptances.ts";
import type { Access, Authorization } from "./auth.ts";
import type { NodeChain } from "./chain.ts";
import type { Journal } from "./journal.ts";
import type { NodeStatus } from "./duties.ts";
import type { Store } from "./store.ts";

export interface ServerModules {
  readonly chain: NodeChain;
  readonly access: Access;
  readonly store: Store;
  readonly journal: Journal;
  readonly status: () => NodeStatus;
  readonly now: () => number;
}

export interface ServerOptions {
  readonly node: bigint;
  readonly profile: string;
}

const STATUS: Partial<Record<ErrorCode, number>> = {
  "bad-input": 400,
  unauthorized: 401,
  funds: 402,
  "not-found": 404,
  busy: 409,
  "too-large": 413,
  corrupt: 422,
  unreachable: 502,
  "disk-full": 507,
};
const MAX_JSON_BYTES = 64 * 1024;
const MAX_SEGMENTS = 64;
/** Milliseconds without a byte. */
const IDLE_MS = 60_000;

const id = z
  .string()
  .regex(/^[1-9]\d{0,11}$/)
  .transform(BigInt);
const rootName = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .transform((name): Hex => `0x${name}`);
const orderSchema = z.object({
  bucket: id,
  segments: z
    .array(
      z.object({
        root: z
          .string()
          .regex(/^0x[0-9a-f]{64}$/)
          .transform((root) => root as Hex),
        leaves: z.int().min(1),
      }),
    )
    .min(1)
    .max(MAX_SEGMENTS),
  epochs: z.coerce.bigint().min(1n),
});

export async function createServer(options: ServerOptions, modules: ServerModules): Promise<FastifyInstance> {
  const app = Fastify({
    bodyLimit: MAX_JSON_BYTES,
    connectionTimeout: IDLE_MS,
    requestTimeout: 0, // a large upload takes its time; IDLE_MS ends one that stalls
    routerOptions: { maxParamLength: 128 },
  });
  await app.register(rateLimit, { max: 1_000, timeWindow: 60_000 });
  // Segments are streamed: whoever handles the request reads the body.
  app.addContentTypeParser("application/octet-stream", (_request, _body, done) => done(null));
  app.removeContentTypeParser("application/json");
  app.addContentTypeParser("application/json", { parseAs: "buffer" }, (_request, body, done) =>
    done(null, body),
  );
  app.setErrorHandler((error, _request, reply) => void sendError(reply, error));
  app.setNotFoundHandler(
    (_request, reply) => void sendError(reply, new HoldfastError("not-found", "there is no such path")),
  );
  addStorageRoutes(app, modules);
  addHealthRoutes(app, options, modules);
  return app;
}

function sendError(reply: FastifyReply, error: unknown): FastifyReply {
  if (error instanceof HoldfastError) {
    const { code, message, details } = error;
    return reply.code(STATUS[code] ?? 500).send({ error: { code, message, details } });
  }
  const { statusCode = 500, message } = error as { statusCode?: number; message: string };
  const code: ErrorCode = statusCode === 413 ? "too-large" : statusCode < 500 ? "bad-input" : "io";
  // What broke inside is for the log, not for the world.
  return reply
    .code(statusCode)
    .send({ error: { code, message: statusCode < 500 ? message : "the node has a problem", details: {} } });
}

/** Throws "bad-input" with what is wrong. */
function parse<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  throw new HoldfastError("bad-input", `${what} is wrong: ${problems.join("; ")}`, { problems });
}

function addStorageRoutes(app: FastifyInstance, { chain, access, store, journal, now }: ServerModules): void {
  const authorize = (request: FastifyRequest): Promise<Authorization> =>
    access.authorize({ method: request.method, path: request.url, header: request.headers.authorization });
  const params = (request: FastifyRequest): Record<string, string> =>
    request.params as Record<string, string>;

  app.put("/v1/vnodes/:vNode/buckets/:bucket/segments/:root", async (request, reply) => {
    const { vNode, bucket, root } = parse(
      z.object({ vNode: id, bucket: id, root: rootName }),
      params(request),
      "the path",
    );
    const { signer, bodySha256 } = await authorize(request);
    await access.checkWrite(bucket, vNode, signer);
    const bytes = parse(z.coerce.number().int().min(1), request.headers["content-length"], "Content-Length");
    const { existed, leaves } = await store.receive({ root, bytes, body: request.raw, sha256: bodySha256 });
    journal.recordSegment(root, now());
    return reply.code(existed ? 200 : 201).send({ root, leaves, bytes });
  });

  app.post("/v1/vnodes/:vNode/acceptances", async (request) => {
    const { vNode } = parse(z.object({ vNode: id }), params(request), "the path");
    const { signer, bodySha256 } = await authorize(request);
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    if (createHash("sha256").update(body).digest("hex") !== bodySha256) {
      throw new HoldfastError("unauthorized", "the authorization is refused: it is signed for another body");
    }
    const order = { ...parse(orderSchema, parseJson(body), "the order"), vNode };
    await access.checkWrite(order.bucket, vNode, signer);
    const signed = await accept(order, { chain, store, journal });
    const { bucket, epochs } = order;
    return asText({ bucket, vNode, epochs, ...signed });
  });

  app.get("/v1/buckets/:bucket/segments/:root", async (request, reply) => {
    const { bucket, root } = parse(z.object({ bucket: id, root: rootName }), params(request), "the path");
    await access.checkRead(bucket, (await authorize(request)).signer);
    const { bytes } = await found(root);
    const range = parseRange(request.headers.range, bytes);
    void reply
      .type("application/octet-stream")
      .header("accept-ranges", "bytes")
      .header("content-length", range.end - range.start + 1);
    if (range.partial)
      void reply.code(206).header("content-range", `bytes ${range.start}-${range.end}/${bytes}`);
    return reply.send(store.read(root, range.start, range.end));
  });

  app.get("/v1/buckets/:bucket/segments/:root/leaves/:index", async (request) => {
    const schema = z.object({ bucket: id, root: rootName, index: z.coerce.number().int().min(0) });
    const { bucket, root, index } = parse(schema, params(request), "the path");
    await access.checkRead(bucket, (await authorize(request)).signer);
    const { leaves } = await found(root);
    if (index >= leaves) throw new HoldfastError("not-found", `${root} has ${leaves} leaves`, { leaves });
    const { elements, siblings } = await store.open(root, index);
    return { elements: elements.map(toHex32), siblings: siblings.map((level) => level.map(toHex32)) };
  });

  async function found(root: Hex): Promise<{ bytes: number; leaves: number }> {
    const segment = await store.find(root);
    if (!segment) throw new HoldfastError("not-found", `this node does not hold ${root}`, { root });
    return segment;
  }
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch (cause) {
    throw new HoldfastError("bad-input", "the body is not JSON", {}, { cause });
  }
}

/** One range of RFC 9110; the whole without the header. */
function parseRange(
  header: string | undefined,
  bytes: number,
): { start: number; end: number; partial: boolean } {
  if (header === undefined) return { start: 0, end: bytes - 1, partial: false };
  const [, first = "", last = ""] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header) ?? [];
  const start = first === "" ? Math.max(0, bytes - Number(last)) : Number(first);
  const end = first === "" || last === "" ? bytes - 1 : Math.min(Number(last), bytes - 1);
  if ((first === "" && last === "") || start > end) {
    throw Object.assign(new Error(`the segment has ${bytes} bytes: ask for one range within them`), {
      statusCode: 416,
    });
  }
  return { start, end, partial: true };
}

function addHealthRoutes(
  app: FastifyInstance,
  options: ServerOptions,
  { chain, status, store }: ServerModules,
): void {
  app.get("/healthz", () => ({ ok: true }));
  app.get("/readyz", async (_request, reply) => {
    const { ready, problem } = status();
    return reply.code(ready ? 200 : 503).send({ ready, problem });
  });
  /** What the chain says, which is what counts: 503 as soon as a proof is missed. */
  app.get("/status", async (_request, reply) => {
    const now = status();
    const healthy = now.ready && now.vNodes.every(({ misses }) => misses === 0);
    return reply.code(healthy ? 200 : 503).send(asText({ healthy, ...now }));
  });
  app.get("/v1/node", async () => {
    const { provider, rent, capacity, used } = await chain.self();
    const { chainId, registry } = chain;
    const free = capacity - used;
    return asText({
      node: options.node,
      provider,
      chainId,
      registry,
      profile: options.profile,
      rent,
      freeLeaves: free,
      usedBytes: store.usedBytes,
    });
  });
}

/** Integers of the chain as decimal text. */
function asText(value: object): unknown {
  return JSON.parse(JSON.stringify(value, (_, x: unknown) => (typeof x === "bigint" ? String(x) : x)));
}
