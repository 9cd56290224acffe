/**
 * Reads a file in parts of which each was part of the content that has the expected hash, whatever becomes of the file meanwhile.
 */
import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { HoldfastError } from "../protocol/errors.ts";
import { sha256 } from "./files.ts";

export interface CheckedFile {
  readonly size: number;
  /** Fills the target; what is after the file's end stays. Returns the number of bytes. */
  readonly read: (at: number, target: Uint8Array) => Promise<number>;
  readonly close: () => Promise<void>;
}

/** Bytes that are hashed by themselves when the whole is, and again when one of them is read. */
const BLOCK = 2 ** 20;

/** @throws HoldfastError "key" if it has another hash, then or later; "not-found" */
export async function openChecked(path: string, expected: string): Promise<CheckedFile> {
  const file = await open(path).catch((cause: unknown) => {
    throw new HoldfastError("not-found", `there is no file ${path}`, { path }, { cause });
  });
  const readBlock = async (block: number, bytes: Uint8Array): Promise<Uint8Array> => {
    for (let done = 0; ;) {
      const { bytesRead } = await file.read(bytes, done, BLOCK - done, block * BLOCK + done);
      if (bytesRead === 0) return bytes.subarray(0, done);
      done += bytesRead;
    }
  };
  const digests: string[] = [];
  let size = 0;
  try {
    const whole = createHash("sha256");
    const buffer = new Uint8Array(BLOCK);
    for (;;) {
      const bytes = await readBlock(digests.length, buffer);
      if (bytes.length === 0) break;
      whole.update(bytes);
      digests.push(sha256(bytes));
      size += bytes.length;
    }
    refuseChanged(path, expected, whole.digest("hex"));
  } catch (error) {
    await file.close();
    throw error;
  }
  let last: { readonly block: number; readonly bytes: Uint8Array } | undefined;
  const checkedBlock = async (block: number): Promise<Uint8Array> => {
    if (last?.block === block) return last.bytes;
    const bytes = await readBlock(block, new Uint8Array(BLOCK));
    refuseChanged(path, digests[block], sha256(bytes));
    last = { block, bytes };
    return bytes;
  };
  return {
    size,
    async read(at, target) {
      const end = Math.min(size, at + target.length);
      for (let next = at; next < end;) {
        const block = Math.floor(next / BLOCK);
        const bytes = await checkedBlock(block);
        const part = bytes.subarray(next - block * BLOCK, end - block * BLOCK);
        target.set(part, next - at);
        next += part.length;
      }
      return Math.max(0, end - at);
    },
    close: () => file.close(),
  };
}

/** @throws HoldfastError "key" unless the hashes are the same */
export function refuseChanged(path: string, expected: string | undefined, actual: string): void {
  if (actual === expected) return;
  const message = `${path} has changed since it was checked, or while it is in use: put the right file back, or make the key again and start anew`;
  throw new HoldfastError("key", message, { path, expected, actual });
}
