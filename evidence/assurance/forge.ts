/**
 * A cheating prover: it runs the program that computes a witness without its checks, and with changes.
 */
import type { CircuitInput } from "../../groth16/witness.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import { UNCONSTRAINED, type Patch } from "./build.ts";
import { loadCircuit, type Circuit, type Source } from "./circuit.ts";
import { holds, type System } from "./system.ts";

/**
 * A full assignment to `circuit`, computed by a program from `source` that enforces nothing and has these patches.
 *
 * @throws HoldfastError "bad-input" if a patch finds nothing to replace, or changes the signals
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

/** The position in the source, with which circom names anonymous components. Patches change it. */
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
