/**
 * The BN254 scalar field and the one mapping between bytes and its elements (protocol.md, section 2).
 */

/** Order of the BN254 scalar field. */
export const P = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;

/** Bytes of a leaf: 16 chunks. */
export const LEAF_BYTES = 496;
/** Bytes of a chunk: as a little-endian integer it is below 2^248, and so below P. */
export const CHUNK_BYTES = 31;
/** Bytes of an encoded field element. */
export const ELEMENT_BYTES = 32;

export type Hex = `0x${string}`;

export const mod = (x: bigint): bigint => ((x % P) + P) % P;
export const add = (a: bigint, b: bigint): bigint => (a + b) % P;
export const sub = (a: bigint, b: bigint): bigint => (a - b + P) % P;
export const mul = (a: bigint, b: bigint): bigint => (a * b) % P;

/** x^5, the S-box of Poseidon2 over this field. */
export function pow5(x: bigint): bigint {
  const square = (x * x) % P;
  return (((square * square) % P) * x) % P;
}

/** base^exponent for an exponent of 0 or more. */
export function pow(base: bigint, exponent: bigint): bigint {
  let [result, square] = [1n, mod(base)];
  for (let e = exponent; e > 0n; e >>= 1n) {
    if (e & 1n) result = mul(result, square);
    square = mul(square, square);
  }
  return result;
}

/** The multiplicative inverse, by Fermat. @throws RangeError for 0 */
export function inv(x: bigint): bigint {
  if (mod(x) === 0n) throw new RangeError("0 has no inverse");
  return pow(x, P - 2n);
}

/** x as 0x and 64 lower-case digits. @throws RangeError unless 0 <= x < 2^256 */
export function toHex32(x: bigint): Hex {
  if (x < 0n || x >> 256n !== 0n)
    throw new RangeError(`expected an integer of 256 bits, got ${x.toString()}`);
  return `0x${x.toString(16).padStart(64, "0")}`;
}

/**
 * Parses a field element from 0x and 64 digits.
 *
 * @throws TypeError if the form is wrong
 * @throws RangeError unless it is below P
 */
export function fromHex32(text: string): bigint {
  if (typeof text !== "string" || !/^0x[0-9a-fA-F]{64}$/.test(text)) {
    throw new TypeError(`expected 0x and 64 hexadecimal digits, got ${JSON.stringify(text)}`);
  }
  const x = BigInt(text);
  if (x >= P) throw new RangeError(`expected an element of the BN254 scalar field, got ${text}`);
  return x;
}

/** The little-endian integer in `bytes`. */
export function fromBytesLE(bytes: Uint8Array): bigint {
  let hex = "0x0";
  for (let i = bytes.length - 1; i >= 0; i--) hex += (bytes[i] ?? 0).toString(16).padStart(2, "0");
  return BigInt(hex);
}

/** A field element from its 32 little-endian bytes. @throws RangeError unless it is below P */
export function fromBytesLE32(bytes: Uint8Array): bigint {
  if (bytes.length !== ELEMENT_BYTES) throw new RangeError(`expected 32 bytes, got ${bytes.length}`);
  const x = fromBytesLE(bytes);
  if (x >= P) throw new RangeError("expected an element of the BN254 scalar field");
  return x;
}

/** x as 32 little-endian bytes. @throws RangeError unless 0 <= x < 2^256 */
export function toBytesLE32(x: bigint): Uint8Array {
  const hex = toHex32(x);
  const bytes = new Uint8Array(ELEMENT_BYTES);
  for (let i = 0; i < ELEMENT_BYTES; i++)
    bytes[ELEMENT_BYTES - 1 - i] = parseInt(hex.slice(2 + 2 * i, 4 + 2 * i), 16);
  return bytes;
}

/** The 16 elements of a leaf of 496 bytes. */
export function leafElements(leaf: Uint8Array): bigint[] {
  if (leaf.length !== LEAF_BYTES)
    throw new RangeError(`"leaf" expected ${LEAF_BYTES} bytes, got ${leaf.length}`);
  return Array.from({ length: LEAF_BYTES / CHUNK_BYTES }, (_, i) =>
    fromBytesLE(leaf.subarray(i * CHUNK_BYTES, (i + 1) * CHUNK_BYTES)),
  );
}

/**
 * Leaves of a segment of `bytes` bytes once it is padded with 10*.
 *
 * @throws RangeError unless `bytes` is a positive integer
 */
export function leafCount(bytes: number): number {
  if (!Number.isSafeInteger(bytes) || bytes < 1)
    throw new RangeError(`"bytes" expected 1 or more, got ${bytes}`);
  return Math.floor(bytes / LEAF_BYTES) + 1;
}

/** Appends the padding 10* to the last, partial leaf of a segment (0 to 495 bytes): one leaf. */
export function padLeaf(rest: Uint8Array): Uint8Array {
  if (rest.length >= LEAF_BYTES)
    throw new RangeError(`"rest" expected fewer than ${LEAF_BYTES} bytes, got ${rest.length}`);
  const leaf = new Uint8Array(LEAF_BYTES);
  leaf.set(rest);
  leaf[rest.length] = 1;
  return leaf;
}
