/**
 * Reads a .zkey without its many points: the verification key and the contributions to phase 2 (format: snarkjs,
 * zkey_utils.js).
 */
import { createHash } from "node:crypto";
import type { Curve } from "ffjavascript";
import { HoldfastError } from "../protocol/errors.ts";
import { ELEMENT_BYTES, P } from "../protocol/field.ts";
import { toPlain } from "../protocol/json.ts";
import { bn254 } from "./bn254.ts";
import { readSomeSections, section } from "./sections.ts";
import { integerOf } from "./shared.ts";

export interface ZkeyContribution {
  /** Empty if the contributor gave no name. */
  readonly name: string;
  /** BLAKE2b-512, 128 hex digits. */
  readonly hash: string;
  /** Present if the secret was derived from these public values. */
  readonly beacon?: { readonly randomness: string; readonly iterationsExp: number };
}

/** Coordinates are decimal strings, as in snarkjs's verification_key.json. */
export interface ZkeyFacts {
  readonly wires: number;
  readonly publicInputs: number;
  readonly alpha: unknown;
  readonly beta: unknown;
  readonly gamma: unknown;
  readonly delta: unknown;
  readonly ic: readonly unknown[];
  /** BLAKE2b-512, 128 hex digits. All keys of one ceremony have the same. */
  readonly circuitHash: string;
  readonly contributions: readonly ZkeyContribution[];
}

/**
 * A development key has this mark in the place of its circuit's hash. So the file itself says, whatever its manifest
 * claims, that it was made from secrets in one process.
 */
export const DEVELOPMENT_MARK: Uint8Array = createHash("blake2b512")
  .update("holdfast development key: insecure")
  .digest();

export const isDevelopmentKey = ({ circuitHash }: ZkeyFacts): boolean =>
  circuitHash === Buffer.from(DEVELOPMENT_MARK).toString("hex");

const HEADER = 2;
const PUBLIC_WIRES = 3;
const CONTRIBUTIONS = 10;
/** Before this offset: field sizes and primes. Then wires, public inputs and domain (4 bytes each), then the points. */
const COUNTS_AT = 72;
const POINTS_AT = COUNTS_AT + 12;
const [G1_BYTES, G2_BYTES, HASH_BYTES] = [64, 128, 64];
const PARAMETER = { name: 1, iterations: 2, beacon: 3 } as const;

/**
 * From section 2, the header.
 *
 * @throws HoldfastError "key" for a key of another curve, "corrupt" if it is cut off
 */
export function readZkeyCounts(bytes: Uint8Array): { wires: number; publicInputs: number } {
  const header = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (header.length < 4)
    throw new HoldfastError("corrupt", "the zkey file is broken: its head ends too early");
  const scalarField = 4 + header.readUInt32LE(0);
  const isBn254 =
    header.length >= POINTS_AT &&
    scalarField === 4 + ELEMENT_BYTES &&
    header.readUInt32LE(scalarField) === ELEMENT_BYTES &&
    integerOf(header.subarray(scalarField + 4, COUNTS_AT)) === P;
  if (!isBn254) throw new HoldfastError("key", "the key is of another curve than BN254");
  return { wires: header.readUInt32LE(COUNTS_AT), publicInputs: header.readUInt32LE(COUNTS_AT + 4) };
}

/**
 * Reads the facts of a zkey file.
 *
 * @param sha256 it is read only as long as it has this hash
 * @throws HoldfastError "not-found" or "corrupt"; "key" if it has another hash
 */
export async function readZkeyFile(path: string, sha256?: string): Promise<ZkeyFacts> {
  return factsOf(await readSomeSections(path, "zkey", [HEADER, PUBLIC_WIRES, CONTRIBUTIONS], sha256));
}

