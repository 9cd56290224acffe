/**
 * A proving key as the prover uses it, from any snarkjs .zkey of Groth16 over BN254 (format: snarkjs, zkey_utils.js).
 *
 * It is read in pieces, whatever its size, and kept as the file has it, but without infinite points and with each coefficient
 * once: plain data, in shared memory where there is such.
 */
import { HoldfastError } from "../protocol/errors.ts";
import { P } from "../protocol/field.ts";
import { Q } from "./curve.ts";
import { readMatrices, type Matrices } from "./prover-matrices.ts";
import { openSections, type Extent, type SectionReader } from "./sections.ts";
import { integerOf, isBelow, sharedBytes, sharedWords, wordsOf } from "./shared.ts";

/** Points that are added with their scalars. */
export interface KeyPoints {
  readonly group: "G1" | "G2";
  /** Affine, x before y, each coordinate 32 bytes in Montgomery form for 2^256, little-endian; none is infinite. */
  readonly points: Uint8Array;
  /** Of each point's scalar: a wire, or what `SCALARS_AFTER_WIRES` names. Of `h`: a value of the quotient. */
  readonly indices: Uint32Array;
}

/** The prover's two random scalars follow the wires. */
export const SCALARS_AFTER_WIRES = { r: 0, s: 1 } as const;

export interface ProverKey {
  readonly wires: number;
  readonly publicInputs: number;
  /** Of two to this power. */
  readonly domain: number;
  /** alpha + sum of A + r delta; beta + sum of B + s delta, in both groups; the rest of the wires; the quotient. */
  readonly sections: Readonly<Record<SectionName, KeyPoints>>;
  /** In G1, as in the file. */
  readonly delta: Uint8Array;
  readonly matrices: Matrices;
}

export type SectionName = "a" | "b1" | "b2" | "c" | "h";

const SECTION = { protocol: 1, header: 2, coefficients: 4, a: 5, b1: 6, b2: 7, c: 8, h: 9 } as const;
const GROTH16 = 1;
const BYTES = { G1: 64, G2: 128 } as const;
const COORDINATE = 32;
/** Bytes of the sizes and primes of both fields, and of three counts; then the points. */
const COUNTS_AT = 2 * (4 + COORDINATE);
const POINTS_AT = COUNTS_AT + 12;
/** What is read of a file at a time. */
const CHUNK = 2 ** 22;

/**
 * @param sha256 of a file: it is read only as long as it has this hash
 * @throws HoldfastError "not-found", "corrupt" if the file is broken, "key" if it is of another kind or has another hash
 */
export async function readProverKey(source: string | Uint8Array, sha256?: string): Promise<ProverKey> {
  const reader = await openSections(source, "zkey", sha256);
  try {
    return await readKey(reader);
  } finally {
    await reader.close();
  }
}

async function readKey(reader: SectionReader): Promise<ProverKey> {
  const header = await readHeader(reader);
  const { wires, publicInputs, domain, alpha1, beta1, beta2, delta1, delta2 } = header;
  const place = (name: SectionName | "coefficients"): Extent => placeOf(reader, SECTION[name]);
  const [r, s] = [wires + SCALARS_AFTER_WIRES.r, wires + SCALARS_AFTER_WIRES.s];
  const points = (name: SectionName, wanted: Wanted): Promise<KeyPoints> =>
    readPoints(reader, place(name), SECTION[name], wanted);
  const first = publicInputs + 1;
  const a = await points("a", {
    group: "G1",
    count: wires,
    first: 0,
    more: [
      [alpha1, 0],
      [delta1, r],
    ],
  });
  const b1 = await points("b1", {
    group: "G1",
    count: wires,
    first: 0,
    more: [
      [beta1, 0],
      [delta1, s],
    ],
  });
  const b2 = await points("b2", {
    group: "G2",
    count: wires,
    first: 0,
    more: [
      [beta2, 0],
      [delta2, s],
    ],
  });
  const c = await points("c", { group: "G1", count: wires - first, first, more: [] });
  const h = await points("h", { group: "G1", count: 2 ** domain, first: 0, more: [] });
  const matrices = await readMatrices(reader, place("coefficients"), { wires, rows: 2 ** domain });
  return { wires, publicInputs, domain, sections: { a, b1, b2, c, h }, delta: delta1, matrices };
}

interface Header {
  readonly wires: number;
  readonly publicInputs: number;
  readonly domain: number;
  readonly alpha1: Uint8Array;
  readonly beta1: Uint8Array;
  readonly beta2: Uint8Array;
  readonly delta1: Uint8Array;
  readonly delta2: Uint8Array;
}

