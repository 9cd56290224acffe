/**
 * Circuits under test: any template as a main component, its constraints, and a prover that cheats.
 */
import type { Patch } from "../../assurance/build.ts";
import { loadCircuit, read, wiresOf } from "../../assurance/circuit.ts";
import { brokenBy, forge } from "../../assurance/forge.ts";
import { evaluate, slopes, type Constraint } from "../../assurance/system.ts";
import { inv, mod, mul } from "../../protocol/field.ts";
import type { CircuitInput } from "../../prover/witness.ts";

export type { Patch } from "../../assurance/build.ts";

export interface TestCircuit {
  /** In total, as the prover pays for them. */
  readonly constraints: readonly Constraint[];
  readonly wires: number;
  /** The honest witness; rejects with code "proof" if the inputs do not satisfy the circuit. */
  readonly witness: (input: CircuitInput) => Promise<bigint[]>;
  /** Values of a signal, or of all elements of an array, by its name in the main component. */
  readonly read: (witness: readonly bigint[], signal: string) => bigint[];
  /** A full assignment by a prover that ignores every constraint and computes some signals otherwise. */
  readonly forge: (input: CircuitInput, ...patches: Patch[]) => Promise<bigint[]>;
  /** Numbers of the constraints that the assignment breaks. */
  readonly broken: (witness: readonly bigint[]) => number[];
  /**
   * Wires that are not bound: those that can be raised by one, alone, without breaking a constraint, and those that the
   * inputs do not determine (as far as derivatives tell: a constraint binds a wire if it has a non-zero derivative there
   * and all its other wires are bound). Both at the honest witness.
   */
  readonly free: (input: CircuitInput) => Promise<number[]>;
}

/** @param main the component, such as "Poseidon2(4)"; `file` holds its template. */
export async function testCircuit(
  file: string,
  main: string,
  publicSignals: string[] = [],
): Promise<TestCircuit> {
  const source = { file, main, publicSignals };
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
      const inputs = Object.keys(input).flatMap((name) => wiresOf(plain, name));
      return freeWires(plain.constraints, await plain.witness(input), [0, ...inputs]);
    },
    broken: (witness) => brokenBy(circuit, witness),
  };
}

function freeWires(
  constraints: readonly Constraint[],
  witness: readonly bigint[],
  inputs: readonly number[],
): number[] {
  const tight = new Set([0]); // wire 0 is the constant 1
  const bound = new Set(inputs);
  /** For each constraint its derivatives by the wires that are not bound yet; and where each of those occurs. */
  const open: Map<number, bigint>[] = [];
  const occurrences = new Map<number, number[]>();
  for (const [i, constraint] of constraints.entries()) {
    const [a, b] = [evaluate(constraint[0], witness), evaluate(constraint[1], witness)];
    const derivatives = new Map<number, bigint>();
    for (const [wire, [dA, dB, dC]] of slopes(constraint)) {
      const derivative = mod(dA * b + dB * a - dC);
      if (mod(derivative + dA * dB) !== 0n) tight.add(wire);
      if (bound.has(wire)) continue;
      derivatives.set(wire, derivative);
      const at = occurrences.get(wire);
      if (at) at.push(i);
      else occurrences.set(wire, [i]);
    }
    open.push(derivatives);
  }
  const ready = open.filter((wires) => wires.size === 1);
  for (let wires = ready.pop(); wires; wires = ready.pop()) {
    for (const [wire, derivative] of wires) {
      if (derivative === 0n || bound.has(wire)) continue;
      bound.add(wire);
      for (const i of occurrences.get(wire) ?? []) {
        const others = open[i] as Map<number, bigint>;
        others.delete(wire);
        if (others.size === 1) ready.push(others);
      }
    }
  }
  for (const wire of pivots(open)) bound.add(wire);
  return witness.flatMap((_, wire) => (tight.has(wire) && bound.has(wire) ? [] : [wire]));
}

const MAX_COUPLED = 64;

/** The wires that a small system of linear equations determines together, by Gaussian elimination; none if it is large. */
function pivots(open: readonly Map<number, bigint>[]): number[] {
  const wires = [...new Set(open.flatMap((derivatives) => [...derivatives.keys()]))];
  if (wires.length > MAX_COUPLED) return [];
  let rows = open
    .filter(({ size }) => size > 0)
    .map((derivatives) => wires.map((wire) => derivatives.get(wire) ?? 0n));
  return wires.filter((_, column) => {
    const pivot = rows.find((row) => row[column] !== 0n);
    if (!pivot) return false;
    const inverse = inv(pivot[column] as bigint);
    rows = rows
      .filter((row) => row !== pivot)
      .map((row) => {
        const factor = mul(row[column] as bigint, inverse);
        return factor === 0n ? row : row.map((value, i) => mod(value - factor * (pivot[i] as bigint)));
      });
    return true;
  });
}
