/**
 * Verifies proofs of one key in WebAssembly, one by one or many at once (docs/prover.md).
 */
import type { Groth16Proof, VerificationKey } from "snarkjs";
import { HoldfastError } from "../protocol/errors.ts";
import { P } from "../protocol/field.ts";
import { Q, type Fq2 } from "./curve.ts";
import {
  createPairing,
  isOnCurve,
  isOnTwist,
  type G1Point,
  type G2Point,
  type Lines,
  type Pair,
} from "./pairing.ts";
import { loadVerifierModule } from "./prover-module.ts";
import { integerOf } from "./shared.ts";
import { proofWords } from "./words.ts";

/** In snarkjs's formats. */
export interface Proved {
  readonly proof: Groth16Proof;
  readonly publicSignals: readonly string[];
}

export interface Verifier {
  /** False for anything that is not a valid proof of these signals, malformed and infinite values included. */
  verify(proof: Groth16Proof, publicSignals: readonly string[]): boolean;
  /**
   * Whether `verify` would be true of all: with n + 3 pairings for n proofs, and wrong with a probability of at most 2^-128 if one
   * is not valid.
   */
  verifyBatch(proofs: readonly Proved[]): boolean;
}

export interface VerifierOptions {
  /** The module of wasm/assembly/verifier.ts; default: built and compiled when it is needed. */
  readonly module?: WebAssembly.Module | undefined;
}

/** Of the coefficients that proofs of a batch are multiplied with. */
const COEFFICIENT_BYTES = 16;

interface Statement {
  readonly a: G1Point;
  readonly b: G2Point;
  readonly c: G1Point;
  readonly inputs: readonly bigint[];
}

/**
 * @throws HoldfastError "key" for a key that is none; "io" if this machine cannot run the module: snarkjs can verify
 */
export async function createVerifier(
  key: VerificationKey,
  { module }: VerifierOptions = {},
): Promise<Verifier> {
  const pairing = createPairing(module ?? (await loadVerifierModule()));
  const prepared = (point: readonly (readonly string[])[], name: string): Lines =>
    pairing.prepare(g2(point) ?? refuse(name)) ?? refuse(name);
  const alpha = g1(key.vk_alpha_1) ?? refuse("vk_alpha_1");
  const beta = prepared(key.vk_beta_2, "vk_beta_2");
  const gamma = prepared(key.vk_gamma_2, "vk_gamma_2");
  const delta = prepared(key.vk_delta_2, "vk_delta_2");
  // The point of a public input that nothing depends on is infinite.
  const ic = key.IC.map((point) => (isInfinite(point) ? undefined : (g1(point) ?? refuse("IC"))));
  if (ic.length !== key.nPublic + 1) refuse("IC");

  /** prod e(r A, B) e(sum r alpha, beta)^-1 e(sum r IC, gamma)^-1 e(sum r C, delta)^-1 */
  const hold = (proofs: readonly Statement[], coefficients: readonly bigint[]): boolean => {
    const coefficient = (i: number): bigint => coefficients[i] as bigint;
    const sum = (valueOf: (statement: Statement) => bigint): bigint =>
      proofs.reduce((total, statement, i) => (total + coefficient(i) * valueOf(statement)) % P, 0n);
    const pairs: Pair[] = proofs.map(({ a, b }, i) => ({ terms: [[coefficient(i), a]], with: b }));
    const inputs = ic.flatMap((point, i): Pair["terms"] =>
      point ? [[sum(({ inputs }) => (i === 0 ? 1n : (inputs[i - 1] as bigint))), negative(point)]] : [],
    );
    pairs.push({ terms: [[sum(() => 1n), negative(alpha)]], with: beta });
    pairs.push({ terms: inputs, with: gamma });
    pairs.push({ terms: proofs.map(({ c }, i) => [coefficient(i), negative(c)]), with: delta });
    return pairing.isOne(pairs);
  };
  return {
    verify(proof, publicSignals) {
      const statement = statementOf({ proof, publicSignals }, key.nPublic);
      return statement !== undefined && hold([statement], [1n]);
    },
    verifyBatch(proofs) {
      const statements: Statement[] = [];
      for (const proved of proofs) {
        const statement = statementOf(proved, key.nPublic);
        if (!statement) return false;
        statements.push(statement);
      }
      return hold(statements, statements.map(randomCoefficient));
    },
  };
}

function randomCoefficient(): bigint {
  return integerOf(crypto.getRandomValues(new Uint8Array(COEFFICIENT_BYTES)));
}

/** Undefined unless all is well-formed, finite, and on its curve. */
function statementOf({ proof, publicSignals }: Proved, nPublic: number): Statement | undefined {
  try {
    const inputs = publicSignals.map(fieldElement);
    if (inputs.length !== nPublic || inputs.some((input) => input === undefined)) return undefined;
    if (proof.protocol !== "groth16" || proof.curve !== "bn128") return undefined;
    const [ax, ay, bx1, bx0, by1, by0, cx, cy] = proofWords(proof);
    const [a, c]: G1Point[] = [
      [ax, ay],
      [cx, cy],
    ];
    const b: G2Point = [
      [bx0, bx1],
      [by0, by1],
    ];
    if (!a || !c || !isOnCurve(a) || !isOnCurve(c) || !isOnTwist(b)) return undefined;
    return { a, b, c, inputs: inputs as bigint[] };
  } catch {
    return undefined; // something else than two points of G1, one of G2, and texts
  }
}

function fieldElement(text: unknown): bigint | undefined {
  if (typeof text !== "string" || !/^(0|[1-9]\d{0,77})$/.test(text)) return undefined;
  const value = BigInt(text);
  return value < P ? value : undefined;
}

const negative = ([x, y]: G1Point): G1Point => [x, Q - y];

const isInfinite = (point: readonly string[]): boolean => point[2] === "0";

function g1([x, y, z]: readonly string[]): G1Point | undefined {
  const point: G1Point = [BigInt(x ?? -1), BigInt(y ?? -1)];
  return z === "1" && isOnCurve(point) ? point : undefined;
}

function g2([x, y, z]: readonly (readonly string[])[]): G2Point | undefined {
  const complex = (pair: readonly string[] = []): Fq2 => [BigInt(pair[0] ?? -1), BigInt(pair[1] ?? -1)];
  const point: G2Point = [complex(x), complex(y)];
  return z?.[0] === "1" && z[1] === "0" && isOnTwist(point) ? point : undefined;
}

function refuse(name: string): never {
  throw new HoldfastError("key", `the verification key is broken: ${name} is not what it should be`);
}
