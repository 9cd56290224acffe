/**
 * Soundness, constraint by constraint: without any one of them there are more assignments. At an honest assignment its
 * derivative is no sum of the others', so that the dimension of what is allowed grows; or a cheat breaks it alone.
 */
import { loadHashEngine } from "../circuits/hash-engine.ts";
import type { HashEngine } from "../protocol/segment.ts";
import type { CircuitInput } from "../protocol/statement.ts";
import { CHEATS } from "./cheats.ts";
import { loadCircuit, type Circuit } from "./circuit.ts";
import { brokenBy, forge } from "./forge.ts";
import { createRandom } from "./random.ts";
import { dependentRows } from "./rank.ts";
import type { Row, Rows } from "./row.ts";
import type { Scale } from "./scale.ts";
import { jacobian } from "./system.ts";
import { TEMPLATES, type Template } from "./templates.ts";

/**
 * Where the same few free numbers are decomposed several times, discrete bits say more than derivatives can. Those
 * constraints belong to these parts, each of which is looked at on its own.
 */
const PART = /(?:^|\.)(?:(CanonicalBits|Scale|RangeCheck|Poseidon2)_|(bit)\[)/;

/** circomlib's IsZero asks for in * out = 0. Where its output is bound to be 0 that says nothing, and circom drops it. */
const SAID_ALREADY = /(?:^|\.)IsZero_\w+\.in \* .*IsZero_\w+\.out$/;

export async function* deletion({ constraints }: Pick<Scale, "constraints">, templates = TEMPLATES): Rows {
  const engine = await loadHashEngine();
  for (const template of templates) {
    const simple = await loadCircuit(template, "simple");
    if (simple.constraints.length > constraints) continue;
    const random = createRandom(`deletion ${template.main}`);
    const input = template.draw(random, engine);
    yield row(`${template.main}, simple`, simple, await dependentAt(simple, input), new Set());
    // Here every `<==` that hands a value to a part is a constraint, too.
    const plain = await loadCircuit(template, "plain");
    const alone = await brokenAlone(template, plain, engine);
    yield row(`${template.main}, plain`, plain, await dependentAt(plain, input), alone);
  }
}

async function dependentAt(circuit: Circuit, input: CircuitInput): Promise<number[]> {
  return dependentRows(jacobian(circuit, await circuit.witness(input)));
}

/** Indices of the constraints that alone stand between a cheat and being accepted. */
async function brokenAlone(template: Template, circuit: Circuit, engine: HashEngine): Promise<Set<number>> {
  const found = new Set<number>();
  for (const { input, patches } of CHEATS.filter(({ main }) => main === template.main)) {
    const [only, ...others] = brokenBy(circuit, await forge(template, circuit, input(engine), patches));
    if (only !== undefined && others.length === 0) found.add(only);
  }
  return found;
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
    rest.length < dependent.length && `${dependent.length - rest.length} broken alone`,
    rest.length > 0 && `${rest.length} in ${[...new Set(parts)].join(", ")} on its own`,
  ];
  return {
    ...{ evidence: "every constraint is needed", subject, cases: count, holds: missing < 0 },
    detail: missing < 0 ? words.filter(Boolean).join(", ") : `constraint ${String(rest[missing])} is not`,
  };
}

function partOf({ constraints, names }: Circuit, i: number): string | undefined {
  const [a = [], b = [], c = []] =
    constraints[i]?.map((terms) => terms.map(({ wire }) => names[wire] ?? "")) ?? [];
  if (c.length === 0 && SAID_ALREADY.test(`${a.join("+")} * ${b.join("+")}`)) return "IsZero";
  const wires = [...a, ...b, ...c];
  const [, part, bit] = wires.map((name) => PART.exec(name)).find((match) => match !== null) ?? [];
  return part ?? (bit && "CanonicalBits");
}
