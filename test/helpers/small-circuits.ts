/**
 * Circuits of a few constraints that are not ours, with snarkjs's keys for them.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { zKey, type VerificationKey } from "snarkjs";
import { bn254 } from "../../groth16/bn254.ts";
import { fileHeader, sectionHeader } from "../../groth16/sections.ts";
import { mod, P, toBytesLE32 } from "../../protocol/field.ts";
import { writeWhole } from "../../system/files.ts";
import { writePowers } from "./powers.ts";

/** Coefficients by wire; wire 0 is 1. */
export type Combination = Readonly<Record<number, bigint>>;

export interface SmallCircuit {
  /** Wires 1 to this one are public. */
  readonly publicInputs: number;
  /** a b = c. */
  readonly constraints: readonly (readonly [a: Combination, b: Combination, c: Combination])[];
  /** The values of all wires, the first of them 1. */
  readonly witness: readonly bigint[];
}

/** A product of two secrets: one constraint, and nothing public. */
export const ONE_CONSTRAINT: SmallCircuit = {
  publicInputs: 0,
  constraints: [[{ 1: 1n }, { 2: 1n }, { 3: 1n }]],
  witness: [1n, 3n, 11n, 33n],
};

/** Nothing is secret. */
export const PUBLIC_ONLY: SmallCircuit = {
  publicInputs: 3,
  constraints: [[{ 1: 1n }, { 2: 1n }, { 3: 1n }]],
  witness: [1n, P - 3n, 11n, P - 33n],
};

/** A public number of 32 bits, of which each is 0 or 1. */
export const BITS: SmallCircuit = {
  publicInputs: 1,
  constraints: [
    ...Array.from({ length: 32 }, (_, i) => [{ [i + 2]: 1n }, { [i + 2]: 1n, 0: P - 1n }, {}] as const),
    [
      Object.fromEntries(Array.from({ length: 32 }, (_, i) => [i + 2, 2n ** BigInt(i)])),
      { 0: 1n },
      { 1: 1n },
    ],
  ],
  witness: [1n, 0xdeadbeefn, ...Array.from({ length: 32 }, (_, i) => (0xdeadbeefn >> BigInt(i)) & 1n)],
};

/** Many wires alike: their points in the key are equal. */
export const ALIKE: SmallCircuit = {
  publicInputs: 1,
  constraints: [[sumOf(2, 20), sumOf(2, 20), { 1: 1n }]],
  witness: [1n, 361n, ...Array<bigint>(19).fill(1n)],
};

/** x^(2^20) for a public x, step by step: both matrices are dense in one wire each. */
export const SQUARES: SmallCircuit = {
  publicInputs: 2,
  constraints: Array.from({ length: 20 }, (_, i) => {
    const [from, to] = [i === 0 ? 1 : i + 2, i === 19 ? 2 : i + 3];
    return [{ [from]: 1n }, { [from]: 1n }, { [to]: 1n }] as const;
  }),
  witness: [1n, 7n, power(20), ...Array.from({ length: 19 }, (_, i) => power(i + 1))],
};

function sumOf(first: number, last: number): Combination {
  return Object.fromEntries(Array.from({ length: last - first + 1 }, (_, i) => [first + i, 1n]));
}

function power(squarings: number): bigint {
  let x = 7n;
  for (let i = 0; i < squarings; i++) x = mod(x * x);
  return x;
}

/** Makes a key with snarkjs from powers that everybody knows. */
export async function keyOf(
  circuit: SmallCircuit,
  folder: string,
  name: string,
): Promise<{ r1cs: string; zkey: string; verificationKey: VerificationKey }> {
  await bn254();
  const [r1cs, ptau, zkey] = ["r1cs", "ptau", "zkey"].map((ending) => join(folder, `${name}.${ending}`)) as [
    ...[string, string, string],
  ];
  await writeWhole(r1cs, (file) => file.writeFile(r1csOf(circuit)).then(() => undefined));
  await writePowers(ptau, Math.floor(Math.log2(circuit.constraints.length + circuit.publicInputs)) + 1);
  const made = await zKey.newZKey(r1cs, ptau, zkey);
  if (made === -1) throw new Error("snarkjs makes no key");
  return { r1cs, zkey, verificationKey: await zKey.exportVerificationKey(zkey) };
}

export const keyBytes = async (zkey: string): Promise<Uint8Array> => new Uint8Array(await readFile(zkey));

function r1csOf({ publicInputs, constraints, witness }: SmallCircuit): Buffer {
  const wires = witness.length;
  const header = Buffer.concat([
    words(32),
    toBytesLE32(P),
    words(wires, 0, publicInputs, wires - 1 - publicInputs, wires, 0, constraints.length),
  ]);
  const combination = (terms: Combination): Uint8Array[] => [
    words(Object.keys(terms).length),
    ...Object.entries(terms).flatMap(([wire, coefficient]) => [
      words(Number(wire)),
      toBytesLE32(coefficient),
    ]),
  ];
  const body = Buffer.concat(constraints.flatMap((parts) => parts.flatMap(combination)));
  const labels = words(...Array.from({ length: 2 * wires }, (_, i) => (i % 2 === 0 ? i >> 1 : 0)));
  const sections = [header, body, labels].flatMap((content, i) => [
    sectionHeader(i + 1, content.length),
    content,
  ]);
  return Buffer.concat([fileHeader("r1cs", 1, 3), ...sections]);
}

/** A .wtns file. */
export function witnessOf(values: readonly bigint[], prime = P): Uint8Array {
  const header = Buffer.concat([words(32), toBytesLE32(prime), words(values.length)]);
  const body = Buffer.concat(values.map((value) => toBytesLE32(value)));
  const sections = [header, body].flatMap((content, i) => [sectionHeader(i + 1, content.length), content]);
  return new Uint8Array(Buffer.concat([fileHeader("wtns", 2, 2), ...sections]));
}

function words(...values: number[]): Buffer {
  return Buffer.from(Uint32Array.from(values).buffer);
}
