/**
 * The node's public HTTP interface: uploads, acceptances, reads, openings and health (docs/node-api.md).
 */
import rateLimit from "@fastify/rate-limit";
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import type { Logger } from "pino";
import { HoldfastError, type ErrorCode } from "../protocol/errors.ts";
import { toPlain } from "../protocol/json.ts";
import type { NodeRecord } from "./chain-model.ts";
import { createDenials } from "./denials.ts";
import { CONNECTIONS_PER_ADDRESS, LOOPBACK, MAX_CONNECTIONS, UPLOAD_BYTES_PER_SECOND } from "./limits.ts";
import { watchRequests } from "./patience.ts";
import { addReading } from "./reading.ts";
import { authorize, knownSigner } from "./requests.ts";
import type { ServerModules, ServerOptions } from "./server-options.ts";
import { addresses, guardSockets } from "./sockets.ts";
import { isHealthy } from "./status.ts";
import { addWriting } from "./writing.ts";

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
/** Milliseconds: without a byte, for the headers, and until the next request on a connection. */
const IDLE_MS = 60_000;
const HEADERS_MS = 15_000;
const KEEP_ALIVE_MS = 10_000;
/** Milliseconds: for a body that is not an upload, and for how long an upload or a reader may be too slow. */
const PATIENCE_MS = 20_000;
/** Milliseconds for which the public view of the node is cached. */
const VIEW_MS = 5_000;
const PROBES: ReadonlySet<string> = new Set(["/healthz", "/readyz", "/status"]);

export async function createServer(options: ServerOptions, modules: ServerModules): Promise<FastifyInstance> {
  const { access, log } = modules;
  const { patienceMs = PATIENCE_MS, trustedProxies = [], operatorAddresses = LOOPBACK } = options;
  const headersTimeout = Math.min(HEADERS_MS, patienceMs);
  const app = Fastify({
    bodyLimit: MAX_JSON_BYTES,
    connectionTimeout: IDLE_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    requestTimeout: 0, // no limit for a whole request: a large segment takes its time
    http: { headersTimeout, connectionsCheckingInterval: Math.ceil(headersTimeout / 4) },
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 80 },
    trustProxy: trustedProxies.length > 0 && [...trustedProxies],
  });
  const sockets = guardSockets(app.server, {
    maxConnections: options.maxConnections ?? MAX_CONNECTIONS,
    connectionsPerAddress: options.connectionsPerAddress ?? CONNECTIONS_PER_ADDRESS,
    exempt: addresses([...operatorAddresses, ...trustedProxies]),
  });
  const patience = watchRequests(app, sockets, patienceMs);
  const operator = addresses(operatorAddresses);
  const denials = createDenials(modules.clock);
  await app.register(rateLimit, {
    max: options.requestsPerMinute,
    timeWindow: 60_000,
    allowList: ({ ip, url }) => PROBES.has(url) && operator.has(ip),
  });
  app.addHook("onRequest", (request, _reply, done) => {
    if (request.is404) throw new HoldfastError("not-found", "there is no such path: see docs/node-api.md");
    // Before any of its body is read.
    if (isSigned(request)) denials.check(request.ip, authorize(access, request).signer);
    done();
  });
  app.addHook("onResponse", (request, { statusCode }, done) => {
    const signer = isSigned(request) ? knownSigner(request) : undefined;
    if (signer !== undefined && statusCode !== 503) denials.note(request.ip, signer, statusCode < 400);
    done();
  });
  app.removeAllContentTypeParsers();
  // A segment is never in memory as a whole: the handler of the request reads the stream.
  app.addContentTypeParser("application/octet-stream", (_request, payload, done) => done(null, payload));
  app.addContentTypeParser("application/json", { parseAs: "buffer" }, (_request, body, done) =>
    done(null, body),
  );
  app.setErrorHandler((error, request, reply) => sendError(error, request, reply, log));
  const pace = {
    bytesPerSecond: options.uploadBytesPerSecond ?? UPLOAD_BYTES_PER_SECOND,
    graceMs: patienceMs,
  };
  addWriting(app, { ...options, pace }, { ...modules, patience });
  addReading(app, { ...modules, patience });
  addHealth(app, options, modules);
  return app;
}

/** Whether the request must be signed. */
const isSigned = ({ routeOptions }: FastifyRequest): boolean =>
  /^\/v1\/(vnodes|buckets)\//.test(routeOptions.url ?? "");

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
    // Internal errors are logged and not shown to the caller.
    log.error({ err: error, path: request.url }, "request failed");
    return reply.code(500).send({
      error: {
        code: "io",
        message: "the node has an internal error: try again, or use another node",
        details: {},
      },
    });
  }
  const code: ErrorCode = statusCode === 413 ? "too-large" : statusCode === 429 ? "busy" : "bad-input";
  return reply.code(statusCode).send({ error: { code, message, details: {} } });
}

// -------------------------------------------------------------------------------------------------------------- health

function addHealth(
  app: FastifyInstance,
  { node, profile }: ServerOptions,
  { chain, clock, status }: ServerModules,
): void {
  let view: { readonly until: number; readonly record: Promise<NodeRecord> } | undefined;
  /** Anybody may ask for it, so a request must not cost a call to the chain. */
  const recordOfNode = (): Promise<NodeRecord> => {
    if (view && clock.now() < view.until) return view.record;
    const record = chain.node(node);
    view = { until: clock.now() + VIEW_MS, record };
    record.catch(() => undefined); // the request that waits for it reports the error
    return record;
  };

  app.get("/healthz", () => ({ alive: true }));
  app.get("/readyz", (_request, reply) => {
    const { ready, problem } = status();
    return reply.code(ready ? 200 : 503).send({ ready, ...(problem !== undefined && { problem }) });
  });
  // Based on the chain, because only the chain's view is paid: 503 as soon as a proof is missed or nothing is paid.
  app.get("/status", (_request, reply) => {
    const now = status();
    const healthy = isHealthy(now);
    return reply.code(healthy ? 200 : 503).send(toPlain({ node, healthy, ...now }));
  });
  app.get("/v1/node", async () => {
    const { provider, rent, revision, capacity, used } = await recordOfNode();
    const { chainId, registry } = chain;
    return toPlain({
      node,
      provider,
      chainId,
      registry,
      profile: profile.name,
      rent,
      revision,
      freeLeaves: capacity - used,
    });
  });
}