async function factsOf(sections: Map<number, Uint8Array>): Promise<ZkeyFacts> {
  const curve = await bn254();
  try {
    const header = Buffer.from(section(sections, HEADER, "zkey"));
    const point = (group: "G1" | "G2", at: number): unknown => decimals(curve, group, header, POINTS_AT + at);
    const wires = Buffer.from(section(sections, PUBLIC_WIRES, "zkey"));
    return {
      wires: header.readUInt32LE(COUNTS_AT),
      publicInputs: header.readUInt32LE(COUNTS_AT + 4),
      // alpha1, beta1, beta2, gamma2, delta1, delta2
      alpha: point("G1", 0),
      beta: point("G2", 2 * G1_BYTES),
      gamma: point("G2", 2 * G1_BYTES + G2_BYTES),
      delta: point("G2", 3 * G1_BYTES + 2 * G2_BYTES),
      ic: Array.from({ length: wires.length / G1_BYTES }, (_, i) =>
        decimals(curve, "G1", wires, G1_BYTES * i),
      ),
      ...readContributions(curve, Buffer.from(section(sections, CONTRIBUTIONS, "zkey"))),
    };
  } catch (error) {
    if (error instanceof HoldfastError) throw error;
    throw new HoldfastError(
      "corrupt",
      "the zkey file is broken, because its header ends too early: take the file again from its source",
      {},
      { cause: error },
    );
  }
}

function decimals(curve: Curve, group: "G1" | "G2", bytes: Buffer, at: number): unknown {
  const size = group === "G1" ? G1_BYTES : G2_BYTES;
  if (at + size > bytes.length) throw new RangeError("a point is incomplete");
  return toPlain(curve[group].toObject(new Uint8Array(bytes.subarray(at, at + size))));
}

function readContributions(curve: Curve, bytes: Buffer): Pick<ZkeyFacts, "circuitHash" | "contributions"> {
  let at = 0;
  const take = (size: number): Buffer => {
    if (at + size > bytes.length) throw new RangeError("a contribution is incomplete");
    return bytes.subarray(at, (at += size));
  };
  const circuitHash = take(HASH_BYTES).toString("hex");
  const count = take(4).readUInt32LE();
  const contributions: ZkeyContribution[] = [];
  for (let i = 0; i < count; i++) {
    const hash = createHash("blake2b512");
    // The new delta, s, and s times the secret; then a point of G2 times the secret, and the transcript so far.
    for (let j = 0; j < 3; j++) hash.update(uncompressed(curve, "G1", take(G1_BYTES)));
    hash.update(uncompressed(curve, "G2", take(G2_BYTES))).update(take(HASH_BYTES));
    const isBeacon = take(4).readUInt32LE() === 1;
    const { name, beacon } = readParameters(take(take(4).readUInt32LE()));
    contributions.push({ name, hash: hash.digest("hex"), ...(isBeacon && beacon && { beacon }) });
  }
  if (at !== bytes.length) throw new RangeError("there are bytes after the last contribution");
  return { circuitHash, contributions };
}

function uncompressed(curve: Curve, group: "G1" | "G2", point: Buffer): Uint8Array {
  const bytes = new Uint8Array(point.length);
  curve[group].toRprUncompressed(bytes, 0, new Uint8Array(point));
  return bytes;
}

function readParameters(bytes: Buffer): Pick<ZkeyContribution, "name" | "beacon"> {
  let at = 0;
  const take = (): number => bytes.readUInt8(at++);
  const takeMany = (size: number): Buffer => bytes.subarray(at, (at += size));
  let [name, iterationsExp, randomness] = ["", 0, ""];
  while (at < bytes.length) {
    const parameter = take();
    if (parameter === PARAMETER.name) name = takeMany(take()).toString("utf8");
    else if (parameter === PARAMETER.iterations) iterationsExp = take();
    else if (parameter === PARAMETER.beacon) randomness = takeMany(take()).toString("hex");
    else throw new RangeError(`a contribution has a parameter ${parameter}`);
  }
  return { name, beacon: { randomness, iterationsExp } };
}
