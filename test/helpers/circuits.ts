/**
 * Circuits under test: any template as a main component, its constraints, and a prover that cheats.
 */
import type { Patch } from "../../evidence/assurance/build.ts";
import { loadCircuit, read, type Circuit } from "../../evidence/assurance/circuit.ts";
import { brokenBy, forge } from "../../evidence/assurance/forge.ts";
import { undetermined } from "../../evidence/assurance/rank.ts";
import { evaluate, jacobian, slopes, type Constraint } from "../../evidence/assurance/system.ts";
import { templateOf } from "../../evidence/assurance/templates.ts";
import { unknownWires } from "../../evidence/assurance/uniqueness.ts";
import type { CircuitInput } from "../../groth16/witness.ts";
import { mod } from "../../protocol/field.ts";

export type { Patch } from "../../evidence/assurance/build.ts";

export interface TestCircuit {
  /** All constraints, as provers use them. */
  readonly constraints: readonly Constraint[];
  readonly wires: number;
  /** The honest witness; rejects with code "proof" if the inputs do not satisfy the circuit. */
  readonly witness: (input: CircuitInput) => Promise<bigint[]>;
  /** Values of a signal, or of all elements of an array, by its name in the main component. */
  readonly read: (witness: readonly bigint[], signal: string) => bigint[];
  /** A full assignment by a prover that ignores all constraints and computes some signals differently. */
  readonly forge: (input: CircuitInput, ...patches: Patch[]) => Promise<bigint[]>;
  /** Numbers of the constraints that the assignment breaks. */
  readonly broken: (witness: readonly bigint[]) => number[];
  /**
   * Wires that are not bound: those that can be raised by one, alone, without breaking a constraint, and those that the
   * inputs do not determine, as far as derivatives tell. Both at the honest witness.
   */
  readonly free: (input: CircuitInput) => Promise<number[]>;
}

/** @param main a template of the evidence, such as "Poseidon2(4)"; all inputs of parts are public */
export async function testCircuit(main: string): Promise<TestCircuit> {
  const source = templateOf(main);
  const circuit = await loadCircuit(source, "simple");
  const { constraints, wires } = circuit;

  return {
    constraints,
    wires,
    witness: circuit.witness,
    read: (witness, signal) => read(circuit, witness, signal),
    forge: (input, ...patches) => forge(source, circuit, input, patches),
    free: async (input) => {
      // Without simplification: circom may otherwise express an input by what depends on it.
      const plain = await loadCircuit(source, "plain");
      const witness = await plain.witness(input);
      const open = undetermined(jacobian(plain, witness), unknownWires(plain, Object.keys(input)));
      return [...new Set([...loose(plain, witness), ...open])];
    },
    broken: (witness) => brokenBy(circuit, witness),
  };
}

/**
 * Constraints of a template when it is part of another circuit. (If all inputs and outputs are public, circom keeps linear
 * constraints between them.)
 */
export async function costOf(file: string, main: string): Promise<number> {
  return (await loadCircuit({ file, main }, "simple")).constraints.length;
}

/** Wires that can be raised by one, alone, and break nothing. */
function loose({ constraints, wires }: Circuit, witness: readonly bigint[]): Set<number> {
  const left = new Set(Array.from({ length: wires - 1 }, (_, i) => i + 1));
  for (const constraint of constraints) {
    const [a, b] = [evaluate(constraint[0], witness), evaluate(constraint[1], witness)];
    for (const [wire, [dA, dB, dC]] of slopes(constraint))
      if (mod(dA * b + dB * a - dC + dA * dB) !== 0n) left.delete(wire);
  }
  return left;
}
