/**
 * Soundness, for every input: finds the wires that follow from the inputs without any choice. A product of known factors is
 * known, so its constraint is a linear equation. Wires that such equations determine by constant coefficients are known too,
 * and so on. No witness is needed.
 */
import { inv, mul } from "../../protocol/field.ts";
import { loadCircuit, wiresOf, type Circuit } from "./circuit.ts";
import { subtract } from "./rank.ts";
import type { EvidenceRow, Rows } from "./row.ts";
import type { Constraint, MatrixRow as Equation } from "./system.ts";
import { TEMPLATES, type Template } from "./templates.ts";

/** The templates without bit decompositions: linear equations alone do not determine bits from their sum. */
const WITHOUT_BITS = /^(InsertChild|Poseidon2|Compress|DirectoryEntry|MerklePath)\(/;

export async function* certain(templates = TEMPLATES): Rows {
  for (const template of templates.filter(({ main }) => WITHOUT_BITS.test(main)))
    yield row(template, await loadCircuit(template, "plain"));
}

function row({ main, publicSignals = [] }: Template, circuit: Circuit): EvidenceRow {
  const inputs = publicSignals.flatMap((name) => wiresOf(circuit, name));
  const open = uncertain(circuit, inputs);
  const cases = circuit.wires - 1 - inputs.length;
  return {
    evidence: "any inputs determine every wire",
    subject: main,
    cases,
    holds: open.length === 0,
    detail: open.length === 0 ? `${cases} wires` : `open: ${open.slice(0, 5).join(", ")}`,
  };
}

/** Names of the wires that do not follow from the given ones. */
export function uncertain(circuit: Circuit, given: readonly number[]): string[] {
  const known = new Set([0, ...given]);
  const waiting = new Set(circuit.constraints);
  /** Equations whose right sides are known, each under a wire that no other equation has. */
  const equations = new Map<number, Equation>();
  for (let before = -1; before < known.size;) {
    before = known.size;
    for (const constraint of waiting) {
      const [a, b] = constraint;
      if (![...a, ...b].every(({ wire }) => known.has(wire))) continue;
      waiting.delete(constraint);
      join(equations, equationOf(constraint, known));
      for (const [wire, { size }] of equations) {
        if (size > 1) continue;
        known.add(wire);
        equations.delete(wire);
      }
    }
  }
  return circuit.names.filter((_, wire) => !known.has(wire));
}

function equationOf([, , c]: Constraint, known: ReadonlySet<number>): Equation {
  return new Map(
    c.flatMap(({ wire, coefficient }) => (known.has(wire) ? [] : [[wire, coefficient] as const])),
  );
}

/** Gauss-Jordan: eliminates the others' wires from the equation, and its wire from the others. */
function join(equations: Map<number, Equation>, equation: Equation): void {
  for (const wire of [...equation.keys()]) {
    const own = equations.get(wire);
    if (own) subtract(equation, own, equation.get(wire) ?? 0n);
  }
  const [first] = equation;
  if (!first) return; // it follows from the others
  const [wire, coefficient] = first;
  const scale = inv(coefficient);
  for (const [other, value] of equation) equation.set(other, mul(value, scale));
  for (const own of equations.values()) {
    const factor = own.get(wire);
    if (factor !== undefined) subtract(own, equation, factor);
  }
  equations.set(wire, equation);
}
