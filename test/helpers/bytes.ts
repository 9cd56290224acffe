/**
 * Bytes that are the same in every run.
 */
import { createHash } from "node:crypto";

/** The pattern of the vectors: sha256("holdfast-vector" || tag || i as 4 bytes) for i = 0, 1, ... */
export function patternBytes(length: number, tag: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; 32 * i < length; i++) {
    const counter = Buffer.from([tag, i >>> 24, i >>> 16, i >>> 8, i]);
    const block = createHash("sha256").update("holdfast-vector").update(counter).digest();
    bytes.set(block.subarray(0, length - 32 * i), 32 * i);
  }
  return bytes;
}
