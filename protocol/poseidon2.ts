/**
 * Poseidon2 over BN254, widths 4 and 16, with its constants derived from the definition (protocol.md, section 3).
 *
 * Source: Grassi, Khovratovich, Schofnegger, "Poseidon2: A Faster Version of the Poseidon Hash Function" (2023).
 */
import { add, mod, mul, P, pow5 } from "./field.ts";

export type Width = 4 | 16;

export interface Poseidon2Parameters {
  readonly t: Width;
  readonly externalRounds: number;
  readonly internalRounds: number;
  /** In round order: t for each external round, one for each internal round. */
  readonly roundConstants: readonly bigint[];
  /** The internal matrix is all ones plus diag(internalDiagonal). */
  readonly internalDiagonal: readonly bigint[];
}

const EXTERNAL_ROUNDS = 8;
const INTERNAL_ROUNDS = { 4: 56, 16: 57 } as const;

/** The published BN254 t = 4 instance, as used by Noir and Barretenberg. */
const DIAGONAL_4 = [
  0x10dc6e9c006ea38b04b1e03b4bd9490c0d03f98929ca1d7fb56821fd19d3b6e7n,
  0x0c28145b6a44df3e0149b3d0a30b3bb599df9756d4dd9b84a86b38cfb45a740bn,
  0x00544b8338791518b2c7645a50392798b21f75bb60e3596170067d00141cac15n,
  0x222c01175718386f2e2e82eb122789e352e105a3b8fa852613bc534433ee428bn,
];
/** Small, so that an internal round costs additions; test/protocol/poseidon2-matrix.test.ts proves the paper's conditions. */
const DIAGONAL_16 = [-2n, 1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n, -1n, -3n, -4n, -6n, -7n, -8n, 10n].map(mod);

const derived = new Map<Width, Poseidon2Parameters>();

export function poseidon2Parameters(t: Width): Poseidon2Parameters {
  let parameters = derived.get(t);
  if (!parameters) {
    const internalRounds = INTERNAL_ROUNDS[t];
    parameters = {
      t,
      externalRounds: EXTERNAL_ROUNDS,
      internalRounds,
      roundConstants: grainConstants(t, internalRounds, EXTERNAL_ROUNDS * t + internalRounds),
      internalDiagonal: t === 4 ? DIAGONAL_4 : DIAGONAL_16,
    };
    derived.set(t, parameters);
  }
  return parameters;
}

/**
 * The round constants by the self-shrinking Grain LFSR of the Poseidon reference (Poseidon paper, appendix E):
 * field 1, S-box 0, 254 bits, width, external and internal rounds, 30 ones; 254-bit candidates of P and above are skipped.
 */
function grainConstants(t: Width, internalRounds: number, count: number): bigint[] {
  const fields: readonly [value: number, bits: number][] = [
    [1, 2],
    [0, 4],
    [254, 12],
    [t, 12],
    [EXTERNAL_ROUNDS, 10],
    [internalRounds, 10],
    [2 ** 30 - 1, 30],
  ];
  const state = fields.flatMap(([value, bits]) =>
    Array.from({ length: bits }, (_, i) => (value >>> (bits - 1 - i)) & 1),
  );
  let head = 0;
  const tap = (i: number): number => state[(head + i) % 80] ?? 0;
  const step = (): number => {
    const bit = tap(62) ^ tap(51) ^ tap(38) ^ tap(23) ^ tap(13) ^ tap(0);
    state[head] = bit;
    head = (head + 1) % 80;
    return bit;
  };
  const next = (): number => {
    while (step() === 0) step();
    return step();
  };
  for (let i = 0; i < 160; i++) step();

  const constants: bigint[] = [];
  while (constants.length < count) {
    const candidate = BigInt(`0b${Array.from({ length: 254 }, next).join("")}`);
    if (candidate < P) constants.push(candidate);
  }
  return constants;
}

export const permute4 = (state: readonly bigint[]): bigint[] => permute(4, state);
export const permute16 = (state: readonly bigint[]): bigint[] => permute(16, state);
/** permute4(x)[0] + x[0]: from 4 elements to 1. */
export const compress4 = (x: readonly bigint[]): bigint => compress(4, x);
/** permute16(x)[0] + x[0]: from 16 elements to 1. */
export const compress16 = (x: readonly bigint[]): bigint => compress(16, x);

function compress(t: Width, x: readonly bigint[]): bigint {
  return add(permute(t, x)[0] ?? 0n, x[0] ?? 0n);
}

function permute(t: Width, input: readonly bigint[]): bigint[] {
  if (input.length !== t) throw new RangeError(`"state" expected ${t} elements, got ${input.length}`);
  if (!input.every((x) => x >= 0n && x < P))
    throw new RangeError('"state" expected elements of the BN254 scalar field');
  const { externalRounds, internalRounds, roundConstants, internalDiagonal } = poseidon2Parameters(t);
  const constants = roundConstants.values();
  const constant = (): bigint => constants.next().value ?? 0n;

  const external = (state: bigint[]): bigint[] => externalLayer(state.map((x) => pow5(add(x, constant()))));
  let state = externalLayer(input);
  for (let i = 0; i < externalRounds / 2; i++) state = external(state);
  for (let i = 0; i < internalRounds; i++) {
    state[0] = pow5(add(state[0] ?? 0n, constant()));
    const sum = state.reduce(add, 0n);
    state = state.map((x, j) => add(sum, mul(internalDiagonal[j] ?? 0n, x)));
  }
  for (let i = 0; i < externalRounds / 2; i++) state = external(state);
  return state;
}

/** M4 for t = 4, circ(2 M4, M4, M4, M4) for t = 16. */
function externalLayer(state: readonly bigint[]): bigint[] {
  const blocks: bigint[][] = [];
  for (let i = 0; i < state.length; i += 4) blocks.push(timesM4(state.slice(i, i + 4)));
  if (blocks.length === 1) return blocks.flat();
  const sums = [0, 1, 2, 3].map((i) => blocks.reduce((sum, block) => sum + (block[i] ?? 0n), 0n));
  return blocks.flatMap((block) => block.map((x, i) => mod(x + (sums[i] ?? 0n))));
}

/** M4 = [5 7 1 3; 4 6 1 1; 1 3 5 7; 1 1 4 6]. */
function timesM4([a = 0n, b = 0n, c = 0n, d = 0n]: readonly bigint[]): bigint[] {
  return [
    5n * a + 7n * b + c + 3n * d,
    4n * a + 6n * b + c + d,
    a + 3n * b + 5n * c + 7n * d,
    a + b + 4n * c + 6n * d,
  ].map(mod);
}
