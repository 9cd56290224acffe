/**
 * The content of a probation segment: a stream that nobody can know before the candidate has joined, and that anybody can
 * make afterwards, to compare its root with the one on record.
 */
import { createCipheriv } from "node:crypto";
import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { LEAF_BYTES } from "../../protocol/field.ts";
import { inWords } from "../../system/file-errors.ts";

const CHUNK = 1 << 20;
const IV_BYTES = 16;

/** The bytes that have so many leaves: one byte of the last leaf is padding. */
export const probationBytes = (leaves: number): number => leaves * LEAF_BYTES - 1;

/** AES-256-CTR with the seed as its key, from counter 0. */
export function* probationStream(seed: string, bytes: number): Generator<Buffer> {
  const cipher = createCipheriv("aes-256-ctr", Buffer.from(seed.slice(2), "hex"), Buffer.alloc(IV_BYTES));
  for (let left = bytes; left > 0; left -= CHUNK) yield cipher.update(Buffer.alloc(Math.min(CHUNK, left)));
}

/** @throws HoldfastError if the file exists, or cannot be written */
export async function writeProbation(path: string, seed: string, leaves: number): Promise<number> {
  const bytes = probationBytes(leaves);
  await inWords(path, "written", () =>
    pipeline(
      Readable.from(probationStream(seed, bytes)),
      createWriteStream(path, { flags: "wx", mode: 0o600 }),
    ),
  );
  return bytes;
}
