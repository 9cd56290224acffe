/**
 * Arrays that threads share, and large integers as they lie in files.
 */

/** Zeros that other threads can use, where the platform allows. Pages that are never written take no memory. */
export function sharedBytes(length: number): Uint8Array {
  const isShareable = typeof SharedArrayBuffer === "function";
  return new Uint8Array(isShareable ? new SharedArrayBuffer(length) : new ArrayBuffer(length));
}

/** A copy that other threads can use, where the platform allows. */
export function shared(bytes: Uint8Array): Uint8Array {
  const copy = sharedBytes(bytes.length);
  copy.set(bytes);
  return copy;
}

export function sharedWords(words: Uint32Array): Uint32Array {
  return new Uint32Array(shared(new Uint8Array(words.buffer, words.byteOffset, words.byteLength)).buffer);
}

/** 256 bits as eight words, the lowest first. */
export function wordsOf(x: bigint): Uint32Array {
  return Uint32Array.from({ length: 8 }, (_, i) => Number((x >> BigInt(32 * i)) & 0xffffffffn));
}

/** Whether the eight words at `at` are a number below the bound's. */
export function isBelow(words: Uint32Array, at: number, bound: Uint32Array): boolean {
  let i = 7;
  while (i > 0 && words[at + i] === bound[i]) i--;
  return (words[at + i] as number) < (bound[i] as number);
}

/** Little-endian. */
export function integerOf(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}
