/**
 * Masks (docs/formats.md, "Masks"): what a vNode stores is a shard under a key stream of its own, so that two shards are never
 * the same bytes, even where the data is, and no provider can answer for one with the other.
 */
import { HoldfastError } from "../protocol/errors.ts";

const BLOCK_BYTES = 16;
const LABEL = new TextEncoder().encode("holdfast mask v1");

export interface MaskPlace {
  readonly vNode: bigint;
  /** Number of the shard in its code. */
  readonly shard: number;
  /** How often the shard has been made for that vNode before. */
  readonly generation: number;
}

export interface Mask {
  /**
   * Masks bytes, or takes the mask away.
   *
   * @param offset of the first byte in the shard
   */
  apply(offset: number, bytes: Uint8Array): Promise<Uint8Array>;
}

/** @param secret 32 bytes; they allow to mask and to unmask all shards of one object, and not to read it */
export async function createMask(secret: Uint8Array, place: MaskPlace): Promise<Mask> {
  if (secret.length !== 32)
    throw new HoldfastError("bad-input", `a mask's secret has 32 bytes, not ${secret.length}`);
  const root = await crypto.subtle.importKey("raw", new Uint8Array(secret), "HKDF", false, ["deriveKey"]);
  const key = await crypto.subtle.deriveKey(
    { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info: infoOf(place) },
    root,
    { name: "AES-CTR", length: 256 },
    false,
    ["encrypt"],
  );
  return {
    async apply(offset, bytes) {
      const skipped = offset % BLOCK_BYTES;
      const padded = new Uint8Array(skipped + bytes.length);
      padded.set(bytes, skipped);
      const counter = new Uint8Array(BLOCK_BYTES);
      new DataView(counter.buffer).setBigUint64(8, BigInt((offset - skipped) / BLOCK_BYTES));
      const masked = await crypto.subtle.encrypt({ name: "AES-CTR", counter, length: 64 }, key, padded);
      return new Uint8Array(masked, skipped);
    },
  };
}

/** The label, then the vNode in 8 bytes, the shard in 2 and the generation in 4, the greatest byte first. */
function infoOf({ vNode, shard, generation }: MaskPlace): Uint8Array<ArrayBuffer> {
  const info = new Uint8Array(LABEL.length + 14);
  info.set(LABEL);
  const view = new DataView(info.buffer, LABEL.length);
  view.setBigUint64(0, vNode);
  view.setUint16(8, shard);
  view.setUint32(10, generation);
  return info;
}
