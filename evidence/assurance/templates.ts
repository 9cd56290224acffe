/**
 * The templates that are tested: how to draw their inputs, and their outputs according to TypeScript.
 */
import { entryHash } from "../../protocol/directory.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import { P } from "../../protocol/field.ts";
import { compress16, compress4, permute16, permute4 } from "../../protocol/poseidon2.ts";
import { drawSamples } from "../../protocol/sampling.ts";
import type { HashEngine } from "../../protocol/segment.ts";
import type { CircuitInput } from "../../protocol/statement.ts";
import type { Source } from "./circuit.ts";
import { BOUNDARIES, bytesOf, drawPlan } from "./plans.ts";
import type { Random } from "./random.ts";
import { honest, inOrder, opening, openingOf, statement } from "./statements.ts";

/**
 * All inputs of the parts are public, so that circom does not eliminate them. The whole statement has the public inputs of
 * the real circuit.
 */
export interface Template extends Source {
  /** Number of vectors at full scale. */
  readonly vectors: number;
  /** Draws valid inputs. */
  readonly draw: (random: Random, engine: HashEngine) => CircuitInput;
  /** Inputs at a limit, by their descriptions. */
  readonly boundaries?: (engine: HashEngine) => Readonly<Record<string, CircuitInput>>;
  /** The outputs by name, from the TypeScript implementation. undefined: the template only accepts or refuses. */
  readonly expected?: (input: CircuitInput) => Readonly<Record<string, readonly bigint[]>>;
}

const list = (value: CircuitInput[string] | undefined): bigint[] => value as bigint[];
const one = (value: CircuitInput[string] | undefined): bigint => value as bigint;
const drawBits = (random: Random, count: number): bigint[] =>
  Array.from({ length: count }, () => random.bits(1));
const number = (bits: readonly bigint[]): number =>
  bits.reduce((sum, bit, i) => sum + Number(bit) * 2 ** i, 0);
const compressOf = (t: number): ((x: readonly bigint[]) => bigint) => (t === 4 ? compress4 : compress16);

const poseidon2 = (t: 4 | 16, vectors: number): Template => ({
  file: "poseidon2.circom",
  main: `Poseidon2(${t})`,
  vectors,
  publicSignals: ["in"],
  draw: (random) => ({ in: random.elements(t) }),
  expected: (input) => ({ out: (t === 4 ? permute4 : permute16)(list(input["in"])) }),
});

const compress = (t: 4 | 16, vectors: number): Template => ({
  file: "compress.circom",
  main: `Compress(${t})`,
  vectors,
  publicSignals: ["in"],
  draw: (random) => ({ in: random.elements(t) }),
  expected: (input) => ({ out: [compressOf(t)(list(input["in"]))] }),
});

const directoryEntry: Template = {
  file: "directory_entry.circom",
  main: "DirectoryEntry()",
  vectors: 6_000,
  publicSignals: ["root", "start", "weight", "leaves"],
  draw: (random) => ({
    root: random.element(),
    start: random.bits(40),
    weight: random.bits(40),
    leaves: random.bits(28),
  }),
  expected: ({ root, start, weight, leaves }) => ({
    out: [
      entryHash({
        root: one(root),
        start: Number(start),
        weight: Number(weight),
        leaves: Number(leaves),
      }),
    ],
  }),
};

const insertChild = (b: number, vectors: number): Template => ({
  file: "insert_child.circom",
  main: `InsertChild(${b})`,
  vectors,
  publicSignals: ["node", "digit", "sibling"],
  draw: (random) => ({
    node: random.element(),
    digit: drawBits(random, b),
    sibling: random.elements(2 ** b - 1),
  }),
  expected: ({ node, digit, sibling }) => {
    const place = number(list(digit));
    return {
      child: inOrder([list(sibling)], place)
        .flat()
        .toSpliced(place, 0, one(node)),
    };
  },
});

const merklePath = (depth: number, b: number, vectors: number): Template => ({
  file: "merkle_path.circom",
  main: `MerklePath(${depth}, ${b})`,
  vectors,
  publicSignals: ["node", "bit", "sibling"],
  draw: (random) => ({
    node: random.element(),
    bit: drawBits(random, depth * b),
    sibling: Array.from({ length: depth }, () => random.elements(2 ** b - 1)),
  }),
  expected: ({ node, bit, sibling }) => ({
    root: [
      inOrder(sibling as bigint[][], number(list(bit))).reduce((at, others, level) => {
        const digit = number(list(bit).slice(b * level, b * (level + 1)));
        return compressOf(2 ** b)(others.toSpliced(digit, 0, at));
      }, one(node)),
    ],
  }),
});

const rangeCheck: Template = {
  file: "range_check.circom",
  main: "RangeCheck(40)",
  vectors: 12_000,
  publicSignals: ["in"],
  draw: (random) => ({ in: random.bits(1 + random.below(40)) }),
  boundaries: () => ({ "0": { in: 0n }, "2^40 - 1": { in: 2n ** 40n - 1n } }),
};

