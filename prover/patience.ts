/**
 * Deadlines for a request to arrive and for its answer to be taken, so that no connection stays open for a few bytes
 * at a time. An allowed request has no deadline; its speed is watched instead.
 */
import { Readable } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { taken } from "../net/pace.ts";
import type { Sockets, Work } from "./sockets.ts";

export interface Patience {
  /** Called when the request is allowed. From here on, the code that reads its body watches the speed. */
  keep(request: FastifyRequest, reply: FastifyReply, work: Work): void;
  /** Sends an answer's bytes. The connection ends if they are not taken in time. */
  answer(body: Readable, reply: FastifyReply): Readable;
}

/** Milliseconds in which the rest of an unwanted body is read, so that its sender sees the answer. */
const LINGER_MS = 2_000;

/** @param ms for a body that is not an upload, and for each part of an answer */
export function watchRequests(app: FastifyInstance, sockets: Sockets, ms: number): Patience {
  const timers = new WeakMap<FastifyRequest, NodeJS.Timeout>();
  const endUnlessWhole =
    ({ raw }: FastifyRequest) =>
    (): void => {
      if (!raw.complete) sockets.end(raw.socket);
    };

  app.addHook("onRequest", (request, reply, done) => {
    const timer = setTimeout(endUnlessWhole(request), ms).unref();
    timers.set(request, timer);
    reply.raw.once("close", () => clearTimeout(timer));
    done();
  });
  app.addHook("onResponse", (request, _reply, done) => {
    const { raw } = request;
    if (!raw.complete) setTimeout(endUnlessWhole(request), Math.min(LINGER_MS, ms)).unref();
    done();
  });

  return {
    keep(request, reply, work) {
      clearTimeout(timers.get(request));
      reply.raw.once("close", sockets.keep(request.raw.socket, work));
    },
    answer(body, reply) {
      const end = (): void => void reply.raw.destroy();
      const given = Readable.from(taken(body, ms, end), { objectMode: false });
      // What is left then is in the buffers of the connection.
      given.once("end", () => {
        const timer = setTimeout(end, ms).unref();
        reply.raw.once("close", () => clearTimeout(timer));
      });
      return given;
    },
  };
}
