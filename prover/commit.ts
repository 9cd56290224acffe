/**
 * Commits to a stream of bytes while they pass: counts them, and computes the segment's tree and their SHA-256.
 */
import { createHash } from "node:crypto";
import { HoldfastError } from "../protocol/errors.ts";
import { fromHex32, toHex32, type Hex } from "../protocol/field.ts";
import type { Profile } from "../protocol/profiles.ts";
import { SegmentHasher, type HashEngine, type SegmentTree } from "../protocol/segment.ts";

/** What was announced of a segment, and must turn out to be true. */
export interface Announced {
  readonly root: Hex;
  readonly bytes: number;
  /** 64 hex digits; not checked if undefined. */
  readonly sha256?: string | undefined;
}

/**
 * @param write receives each chunk before the next one is taken
 * @throws HoldfastError "bad-input" for another number of bytes or SHA-256, "corrupt" for another root; whatever
 *   `write` throws
 */
export async function commit(
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
    const message = "the body is not the one that was signed: its SHA-256 differs";
    throw new HoldfastError("unauthorized", message, { signed: sha256, actual: actualHash });
  }
  const tree = await hasher.end();
  if (tree.root !== fromHex32(root)) {
    const actual = toHex32(tree.root);
    const message = `these bytes have the root ${actual}, not ${root}: upload what was announced`;
    throw new HoldfastError("corrupt", message, { announced: root, actual });
  }
  return tree;
}

function otherLength(received: number, bytes: number): HoldfastError {
  const message = `${received} bytes came where ${bytes} were announced: upload it again`;
  return new HoldfastError("bad-input", message, { received, announced: bytes });
}

/** A failure of whoever sends is none of the disk's. */
async function* untilCutOff(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (cause) {
    if (cause instanceof HoldfastError) throw cause;
    throw new HoldfastError("bad-input", "the bytes were cut off: send them again", {}, { cause });
  }
}
