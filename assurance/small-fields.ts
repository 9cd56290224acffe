/**
 * Soundness, without exception: over small prime fields every value of every input is tried, and every assignment of the
 * other wires is searched. None has two solutions, and each one that is meant to has the right one.
 */
import type { Patch } from "./build.ts";
import { loadCircuit, wiresOf, type Source } from "./circuit.ts";
import { searchModulo } from "./exhaustive.ts";
import type { Row, Rows } from "./row.ts";

export interface SmallCase extends Source {
  readonly q: number;
  /** Widths that fit into the field. */
  readonly patches?: readonly Patch[];
  /** Inputs, by signal, and how many elements each has. */
  readonly inputs: Readonly<Record<string, number>>;
  readonly outputs: string;
  /** The output that the inputs must give, "refused" if there must be none, "any" if there may be at most one. */
  readonly meaning: (input: Input, q: number) => readonly number[] | "refused" | "any";
  readonly note: string;
}

type Input = Readonly<Record<string, readonly number[]>>;

const isBits = (values: readonly number[] = []): boolean => values.every((value) => value < 2);
const number = (bits: readonly number[] = []): number => bits.reduce((sum, bit, i) => sum + bit * 2 ** i, 0);
const at = (values: readonly number[] = []): number => values[0] ?? 0;

const thermometer = (b: number, q: number): SmallCase => ({
  ...{ file: "thermometer.circom", main: `Thermometer(${b})`, q, inputs: { bit: b }, outputs: "above" },
  meaning: ({ bit }) =>
    isBits(bit) ? Array.from({ length: 2 ** b - 1 }, (_, i) => (number(bit) > i ? 1 : 0)) : "any",
  note: "every bit any field element",
});

/** offset < 2^2, remainder and window < 2^3, length < 2^2 in the place of 2^40, 2^60 and 2^40. */
const NARROW_SCALE: readonly Patch[] = [
  ["scale.circom", "(window * length) >> 60", "(window * length) >> 3"],
  ["scale.circom", "(2 ** 60 - 1)", "(2 ** 3 - 1)"],
  ["scale.circom", "offset * 2 ** 60", "offset * 2 ** 3"],
  ["scale.circom", "RangeCheck(40)", "RangeCheck(2)"],
  ["scale.circom", "RangeCheck(60)", "RangeCheck(3)"],
];

/** The canonical 8-bit form modulo 251 in the place of the 254-bit form modulo p. */
const NARROW_STRICT: readonly Patch[] = [
  ["circomlib/circuits/bitify.circom", "signal output out[254]", "signal output out[8]"],
  ["circomlib/circuits/bitify.circom", "Num2Bits(254)", "Num2Bits(8)"],
  ["circomlib/circuits/bitify.circom", "i<254", "i<8"],
  ["circomlib/circuits/aliascheck.circom", "in[254]", "in[8]"],
  ["circomlib/circuits/aliascheck.circom", "CompConstant(-1)", "CompConstant(250)"],
  ["circomlib/circuits/aliascheck.circom", "i<254", "i<8"],
  ["circomlib/circuits/compconstant.circom", "in[254]", "in[8]"],
  ["circomlib/circuits/compconstant.circom", "parts[127]", "parts[4]"],
  ["circomlib/circuits/compconstant.circom", "(1 << 128) -1", "(1 << 5) -1"],
  ["circomlib/circuits/compconstant.circom", "i<127", "i<4"],
  ["circomlib/circuits/compconstant.circom", "Num2Bits(135)", "Num2Bits(7)"],
  ["circomlib/circuits/compconstant.circom", "num2bits.out[127]", "num2bits.out[4]"],
];

const bitsOf = (value: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => (value >> i) & 1);

export const SMALL_CASES: readonly SmallCase[] = [
  {
    ...{ file: "pow5.circom", main: "Pow5()", q: 101, inputs: { in: 1 }, outputs: "out" },
    meaning: (input, q) => [at(input["in"]) ** 5 % q],
    note: "every element",
  },
  thermometer(1, 7),
  thermometer(2, 7),
  thermometer(4, 5),
  {
    ...{ file: "insert_child.circom", main: "InsertChild(2)", q: 5 },
    ...{ inputs: { node: 1, digit: 2, sibling: 3 }, outputs: "child" },
    meaning: ({ node, digit, sibling = [] }) =>
      isBits(digit) ? sibling.toSpliced(number(digit), 0, at(node)) : "any",
    note: "every node, siblings, and digits of any field elements",
  },
  {
    ...{ file: "range_check.circom", main: "RangeCheck(5)", q: 37, inputs: { in: 1 }, outputs: "bit" },
    meaning: (input) => (at(input["in"]) < 32 ? bitsOf(at(input["in"]), 5) : "refused"),
    note: "2^5 < q, as 2^253 < p",
  },
  {
    ...{ file: "scale.circom", main: "Scale()", q: 37, patches: NARROW_SCALE },
    ...{ inputs: { window: 1, length: 1 }, outputs: "offset" },
    meaning: ({ window, length }) =>
      at(window) < 8 && at(length) < 4 ? [(at(window) * at(length)) >> 3] : "any",
    note: "2^5 < q, as 2^101 < p",
  },
  {
    ...{ file: "circomlib/circuits/bitify.circom", main: "Num2Bits_strict()", q: 251 },
    ...{ patches: NARROW_STRICT, inputs: { in: 1 }, outputs: "out" },
    meaning: (input) => bitsOf(at(input["in"]), 8),
    note: "8 bits modulo 251, as 254 bits modulo p",
  },
];

export async function* smallFields(cases = SMALL_CASES): Rows {
  for (const one of cases) yield await tryAll(one);
}

export async function tryAll(one: SmallCase): Promise<Row> {
  const { q, inputs, outputs, patches = [], main, note } = one;
  const circuit = await loadCircuit(one, "plain", patches);
  const given = Object.keys(inputs).flatMap((name) => wiresOf(circuit, name));
  const out = wiresOf(circuit, outputs);
  const search = searchModulo(q, circuit, given);
  const count = q ** given.length;
  let wrong: string | undefined;
  for (let i = 0; i < count && wrong === undefined; i++) {
    const values = given.map((_, k) => Math.floor(i / q ** k) % q);
    const found = search(values).map((solution) => String(out.map((wire) => solution[wire])));
    const expected = one.meaning(split(inputs, values), q);
    if (found.length > 1) wrong = `two solutions for ${String(values)}`;
    else if (expected !== "any" && (found[0] ?? "refused") !== String(expected))
      wrong = `${String(values)} gives ${found[0] ?? "nothing"}`;
  }
  return {
    ...{ evidence: "one solution, by trying all", subject: `${main}, modulo ${q}`, cases: count },
    ...{ holds: wrong === undefined, detail: wrong ?? note },
  };
}

function split(inputs: SmallCase["inputs"], values: readonly number[]): Input {
  let from = 0;
  return Object.fromEntries(
    Object.entries(inputs).map(([name, length]) => [name, values.slice(from, (from += length))]),
  );
}
