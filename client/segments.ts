/**
 * A file as segments: where it is cut, and the root and SHA-256 of each part and of the whole, in one pass.
 */
import { createHash } from "node:crypto";
import { open, stat } from "node:fs/promises";
import { HoldfastError } from "../protocol/errors.ts";
import { toHex32, type Hex } from "../protocol/field.ts";
import { maxBytes, type Profile } from "../protocol/profiles.ts";
import { SegmentHasher, type HashEngine } from "../protocol/segment.ts";

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
  /** Share of the work that is done, 0 to 1. */
  readonly progress?: ((fraction: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

const READ_BYTES = 1 << 20;

/** Cuts the file into segments as long as the profile allows. Throws "not-found", "bad-input" or "io". */
export async function commitFile(path: string, options: CommitOptions): Promise<CommittedFile> {
  const { profile, engine, progress, signal } = options;
  const size = await fileSize(path);
  const limit = maxBytes(profile);
  const whole = createHash("sha256");
  const segments: SegmentPart[] = [];
  const buffer = new Uint8Array(READ_BYTES);
  const file = await open(path);
  try {
    for (let offset = 0; offset < size; offset += limit) {
      const bytes = Math.min(limit, size - offset);
      const hasher = new SegmentHasher({ depth: profile.dataDepth, engine });
      const hash = createHash("sha256");
      for (let at = 0; at < bytes;) {
        signal?.throwIfAborted();
        const { bytesRead } = await file.read(buffer, 0, Math.min(READ_BYTES, bytes - at), offset + at);
        if (bytesRead === 0) {
          throw new HoldfastError("io", `${path} became shorter while it was read: try again`, { path });
        }
        const chunk = buffer.subarray(0, bytesRead);
        hasher.update(chunk);
        hash.update(chunk);
        whole.update(chunk);
        at += bytesRead;
        progress?.((offset + at) / size);
      }
      const { leaves, root } = hasher.finish();
      segments.push({ offset, bytes, leaves, root: toHex32(root), sha256: hash.digest("hex") });
    }
  } finally {
    await file.close();
  }
  return { bytes: size, sha256: whole.digest("hex"), segments };
}

/** Of a regular file with at least one byte. */
export async function fileSize(path: string): Promise<number> {
  let found;
  try {
    found = await stat(path);
  } catch (cause) {
    throw new HoldfastError("not-found", `there is no file ${path}`, { path }, { cause });
  }
  if (!found.isFile()) throw new HoldfastError("bad-input", `${path} is not a regular file`, { path });
  if (found.size === 0) {
    throw new HoldfastError("bad-input", `${path} is empty: a segment has at least one byte`, { path });
  }
  return found.size;
}
