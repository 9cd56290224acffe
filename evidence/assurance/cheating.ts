/**
 * Soundness, by hand: no cheating witness satisfies the constraints. An honest one that is made the same way does.
 */
import { loadHashEngine } from "../../wasm/hash-engine.ts";
import type { Cheat } from "./cheat.ts";
import { CHEATS } from "./cheats.ts";
import { loadCircuit } from "./circuit.ts";
import { brokenBy, forge } from "./forge.ts";
import { createRandom } from "./random.ts";
import type { EvidenceRow, Rows } from "./row.ts";
import { templateOf } from "./templates.ts";

export async function* cheating(cheats = CHEATS): Rows {
  const engine = await loadHashEngine();
  for (const main of new Set(cheats.map((cheat) => cheat.main))) {
    const template = templateOf(main);
    const circuit = await loadCircuit(template, "simple");
    const honest = template.draw(createRandom(`cheats ${main}`), engine);
    yield accepted(main, brokenBy(circuit, await forge(template, circuit, honest)).length);
    for (const cheat of cheats.filter((one) => one.main === main)) {
      const witness = await forge(template, circuit, cheat.input(engine), cheat.patches);
      yield refused(cheat, brokenBy(circuit, witness).length);
    }
  }
}

function accepted(main: string, broken: number): EvidenceRow {
  return {
    evidence: "an honest witness is accepted",
    subject: main,
    cases: 1,
    holds: broken === 0,
    detail: `made by a program that enforces nothing, breaks ${constraints(broken)}`,
  };
}

function refused({ main, claim, breaks }: Cheat, broken: number): EvidenceRow {
  return {
    evidence: "a cheat is refused",
    subject: `${main}: ${claim}`,
    cases: 1,
    holds: breaks === undefined ? broken > 0 : broken === breaks,
    detail: `breaks ${constraints(broken)}${breaks === undefined ? "" : `, expected ${breaks}`}`,
  };
}

const constraints = (count: number): string => `${count} constraint${count === 1 ? "" : "s"}`;
