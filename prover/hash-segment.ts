/**
 * Hashes a segment's bytes as they arrive: counts them and computes the segment's tree and SHA-256.
 */
import { createHash } from "node:crypto";
import { HoldfastError } from "../protocol/errors.ts";
import { fromHex32, toHex32, type Hex } from "../protocol/field.ts";
import type { Profile } from "../protocol/profiles.ts";
import { SegmentHasher, type HashEngine, type SegmentTree } from "../protocol/segment.ts";

/** What the sender announced about a segment. The bytes must match it. */
export interface Announced {
  readonly root: Hex;
  readonly bytes: number;
  /** 64 hex digits; not checked if undefined. */
  readonly sha256?: string | undefined;
}

/**
 * @param write receives each chunk before the next one is read
 * @throws HoldfastError "bad-input" if the number of bytes differs, "unauthorized" if the SHA-256 does, "corrupt" if
 *   the root does
 * @throws whatever `write` throws
 */
export async function hashSegment(
  body: AsyncIterable<Uint8Array>,
  { root, bytes, sha256 }: Announced,
  { profile, engine }: { profile: Profile; engine: HashEngine },
  write: (chunk: Uint8Array) => Promise<void>,
): Promise<SegmentTree> {
  const hasher = new SegmentHasher({ depth: profile.dataDepth, engine });
  const digest = createHash("sha256");
  let received = 0;
  for await (const chunk of untilCutOff(body)) {
    received += chunk.length;
    if (received > bytes) throw otherLength(received, bytes);
    await hasher.push(chunk);
    digest.update(chunk);
    await write(chunk);
  }
  if (received !== bytes) throw otherLength(received, bytes);

  const actualHash = digest.digest("hex");
  if (sha256 !== undefined && sha256 !== actualHash) {
    const message =
      "the body is not the one that was signed, because its SHA-256 differs: sign and send it again";
    throw new HoldfastError("unauthorized", message, { signed: sha256, actual: actualHash });
  }
  const tree = await hasher.end();
  if (tree.root !== fromHex32(root)) {
    const actual = toHex32(tree.root);
    const message = `these bytes have the root ${actual}, not ${root}: upload the announced bytes`;
    throw new HoldfastError("corrupt", message, { announced: root, actual });
  }
  return tree;
}

function otherLength(received: number, bytes: number): HoldfastError {
  const message = `${received} bytes arrived, but ${bytes} were announced: upload the segment again`;
  return new HoldfastError("bad-input", message, { received, announced: bytes });
}

/** Turns the sender's failures into "bad-input", so that they are not taken for failures of the disk. */
async function* untilCutOff(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (cause) {
    if (cause instanceof HoldfastError) throw cause;
    throw new HoldfastError("bad-input", "the bytes ended too early: send them again", {}, { cause });
  }
}
