/**
 * Completeness: circom and TypeScript give the same outputs for random inputs and for inputs at every limit, and all
 * constraints are satisfied.
 */
import type { HashEngine } from "../../protocol/segment.ts";
import type { CircuitInput } from "../../protocol/statement.ts";
import { loadHashEngine } from "../../wasm/hash-engine.ts";
import { loadCircuit, read, type Circuit } from "./circuit.ts";
import { createRandom } from "./random.ts";
import type { EvidenceRow, Rows } from "./row.ts";
import type { Scale } from "./scale.ts";
import { holds } from "./system.ts";
import { TEMPLATES, type Template } from "./templates.ts";

export async function* completeness({ vectors }: Pick<Scale, "vectors">, templates = TEMPLATES): Rows {
  const engine = await loadHashEngine();
  for (const template of templates) {
    const circuit = await loadCircuit(template, "simple");
    yield await drawn(template, circuit, engine, Math.ceil(template.vectors * vectors));
    if (template.boundaries) yield await boundaries(template, circuit, template.boundaries(engine));
  }
}

async function drawn(
  template: Template,
  circuit: Circuit,
  engine: HashEngine,
  cases: number,
): Promise<EvidenceRow> {
  const random = createRandom(`completeness ${template.main}`);
  const wrong: string[] = [];
  for (let i = 0; i < cases; i++) {
    const difference = await compare(template, circuit, template.draw(random, engine));
    if (difference) wrong.push(`vector ${i}: ${difference}`);
  }
  return row(template, "agrees with TypeScript", cases, wrong);
}

async function boundaries(
  template: Template,
  circuit: Circuit,
  inputs: Readonly<Record<string, CircuitInput>>,
): Promise<EvidenceRow> {
  const wrong: string[] = [];
  for (const [name, input] of Object.entries(inputs)) {
    const difference = await compare(template, circuit, input);
    if (difference) wrong.push(`${name}: ${difference}`);
  }
  const cases = Object.keys(inputs).length;
  return row(template, "at the limits", cases, wrong, Object.keys(inputs).join(", "));
}

/** What is wrong with the circuit's answer, or undefined. */
async function compare(
  template: Template,
  circuit: Circuit,
  input: CircuitInput,
): Promise<string | undefined> {
  let witness: bigint[];
  try {
    witness = await circuit.witness(input);
  } catch (error) {
    return `refused: ${String(error)}`;
  }
  const broken = circuit.constraints.findIndex((constraint) => !holds(constraint, witness));
  if (broken >= 0) return `the honest witness breaks constraint ${broken}`;
  for (const [name, values] of Object.entries(template.expected?.(input) ?? {})) {
    if (String(read(circuit, witness, name)) !== String(values)) return `another "${name}"`;
  }
  return undefined;
}

function row(
  { main }: Template,
  evidence: string,
  cases: number,
  wrong: readonly string[],
  detail = "",
): EvidenceRow {
  return { evidence, subject: main, cases, holds: wrong.length === 0, detail: wrong.at(0) ?? detail };
}
