/**
 * drand's rounds and signatures, scheme bls-bn254-unchained-on-g1, as contracts/beacons/DrandBeacon.sol checks them.
 *
 * A signature is a point of G1 and a public key a point of G2. Both are uncompressed and big-endian, imaginary parts
 * first. Hash to curve: RFC 9380, expand_message_xmd with keccak256, Shallue-van de Woestijne map.
 */
import { hash_to_field } from "@noble/curves/abstract/hash-to-curve.js";
import { bn254 } from "@noble/curves/bn254.js";
import type { CHash } from "@noble/curves/utils.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { sourcePoint, type Clock } from "../protocol/epochs.ts";

type G1 = typeof bn254.G1.Point.BASE;
type G2 = typeof bn254.G2.Point.BASE;

/** The parameters of a drand network. */
export interface DrandChain {
  /** 128 bytes. */
  readonly publicKey: Uint8Array;
  /** Time of round 1, in seconds. */
  readonly genesis: number;
  /** Seconds from one round to the next. */
  readonly period: number;
}

type Times = Pick<DrandChain, "genesis" | "period">;

export const SIGNATURE_BYTES = 64;
export const PUBLIC_KEY_BYTES = 128;
export const DRAND_SCHEME = "bls-bn254-unchained-on-g1";

const DST = "BLS_SIG_BN254G1_XMD:KECCAK-256_SVDW_RO_NUL_";
const { Fp, Fp2, Fp12, Fr } = bn254.fields;

// ---------------------------------------------------------------------------------------------------------------- time

/** The time of a round, in seconds. */
export function roundTime(round: number, { genesis, period }: Times): number {
  return genesis + (round - 1) * period;
}

/** The first round at or after a time in seconds. */
export function firstRoundAt(seconds: number, { genesis, period }: Times): number {
  return seconds <= genesis ? 1 : Math.ceil((seconds - genesis) / period) + 1;
}

/** The round that gives an epoch its randomness. */
export function roundFor(epoch: number, clock: Clock, chain: Times): number {
  return firstRoundAt(sourcePoint(epoch, clock), chain);
}

// ---------------------------------------------------------------------------------------------------------- signatures

/** Whether the bytes are the round's signature, in its only valid encoding. Returns false for malformed bytes. */
export function verifyRound(publicKey: Uint8Array, round: number, signature: Uint8Array): boolean {
  const key = decodePublicKey(publicKey);
  const point = decodeSignature(signature);
  if (!point) return false;
  const product = bn254.pairingBatch([
    { g1: point, g2: bn254.G2.Point.BASE.negate() },
    { g1: hashToG1(roundMessage(round)), g2: key },
  ]);
  return Fp12.eql(product, Fp12.ONE);
}

/** An epoch's randomness from its round's signature. */
export function signatureRandomness(signature: Uint8Array): Uint8Array {
  return sha256(signature);
}

/** What DrandBeacon takes: the signature, and the roots that the contract would otherwise have to compute. */
export function roundEvidence(round: number, signature: Uint8Array): Uint8Array {
  const roots = concatWords(hashToField(roundMessage(round)).flatMap(inverseRoots));
  const evidence = new Uint8Array(signature.length + roots.length);
  evidence.set(signature);
  evidence.set(roots, signature.length);
  return evidence;
}

/** @param secret between 1 and the group's order - 1 */
export function signRound(secret: bigint, round: number): Uint8Array {
  const { x, y } = hashToG1(roundMessage(round)).multiply(secret).toAffine();
  return concatWords([x, y]);
}

/** @param secret between 1 and the group's order - 1 */
export function publicKeyOf(secret: bigint): Uint8Array {
  const { x, y } = bn254.G2.Point.BASE.multiply(secret).toAffine();
  return concatWords([x.c1, x.c0, y.c1, y.c0]);
}

/** A secret key from at least 48 random bytes, as FIPS 186-5 draws one. */
export function secretFromBytes(random: Uint8Array): bigint {
  if (random.length < 48) throw new RangeError(`expected at least 48 random bytes, got ${random.length}`);
  return (toInteger(random) % (Fr.ORDER - 1n)) + 1n;
}

/** keccak256 of the round as 8 big-endian bytes: what is hashed to G1 and signed. */
export function roundMessage(round: number): Uint8Array {
  if (!Number.isSafeInteger(round) || round < 1)
    throw new RangeError(`"round" expected an integer above 0, got ${round}`);
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(round));
  return keccak_256(bytes);
}

/** @throws RangeError unless the bytes are a point of G2 other than infinity, in its only valid encoding */
export function decodePublicKey(bytes: Uint8Array): G2 {
  const words = wordsBelowQ(bytes, PUBLIC_KEY_BYTES);
  if (!words?.some((word) => word !== 0n))
    throw new RangeError("not a drand public key: not four coordinates");
  const [xi, xr, yi, yr] = words as [bigint, bigint, bigint, bigint];
  const point = bn254.G2.Point.fromAffine({
    x: Fp2.fromBigTuple([xr, xi]),
    y: Fp2.fromBigTuple([yr, yi]),
  });
  try {
    point.assertValidity();
  } catch (cause) {
    throw new RangeError("not a drand public key: not a point of G2", { cause });
  }
  return point;
}

