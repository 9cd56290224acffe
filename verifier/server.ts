/**
 * The auditor's HTTP interface: /healthz while it runs, and /status, with code 503 while there are troubles.
 */
import fastify, { type FastifyInstance } from "fastify";
import type { EndpointHealth } from "../chain/endpoints.ts";
import { headAge, staleness } from "../chain/heads.ts";
import type { Auditor } from "./auditor.ts";

export interface StatusServerOptions {
  /** Seconds: an older newest block is a trouble. 0: any age. */
  readonly maxHeadAgeSeconds: number;
}

export interface StatusServerModules {
  readonly auditor: Pick<Auditor, "status">;
  readonly counts: () => object;
  readonly endpoints: () => readonly EndpointHealth[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export function createStatusServer(
  { maxHeadAgeSeconds }: StatusServerOptions,
  { auditor, counts, endpoints, now }: StatusServerModules,
): FastifyInstance {
  const server = fastify({ logger: false });
  server.get("/healthz", () => ({ ok: true }));
  server.get("/status", (_request, reply) => {
    const { time, ...status } = auditor.status;
    // 0: nothing has been read yet.
    const age = time === 0 ? undefined : headAge(time, now());
    const stale = age === undefined ? undefined : staleness(age, maxHeadAgeSeconds);
    const troubles = [...status.troubles, ...(stale === undefined ? [] : [stale])];
    if (troubles.length > 0) reply.code(503);
    return { ...status, headAge: age, endpoints: endpoints(), troubles, ...counts() };
  });
  return server;
}
