/**
 * Soundness, to first order: at random honest witnesses the inputs determine every other wire, as the rank of the
 * constraints' derivatives by those wires is their number.
 */
import { loadHashEngine } from "../circuits/hash-engine.ts";
import type { CircuitInput } from "../protocol/statement.ts";
import { loadCircuit, wiresOf, type Circuit, type Simplification } from "./circuit.ts";
import { createRandom } from "./random.ts";
import { undetermined } from "./rank.ts";
import type { Row, Rows } from "./row.ts";
import type { Scale } from "./scale.ts";
import { jacobian } from "./system.ts";
import { TEMPLATES, type Template } from "./templates.ts";

export async function* uniqueness({ witnesses }: Pick<Scale, "witnesses">, templates = TEMPLATES): Rows {
  const engine = await loadHashEngine();
  for (const template of templates) {
    // Private inputs are among what circom simplifies away: the whole statement is looked at before it does.
    const forms: Simplification[] = template.main.startsWith("StorageAudit")
      ? ["plain"]
      : ["plain", "simple"];
    for (const form of forms) {
      const circuit = await loadCircuit(template, form);
      const random = createRandom(`uniqueness ${template.main}`);
      const inputs = Array.from({ length: witnesses }, () => template.draw(random, engine));
      yield await row(template, form, circuit, inputs);
    }
  }
}

async function row(
  { main }: Template,
  form: Simplification,
  circuit: Circuit,
  inputs: readonly CircuitInput[],
): Promise<Row> {
  const free: string[] = [];
  let wires = 0;
  for (const input of inputs) {
    const unknown = unknownWires(circuit, input);
    wires = unknown.size;
    const left = undetermined(jacobian(circuit, await circuit.witness(input)), unknown);
    for (const wire of left) free.push(circuit.names[wire] ?? String(wire));
  }
  return {
    ...{ evidence: "the inputs determine every wire", subject: `${main}, ${form}`, cases: inputs.length },
    holds: free.length === 0,
    detail: free.length === 0 ? `rank ${wires} of ${wires}` : `free: ${free.slice(0, 5).join(", ")}`,
  };
}

/** All but the constant and the inputs. */
export function unknownWires(circuit: Circuit, input: CircuitInput): Set<number> {
  const given = new Set([0, ...Object.keys(input).flatMap((name) => wiresOf(circuit, name))]);
  return new Set(circuit.names.flatMap((_, wire) => (given.has(wire) ? [] : [wire])));
}
