/**
 * Reads a segment back from any replica, into the file of the whole object. When a node is slow, the next one continues where
 * it stopped. Slow nodes are accepted only after all have been tried.
 */
import type { Hash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { paced, type Pace } from "../../net/pace.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import { toHex32 } from "../../protocol/field.ts";
import { PROFILES } from "../../protocol/profiles.ts";
import { SegmentHasher, type HashEngine } from "../../protocol/segment.ts";
import { writeAll } from "../../system/files.ts";
import type { Chain } from "../chain.ts";
import type { NodeAddress, NodeApi } from "../node-api.ts";
import type { StoredObject } from "../object.ts";
import { nodesOf } from "./lookup.ts";

/** How fast a node must be, in each round over all replicas. */
export const PACES: readonly Pace[] = [
  { bytesPerSecond: 4 << 20, graceMs: 5_000 },
  { bytesPerSecond: 256 << 10, graceMs: 15_000 },
  { bytesPerSecond: 16 << 10, graceMs: 60_000 },
];

interface Fetch {
  readonly chain: Chain;
  readonly api: NodeApi;
  readonly engine: HashEngine;
  readonly object: StoredObject;
  readonly segment: StoredObject["segments"][number];
  readonly file: FileHandle;
  readonly offset: number;
  readonly signal: AbortSignal | undefined;
  readonly paces: readonly Pace[];
  /** How often each vNode has failed. The others are asked first. */
  readonly failures: Map<number, number>;
}

/** Fetches a segment, and continues with another node where one broke off. */
export async function fetchSegment(options: Fetch): Promise<void> {
  const { chain, object, segment, signal, paces, failures } = options;
  const reasons = new Set<string>();
  const failed = (error: unknown): void => {
    signal?.throwIfAborted();
    reasons.add(error instanceof Error ? error.message : String(error));
  };
  let progress = startSegment(options);
  const attempt = async (node: NodeAddress, pace: Pace): Promise<boolean> => {
    signal?.throwIfAborted();
    try {
      await receiveFrom({ ...options, pace }, node, progress);
      return true;
    } catch (error) {
      if (error instanceof LocalFailure) throw error.cause;
      failed(error);
      if (error instanceof HoldfastError && error.code === "corrupt") progress = startSegment(options);
      return false;
    }
  };
  const failuresOf = ({ vNode }: { vNode: number }): number => failures.get(vNode) ?? 0;
  for (const pace of paces) {
    for (const { vNode } of object.replicas.toSorted((a, b) => failuresOf(a) - failuresOf(b))) {
      const nodes = await nodesOf(chain, BigInt(vNode)).catch(failed);
      if (nodes?.length === 0) reasons.add(`vNode ${vNode} has no node`);
      for (const node of nodes ?? []) {
        const resumed = progress.received > 0;
        if (await attempt(node, pace)) return;
        // The wrong bytes may come from the node before: try this one again from the start.
        if (resumed && progress.received === 0 && (await attempt(node, pace))) return;
      }
      failures.set(vNode, failuresOf({ vNode }) + 1);
    }
  }
  const message = `no replica serves the segment ${segment.root}, try again later: ${[...reasons].join("; ")}`;
  throw new HoldfastError("unreachable", message, { root: segment.root });
}

/** @throws HoldfastError "corrupt" if the segment is complete and has the wrong SHA-256 */
async function receiveFrom(options: PacedFetch, node: NodeAddress, progress: Progress): Promise<void> {
  await receive(options, node, progress);
  if (toHex32((await progress.hasher.end()).root) !== options.segment.root) {
    throw new HoldfastError("corrupt", `node ${node.id} serves other bytes than it was given`);
  }
}

/** A failure of the local disk, for which no other node needs to be tried. */
class LocalFailure extends Error {}

interface PacedFetch extends Fetch {
  readonly pace: Pace;
}

interface Progress {
  readonly hasher: SegmentHasher;
  received: number;
}

function startSegment({ engine, object }: Fetch): Progress {
  return { hasher: new SegmentHasher({ depth: PROFILES[object.profile].dataDepth, engine }), received: 0 };
}

async function receive(options: PacedFetch, node: NodeAddress, progress: Progress): Promise<void> {
  const { api, object, segment, file, offset, pace, signal } = options;
  if (progress.received === segment.bytes) return;
  const part = { bucket: BigInt(object.bucket), root: segment.root, from: progress.received };
  const stream = await api.download(node, part, pace.graceMs);
  const tooSlow = (): Error =>
    new HoldfastError(
      "unreachable",
      `node ${node.id} was too slow, and was given up at byte ${progress.received}`,
    );
  try {
    for await (const chunk of paced(stream, pace, { signal, tooSlow })) {
      if (progress.received + chunk.length > segment.bytes) {
        throw new HoldfastError("corrupt", `node ${node.id} serves more bytes than the segment has`);
      }
      await writeAll(file, chunk, offset + progress.received).catch((cause: unknown) => {
        throw new LocalFailure("not written", { cause });
      });
      await progress.hasher.push(chunk).catch((cause: unknown) => {
        throw new LocalFailure("not hashed", { cause });
      });
      progress.received += chunk.length;
    }
  } finally {
    stream.destroy();
  }
  if (progress.received < segment.bytes) {
    throw new HoldfastError("unreachable", `node ${node.id} broke off at byte ${progress.received}`);
  }
}

/** Adds the segment's bytes, read back from the disk, to the hash of the whole file. */
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
    if (bytesRead === 0)
      throw new HoldfastError("io", "another process shortened the file while it was written: try again");
    whole.update(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
}