async function readHeader(reader: SectionReader): Promise<Header> {
  const protocol = await readWhole(reader, SECTION.protocol, 4);
  if (new DataView(protocol.buffer).getUint32(0, true) !== GROTH16)
    throw new HoldfastError("key", "this key is not for Groth16: make one with `groth16 setup`");
  const place = placeOf(reader, SECTION.header);
  const start = new Uint8Array(Math.min(place.size, COUNTS_AT));
  await reader.read(place, 0, start);
  if (!isPrime(start, 0, Q) || !isPrime(start, 4 + COORDINATE, P))
    throw new HoldfastError("key", "this key is of another curve: the prover is for BN254 (bn128) alone");
  const bytes = await readWhole(reader, SECTION.header, POINTS_AT + 3 * BYTES.G1 + 3 * BYTES.G2);
  const view = new DataView(bytes.buffer);
  const [wires, publicInputs, size] = [0, 4, 8].map((at) => view.getUint32(COUNTS_AT + at, true)) as [
    ...[number, number, number],
  ];
  const domain = Math.log2(size);
  if (!Number.isInteger(domain) || domain < 1 || domain > MOST_DOMAIN || wires <= publicInputs)
    throw new HoldfastError(
      "corrupt",
      `the zkey file says ${wires} wires, ${publicInputs} public inputs and a domain of ${size}, which cannot be`,
    );
  let at = POINTS_AT;
  const point = (size: number): Uint8Array => bytes.slice(at, (at += size));
  const { G1, G2 } = BYTES;
  const [alpha1, beta1, beta2, , delta1, delta2] = [G1, G1, G2, G2, G1, G2].map(point) as [
    ...[Uint8Array, Uint8Array, Uint8Array],
    ...[Uint8Array, Uint8Array, Uint8Array],
  ];
  return { wires, publicInputs, domain, alpha1, beta1, beta2, delta1, delta2 };
}

/** The field has roots of unity of order 2^28, and the prover needs those of twice the domain. */
const MOST_DOMAIN = 27;

function isPrime(bytes: Uint8Array, at: number, prime: bigint): boolean {
  if (bytes.length < at + 4 + COORDINATE || bytes[at] !== COORDINATE) return false;
  return integerOf(bytes.subarray(at + 4, at + 4 + COORDINATE)) === prime;
}

interface Wanted {
  readonly group: "G1" | "G2";
  readonly count: number;
  /** The scalar of the section's first point; the others' follow. */
  readonly first: number;
  /** Further points, with their scalars. */
  readonly more: readonly (readonly [point: Uint8Array, index: number])[];
}

async function readPoints(
  reader: SectionReader,
  place: Extent,
  id: number,
  { group, count, first, more }: Wanted,
): Promise<KeyPoints> {
  const bytes = BYTES[group];
  expectSize(id, place.size, count * bytes);
  // As many as there can be, in the place where they stay: what is left over takes no memory.
  const points = sharedBytes((count + more.length) * bytes);
  const indices = new Uint32Array(count + more.length);
  let kept = 0;
  const keep = (from: Uint8Array, firstIndex: number): void => {
    const words = new Uint32Array(from.buffer, from.byteOffset, from.length / 4);
    for (let i = 0; i < from.length / bytes; i++) {
      const at = (i * bytes) / 4;
      if (isInfinite(words, at, bytes / 4)) continue;
      if (!areCoordinates(words, at, bytes / 4))
        throw new HoldfastError("corrupt", `section ${id} of the zkey file has points that cannot be`);
      points.set(from.subarray(i * bytes, (i + 1) * bytes), kept * bytes);
      indices[kept++] = firstIndex + i;
    }
  };
  const buffer = new Uint8Array(Math.min(CHUNK, place.size));
  for (let at = 0; at < place.size; at += buffer.length) {
    const chunk = buffer.subarray(0, Math.min(buffer.length, place.size - at));
    await reader.read(place, at, chunk);
    keep(chunk, first + at / bytes);
  }
  for (const [point, index] of more) keep(point, index);
  return {
    group,
    points: points.subarray(0, kept * bytes),
    indices: sharedWords(indices.subarray(0, kept)),
  };
}

function isInfinite(words: Uint32Array, at: number, length: number): boolean {
  for (let i = at; i < at + length; i++) if (words[i] !== 0) return false;
  return true;
}

const Q_WORDS = wordsOf(Q);

function areCoordinates(words: Uint32Array, at: number, length: number): boolean {
  for (let i = at; i < at + length; i += 8) if (!isBelow(words, i, Q_WORDS)) return false;
  return true;
}

function placeOf(reader: SectionReader, id: number): Extent {
  const place = reader.places.get(id);
  if (!place) throw new HoldfastError("corrupt", `the zkey file has no section ${id}`);
  return place;
}

async function readWhole(reader: SectionReader, id: number, size: number): Promise<Uint8Array> {
  const place = placeOf(reader, id);
  expectSize(id, place.size, size);
  const bytes = new Uint8Array(size);
  await reader.read(place, 0, bytes);
  return bytes;
}

function expectSize(id: number, size: number, expected: number): void {
  if (size === expected) return;
  const message = `section ${id} of the zkey file has ${size} bytes where its header asks for ${expected}`;
  throw new HoldfastError("corrupt", message, { section: id });
}
