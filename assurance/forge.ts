/**
 * A prover that cheats: it runs the program that computes a witness without any of its checks, perhaps changed.
 */
import type { CircuitInput } from "../prover/witness.ts";
import { UNCONSTRAINED, type Patch } from "./build.ts";
import { loadCircuit, type Circuit, type Source } from "./circuit.ts";
import { holds, type System } from "./system.ts";

/** A full assignment to `circuit`, made from `source`, by a program that enforces nothing and has these patches. */
export async function forge(
  source: Source,
  circuit: Circuit,
  input: CircuitInput,
  patches: readonly Patch[] = [],
): Promise<bigint[]> {
  // Without simplification every signal has a wire.
  const cheat = await loadCircuit(source, "plain", [...patches, UNCONSTRAINED]);
  const values = await cheat.witness(input);
  const witness = new Array<bigint>(circuit.wires).fill(0n);
  witness[0] = 1n;
  // Patches leave the signals and their order alone, so that labels agree.
  for (const [i, { wire }] of circuit.labels.entries()) {
    if (wire >= 0) witness[wire] = values[cheat.labels[i]?.wire as number] as bigint;
  }
  return witness;
}

/** Numbers of the constraints that the assignment breaks. */
export function brokenBy({ constraints }: System, witness: readonly bigint[]): number[] {
  return constraints.flatMap((constraint, i) => (holds(constraint, witness) ? [] : [i]));
}