const canonicalBits: Template = {
  file: "canonical_bits.circom",
  main: "CanonicalBits()",
  vectors: 6_000,
  publicSignals: ["in"],
  draw: (random) => ({ in: random.element() }),
  boundaries: () => ({
    "0": { in: 0n },
    "p - 1": { in: P - 1n },
    "p - 2": { in: P - 2n },
    // p - 1 ends in 28 zeros, and begins with two ones.
    "below the zeros at p's end": { in: P - 2n ** 28n },
    "its first ones alone": { in: 3n * 2n ** 252n },
    "its first one, then ones": { in: 3n * 2n ** 252n - 1n },
    "the last of two forms": { in: 2n ** 254n - P - 1n },
    "the first of one form": { in: 2n ** 254n - P },
  }),
  expected: (input) => ({ bit: Array.from({ length: 254 }, (_, i) => (one(input["in"]) >> BigInt(i)) & 1n) }),
};

const scale = (w: number, n: number, vectors: number): Template => {
  const last = 2n ** BigInt(w) - 1n;
  const largest = 2n ** BigInt(n);
  return {
    file: "scale.circom",
    main: `Scale(${w}, ${n})`,
    vectors,
    publicSignals: ["window", "size"],
    draw: (random) => ({ window: random.bits(w), size: 1n + random.bits(1 + random.below(n)) }),
    boundaries: () => ({
      "the largest window and size": { window: last, size: largest },
      "window 0": { window: 0n, size: largest },
      "size 1": { window: last, size: 1n },
    }),
    expected: ({ window, size }) => {
      const offset = (one(window) * one(size)) >> BigInt(w);
      return { bit: Array.from({ length: n }, (_, i) => (offset >> BigInt(i)) & 1n) };
    },
  };
};

const draws = (samples: number, vectors: number): Template => ({
  file: "sample_draws.circom",
  main: `SampleDraws(${samples})`,
  vectors,
  publicSignals: ["seed", "start", "length"],
  draw: (random) => ({
    seed: random.bits(248),
    start: random.bits(1 + random.below(39)),
    length: 1n + random.bits(1 + random.below(39)),
  }),
  boundaries: () => ({
    "length 1": { seed: 5n, start: 7n, length: 1n },
    "the largest start": { seed: 6n, start: 2n ** 40n - 1n, length: 1n },
    "the largest length": { seed: 6n, start: 0n, length: 2n ** 40n },
    "seed 2^248 - 1": { seed: 2n ** 248n - 1n, start: 0n, length: 1000n },
  }),
  expected: ({ seed, start, length }) => {
    const drawn = drawSamples({
      seed: one(seed),
      start: Number(start),
      length: Number(length),
      samples,
    });
    return {
      position: drawn.map(({ position }) => BigInt(position)),
      v: drawn.map(({ v }) => BigInt(v)),
    };
  },
});

const sampleOpening: Template = {
  file: "sample_opening.circom",
  main: "SampleOpening(2, 2)",
  vectors: 600,
  publicSignals: [
    "directoryRoot",
    "position",
    "v",
    "entryRoot",
    "entryStart",
    "entryWeight",
    "entryLeaves",
    "entryIndex",
    "entrySiblings",
    "leaf",
    "leafSiblings",
  ],
  draw: (random, engine) => openingOf(honest(drawPlan(random), engine), random.below(2)),
  boundaries: (engine) =>
    Object.fromEntries([
      ...Object.entries(BOUNDARIES).map(
        ([name, plan]) => [name, openingOf(honest(plan, engine), 0)] as const,
      ),
      ...Object.entries(CHOICES).map(
        ([name, v]) => [name, opening(LARGEST, { position: 0, v }, engine)] as const,
      ),
    ]),
};

const LARGEST = { sizes: [bytesOf(256)] };
const CHOICES = { "the first leaf": 0, "the last leaf": 2 ** 34 - 1 };

const storageAudit: Template = {
  file: "storage_audit.circom",
  main: "StorageAudit(2, 2, 2)",
  vectors: 400,
  publicSignals: ["directoryRoot", "seed", "start", "length"],
  draw: (random, engine) => statement(drawPlan(random), engine),
  boundaries: (engine) =>
    Object.fromEntries(Object.entries(BOUNDARIES).map(([name, plan]) => [name, statement(plan, engine)])),
};

/** From the smallest to the whole. */
export const TEMPLATES: readonly Template[] = [
  insertChild(2, 16_000),
  insertChild(4, 16_000),
  rangeCheck,
  canonicalBits,
  scale(50, 40, 8_000),
  scale(34, 28, 4_000),
  poseidon2(4, 6_000),
  poseidon2(16, 2_000),
  compress(4, 6_000),
  compress(16, 2_000),
  directoryEntry,
  merklePath(2, 2, 4_000),
  merklePath(2, 4, 1_000),
  draws(2, 2_000),
  draws(20, 300),
  sampleOpening,
  storageAudit,
];

/** @throws HoldfastError "not-found" if there is none */
export function templateOf(main: string): Template {
  const template = TEMPLATES.find((one) => one.main === main);
  if (!template) throw new HoldfastError("not-found", `there is no template ${main}`);
  return template;
}
