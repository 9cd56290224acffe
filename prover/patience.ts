/**
 * How long a request may take to arrive, and its answer to be taken: whoever drips is not waited for. Who may do what they ask
 * for keeps their connection, and is judged by how much comes.
 */
import { Readable } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { taken } from "../net/pace.ts";
import type { Sockets, Work } from "./sockets.ts";

export interface Patience {
  /** The request is allowed: whoever reads its body watches it from here on. */
  keep(request: FastifyRequest, reply: FastifyReply, work: Work): void;
  /** An answer's bytes: the connection ends if they are not taken. */
  answer(body: Readable, reply: FastifyReply): Readable;
}

/** Milliseconds in which the rest of a body is read that nobody wants, so that its sender sees the answer. */
const LINGER_MS = 2_000;

/** @param ms for a body that is no upload, and for each part of an answer */
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
      // What is left then is on its way.
      given.once("end", () => {
        const timer = setTimeout(end, ms).unref();
        reply.raw.once("close", () => clearTimeout(timer));
      });
      return given;
    },
  };
}
