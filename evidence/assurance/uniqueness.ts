/**
 * Soundness, to first order: at random honest witnesses the inputs determine every other wire, because the rank of the
 * constraints' derivatives by these wires is their number. For templates without bits this holds for all inputs.
 */
import type { CircuitInput } from "../../protocol/statement.ts";
import { loadHashEngine } from "../../wasm/hash-engine.ts";
import { certain } from "./certain.ts";
import { loadCircuit, wiresOf, type Circuit } from "./circuit.ts";
import { createRandom } from "./random.ts";
import { undetermined } from "./rank.ts";
import { drawRegular } from "./regular.ts";
import type { EvidenceRow, Rows } from "./row.ts";
import type { Scale } from "./scale.ts";
import { jacobian } from "./system.ts";
import { TEMPLATES } from "./templates.ts";

export async function* uniqueness(
  { witnesses, constraints }: Pick<Scale, "witnesses" | "constraints">,
  templates = TEMPLATES,
): Rows {
  yield* certain(templates);
  const engine = await loadHashEngine();
  for (const template of templates) {
    const random = createRandom(`uniqueness ${template.main}`);
    const inputs = Array.from({ length: witnesses }, () => drawRegular(template, random, engine));
    const plain = await loadCircuit(template, "plain");
    yield await row(`${template.main}, plain`, plain, inputs);
    // circom would simplify private inputs away: use the whole statement without simplification.
    if (template.main.startsWith("StorageAudit")) continue;
    const simple = await loadCircuit(template, "simple");
    if (simple.constraints.length <= constraints) yield await row(`${template.main}, simple`, simple, inputs);
  }
}

async function row(subject: string, circuit: Circuit, inputs: readonly CircuitInput[]): Promise<EvidenceRow> {
  const free: string[] = [];
  let wires = 0;
  for (const input of inputs) {
    const unknown = unknownWires(circuit, Object.keys(input));
    wires = unknown.size;
    const left = undetermined(jacobian(circuit, await circuit.witness(input)), unknown);
    for (const wire of left) free.push(circuit.names[wire] ?? String(wire));
  }
  return {
    evidence: "the inputs determine every wire",
    subject,
    cases: inputs.length,
    holds: free.length === 0,
    detail: free.length === 0 ? `rank ${wires} of ${wires}` : `free: ${free.slice(0, 5).join(", ")}`,
  };
}

/** All wires but the constant and the named inputs. */
export function unknownWires(circuit: Circuit, inputs: readonly string[]): Set<number> {
  const given = new Set([0, ...inputs.flatMap((name) => wiresOf(circuit, name))]);
  return new Set(circuit.names.flatMap((_, wire) => (given.has(wire) ? [] : [wire])));
}
