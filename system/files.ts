/**
 * Writes files so that they are whole or absent (written under another name, synced, then renamed), and hashes files.
 */
import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, rename, rm, type FileHandle } from "node:fs/promises";
import { pipeline } from "node:stream/promises";

/** Writes a new file with `write` and then names it `path`. If `write` fails, nothing is left behind. */
export async function writeWhole(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const partial = `${path}.${randomUUID()}.partial`;
  try {
    const file = await open(partial, "wx");
    try {
      await write(file);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

/** The same for code that writes files by name: `make` gets the temporary name. */
export async function makeWhole<T>(path: string, make: (partial: string) => Promise<T>): Promise<T> {
  const partial = `${path}.${randomUUID()}.partial`;
  try {
    const result = await make(partial);
    const file = await open(partial, "r+");
    await file.sync().finally(() => file.close());
    await rename(partial, path);
    return result;
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

/** Needed because `FileHandle.write` may write less than it was given. */
export async function writeAll(file: FileHandle, bytes: Uint8Array, position?: number): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const place = position === undefined ? null : position + at;
    at += (await file.write(bytes, at, bytes.length - at, place)).bytesWritten;
  }
}

export async function writeJson(path: string, value: unknown): Promise<void> {
  await writeWhole(path, (file) => file.writeFile(`${JSON.stringify(value, null, 2)}\n`));
}

/** SHA-256 of a file, 64 hex digits. */
export const sha256File = (path: string, signal?: AbortSignal): Promise<string> =>
  hashFile("sha256", path, signal);

/** BLAKE2b-512 of a file, 128 hex digits. */
export const blake2bFile = (path: string, signal?: AbortSignal): Promise<string> =>
  hashFile("blake2b512", path, signal);

async function hashFile(algorithm: string, path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash(algorithm);
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash, { ...(signal && { signal }) });
  return hash.digest("hex");
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
