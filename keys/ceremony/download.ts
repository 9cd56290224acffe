/**
 * Downloads a large file; after an interruption, the next call goes on where the last one ended.
 */
import { createWriteStream } from "node:fs";
import { rename, stat } from "node:fs/promises";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream } from "node:stream/web";
import { HoldfastError } from "../../protocol/errors.ts";

export interface DownloadOptions {
  /** Of what is there, 0 to 1. */
  readonly progress?: ((fraction: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly fetch?: typeof globalThis.fetch;
}

/**
 * Gives the file the name `path` when it is whole; until then it is `path` with ".partial". Does nothing if `path` exists.
 * Whoever uses the file has to check its hash.
 *
 * @throws HoldfastError "unreachable" if the server does not answer, refuses, or breaks off
 */
export async function download(
  url: string,
  path: string,
  { progress, signal, fetch = globalThis.fetch }: DownloadOptions = {},
): Promise<void> {
  const partial = `${path}.partial`;
  if ((await sizeOf(path)) > 0) return;
  const have = await sizeOf(partial);
  try {
    const response = await fetch(url, {
      headers: have > 0 ? { range: `bytes=${have}-` } : {},
      ...(signal && { signal }),
    });
    // A server that has nothing after these bytes: all is here.
    if (!(response.status === 416 && have > 0)) {
      if (!response.ok || response.body === null)
        throw new Error(`it answers with status ${response.status}`);
      await save(response, partial, { have: response.status === 206 ? have : 0, progress, signal });
    }
  } catch (cause) {
    signal?.throwIfAborted();
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `cannot download ${url}: ${reason}; run it again, and it goes on where it ended`;
    throw new HoldfastError("unreachable", message, { url }, { cause });
  }
  await rename(partial, path);
}

async function save(
  response: Response,
  path: string,
  { have, progress, signal }: { have: number } & Pick<DownloadOptions, "progress" | "signal">,
): Promise<void> {
  const total = have + Number(response.headers.get("content-length") ?? NaN);
  let done = have;
  const count = new Transform({
    transform(chunk: Buffer, _encoding, next) {
      done += chunk.length;
      if (Number.isFinite(total)) progress?.(done / total);
      next(null, chunk);
    },
  });
  await pipeline(
    Readable.fromWeb(response.body as ReadableStream),
    count,
    createWriteStream(path, { flags: have > 0 ? "a" : "w" }),
    { ...(signal && { signal }) },
  );
  if (Number.isFinite(total) && done !== total)
    throw new Error(`it broke off after ${done} of ${total} bytes`);
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}
