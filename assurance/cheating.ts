/**
 * Soundness, by hand: no cheating witness satisfies the constraints.
 */
import { loadHashEngine } from "../circuits/hash-engine.ts";
import { HoldfastError } from "../protocol/errors.ts";
import { CHEATS, type Cheat } from "./cheats.ts";
import { loadCircuit, type Source } from "./circuit.ts";
import { brokenBy, forge } from "./forge.ts";
import type { Row, Rows } from "./row.ts";
import { TEMPLATES } from "./templates.ts";

export async function* cheating(cheats = CHEATS): Rows {
  const engine = await loadHashEngine();
  for (const cheat of cheats) {
    const source = templateOf(cheat);
    const circuit = await loadCircuit(source, "simple");
    const witness = await forge(source, circuit, cheat.input(engine), cheat.patches);
    yield row(cheat, brokenBy(circuit, witness).length);
  }
}

/** Throws "not-found" if the cheat is about no template. */
export function templateOf({ main }: Pick<Cheat, "main">): Source {
  const template = TEMPLATES.find((one) => one.main === main);
  if (!template) throw new HoldfastError("not-found", `there is no template ${main}`);
  return template;
}

function row({ main, claim }: Cheat, broken: number): Row {
  return {
    ...{ evidence: "a cheat is refused", subject: `${main}: ${claim}`, cases: 1, holds: broken > 0 },
    detail: broken > 0 ? `breaks ${broken} constraint${broken === 1 ? "" : "s"}` : "no constraint is broken",
  };
}
