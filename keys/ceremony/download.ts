/**
 * Downloads a large file. After an interruption, the next call continues where the last one stopped.
 */
import { createWriteStream } from "node:fs";
import { rename, stat } from "node:fs/promises";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream } from "node:stream/web";
import { HoldfastError } from "../../protocol/errors.ts";

export interface DownloadOptions {
  /** Receives the finished part, from 0 to 1. */
  readonly progress?: ((fraction: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly fetch?: typeof globalThis.fetch;
}

/**
 * Names the file `path` once it is whole; until then it has the ending ".partial". Does nothing if `path` exists. The
 * caller must check the file's hash.
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
    // 416: the server has nothing after these bytes, so the file is complete.
    if (!(response.status === 416 && have > 0)) {
      if (!response.ok || response.body === null)
        throw new Error(`it answers with status ${response.status}`);
      await save(response, partial, { have: response.status === 206 ? have : 0, progress, signal });
    }
  } catch (cause) {
    signal?.throwIfAborted();
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `cannot download ${url} (${reason}): run the command again to continue where it stopped`;
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
    throw new Error(`the connection broke after ${done} of ${total} bytes`);
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}
