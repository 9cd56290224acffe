/**
 * Soundness, constraint by constraint: none is redundant. Either its derivative at an honest assignment is linearly
 * independent of the others', so that its removal allows more assignments, or a cheat breaks this constraint alone.
 */
import type { HashEngine } from "../../protocol/segment.ts";
import type { CircuitInput } from "../../protocol/statement.ts";
import { loadHashEngine } from "../../wasm/hash-engine.ts";
import type { Patch } from "./build.ts";
import { CHEATS } from "./cheats.ts";
import { loadCircuit, type Circuit } from "./circuit.ts";
import { brokenBy, forge } from "./forge.ts";
import { LINKS } from "./links.ts";
import { createRandom } from "./random.ts";
import { dependentRows } from "./rank.ts";
import { drawRegular } from "./regular.ts";
import type { EvidenceRow, Rows } from "./row.ts";
import type { Scale } from "./scale.ts";
import { jacobian, type Term } from "./system.ts";
import { TEMPLATES, type Template } from "./templates.ts";

/**
 * These templates decompose the same few free numbers several times. There derivatives depend on each other, although the
 * bits do not. The constraints concerned are in parts that are tested on their own.
 */
const DECOMPOSING = /^(?:SampleDraws|StorageAudit)\(/;
const PART = /(?:^|\.)(SampleDraws|CanonicalBits|Scale|RangeCheck|Poseidon2)_/;

/** After simplification a wire has the name of the first equal signal: a signal of the part, or a bit, is enough. */
const SIMPLIFIED = /(?:^|\.)(?:(CanonicalBits|Scale|RangeCheck|Poseidon2)_|(bit|offsetBit)\[)/;
const BITS_OF: Readonly<Record<string, string>> = { bit: "CanonicalBits", offsetBit: "Scale" };

/** Its parts are linked by the same lines as in SampleDraws(2), where each link is tested. */
const UNROLLED = "SampleDraws(20)";

export async function* deletion(
  { constraints }: Pick<Scale, "constraints">,
  templates = TEMPLATES,
  patches: readonly Patch[] = [],
): Rows {
  const engine = await loadHashEngine();
  for (const template of templates) {
    const simple = await loadCircuit(template, "simple", patches);
    if (simple.constraints.length > constraints) continue;
    const random = createRandom(`deletion ${template.main}`);
    const input = drawRegular(template, random, engine);
    const [simplifiedPart, plainPart] = DECOMPOSING.test(template.main)
      ? [partOfSimplified, partOfPlain(template)]
      : [noPart, noPart];
    yield row(`${template.main}, simple`, simple, await dependentAt(simple, input), simplifiedPart);
    // Without simplification, every `<==` that passes a value to a part is a constraint too.
    const plain = await loadCircuit(template, "plain", patches);
    const alone = await brokenAlone(template, plain, engine);
    yield row(`${template.main}, plain`, plain, await dependentAt(plain, input), plainPart, alone);
  }
}

async function dependentAt(circuit: Circuit, input: CircuitInput): Promise<number[]> {
  return dependentRows(jacobian(circuit, await circuit.witness(input)));
}

/** Indices of the constraints without which a cheat would be accepted. */
async function brokenAlone(template: Template, circuit: Circuit, engine: HashEngine): Promise<Set<number>> {
  const found = new Set<number>();
  for (const { input, patches } of [...CHEATS, ...LINKS].filter(({ main }) => main === template.main)) {
    const [only, ...others] = brokenBy(circuit, await forge(template, circuit, input(engine), patches));
    if (only !== undefined && others.length === 0) found.add(only);
  }
  return found;
}

/** The part in which the constraint is. */
type PartOf = (circuit: Circuit, i: number) => string | undefined;

const noPart: PartOf = () => undefined;

const partOfPlain =
  ({ main }: Template): PartOf =>
  (circuit, i) =>
    partAround(circuit, i) ?? (main === UNROLLED && isLink(circuit, i) ? "SampleDraws(2)" : undefined);

function row(
  subject: string,
  circuit: Circuit,
  dependent: readonly number[],
  partOf: PartOf,
  alone: ReadonlySet<number> = new Set(),
): EvidenceRow {
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
    evidence: "every constraint is needed",
    subject,
    cases: count,
    holds: missing < 0,
    detail: missing < 0 ? words.filter(Boolean).join(", ") : `constraint ${String(rest[missing])} is not`,
  };
}

/** The part that has all wires of the constraint. */
function partAround(circuit: Circuit, i: number): string | undefined {
  const [a, b, c] = namesIn(circuit, i);
  const parts = [...a, ...b, ...c].map((name) => PART.exec(name)?.[1]);
  return parts.every((part) => part !== undefined) ? parts[0] : undefined;
}

/** Whether a linear constraint binds a wire of a part to what is around it. */
function isLink(circuit: Circuit, i: number): boolean {
  const [a, b, c] = namesIn(circuit, i);
  return a.length + b.length === 0 && c.some((name) => PART.test(name));
}

function partOfSimplified(circuit: Circuit, i: number): string | undefined {
  const matches = namesIn(circuit, i).flatMap((names) => names.map((name) => SIMPLIFIED.exec(name)));
  const [, part, bit] = matches.find((match) => match !== null) ?? [];
  return part ?? (bit && BITS_OF[bit]);
}

/** Names of a constraint's wires, without the constant. */
function namesIn({ constraints, names }: Circuit, i: number): [a: string[], b: string[], c: string[]] {
  const of = (terms: readonly Term[] = []): string[] =>
    terms.flatMap(({ wire }) => (wire === 0 ? [] : [names[wire] ?? ""]));
  const [a, b, c] = constraints[i] ?? [];
  return [of(a), of(b), of(c)];
}
