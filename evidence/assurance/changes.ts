/**
 * Soundness, wire by wire: at honest witnesses no wire can change alone, except those that are listed.
 */
import { mod, P } from "../../protocol/field.ts";
import type { CircuitInput } from "../../protocol/statement.ts";
import { loadHashEngine } from "../../wasm/hash-engine.ts";
import { loadCircuit, type Circuit } from "./circuit.ts";
import { createRandom, type Random } from "./random.ts";
import type { EvidenceRow, Rows } from "./row.ts";
import type { Scale } from "./scale.ts";
import { evaluate, slopes } from "./system.ts";
import { TEMPLATES, type Template } from "./templates.ts";

export interface Exception {
  readonly main: string;
  /** An input at which the wire can change while all others stay. */
  readonly input: CircuitInput;
  readonly wire: string;
  readonly why: string;
}

/** All wires that are known to vary, each only at special inputs. */
export const EXCEPTIONS: readonly Exception[] = [
  {
    main: "Scale(50, 40)",
    wire: "window",
    input: { window: 5n, size: 0n },
    why: "the product with a size of 0 is 0; StorageAudit refuses that length, and no entry has so many leaves",
  },
  {
    main: "InsertChild(2)",
    wire: "digit[0]",
    input: { node: 7n, digit: [0n, 1n], sibling: [7n, 1n, 2n] },
    why: "if two neighbouring children are equal, either can be the node; the position binds the index",
  },
];

export async function* changes(
  { witnesses }: Pick<Scale, "witnesses">,
  templates = TEMPLATES,
  exceptions = EXCEPTIONS,
): Rows {
  const engine = await loadHashEngine();
  for (const template of templates) {
    const circuit = await loadCircuit(template, "simple");
    const random = createRandom(`changes ${template.main}`);
    let free: string[] = [];
    for (let i = 0; i < witnesses; i++) {
      const witness = await circuit.witness(template.draw(random, engine));
      free = free.concat(changeable(circuit, witness, random));
    }
    yield row(template, circuit, witnesses, free);
  }
  for (const exception of exceptions) yield await excepted(exception, templates);
}

function row(
  { main }: Template,
  { wires }: Circuit,
  witnesses: number,
  free: readonly string[],
): EvidenceRow {
  const detail = free.length === 0 ? `${wires - 1} wires, 5 other values each` : `free: ${free.join(", ")}`;
  return {
    evidence: "no wire changes alone",
    subject: main,
    cases: witnesses * (wires - 1) * 5,
    holds: free.length === 0,
    detail,
  };
}

async function excepted(
  { main, input, wire, why }: Exception,
  templates: readonly Template[],
): Promise<EvidenceRow> {
  const template = templates.find((one) => one.main === main);
  const circuit = template && (await loadCircuit(template, "simple"));
  const free = circuit ? changeable(circuit, await circuit.witness(input), createRandom(main)) : [];
  const varies = free.includes(wire);
  const detail = varies ? why : `listed, but it cannot vary: ${why}`;
  return { evidence: "a listed wire can vary", subject: `${main} ${wire}`, cases: 5, holds: varies, detail };
}

/** Names of the wires that can change alone (by +1 or -1, to 0, to their negative, to a random value) and break nothing. */
export function changeable(circuit: Circuit, witness: readonly bigint[], random: Random): string[] {
  /** For each wire, the first and second derivative of each constraint. */
  const effects = Array.from({ length: circuit.wires }, (): [bigint, bigint][] => []);
  for (const constraint of circuit.constraints) {
    const [a, b] = [evaluate(constraint[0], witness), evaluate(constraint[1], witness)];
    for (const [wire, [dA, dB, dC]] of slopes(constraint))
      effects[wire]?.push([mod(dA * b + dB * a - dC), mod(dA * dB)]);
  }
  return circuit.names.filter((_, wire) => {
    if (wire === 0) return false;
    const value = witness[wire] as bigint;
    return [1n, P - 1n, mod(-value), mod(-2n * value), random.bits(253)].some(
      (change) =>
        change !== 0n &&
        (effects[wire] ?? []).every(([first, second]) => mod(change * (first + change * second)) === 0n),
    );
  });
}