function decodeSignature(bytes: Uint8Array): G1 | undefined {
  const [x, y] = wordsBelowQ(bytes, SIGNATURE_BYTES) ?? [];
  // Infinity is written as (0, 0), which does not satisfy the curve's equation either.
  if (x === undefined || y === undefined || !Fp.eql(Fp.sqr(y), curve(x))) return undefined;
  return bn254.G1.Point.fromAffine({ x, y });
}

// ------------------------------------------------------------------------------------------------------- hash to curve

/** hash_to_curve of a 32-byte message. */
export function hashToG1(message: Uint8Array): G1 {
  const [u0, u1] = hashToField(message);
  return mapToCurve(u0).add(mapToCurve(u1));
}

function hashToField(message: Uint8Array): [bigint, bigint] {
  const [[u0], [u1]] = hash_to_field(message, 2, {
    DST,
    expand: "xmd",
    hash: keccak_256 as unknown as CHash, // the types of two versions of noble-hashes differ
    p: Fp.ORDER,
    m: 1,
    k: 128,
  }) as [[bigint], [bigint]];
  return [u0, u1];
}

/** RFC 9380, appendix F.1, for y^2 = x^3 + 3 and Z = 1. */
const SVDW = {
  c1: 4n,
  c2: Fp.neg(Fp.inv(2n)),
  c3: evenRoot(Fp.neg(12n)),
  c4: Fp.div(Fp.neg(16n), 3n),
};

interface Candidates {
  /** 1 + v and 1 - v, where v = 4u^2. */
  readonly plus: bigint;
  readonly minus: bigint;
  readonly xs: readonly [bigint, bigint, bigint];
}

function candidates(u: bigint): Candidates {
  const v = Fp.mul(Fp.sqr(u), SVDW.c1);
  const [plus, minus] = [Fp.add(1n, v), Fp.sub(1n, v)];
  // The inverse of 0 is 0 here.
  const product = Fp.mul(plus, minus);
  const inverse = product === 0n ? 0n : Fp.inv(product);
  const w = Fp.mul(Fp.mul(Fp.mul(u, minus), inverse), SVDW.c3);
  const z = Fp.mul(Fp.sqr(plus), inverse);
  const third = Fp.add(1n, Fp.mul(SVDW.c4, Fp.sqr(z)));
  return { plus, minus, xs: [Fp.sub(SVDW.c2, w), Fp.add(SVDW.c2, w), third] };
}

function mapToCurve(u: bigint): G1 {
  for (const x of candidates(u).xs) {
    const root = squareRoot(curve(x));
    if (root === undefined) continue;
    const y = (root & 1n) === (u & 1n) ? root : Fp.neg(root);
    return bn254.G1.Point.fromAffine({ x, y });
  }
  throw new Error("the map to the curve found no point"); // impossible: one candidate is always the x of a point
}

/** The roots that contracts/libraries/HashToG1.sol takes for one field element, in its order. */
function inverseRoots(u: bigint): bigint[] {
  const { plus, minus, xs } = candidates(u);
  const first = Fp.mul(Fp.pow(plus, 4n), curve(xs[0]));
  const roots = [inverseRoot(first)];
  if (squareRoot(first) === undefined) roots.push(inverseRoot(Fp.mul(Fp.sqr(minus), curve(xs[1]))));
  return roots;
}

/** t with t^2 · w = 1 or -1. */
function inverseRoot(w: bigint): bigint {
  return Fp.pow(w, (Fp.ORDER - 3n) / 4n);
}

function curve(x: bigint): bigint {
  return Fp.add(Fp.mul(Fp.sqr(x), x), 3n);
}

function squareRoot(square: bigint): bigint | undefined {
  const root = Fp.pow(square, (Fp.ORDER + 1n) / 4n); // the order is 3 mod 4
  return Fp.eql(Fp.sqr(root), square) ? root : undefined;
}

function evenRoot(square: bigint): bigint {
  const root = Fp.sqrt(square);
  return root & 1n ? Fp.neg(root) : root;
}

// -------------------------------------------------------------------------------------------------------------- bytes

function wordsBelowQ(bytes: Uint8Array, length: number): bigint[] | undefined {
  if (bytes.length !== length) return undefined;
  const words = Array.from({ length: length / 32 }, (_, i) => toInteger(bytes.subarray(32 * i, 32 * i + 32)));
  return words.every((word) => word < Fp.ORDER) ? words : undefined;
}

function toInteger(bytes: Uint8Array): bigint {
  return bytes.reduce((integer, byte) => (integer << 8n) | BigInt(byte), 0n);
}

function concatWords(words: readonly bigint[]): Uint8Array {
  const bytes = new Uint8Array(32 * words.length);
  for (const [i, word] of words.entries()) bytes.set(Fp.toBytes(word), 32 * i);
  return bytes;
}
