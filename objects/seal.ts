/**
 * Authenticated encryption of an object in chunks (docs/formats.md, "Sealed objects"): the STREAM construction of Hoang,
 * Reyhanitabar, Rogaway and Vizár (Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance, CRYPTO 2015) with
 * AES-256-GCM. A chunk opens only in its place, and the last one says that it is the last.
 */
import { HoldfastError } from "../protocol/errors.ts";

/** Bytes of a key, which must be random, and seal one object only. */
export const KEY_BYTES = 32;
/** Bytes of an object in a chunk; the last one has fewer, or as many. An empty object is one empty chunk. */
export const CHUNK_BYTES = 65_536;
const TAG_BYTES = 16;
export const SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES;

/** Where a chunk is in its object. */
export interface ChunkPlace {
  readonly index: number;
  readonly isLast: boolean;
}

export interface Sealer {
  /** @param chunk CHUNK_BYTES, or fewer if it is the last one */
  seal(place: ChunkPlace, chunk: Uint8Array): Promise<Uint8Array>;
  /** Throws "corrupt" if it is not what was sealed for that place. */
  open(place: ChunkPlace, sealed: Uint8Array): Promise<Uint8Array>;
}

/** @param key KEY_BYTES */
export async function createSealer(key: Uint8Array): Promise<Sealer> {
  if (key.length !== KEY_BYTES)
    throw new HoldfastError("bad-input", `a key has ${KEY_BYTES} bytes, not ${key.length}`);
  const imported = await crypto.subtle.importKey("raw", new Uint8Array(key), "AES-GCM", false, [
    "encrypt",
    "decrypt",
  ]);
  return {
    async seal(place, chunk) {
      const fits = place.isLast ? chunk.length <= CHUNK_BYTES : chunk.length === CHUNK_BYTES;
      if (!fits) throw new HoldfastError("bad-input", `a chunk of ${chunk.length} bytes cannot be sealed`);
      return new Uint8Array(
        await crypto.subtle.encrypt({ name: "AES-GCM", iv: nonceOf(place) }, imported, new Uint8Array(chunk)),
      );
    },
    async open(place, sealed) {
      try {
        return new Uint8Array(
          await crypto.subtle.decrypt(
            { name: "AES-GCM", iv: nonceOf(place) },
            imported,
            new Uint8Array(sealed),
          ),
        );
      } catch (cause) {
        throw new HoldfastError(
          "corrupt",
          `chunk ${place.index} is not what was sealed with this key`,
          { chunk: place.index },
          { cause },
        );
      }
    },
  };
}

/** The index in 11 bytes, the greatest first, then 1 for the last chunk and 0 for the others. */
function nonceOf({ index, isLast }: ChunkPlace): Uint8Array<ArrayBuffer> {
  if (!Number.isSafeInteger(index) || index < 0)
    throw new HoldfastError("bad-input", `${index} is no number of a chunk`);
  const nonce = new Uint8Array(12);
  new DataView(nonce.buffer).setBigUint64(3, BigInt(index));
  nonce[11] = Number(isLast);
  return nonce;
}

/** Bytes of an object when it is sealed. */
export function sealedLength(bytes: number): number {
  return bytes + TAG_BYTES * chunkCount(bytes);
}

export function chunkCount(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / CHUNK_BYTES));
}

/** Yields the sealed chunks in order. It never holds more than two of them. */
export async function* sealAll(
  sealer: Sealer,
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, void> {
  let chunk = new Uint8Array(CHUNK_BYTES);
  let filled = 0;
  let index = 0;
  for await (const piece of source) {
    for (let from = 0; from < piece.length;) {
      // A full chunk is sealed only when more follows.
      if (filled === CHUNK_BYTES) {
        yield await sealer.seal({ index: index++, isLast: false }, chunk);
        chunk = new Uint8Array(CHUNK_BYTES);
        filled = 0;
      }
      const taken = piece.subarray(from, from + CHUNK_BYTES - filled);
      chunk.set(taken, filled);
      filled += taken.length;
      from += taken.length;
    }
  }
  yield await sealer.seal({ index, isLast: true }, chunk.subarray(0, filled));
}
