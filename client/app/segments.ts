/**
 * Cuts a file into segments, and computes the root and SHA-256 of each and the SHA-256 of the whole, in one pass.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { HoldfastError } from "../../protocol/errors.ts";
import { toHex32, type Hex } from "../../protocol/field.ts";
import { maxBytes, type Profile } from "../../protocol/profiles.ts";
import { SegmentHasher, type HashEngine } from "../../protocol/segment.ts";
import { fileError } from "../../system/file-errors.ts";

export interface SegmentPart {
  /** Offset of its first byte in the file. */
  readonly offset: number;
  readonly bytes: number;
  readonly leaves: number;
  readonly root: Hex;
  /** 64 hex digits. */
  readonly sha256: string;
}

export interface CommittedFile {
  readonly bytes: number;
  readonly sha256: string;
  readonly segments: readonly SegmentPart[];
}

export interface CommitOptions {
  readonly profile: Profile;
  readonly engine: HashEngine;
  /** Gets the share of the work that is done, 0 to 1. */
  readonly progress?: ((fraction: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

const READ_BYTES = 1 << 20;

/** Cuts a file into segments as long as the profile allows. @throws HoldfastError "not-found", "bad-input" or "io" */
export async function commitFile(path: string, options: CommitOptions): Promise<CommittedFile> {
  const { profile, engine, progress, signal } = options;
  const size = await fileSize(path);
  const limit = maxBytes(profile);
  const whole = createHash("sha256");
  const segments: SegmentPart[] = [];
  const buffer = new Uint8Array(READ_BYTES);
  const file = await open(path);
  try {
    const before = await file.stat();
    for (let offset = 0; offset < size; offset += limit) {
      const bytes = Math.min(limit, size - offset);
      const hasher = new SegmentHasher({ depth: profile.dataDepth, engine });
      const hash = createHash("sha256");
      for (let at = 0; at < bytes;) {
        signal?.throwIfAborted();
        const { bytesRead } = await file.read(buffer, 0, Math.min(READ_BYTES, bytes - at), offset + at);
        if (bytesRead === 0) throw hasChanged(path);
        const chunk = buffer.subarray(0, bytesRead);
        await hasher.push(chunk);
        hash.update(chunk);
        whole.update(chunk);
        at += bytesRead;
        progress?.((offset + at) / size);
      }
      const { leaves, root } = await hasher.end();
      segments.push({ offset, bytes, leaves, root: toHex32(root), sha256: hash.digest("hex") });
    }
    const after = await file.stat();
    if (after.size !== size || after.mtimeMs !== before.mtimeMs) throw hasChanged(path);
  } finally {
    await file.close();
  }
  return { bytes: size, sha256: whole.digest("hex"), segments };
}

/** Reads a part of the file again. The last bytes are passed on only if all bytes are still the same as before. */
export function readPart(path: string, part: SegmentPart): Readable {
  return Readable.from(checkedPart(path, part), { objectMode: false });
}

async function* checkedPart(
  path: string,
  { offset, bytes, sha256 }: SegmentPart,
): AsyncGenerator<Uint8Array, void> {
  const hash = createHash("sha256");
  let last: Uint8Array | undefined;
  const stream = createReadStream(path, { start: offset, end: offset + bytes - 1 });
  try {
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      if (last) yield last;
      hash.update(chunk);
      last = chunk;
    }
  } catch (error) {
    throw fileError(error, path, "read");
  }
  if (!last || hash.digest("hex") !== sha256) throw hasChanged(path);
  yield last;
}

function hasChanged(path: string): HoldfastError {
  const message = `${path} was changed while it was read: try again when nobody writes to it`;
  return new HoldfastError("io", message, { path });
}

/** The size of a regular file with at least one byte. */
export async function fileSize(path: string): Promise<number> {
  let found;
  try {
    found = await stat(path);
  } catch (cause) {
    throw new HoldfastError("not-found", `there is no file ${path}: check its name`, { path }, { cause });
  }
  if (!found.isFile()) throw new HoldfastError("bad-input", `${path} is not a regular file`, { path });
  if (found.size === 0) {
    throw new HoldfastError("bad-input", `${path} is empty: a segment has at least one byte`, { path });
  }
  return found.size;
}
