/**
 * Soundness, constraint by constraint: without any one of them there are more assignments. At an honest assignment its
 * derivative is no sum of the others' (so the dimension of what is allowed grows), or some assignment breaks it alone.
 */
import { loadHashEngine } from "../circuits/hash-engine.ts";
import type { CircuitInput } from "../protocol/statement.ts";
import { loadCircuit, type Circuit } from "./circuit.ts";
import { createRandom } from "./random.ts";
import { dependentRows } from "./rank.ts";
import type { Row, Rows } from "./row.ts";
import type { Scale } from "./scale.ts";
import { brokenAlone } from "./strict.ts";
import { jacobian } from "./system.ts";
import { TEMPLATES } from "./templates.ts";

/**
 * Where the same few free numbers are decomposed several times, discrete bits say more than derivatives can. Those
 * constraints belong to these parts, each of which is looked at on its own.
 */
const PART = /(?:^|\.)(?:(Num2Bits_strict|Scale|RangeCheck|Poseidon2)_|(bit)\[)/;

export async function* deletion({ constraints }: Pick<Scale, "constraints">, templates = TEMPLATES): Rows {
  const engine = await loadHashEngine();
  for (const template of templates) {
    const simple = await loadCircuit(template, "simple");
    if (simple.constraints.length > constraints) continue;
    const random = createRandom(`deletion ${template.main}`);
    const input = template.draw(random, engine);
    const isStrict = template.main === "Num2Bits_strict()";
    const alone = isStrict ? brokenAlone(simple, random) : new Set<number>();
    yield row(`${template.main}, simple`, simple, await dependentAt(simple, input), alone);
    // Here every `<==` that hands a value to a part is a constraint, too.
    const plain = await loadCircuit(template, "plain");
    if (!isStrict) yield row(`${template.main}, plain`, plain, await dependentAt(plain, input), new Set());
  }
}

async function dependentAt(circuit: Circuit, input: CircuitInput): Promise<number[]> {
  return dependentRows(jacobian(circuit, await circuit.witness(input)));
}

function row(
  subject: string,
  circuit: Circuit,
  dependent: readonly number[],
  alone: ReadonlySet<number>,
): Row {
  const count = circuit.constraints.length;
  const rest = dependent.filter((i) => !alone.has(i));
  const parts = rest.map((i) => partOf(circuit, i));
  const missing = parts.findIndex((part) => part === undefined);
  const words = [
    dependent.length < count && `${count - dependent.length} by rank`,
    alone.size > 0 && `${alone.size} broken alone`,
    rest.length > 0 && `${rest.length} in ${[...new Set(parts)].join(", ")} on its own`,
  ];
  return {
    ...{ evidence: "every constraint is needed", subject, cases: count, holds: missing < 0 },
    detail: missing < 0 ? words.filter(Boolean).join(", ") : `constraint ${String(rest[missing])} is not`,
  };
}

function partOf({ constraints, names }: Circuit, i: number): string | undefined {
  const wires = constraints[i]?.flat().map(({ wire }) => names[wire] ?? "") ?? [];
  const [, part, bit] = wires.map((name) => PART.exec(name)).find((match) => match !== null) ?? [];
  return part ?? (bit && "Num2Bits_strict");
}
