/**
 * Requests that read from the node: whole segments, parts of them, and openings of leaves.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { HoldfastError } from "../protocol/errors.ts";
import { toHex32, type Hex } from "../protocol/field.ts";
import { EMPTY_BODY_HASH } from "./auth.ts";
import type { Patience } from "./patience.ts";
import { authorize, bucketId, parse, rootName } from "./requests.ts";
import type { ServerModules } from "./server-options.ts";

export function addReading(
  app: FastifyInstance,
  { access, store, patience }: Pick<ServerModules, "access" | "store"> & { readonly patience: Patience },
): void {
  const mayRead = async (
    [request, reply]: [FastifyRequest, FastifyReply],
    { bucket, root }: { bucket: bigint; root: Hex },
  ): Promise<{ bytes: number; leaves: number }> => {
    const authorization = authorize(access, request);
    if (`0x${authorization.bodySha256}` !== EMPTY_BODY_HASH)
      throw new HoldfastError(
        "unauthorized",
        "the request's authorization is refused: it is for a request with a body",
      );
    await access.checkRead(bucket, root, authorization.signer);
    access.take(authorization);
    patience.keep(request, reply, "reading");
    const found = await store.find(root);
    if (found) return found;
    throw notHere(root);
  };

  app.get("/v1/buckets/:bucket/segments/:root", async (request, reply) => {
    const { bucket, root } = parse(
      z.object({ bucket: bucketId, root: rootName }),
      request.params,
      "the path",
    );
    const { bytes } = await mayRead([request, reply], { bucket, root });
    const { start, end, partial } = parseRange(request.headers.range, bytes);
    const body = await wholeOrNotHere(root, () => store.read(root, start, end));
    void reply.type("application/octet-stream");
    void reply.headers({ "accept-ranges": "bytes", "content-length": end - start + 1 });
    if (partial) void reply.code(206).header("content-range", `bytes ${start}-${end}/${bytes}`);
    return reply.send(patience.answer(body, reply));
  });

  app.get("/v1/buckets/:bucket/segments/:root/leaves/:index", async (request, reply) => {
    const path = z.object({ bucket: bucketId, root: rootName, index: z.string().regex(/^\d{1,10}$/) });
    const { bucket, root, index } = parse(path, request.params, "the path");
    const { leaves } = await mayRead([request, reply], { bucket, root });
    if (Number(index) >= leaves) {
      throw new HoldfastError(
        "not-found",
        `segment ${root} has ${leaves} leaves, numbered from 0: ask for a lower index`,
        {
          leaves,
        },
      );
    }
    const { elements, siblings } = await wholeOrNotHere(root, () => store.openLeaf(root, Number(index)));
    return { elements: elements.map(toHex32), siblings: siblings.map((level) => level.map(toHex32)) };
  });
}

const notHere = (root: Hex): HoldfastError =>
  new HoldfastError("not-found", `segment ${root} is not on this node (any more): use another replica`, {
    root,
  });

/** A segment that turns out to be damaged is reported as not here. */
async function wholeOrNotHere<T>(root: Hex, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw error instanceof HoldfastError && error.code === "corrupt" ? notHere(root) : error;
  }
}

interface ByteRange {
  readonly start: number;
  /** Inclusive. */
  readonly end: number;
  readonly partial: boolean;
}

/** One range of bytes, or the whole. RFC 9110 allows answering several ranges with the whole. */
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
  const message = `the segment has ${bytes} bytes: ask for a range within them`;
  throw new HoldfastError("bad-input", message, { status: 416, bytes });
}
