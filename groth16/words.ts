/**
 * Converts snarkjs's proofs and keys into the words that contracts take. Decimal strings become integers, and the
 * imaginary part of a G2 coordinate comes first.
 */

import type { Groth16Proof } from "snarkjs";

/** The format of snarkjs's proof.json. */
export interface SnarkjsProof {
  readonly pi_a: readonly string[];
  readonly pi_b: readonly (readonly string[])[];
  readonly pi_c: readonly string[];
}

/** The format of snarkjs's verification_key.json. */
export interface SnarkjsKey {
  readonly vk_alpha_1: readonly string[];
  readonly vk_beta_2: readonly (readonly string[])[];
  readonly vk_gamma_2: readonly (readonly string[])[];
  readonly vk_delta_2: readonly (readonly string[])[];
  readonly IC: readonly (readonly string[])[];
}

export type G1Words = [x: bigint, y: bigint];
export type G2Words = [xImaginary: bigint, xReal: bigint, yImaginary: bigint, yReal: bigint];
export type ProofWords = [...a: G1Words, ...b: G2Words, ...c: G1Words];
export type InputWords = [directoryRoot: bigint, seed: bigint, start: bigint, length: bigint];

/** The arguments of Groth16Verifier's constructor. */
export interface KeyWords {
  alpha: G1Words;
  beta: G2Words;
  gamma: G2Words;
  delta: G2Words;
  ic: [G1Words, G1Words, G1Words, G1Words, G1Words];
}

/** @throws RangeError unless the proof's points are finite and in snarkjs's format */
export function proofWords({ pi_a, pi_b, pi_c }: SnarkjsProof): ProofWords {
  return [...g1Words(pi_a, "pi_a"), ...g2Words(pi_b, "pi_b"), ...g1Words(pi_c, "pi_c")];
}

/** The reverse: a proof's words in snarkjs's format. */
export function snarkjsProof(words: readonly bigint[]): Groth16Proof {
  const [ax, ay, bx1, bx0, by1, by0, cx, cy] = words.map(String) as [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  return {
    pi_a: [ax, ay, "1"],
    pi_b: [
      [bx0, bx1],
      [by0, by1],
      ["1", "0"],
    ],
    pi_c: [cx, cy, "1"],
    protocol: "groth16",
    curve: "bn128",
  };
}

/** @throws RangeError unless there are four signals */
export function inputWords(publicSignals: readonly string[]): InputWords {
  if (publicSignals.length !== 4)
    throw new RangeError(`"publicSignals" expected 4 integers, got ${publicSignals.length}`);
  return publicSignals.map((signal) => integer(signal, "publicSignals")) as InputWords;
}

/** @throws RangeError unless the key is for four public inputs */
export function keyWords(key: SnarkjsKey): KeyWords {
  if (key.IC.length !== 5)
    throw new RangeError(`"IC" expected 5 points, for 4 public inputs, got ${key.IC.length}`);
  return {
    alpha: g1Words(key.vk_alpha_1, "vk_alpha_1"),
    beta: g2Words(key.vk_beta_2, "vk_beta_2"),
    gamma: g2Words(key.vk_gamma_2, "vk_gamma_2"),
    delta: g2Words(key.vk_delta_2, "vk_delta_2"),
    ic: key.IC.map((point) => g1Words(point, "IC")) as KeyWords["ic"],
  };
}

/** snarkjs writes points in projective coordinates, whose third one is 1. */
function g1Words(point: readonly string[], name: string): G1Words {
  const [x, y, z] = point;
  if (point.length !== 3 || z !== "1") throw new RangeError(`"${name}" expected a finite point [x, y, "1"]`);
  return [integer(x, name), integer(y, name)];
}

function g2Words(point: readonly (readonly string[])[], name: string): G2Words {
  const [x, y, z] = point;
  if (point.length !== 3 || x?.length !== 2 || y?.length !== 2 || z?.[0] !== "1" || z[1] !== "0")
    throw new RangeError(`"${name}" expected a finite point [[x0, x1], [y0, y1], ["1", "0"]]`);
  return [integer(x[1], name), integer(x[0], name), integer(y[1], name), integer(y[0], name)];
}

function integer(text: string | undefined, name: string): bigint {
  if (text === undefined || !/^(0|[1-9][0-9]{0,77})$/.test(text))
    throw new RangeError(`"${name}" expected decimal integers, got ${JSON.stringify(text)}`);
  return BigInt(text);
}
