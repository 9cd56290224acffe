/**
 * Reads a segment back from whichever replica serves it, into the file of the whole object.
 */
import type { Hash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { HoldfastError } from "../protocol/errors.ts";
import { toHex32 } from "../protocol/field.ts";
import { PROFILES } from "../protocol/profiles.ts";
import { SegmentHasher, type HashEngine } from "../protocol/segment.ts";
import type { Chain } from "./chain.ts";
import { nodesOf } from "./lookup.ts";
import type { NodeAddress, NodeApi } from "./node-api.ts";
import type { StoredObject } from "./object.ts";

/** Tries of one segment over all replicas. */
const ROUNDS = 2;

interface Fetch {
  readonly chain: Chain;
  readonly api: NodeApi;
  readonly engine: HashEngine;
  readonly object: StoredObject;
  readonly segment: StoredObject["segments"][number];
  readonly file: FileHandle;
  readonly offset: number;
  readonly signal: AbortSignal | undefined;
}

/** From the first node that serves it; goes on where another one broke off. */
export async function fetchSegment(options: Fetch): Promise<void> {
  const { chain, object, segment, signal } = options;
  const failures = new Set<string>();
  const failed = (error: unknown): void => {
    signal?.throwIfAborted();
    failures.add(error instanceof Error ? error.message : String(error));
  };
  let progress = startSegment(options);
  const attempt = async (node: NodeAddress): Promise<boolean> => {
    signal?.throwIfAborted();
    try {
      await receiveFrom(options, node, progress);
      return true;
    } catch (error) {
      if (error instanceof LocalFailure) throw error.cause;
      failed(error);
      if (error instanceof HoldfastError && error.code === "corrupt") progress = startSegment(options);
      return false;
    }
  };
  for (let round = 0; round < ROUNDS; round++) {
    for (const { vNode } of object.replicas) {
      const nodes = await nodesOf(chain, BigInt(vNode)).catch(failed);
      if (nodes?.length === 0) failures.add(`vNode ${vNode} has no node`);
      for (const node of nodes ?? []) {
        const resumed = progress.received > 0;
        if (await attempt(node)) return;
        // The wrong bytes may have been those of the node before.
        if (resumed && progress.received === 0 && (await attempt(node))) return;
      }
    }
  }
  const message = `no replica serves the segment ${segment.root}: ${[...failures].join("; ")}`;
  throw new HoldfastError("unreachable", message, { root: segment.root });
}

/** Throws "corrupt" if the segment is complete and not what it should be. */
async function receiveFrom(options: Fetch, node: NodeAddress, progress: Progress): Promise<void> {
  await receive(options, node, progress);
  if (toHex32(progress.hasher.finish().root) !== options.segment.root) {
    throw new HoldfastError("corrupt", `node ${node.id} serves other bytes than it was given`);
  }
}

/** The disk here, which no other node makes better. */
class LocalFailure extends Error {}

interface Progress {
  readonly hasher: SegmentHasher;
  received: number;
}

function startSegment({ engine, object }: Fetch): Progress {
  return { hasher: new SegmentHasher({ depth: PROFILES[object.profile].dataDepth, engine }), received: 0 };
}

async function receive(options: Fetch, node: NodeAddress, progress: Progress): Promise<void> {
  const { api, object, segment, file, offset } = options;
  if (progress.received === segment.bytes) return;
  const stream = await api.download(node, BigInt(object.bucket), segment.root, progress.received);
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    if (progress.received + chunk.length > segment.bytes) {
      throw new HoldfastError("corrupt", `node ${node.id} serves more bytes than the segment has`);
    }
    await writeAll(file, chunk, offset + progress.received);
    progress.hasher.update(chunk);
    progress.received += chunk.length;
  }
  if (progress.received < segment.bytes) {
    throw new HoldfastError("unreachable", `node ${node.id} broke off at byte ${progress.received}`);
  }
}

async function writeAll(file: FileHandle, chunk: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < chunk.length;) {
    const { bytesWritten } = await file
      .write(chunk, at, chunk.length - at, position + at)
      .catch((cause: unknown) => {
        throw new LocalFailure("not written", { cause });
      });
    at += bytesWritten;
  }
}

/** What lies on disk counts: the segment's bytes into the hash of the whole. */
export async function rehash(
  { file, segment, offset }: Pick<Fetch, "file" | "segment" | "offset">,
  whole: Hash,
): Promise<void> {
  const buffer = new Uint8Array(1 << 20);
  for (let at = 0; at < segment.bytes;) {
    const { bytesRead } = await file.read(
      buffer,
      0,
      Math.min(buffer.length, segment.bytes - at),
      offset + at,
    );
    if (bytesRead === 0) throw new HoldfastError("io", "the file became shorter while it was written");
    whole.update(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
}
