/**
 * A prover that cheats: it runs the program that computes a witness without any of its checks, perhaps changed.
 */
import type { CircuitInput } from "../../groth16/witness.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import { UNCONSTRAINED, type Patch } from "./build.ts";
import { loadCircuit, type Circuit, type Source } from "./circuit.ts";
import { holds, type System } from "./system.ts";

/**
 * A full assignment to `circuit`, made from `source`, by a program that enforces nothing and has these patches.
 *
 * Throws "bad-input" if a patch finds nothing to replace, or leaves other signals.
 */
export async function forge(
  source: Source,
  circuit: Circuit,
  input: CircuitInput,
  patches: readonly Patch[] = [],
): Promise<bigint[]> {
  // Without simplification every signal has a wire.
  const cheat = await loadCircuit(source, "plain", [...patches, UNCONSTRAINED]);
  if (!hasSameSignals(cheat, circuit))
    throw new HoldfastError("bad-input", `${source.main}: the cheat's program has other signals`);
  const values = await cheat.witness(input);
  const witness = new Array<bigint>(circuit.wires).fill(0n);
  witness[0] = 1n;
  for (const [i, { wire }] of circuit.labels.entries()) {
    if (wire >= 0) witness[wire] = values[cheat.labels[i]?.wire as number] as bigint;
  }
  return witness;
}

/** The names of components without a name end in their places in the source, which patches move. */
const PLACES = /_\d+_\d+(?=[.[]|$)/g;

function hasSameSignals(one: Circuit, other: Circuit): boolean {
  const signals = ({ labels }: Circuit): string =>
    labels.map(({ name }) => name.replaceAll(PLACES, "")).join();
  return signals(one) === signals(other);
}

/** Numbers of the constraints that the assignment breaks. */
export function brokenBy({ constraints }: System, witness: readonly bigint[]): number[] {
  return constraints.flatMap((constraint, i) => (holds(constraint, witness) ? [] : [i]));
}
