/**
 * The operator's own HTTP interface, on 127.0.0.1: metrics, scrubs and removals.
 */
import Fastify, { type FastifyInstance, type FastifyRequest } from "fastify";
import type { Duties } from "./duties.ts";
import type { Metrics } from "./metrics.ts";
import type { Scrub } from "./scrub.ts";

export interface AdminModules {
  readonly metrics: Metrics;
  readonly scrub: Scrub;
  readonly duties: Duties;
}

export function createAdmin({ metrics, scrub, duties }: AdminModules): FastifyInstance {
  const admin = Fastify({ forceCloseConnections: true });
  admin.get("/metrics", async (_request, reply) =>
    reply.type("text/plain; version=0.0.4; charset=utf-8").send(await metrics.text()),
  );
  // A web page in a browser on this machine cannot send JSON to a server that does not allow it.
  const onRequest = async (request: FastifyRequest): Promise<void> => {
    if (request.headers["content-type"] === "application/json") return Promise.resolve();
    return Promise.reject(Object.assign(new Error("send application/json"), { statusCode: 415 }));
  };
  admin.post("/scrub", { onRequest }, () => scrub.now());
  admin.get("/removals", () => ({ heldBack: duties.status.heldBack ?? null }));
  admin.post("/removals", { onRequest }, () => ({ confirmed: duties.confirmRemovals() ?? null }));
  return admin;
}
