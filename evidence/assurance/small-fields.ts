/**
 * Soundness, without exception: over small prime fields, all inputs are tried, and all assignments of the other wires are
 * searched. No input has two solutions, and each valid input has the right one.
 */
import type { Patch } from "./build.ts";
import { loadCircuit, wiresOf, type Source } from "./circuit.ts";
import { searchModulo } from "./exhaustive.ts";
import type { EvidenceRow, Rows } from "./row.ts";

export interface SmallCase extends Source {
  readonly q: number;
  /** Patches that make the widths fit into the small field. */
  readonly patches?: readonly Patch[];
  /** The number of elements of each input signal. */
  readonly inputs: Readonly<Record<string, number>>;
  readonly outputs: string;
  /** The output that the inputs must give; "refused" if there must be no solution; "any" if there may be at most one. */
  readonly meaning: (input: Input, q: number) => readonly number[] | "refused" | "any";
  readonly note: string;
}

type Input = Readonly<Record<string, readonly number[]>>;

const isBits = (values: readonly number[] = []): boolean => values.every((value) => value < 2);
const number = (bits: readonly number[] = []): number => bits.reduce((sum, bit, i) => sum + bit * 2 ** i, 0);
const at = (values: readonly number[] = []): number => values[0] ?? 0;

/** Primes q of 8 bits. q - 1 is 10000010, 11000100 (like p - 1, it begins with two ones, then zeros) and 11111010. */
const CANONICAL_PRIMES = [131, 197, 251];

/** Canonical 8-bit forms modulo q instead of 254-bit forms modulo p. */
const narrowBits = (q: number): readonly Patch[] => [
  ["canonical_bits.circom", "signal output bit[254]", "signal output bit[8]"],
  ["canonical_bits.circom", "signal equal[255]", "signal equal[9]"],
  ["canonical_bits.circom", "equal[254] <== 1", "equal[8] <== 1"],
  ["canonical_bits.circom", "i = 253", "i = 7"],
  ["canonical_bits.circom", "(-1 >> i) & 1", `(${q - 1} >> i) & 1`],
];

const bitsOf = (value: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => (value >> i) & 1);

/** Four children: the node, its neighbour, and the two of the other pair. */
function inserted(node: number, digit: number, sibling: readonly number[] = []): number[] {
  const children: number[] = [];
  const otherPair = digit < 2 ? 2 : 0;
  children[digit] = node;
  children[digit ^ 1] = sibling[0] as number;
  children[otherPair] = sibling[1] as number;
  children[otherPair + 1] = sibling[2] as number;
  return children;
}

export const SMALL_CASES: readonly SmallCase[] = [
  {
    file: "insert_child.circom",
    main: "InsertChild(2)",
    q: 5,
    inputs: { node: 1, digit: 2, sibling: 3 },
    outputs: "child",
    meaning: ({ node, digit, sibling }) =>
      isBits(digit) ? inserted(at(node), number(digit), sibling) : "any",
    note: "every node, siblings, and digits of any field elements",
  },
  {
    file: "range_check.circom",
    main: "RangeCheck(5)",
    q: 37,
    inputs: { in: 1 },
    outputs: "bit",
    meaning: (input) => (at(input["in"]) < 32 ? bitsOf(at(input["in"]), 5) : "refused"),
    note: "2^5 < q, as 2^253 < p",
  },
  {
    file: "scale.circom",
    main: "Scale(3, 2)",
    q: 37,
    inputs: { window: 1, size: 1 },
    outputs: "bit",
    meaning: ({ window, size }) =>
      at(window) < 8 && at(size) <= 4 ? bitsOf((at(window) * at(size)) >> 3, 2) : "any",
    note: "2^5 < q, as 2^90 < p",
  },
  ...CANONICAL_PRIMES.map((q): SmallCase => ({
    file: "canonical_bits.circom",
    main: "CanonicalBits()",
    q,
    patches: narrowBits(q),
    inputs: { in: 1 },
    outputs: "bit",
    meaning: (input) => bitsOf(at(input["in"]), 8),
    note: `8 bits modulo ${q}, as 254 bits modulo p`,
  })),
];

export async function* smallFields(cases = SMALL_CASES): Rows {
  for (const one of cases) yield await tryAll(one);
}

export async function tryAll(one: SmallCase): Promise<EvidenceRow> {
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
    evidence: "one solution, by trying all",
    subject: `${main}, modulo ${q}`,
    cases: count,
    holds: wrong === undefined,
    detail: wrong ?? note,
  };
}

function split(inputs: SmallCase["inputs"], values: readonly number[]): Input {
  let from = 0;
  return Object.fromEntries(
    Object.entries(inputs).map(([name, length]) => [name, values.slice(from, (from += length))]),
  );
}
