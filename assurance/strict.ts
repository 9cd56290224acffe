/**
 * Assignments to circomlib's Num2Bits_strict that break one constraint and no other, for each of its constraints: bits of
 * the number, parts of its comparison with p - 1, bits of their sum.
 */
import { inv, mod, mul, pow } from "../protocol/field.ts";
import { wiresOf, type Circuit } from "./circuit.ts";
import type { Random } from "./random.ts";
import { evaluate, holds, slopes, type Constraint } from "./system.ts";

const PARTS = "aliasCheck.compConstant.parts";
const DIGITS = "aliasCheck.compConstant.num2bits.out";
/** The digit of the sum that says whether the number is above p - 1. */
const ABOVE = 127;
const SUM_BITS = 135;
const NUMBER_BITS = 254;

interface Layout {
  readonly bits: readonly number[];
  readonly parts: readonly number[];
  /** By digit of the sum; -1 for those that were simplified away: digit 127, which is 0, and one more. */
  readonly digits: readonly number[];
  /** By part: the constraint that gives it. */
  readonly partConstraints: readonly Constraint[];
}

/** Indices of the constraints that some found assignment breaks alone. */
export function brokenAlone(circuit: Circuit, random: Random): Set<number> {
  const layout = layoutOf(circuit);
  const found = new Set<number>();
  const attempt = (cheat: (witness: bigint[]) => void): boolean => {
    const witness = honest(circuit, layout, random);
    cheat(witness);
    const broken = circuit.constraints.flatMap((constraint, i) => (holds(constraint, witness) ? [] : [i]));
    const [only] = broken;
    if (only === undefined || broken.length > 1) return false;
    found.add(only);
    return true;
  };
  // One sum in two has the digit that must be 0: then another number may do.
  const insist = (cheat: (witness: bigint[]) => void): void => {
    for (let i = 0; i < 20 && !attempt(cheat); i++);
  };
  for (const wire of layout.bits) {
    insist((witness) => {
      witness[wire] = 2n + BigInt(random.below(5));
      complete(circuit, layout, witness);
    });
  }
  for (const wire of layout.parts) {
    insist((witness) => {
      witness[wire] = mod((witness[wire] as bigint) + 1n + random.bits(100));
      decompose(layout, witness);
    });
  }
  const lost = layout.digits.findIndex((wire, digit) => wire < 0 && digit !== ABOVE);
  for (const [digit, wire] of layout.digits.entries()) {
    if (wire < 0) continue;
    // The sum stays, the digit that was simplified away flips.
    insist((witness) => {
      const flip = digitOf(layout, witness, lost) === 1n ? 1n : -1n;
      witness[wire] = mod((witness[wire] as bigint) + flip * mul(power(lost), inv(power(digit))));
    });
    // Here that digit takes what is left.
    insist((witness) => (witness[wire] = 1n - (witness[wire] as bigint)));
  }
  return found;
}

function layoutOf(circuit: Circuit): Layout {
  const parts = wiresOf(circuit, PARTS);
  const partConstraints = parts.map((wire) => {
    const giving = circuit.constraints.find((constraint) => {
      const slope = slopes(constraint).get(wire);
      return slope && slope[0] === 0n && slope[1] === 0n && constraint[0].length > 0;
    });
    if (!giving) throw new Error(`nothing gives ${String(circuit.names[wire])}`);
    return giving;
  });
  const digits = Array.from({ length: SUM_BITS }, (_, i) => circuit.names.indexOf(`${DIGITS}[${i}]`));
  return { bits: wiresOf(circuit, "out"), parts, digits, partConstraints };
}

/** A canonical number below 2^253, so that a bit may be raised without another's change. */
function honest(circuit: Circuit, layout: Layout, random: Random): bigint[] {
  const witness = new Array<bigint>(circuit.wires).fill(0n);
  witness[0] = 1n;
  const number = random.bits(NUMBER_BITS - 2);
  for (const [i, wire] of layout.bits.entries()) witness[wire] = (number >> BigInt(i)) & 1n;
  complete(circuit, layout, witness);
  return witness;
}

/** Everything that follows from the bits, whatever they are. */
function complete(circuit: Circuit, layout: Layout, witness: bigint[]): void {
  const [input] = wiresOf(circuit, "in");
  witness[input as number] = mod(
    layout.bits.reduce((sum, wire, i) => sum + (witness[wire] as bigint) * power(i), 0n),
  );
  for (const [i, constraint] of layout.partConstraints.entries()) {
    const wire = layout.parts[i] as number;
    witness[wire] = 0n;
    const [a, b, c] = constraint.map((terms) => evaluate(terms, witness)) as [bigint, bigint, bigint];
    witness[wire] = mul(mod(a * b - c), inv(mod(slopes(constraint).get(wire)?.[2] ?? 0n)));
  }
  decompose(layout, witness);
}

function decompose(layout: Layout, witness: bigint[]): void {
  for (const [digit, wire] of layout.digits.entries())
    if (wire >= 0) witness[wire] = digitOf(layout, witness, digit);
}

function digitOf(layout: Layout, witness: readonly bigint[], digit: number): bigint {
  const sum = mod(layout.parts.reduce((total, wire) => total + (witness[wire] as bigint), 0n));
  return (sum >> BigInt(digit)) & 1n;
}

const power = (i: number): bigint => pow(2n, BigInt(i));
