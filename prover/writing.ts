/**
 * Requests that bring data to the node or ask for its consent: uploads, acceptances, extensions.
 */
import { createHash } from "node:crypto";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { HoldfastError } from "../protocol/errors.ts";
import { leafCount } from "../protocol/field.ts";
import { toPlain } from "../protocol/json.ts";
import { accept } from "./acceptances.ts";
import type { Authorization } from "./auth.ts";
import { extend } from "./extensions.ts";
import type { Patience } from "./patience.ts";
import {
  authorize,
  bucketId,
  extensionSchema,
  orderSchema,
  parse,
  parseJson,
  rootName,
  vNodeId,
} from "./requests.ts";
import type { ServerModules, ServerOptions } from "./server-options.ts";
import { createUploads, type UploadOptions } from "./uploads.ts";

export function addWriting(
  app: FastifyInstance,
  options: ServerOptions & UploadOptions,
  modules: ServerModules & { readonly patience: Patience },
): void {
  const { access, patience } = modules;
  const uploads = createUploads(options, modules);

  app.put("/v1/vnodes/:vNode/buckets/:bucket/segments/:root", async (request, reply) => {
    const path = z.object({ vNode: vNodeId, bucket: bucketId, root: rootName });
    const { vNode, bucket, root } = parse(path, request.params, "the path");
    const bytes = announcedBytes(request);
    const open = (): AsyncIterable<Uint8Array> => {
      patience.keep(request, reply, "writing");
      return request.raw;
    };
    const order = { vNode, bucket, root, bytes };
    const { existed } = await uploads.take(order, authorize(access, request), open);
    return reply.code(existed ? 200 : 201).send({ root, leaves: leafCount(bytes), bytes });
  });

  /** The signer of a request, and what it asks for. */
  const readOrder = <T>(
    request: FastifyRequest,
    schema: z.ZodType<T>,
  ): { order: T & { vNode: bigint }; authorization: Authorization } => {
    const { vNode } = parse(z.object({ vNode: vNodeId }), request.params, "the path");
    const authorization = authorize(access, request);
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    if (createHash("sha256").update(body).digest("hex") !== authorization.bodySha256)
      throw new HoldfastError(
        "unauthorized",
        "the request's authorization is refused: it was signed for another body",
      );
    return { order: { ...parse(schema, parseJson(body), "the order"), vNode }, authorization };
  };

  app.post("/v1/vnodes/:vNode/acceptances", async (request, reply) => {
    const { order, authorization } = readOrder(request, orderSchema);
    await access.checkWrite(order.bucket, order.vNode, authorization.signer);
    access.take(authorization);
    patience.keep(request, reply, "writing");
    return toPlain(await accept(order, authorization.signer, options, modules));
  });

  app.post("/v1/vnodes/:vNode/extensions", async (request, reply) => {
    const { order, authorization } = readOrder(request, extensionSchema);
    const allowed = (): void => {
      access.take(authorization);
      patience.keep(request, reply, "writing");
    };
    return toPlain(await extend(order, authorization.signer, options, { ...modules, allowed }));
  });
}

function announcedBytes(request: FastifyRequest): number {
  const header = request.headers["content-length"];
  if (header === undefined) {
    const message = "the length of the body is not announced: send a Content-Length";
    throw new HoldfastError("bad-input", message, { status: 411 });
  }
  const bytes = Number(header);
  if (!/^\d+$/.test(header) || bytes < 1)
    throw new HoldfastError(
      "bad-input",
      "the segment is empty, but must have at least one byte: send its bytes",
      { bytes },
    );
  return bytes;
}
